"""Writes that can be repeated after their answer was lost.

Such a write may have happened. If so, its repetition is refused: the name is taken, the object is
gone or has changed. Then the object is read once; if it is as the write was to make it, the write
counts as done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from reconciler.errors import (
    ObjectExists,
    ObjectMoved,
    ObjectNotFound,
    StoreError,
    StoreUnavailable,
)
from reconciler.model.fields import DATA, flatten
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import FieldAction, Precondition
from reconciler.model.store import Capability, Session
from reconciler.planning import promises

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes of a session, each as a call that can be repeated."""

    session: Session
    capabilities: frozenset[Capability]

    def create(self, resource: Resource, record: Applied | None) -> Callable[[], Live]:
        """The create of `resource`, which has a name."""
        key = resource.key

        def happened() -> Live | None:
            live = self.session.look(key)
            if live is None or not self._is_done(flatten(resource), record, live, None):
                return None
            with suppress(StoreError):  # the next apply drops a copy that is left
                self.session.delete(key, None)
            return live

        return _repeatable(lambda: self.session.create(resource, record), happened)

    def update(
        self,
        before: Live,
        patch: tuple[Operation, ...],
        record: Applied,
        promise: promises.Promise,
    ) -> Callable[[], Live]:
        """The update of `before` by `patch`, after which it is to have the fields of `promise`."""
        key = before.key

        def happened() -> Live | None:
            live = self.session.look(key)
            done = live is not None and self._is_done(promise, record, live, before)
            return live if done else None

        seen = Precondition.of(before)
        return _repeatable(lambda: self.session.update(key, patch, record, seen), happened)

    def delete(self, before: Live, gone: Collection[str]) -> Callable[[], str]:
        """The delete of an object that its set no longer wants, where it still is as `before`.

        Stores drop references to owners that are gone. Where they have dropped those to owners
        whose uids are among `gone`, and changed nothing else, the object still is the same.
        """
        key = before.key

        def delete() -> str:
            seen = before
            while True:
                try:
                    return self.session.delete(key, Precondition.of(seen), released=True)
                except ObjectMoved:
                    live = self.session.look(key)
                    if live is None or not _has_lost_owners(seen, live, gone):
                        raise
                    seen = live

        def happened() -> str | None:
            live = self.session.look(key)
            return "" if live is None or live.uid != before.uid else None

        return _repeatable(delete, happened)

    def release(self, key: ObjectKey, precondition: Precondition) -> Callable[[], Live]:
        """The release of an object, after which no set owns it."""

        def happened() -> Live | None:
            live = self.session.look(key)
            return live if live is not None and live.applied is None else None

        return _repeatable(lambda: self.session.update(key, (), None, precondition), happened)

    def _is_done(
        self,
        promise: promises.Promise,
        record: Applied | None,
        live: Live,
        before: Live | None,
    ) -> bool:
        """Whether `live` is what a create, or an update of `before`, was to make.

        It has the same record, and all that was promised. It may have more: a controller may have
        added that. A field that was there before and is not promised was to be removed.
        """
        old = {} if before is None else flatten(before)
        wrong = [
            deviation
            for deviation in promises.deviations(promise, live, self.capabilities)
            if deviation.action is not FieldAction.ADDED or deviation.path in old
        ]
        # Where values cannot be read, their keys can be.
        keys = {path[1] for path in promise if path[0] == DATA}
        return live.applied == record and not wrong and keys <= live.data.keys()


def _has_lost_owners(before: Live, live: Live, gone: Collection[str]) -> bool:
    """Whether all that `live` lacks of `before` is owners whose uids are among `gone`."""
    left = tuple(owner for owner in before.owners if owner in live.owners or owner.uid not in gone)
    changed = replace(before, owners=left, resource_version=live.resource_version)
    return left != before.owners and changed == live


def _repeatable(
    write: Callable[[], Result], happened: Callable[[], Result | None]
) -> Callable[[], Result]:
    """`write`, which calls `happened` if an answer was lost and the repetition is refused.

    `happened` returns what the write would have answered, or ``None`` if it has not happened.
    """
    lost = False

    def write_again() -> Result:
        nonlocal lost
        try:
            return write()
        except StoreUnavailable:
            lost = True
            raise
        except (ObjectExists, ObjectMoved, ObjectNotFound):
            answer = happened() if lost else None
            if answer is None:
                raise
            return answer

    return write_again
