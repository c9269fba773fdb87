"""What a plan promises of an object, held against what the store answered to the write.

A server may change what it is given: admission webhooks add labels, policies strip annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import NamedTuple

from reconciler.model.fields import DATA, METADATA, Leaf, flatten, leaf_text
from reconciler.model.objects import Live, Resource
from reconciler.model.plans import FieldAction, FieldPath
from reconciler.model.search import ValueSearch
from reconciler.model.store import Capability
from reconciler.model.values import SecretValue
from reconciler.rules import field_text

Promise = Mapping[FieldPath, Leaf]
"""Each field that the object is to have."""

_UNREADABLE = {DATA: Capability.READ_VALUES, METADATA: Capability.METADATA}
_CONTENT = tuple(field.name for field in fields(Resource) if field.name != "key")
_WITHHELD = "the store warned of something in words that repeat a secret value: they are withheld"


class Deviation(NamedTuple):
    """A field that is not as promised: other than it was to be, ``REMOVED`` or ``ADDED``."""

    path: FieldPath
    action: FieldAction

    def __str__(self) -> str:
        """A sentence that names the field and no value."""
        return _DONE[self.action].format(field_text(self.path))

    @property
    def forecast(self) -> str:
        """The same of a write that was only tried."""
        return _TRIED[self.action].format(field_text(self.path))


def deviations(
    promise: Promise, answer: Live, capabilities: Iterable[Capability]
) -> tuple[Deviation, ...]:
    """The fields of `answer` that are not as promised, by path, those that were added last.

    What a store without the capability cannot read back is not compared.
    """
    unreadable = _UNREADABLE.keys() - {
        part for part, needed in _UNREADABLE.items() if needed in capabilities
    }
    return tuple(
        sorted(
            (one for one in _compared(promise, flatten(answer)) if one.path[0] not in unreadable),
            key=lambda one: (one.action is FieldAction.ADDED, one.path),
        )
    )


def is_to_the_letter(resource: Resource, answer: Live) -> bool:
    """Whether nothing is to be told of `answer` to the create of `resource`.

    That is soon seen of a store that makes just what it is told to; comparing field by field takes
    longer than anything else that is done with an answer.
    """
    return not answer.warnings and all(
        getattr(answer, name) == getattr(resource, name) for name in _CONTENT
    )


def shown_warnings(warnings: Iterable[str], promise: Promise) -> Iterator[str]:
    """What a store warned of, without a warning that repeats a value of `promise`."""
    texts = [*warnings]
    if texts:
        search = ValueSearch(leaf for leaf in promise.values() if isinstance(leaf, SecretValue))
        yield from (_WITHHELD if search.is_in(text) else text for text in texts)


def _compared(promise: Promise, found: Promise) -> Iterator[Deviation]:
    for path, leaf in promise.items():
        if path not in found:
            yield Deviation(path, FieldAction.REMOVED)
        elif found[path] != leaf and leaf_text(found[path]) != leaf_text(leaf):
            yield Deviation(path, FieldAction.CHANGED)
    for path in found.keys() - promise.keys():
        yield Deviation(path, FieldAction.ADDED)


_DONE = {
    FieldAction.CHANGED: "the store has made {} something else than it was told to",
    FieldAction.REMOVED: "the store has dropped {}, which it was told to keep",
    FieldAction.ADDED: "the store has added {}, which nobody asked for",
}
_TRIED = {
    FieldAction.CHANGED: "the store would make {} something else than it is told to",
    FieldAction.REMOVED: "the store would drop {}, which it is told to keep",
    FieldAction.ADDED: "the store would add {}, which nobody asked for",
}
