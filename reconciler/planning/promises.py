"""Compares what a plan promises about an object with the store's answer to the write.

A server may change an object: admission webhooks add labels, policies remove annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import NamedTuple

from reconciler.model.fields import DATA, METADATA, Leaf, flatten, leaf_text
from reconciler.model.objects import Live, Resource
from reconciler.model.plans import FieldAction, FieldPath
from reconciler.model.search import ValueSearch
from reconciler.model.store import Capability
from reconciler.model.values import SecretValue
from reconciler.rules import field_text

Promise = Mapping[FieldPath, Leaf]
"""The fields that the object will have according to the plan."""

_UNREADABLE = {DATA: Capability.READ_VALUES, METADATA: Capability.METADATA}
_content = attrgetter(*(field.name for field in fields(Resource) if field.name != "key"))
_WITHHELD = "the store sent a warning that contains a secret value: its text is withheld"


class Deviation(NamedTuple):
    """A field that is not as promised: ``CHANGED``, ``REMOVED`` or ``ADDED`` by the store."""

    path: FieldPath
    action: FieldAction

    def __str__(self) -> str:
        """A sentence that names the field and no value."""
        return _DONE[self.action].format(field_text(self.path))

    @property
    def forecast(self) -> str:
        """The same for a dry run."""
        return _TRIED[self.action].format(field_text(self.path))


def deviations(
    promise: Promise, answer: Live, capabilities: Iterable[Capability]
) -> tuple[Deviation, ...]:
    """The fields of `answer` that are not as promised, sorted by path, added ones last.

    Fields that the store cannot read back, for lack of a capability, are not compared.
    """
    unreadable = _UNREADABLE.keys() - {
        part for part, needed in _UNREADABLE.items() if needed in capabilities
    }
    return tuple(
        sorted(
            (
                deviation
                for deviation in _compared(promise, flatten(answer))
                if deviation.path[0] not in unreadable
            ),
            key=lambda deviation: (deviation.action is FieldAction.ADDED, deviation.path),
        )
    )


def is_to_the_letter(resource: Resource, answer: Live) -> bool:
    """Whether `answer` to the create of `resource` has no warnings and no deviations.

    A quick check for stores that create exactly what they are sent: comparing field by field takes
    longer than everything else that is done with an answer.
    """
    # Of tuples, what is the same object is not compared once more.
    return not answer.warnings and bool(_content(answer) == _content(resource))


def shown_warnings(warnings: Iterable[str], promise: Promise) -> Iterator[str]:
    """The warnings of a store; one that contains a value of `promise` is withheld."""
    texts = [*warnings]
    if texts:
        search = ValueSearch(leaf for leaf in promise.values() if isinstance(leaf, SecretValue))
        yield from (_WITHHELD if search.is_in(text) else text for text in texts)


def _compared(promise: Promise, answered: Promise) -> Iterator[Deviation]:
    for path, leaf in promise.items():
        if path not in answered:
            yield Deviation(path, FieldAction.REMOVED)
        elif answered[path] != leaf and leaf_text(answered[path]) != leaf_text(leaf):
            yield Deviation(path, FieldAction.CHANGED)
    for path in answered.keys() - promise.keys():
        yield Deviation(path, FieldAction.ADDED)


_DONE = {
    FieldAction.CHANGED: "the store changed {} to another value than the one it was sent",
    FieldAction.REMOVED: "the store dropped {}, which it was sent",
    FieldAction.ADDED: "the store added {}, which it was not sent",
}
_TRIED = {
    FieldAction.CHANGED: "the store would change {} to another value than the one it is sent",
    FieldAction.REMOVED: "the store would drop {}, which it is sent",
    FieldAction.ADDED: "the store would add {}, which it is not sent",
}
