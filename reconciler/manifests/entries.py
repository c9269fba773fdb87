"""The entries of a map that can be looked up, the problems with them, and nouns for messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.manifests.nodes import Entry, Mapping, Node, Scalar, Sequence
from reconciler.model.objects import Severity
from reconciler.rules import RulePath

Entries = dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error or warning about `node` at `path`; `place` is where to report it.

    The path may hold a value that slipped in among the keys, so ``repr`` leaves it out.
    """

    code: str
    message: str
    path: RulePath = field(repr=False)
    place: int
    hint: str = ""
    severity: Severity = Severity.ERROR
    node: Node | None = None


def shown_place(entry: Entry) -> int:
    """The place to show for a value: a scalar's own, the key's for a map or list."""
    return entry.place if isinstance(entry.value, Sequence | Mapping) else entry.value_place


def is_null(node: Node) -> bool:
    """Whether `node` is ``null``, which leaves a field unset."""
    return isinstance(node, Scalar) and node.value is None


def noun(node: Node) -> str:
    """What `node` is, in a sentence."""
    if isinstance(node, Mapping):
        return "a map"
    if isinstance(node, Sequence):
        return "a list"
    if node.value is None:
        return "null"
    if isinstance(node.value, bool):
        return "a bool"
    return "a string" if isinstance(node.value, str) else "a number"
