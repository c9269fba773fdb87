"""Writes of single Secrets, each between a note of what is meant and one of what was done.

A write whose answer is lost is looked for when it is asked for again, and found to have happened.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from reconciler.errors import (
    ObjectExists,
    ObjectMoved,
    ObjectNotFound,
    StoreError,
    StoreUnavailable,
)
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.plans import Precondition
from reconciler.stores.sae import lives, wire
from reconciler.stores.sae.documents import COPY_PREFIX, digest_of
from reconciler.stores.sae.entries import Copy, Entry
from reconciler.stores.sae.inventory import Inventory
from reconciler.stores.sae.lives import IsSo
from reconciler.stores.sae.reading import Memory
from reconciler.stores.sae.service import Found, Service

_NAME_DIGITS = 16
_MADE_ANEW = (
    "the service merged the update into the old keys, so the Secret was deleted and created anew"
    " without those that are to go"
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a Secret is, or is to be, and where a set remembers it."""

    key: ObjectKey
    namespace_id: str
    set_name: str
    inventory: Inventory = field(compare=False)

    @property
    def entry(self) -> Entry:
        """What the set remembers of it."""
        return self.inventory.entry(self.key.name)

    def remember(self, entry: Entry, *, wait: bool = True) -> None:
        """Put `entry` into the inventory."""
        self.inventory.put(self.key.name, entry, wait=wait)

    @property
    def copy_name(self) -> str:
        """The name of the Secret that holds a copy."""
        digest = hashlib.sha256(self.key.name.encode()).hexdigest()[:_NAME_DIGITS]
        return f"{COPY_PREFIX}{digest_of(self.set_name)}_{digest}"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A write that was begun: of what the plan saw, and the data that were to be there then."""

    seen: Precondition | None
    raw: wire.Raw = field(repr=False)


class Writer:
    """Writes to the service. ``is_so`` tells whether a value has a fingerprint of a set."""

    def __init__(self, service: Service, memory: Memory, is_so_of: Callable[[str], IsSo]) -> None:
        self._service = service
        self._memory = memory
        self._is_so_of = is_so_of
        self._attempts: dict[tuple[str, str], _Attempt] = {}
        self._turn = threading.Lock()

    def create(self, spot: Spot, resource: Resource, applied: Applied | None) -> Live:
        """Create a Secret, and drop the copy that was kept of it."""
        raw = wire.raw_of(resource.data)
        attempt = _Attempt(None, raw)
        again = self._begun(spot, attempt)
        before = spot.entry
        meant = Entry(
            pending=None if applied is None else applied.fields,
            generate_name=resource.generate_name,
            immutable=resource.immutable,
            copy=before.copy,
        )
        spot.remember(before if applied is None else meant)
        found = self._made(spot, resource, raw, again=again, before=before)
        _check(spot, found.raw, raw)
        done = Entry() if applied is None else _ended(meant, found, applied)
        spot.remember(replace(done, copy=before.copy))
        self._without_copy(spot)
        self._ended(spot)
        return lives.live(spot.key, found, done, spot.set_name, None)

    def update(
        self, spot: Spot, found: Found, updated: Resource, applied: Applied, seen: Precondition
    ) -> Live:
        """Give a Secret that was just looked at the data of `updated`."""
        raw = wire.raw_of(updated.data, found.raw)
        owned = self.live(spot, found).applied
        meant = Entry(
            id=found.item.id,
            # What an earlier write has left unsettled is settled by now, as it was read.
            fields=None if owned is None else owned.fields,
            pending=applied.fields,
            immutable=updated.immutable,
            generate_name=updated.generate_name,
            copy=spot.entry.copy,
        )
        warnings: tuple[str, ...] = ()
        if raw != found.raw:
            self._begun(spot, _Attempt(seen, raw))
            spot.remember(meant)
            self._service.update(spot.namespace_id, found.item.id, raw, str(spot.key))
            to_go = found.raw.keys() - raw.keys()
            found = self._described(spot, found.item.id)
            left = sorted(to_go & found.raw.keys())
            _check(spot, {name: found.raw[name] for name in found.raw if name not in left}, raw)
            if left:
                found = self._made_anew(spot, found, raw, left)
                _check(spot, found.raw, raw)
                warnings = (_MADE_ANEW,)
        return replace(self.finished(spot, found, applied, meant), warnings=warnings)

    def finished(
        self, spot: Spot, found: Found, applied: Applied, meant: Entry | None = None
    ) -> Live:
        """Note that a Secret is as `applied` says."""
        kept = spot.entry
        done = replace(_ended(meant or kept, found, applied), copy=kept.copy)
        spot.remember(done)
        self._without_copy(spot)
        self._ended(spot)
        return lives.live(spot.key, found, done, spot.set_name, None)

    def delete(self, spot: Spot, seen: Precondition, *, keep_copy: bool, released: bool) -> None:
        """Delete a Secret; a copy of it, or that it is released, is noted before."""
        copy = spot.entry.copy
        try:
            found, _ = self.expected(spot, seen)
        except ObjectNotFound:
            if keep_copy and copy is not None and str(copy.id) == seen.uid:
                return  # the answer to an earlier try was lost
            if released:
                self._forget(spot)
            raise
        entry = spot.entry
        if keep_copy:
            self._keep_copy(spot, found)
        elif released and entry.id == found.item.id:
            spot.remember(replace(entry, released=True))
        self._service.delete(spot.namespace_id, found.item.id, str(spot.key))
        if not keep_copy:  # one may be left by a run that was killed at its end
            self._without_copy(spot)
        if released:
            self._forget(spot)

    def drop_copy(self, spot: Spot) -> None:
        """Drop the copy of a Secret, and what is remembered of it where it is gone."""
        if spot.entry.is_empty:
            return
        if spot.entry.copy is not None:
            self._without_copy(spot)
        items = self._service.list(spot.namespace_id, str(spot.key))
        if spot.key.name not in items:
            spot.remember(Entry())

    def live(self, spot: Spot, found: Found) -> Live:
        """What a Secret is with what the set remembers of it."""
        is_so = self._is_so_of(spot.set_name)
        return lives.live(spot.key, found, spot.entry, spot.set_name, is_so)

    def expected(self, spot: Spot, seen: Precondition) -> tuple[Found, bool]:
        """The Secret as it is now, and whether an earlier try of this write has happened.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is not what was seen.
        """
        attempt = self._attempts.get((spot.namespace_id, spot.key.name))
        meant = attempt.raw if attempt is not None and attempt.seen == seen else None
        try:
            found = self._described(spot, int(seen.uid))
        except (ObjectNotFound, ValueError):
            found = self._namesake(spot)
            if found.raw == meant:
                return found, True
            raise ObjectMoved(
                f"{spot.key} was deleted and created again since it was read"
            ) from None
        if found.item.name != spot.key.name:
            raise ObjectMoved(f"{spot.key} is another object than the one that was read")
        if str(found.item.updated) != seen.resource_version:
            if found.raw == meant:
                return found, True
            raise ObjectMoved(f"{spot.key} was changed since it was read")
        return found, False

    def _made(
        self, spot: Spot, resource: Resource, raw: wire.Raw, *, again: bool, before: Entry
    ) -> Found:
        key = spot.key
        try:
            secret_id = self._service.create(
                spot.namespace_id, key.name, resource.type, raw, str(key)
            )
            return self._described(spot, secret_id)
        except StoreUnavailable:
            raise
        except ObjectExists:
            found = self._namesake(spot) if again else None
            if found is not None and found.raw == raw and found.item.type == resource.type:
                return found
            self._took_back(spot, before)
            raise
        except StoreError:
            self._took_back(spot, before)
            raise

    def _made_anew(self, spot: Spot, found: Found, raw: wire.Raw, left: list[str]) -> Found:
        """Drop keys that an update has left, which takes a delete and a create.

        Raises:
            StoreError: applications use the Secret, or it could not be created.
        """
        named = ", ".join(left)
        if found.item.apps:
            raise StoreError(
                f"{spot.key}: the service merged the update into the old keys, so that {named}"
                f" could not be removed, and {', '.join(found.item.apps)} would lose the Secret by"
                " its delete",
                hint="remove the keys in the console; the other keys are as the manifest has them",
            )
        self._keep_copy(spot, found)
        self._service.delete(spot.namespace_id, found.item.id, str(spot.key))
        entry = spot.entry
        try:
            # From here on it is a create whose end nobody may see.
            spot.remember(replace(entry, id=None, fields=None))
            secret_id = self._service.create(
                spot.namespace_id, spot.key.name, found.item.type, raw, str(spot.key), patient=True
            )
            return self._described(spot, secret_id)
        except StoreError as error:
            fault = error
        raise StoreError(
            f"{spot.key} was deleted, since the service merges updates and {named} is to go, and"
            f" could not be created again: {fault.message}; a copy is kept, and the next apply"
            " creates it again",
            hint=fault.hint,
        )

    def _keep_copy(self, spot: Spot, found: Found) -> None:
        """Note that there will be a copy, and make it."""
        entry = spot.entry
        live = self.live(spot, found)
        copy = Copy(
            name=spot.copy_name,
            id=found.item.id,
            created=found.item.created,
            updated=found.item.updated,
            fields=None if live.applied is None else live.applied.fields,
            generate_name=live.generate_name,
            immutable=live.immutable,
        )
        spot.remember(replace(entry, copy=copy))
        about = f"the copy of {spot.key}"
        try:
            self._service.create(spot.namespace_id, copy.name, found.item.type, found.raw, about)
        except ObjectExists:  # one that an earlier try, or an earlier apply, has left
            item = self._service.list(spot.namespace_id, about).get(copy.name)
            if item is not None:
                with suppress(ObjectNotFound):
                    self._service.delete(spot.namespace_id, item.id, about)
            self._service.create(spot.namespace_id, copy.name, found.item.type, found.raw, about)

    def _without_copy(self, spot: Spot) -> None:
        entry = spot.entry
        if entry.copy is None:
            return
        about = f"the copy of {spot.key}"
        item = self._service.list(spot.namespace_id, about).get(entry.copy.name)
        if item is not None:
            with suppress(ObjectNotFound):
                self._service.delete(spot.namespace_id, item.id, about)
        spot.remember(replace(entry, copy=None))

    def _forget(self, spot: Spot) -> None:
        """Forget a Secret that is gone; with the next write, since nothing hangs on it."""
        self._ended(spot)
        spot.remember(Entry(copy=spot.entry.copy), wait=False)

    def _took_back(self, spot: Spot, before: Entry) -> None:
        """Remember what was remembered before; where that fails, no harm is done by the note."""
        self._ended(spot)
        with suppress(StoreError):
            spot.remember(before)

    def _described(self, spot: Spot, secret_id: int) -> Found:
        found = self._service.describe(spot.namespace_id, secret_id, str(spot.key))
        self._memory.keep(spot.namespace_id, found)
        return found

    def _namesake(self, spot: Spot) -> Found:
        """The Secret that has the name now.

        Raises:
            ObjectNotFound: there is none.
        """
        item = self._service.list(spot.namespace_id, str(spot.key)).get(spot.key.name)
        if item is None:
            raise ObjectNotFound(f"{spot.key} does not exist")
        return self._described(spot, item.id)

    def _begun(self, spot: Spot, attempt: _Attempt) -> bool:
        """Note that a write is begun; tells whether the same one was begun before."""
        at = spot.namespace_id, spot.key.name
        with self._turn:
            again = self._attempts.get(at) == attempt
            self._attempts[at] = attempt
        return again

    def _ended(self, spot: Spot) -> None:
        with self._turn:
            self._attempts.pop((spot.namespace_id, spot.key.name), None)


def _check(spot: Spot, found: wire.Raw, written: wire.Raw) -> None:
    """Hold what was read back against what was written."""
    names = found.keys() | written.keys()
    differing = sorted(name for name in names if found.get(name) != written.get(name))
    if differing:
        raise StoreError(
            f"{spot.key}: the service gives other data back than were written, in"
            f" {', '.join(differing)}",
            hint="somebody may have changed it in between: plan again",
        )


def _ended(meant: Entry, found: Found, applied: Applied) -> Entry:
    return replace(meant, id=found.item.id, fields=applied.fields, pending=None, released=False)
