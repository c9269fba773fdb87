"""Entries of maps, what is said against them, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reconciler.manifests.nodes import Mapping, Mark, Node, Scalar, Sequence
from reconciler.model.objects import Severity
from reconciler.rules import RulePath


class Entry(NamedTuple):
    """A key of a map and what it holds."""

    key: Mark
    node: Node


Entries = dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Problem:
    """A complaint about `node`, which stands at `path`; `mark` is the place that is shown."""

    code: str
    message: str
    path: RulePath
    mark: Mark
    hint: str = ""
    severity: Severity = Severity.ERROR
    node: Node | None = None


def value_mark(entry: Entry) -> Mark:
    """Where a value is shown: a scalar at its own place, a map or list at its key's."""
    return entry.node.mark if isinstance(entry.node, Scalar) else entry.key


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
