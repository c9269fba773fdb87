"""Writes of single Secrets. The inventory records each before it is made, and once complete."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from reconciler.errors import ObjectMoved, ObjectNotFound, StoreError, StoreUnavailable
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Live, Resource
from reconciler.model.plans import Precondition
from reconciler.stores.kit.documents import Id
from reconciler.stores.kit.entries import Entry, Fields
from reconciler.stores.kit.refusals import refuse_moved
from reconciler.stores.sae import copies, lives, wire
from reconciler.stores.sae.service import Secret, Service
from reconciler.stores.sae.spots import Spot

_MADE_ANEW = (
    "the service merged the update into the old keys, so the Secret was deleted and created anew"
    " without those that are to go"
)


class Writer:
    """Writes to the service. ``fingerprinter_of`` returns the fingerprinter of a set."""

    def __init__(
        self, service: Service, fingerprinter_of: Callable[[str], Fingerprinter | None]
    ) -> None:
        self._service = service
        self._fingerprinter_of = fingerprinter_of

    def create(self, spot: Spot, resource: Resource, applied: Applied | None) -> Live:
        """Create a Secret, and drop the copy that was kept of it."""
        raw = wire.raw_of(resource.data)
        before = spot.entry
        meant = Entry(
            pending=None if applied is None else applied.fields,
            ciphertexts=None if applied is None else applied.ciphertexts or None,
            generate_name=resource.generate_name,
            immutable=resource.immutable,
            copy=before.copy,
        )
        spot.record(before if applied is None else meant)
        secret = self._made(spot, resource, raw, before)
        _check(spot, secret.raw, raw)
        done = Entry() if applied is None else _ended(meant, secret, applied)
        spot.record(replace(done, copy=before.copy))
        copies.drop(self._service, spot)
        return lives.live(spot.key, secret, done, spot.set_name)

    def update(
        self,
        spot: Spot,
        secret: Secret,
        updated: Resource,
        applied: Applied,
        taken: Fields | None = None,
    ) -> Live:
        """Update a Secret, which was just read, to the data of `updated`.

        `taken` is the record of the set that hands it over, where one does.
        """
        raw = wire.raw_of(updated.data, secret.raw)
        owned = self.live(spot, secret).applied
        meant = Entry(
            id=secret.item.id,
            # A pending write of an earlier run is decided by what was just read.
            fields=taken if owned is None else owned.fields,
            pending=applied.fields,
            ciphertexts=applied.ciphertexts or None,
            immutable=updated.immutable,
            generate_name=updated.generate_name,
            copy=spot.entry.copy,
        )
        warnings: tuple[str, ...] = ()
        if raw != secret.raw:
            spot.record(meant)
            self._service.update(spot.namespace_id, secret.item.id, raw, str(spot.key))
            to_go = secret.raw.keys() - raw.keys()
            secret = self._described(spot, secret.item.id)
            left = sorted(to_go & secret.raw.keys())
            _check(spot, {name: secret.raw[name] for name in secret.raw if name not in left}, raw)
            if left:
                secret = self._made_anew(spot, secret, raw, left)
                _check(spot, secret.raw, raw)
                warnings = (_MADE_ANEW,)
        return replace(self._finished(spot, secret, applied, meant), warnings=warnings)

    def release(self, spot: Spot, seen: Precondition) -> Live:
        """Drop all that the set records of a Secret, and the copy that it may still keep."""
        secret = self.expected(spot, seen)
        copies.drop(self._service, spot)
        spot.record(Entry())
        return lives.live(spot.key, secret, Entry(), spot.set_name)

    def _finished(
        self, spot: Spot, secret: Secret, applied: Applied, meant: Entry | None = None
    ) -> Live:
        """Record that a Secret is as `applied` says."""
        kept = spot.entry
        done = replace(_ended(meant or kept, secret, applied), copy=kept.copy)
        spot.record(done)
        copies.drop(self._service, spot)
        return lives.live(spot.key, secret, spot.entry, spot.set_name)

    def delete(
        self,
        spot: Spot,
        seen: Precondition,
        *,
        keep_copy: bool,
        released: bool,
        taken: Fields | None = None,
    ) -> None:
        """Delete a Secret; a copy of it, or that it is released, is recorded before.

        `taken` is the record of the set that hands it over, where one does.
        """
        copy = spot.entry.copy
        try:
            secret = self.expected(spot, seen)
        except ObjectNotFound:
            if keep_copy and copy is not None and str(copy.id) == seen.uid:
                return  # the answer to an earlier try was lost
            if released:
                self._forget(spot)
            raise
        entry = spot.entry
        if keep_copy:
            copies.keep(self._service, spot, secret, self.live(spot, secret), taken)
        elif released and entry.id == secret.item.id:
            spot.record(replace(entry, released=True))
        self._service.delete(spot.namespace_id, secret.item.id, str(spot.key))
        if not keep_copy:  # one may be left by a run that was killed at its end
            copies.drop(self._service, spot)
        if released:
            self._forget(spot)

    def drop_copy(self, spot: Spot) -> None:
        """Delete the copy of a Secret, and its entry where the Secret is gone."""
        if spot.entry.is_empty:
            return
        if spot.entry.copy is not None:
            copies.drop(self._service, spot)
        items = self._service.list(spot.namespace_id, str(spot.key))
        if spot.key.name not in items:
            spot.record(Entry())

    def look(self, spot: Spot) -> Live | None:
        """A Secret as it is now; where its last write is complete, that is recorded."""
        try:
            secret = self._namesake(spot)
        except ObjectNotFound:
            return None
        current = lives.fingerprints(spot.key, secret, self._fingerprinter_of(spot.set_name))
        fields = spot.entry.completed(secret.item.id, current)
        if fields is None:
            return self.live(spot, secret)
        digests = spot.entry.ciphertexts or {}
        applied = Applied(set_name=spot.set_name, fields=fields, ciphertexts=digests)
        return self._finished(spot, secret, applied)

    def live(self, spot: Spot, secret: Secret) -> Live:
        """A Secret with what the set records of it."""
        fingerprinter = self._fingerprinter_of(spot.set_name)
        return lives.live(spot.key, secret, spot.entry, spot.set_name, fingerprinter)

    def expected(self, spot: Spot, seen: Precondition) -> Secret:
        """The Secret as it is now.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is not what was seen.
        """
        try:
            secret = self._described(spot, int(seen.uid))
        except (ObjectNotFound, ValueError):
            secret = self._namesake(spot)
        if secret.item.name != spot.key.name:
            raise ObjectMoved(f"{spot.key} is another object than the one that was read")
        refuse_moved(spot.key, str(secret.item.id), str(secret.item.updated), seen)
        return secret

    def _made(self, spot: Spot, resource: Resource, raw: wire.Raw, before: Entry) -> Secret:
        key = spot.key
        try:
            secret_id = self._service.create(
                spot.namespace_id, key.name, resource.type, raw, str(key)
            )
            return self._described(spot, secret_id)
        except StoreUnavailable:  # the create may have happened
            raise
        except StoreError:
            with suppress(StoreError):  # an entry of a create that did not happen does no harm
                spot.record(before)
            raise

    def _made_anew(self, spot: Spot, secret: Secret, raw: wire.Raw, left: list[str]) -> Secret:
        """Remove keys that an update has left, which takes a delete and a create.

        Raises:
            StoreError: applications use the Secret, or it could not be created.
        """
        named = ", ".join(left)
        if secret.item.apps:
            raise StoreError(
                f"{spot.key}: the service merged the update into the old keys, so that {named}"
                f" could not be removed, and {', '.join(secret.item.apps)} would lose the Secret by"
                " its delete",
                hint="remove the keys in the console; the other keys are as the manifest has them",
            )
        copies.keep(self._service, spot, secret, self.live(spot, secret))
        self._service.delete(spot.namespace_id, secret.item.id, str(spot.key))
        entry = spot.entry
        try:
            # From here on, this is a create that may be interrupted.
            spot.record(replace(entry, id=None, fields=None))
            secret_id = self._service.create(
                spot.namespace_id, spot.key.name, secret.item.type, raw, str(spot.key), patient=True
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

    def _forget(self, spot: Spot) -> None:
        """Drop the entry of a Secret that is gone, with the next change."""
        spot.record(Entry(copy=spot.entry.copy), wait=False)

    def _described(self, spot: Spot, secret_id: Id) -> Secret:
        return self._service.describe(spot.namespace_id, secret_id, str(spot.key))

    def _namesake(self, spot: Spot) -> Secret:
        """The Secret that has the name now.

        Raises:
            ObjectNotFound: there is none.
        """
        item = self._service.list(spot.namespace_id, str(spot.key)).get(spot.key.name)
        if item is None:
            raise ObjectNotFound(f"{spot.key} does not exist")
        return self._described(spot, item.id)


def _check(spot: Spot, read: wire.Raw, written: wire.Raw) -> None:
    """Compare what was read back with what was written."""
    names = read.keys() | written.keys()
    differing = sorted(name for name in names if read.get(name) != written.get(name))
    if differing:
        raise StoreError(
            f"{spot.key}: the service gives other data back than were written, in"
            f" {', '.join(differing)}",
            hint="somebody may have changed it in between: plan again",
        )


def _ended(meant: Entry, secret: Secret, applied: Applied) -> Entry:
    return replace(
        meant,
        id=secret.item.id,
        fields=applied.fields,
        pending=None,
        released=False,
    )
