"""A Docker swarm as a store: values go in and never come out, and only labels can change."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from reconciler.errors import ObjectMoved, ObjectNotFound, StoreError
from reconciler.model.locks import Lock
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Note, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.stores.docker import head, services
from reconciler.stores.docker.annotations import ANNOTATIONS
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.judging import refuse, updated_resource, violations
from reconciler.stores.docker.making import Maker
from reconciler.stores.docker.parts import (
    SECRET_OF,
    Holding,
    Part,
    described,
    foreign_part,
    holding,
    live_of,
    part_of,
    print_key_of,
)
from reconciler.stores.docker.reading import (
    by_secret,
    bystanders_of,
    foreign_parts,
    forsaken_notices,
    key_notices,
    outdated_of,
    owner,
    successors_of,
    users_of,
)
from reconciler.stores.docker.writing import marked, removed, rewritten

SCHEME = "docker"

CAPABILITIES = frozenset(
    {
        Capability.CONSUMERS,
        Capability.METADATA,
        Capability.PRECONDITIONS,
        Capability.ROTATION,
    }
)
_PUBLIC = Note(
    "fingerprints-public",
    "RECONCILER_FINGERPRINT_KEY is not set: whoever may read the swarm's labels can test guesses "
    "of weak values, at the price of one scrypt each",
)


class DockerStore:
    """See `reconciler.model.store.Store`. `given_key` is the fingerprint key, where there is one.

    A Secret is one Docker secret, or one for each of its keys; see `layout`.
    """

    def __init__(self, engine: Engine, given_key: bytes | None) -> None:
        self._engine = engine
        self._given_key = given_key
        self._foreign: dict[ObjectKey, tuple[Part, ...]] = {}
        self._known: set[ObjectKey] | None = None
        self._swarm = ""
        self._rotating = threading.Lock()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do."""
        return CAPABILITIES

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants: the list of all secrets, of all services, and the set's head."""
        found = head.find(self._engine, scope.set_name)
        key = self._key_of(found)
        print_key = "" if key is None else print_key_of(key)
        entries = self._engine.get("/secrets")
        parts = [part for part in map(part_of, entries) if part is not None]
        self._foreign = foreign_parts(scope, entries, parts)
        parts += [part for several in self._foreign.values() for part in several]
        holdings = {secret: holding(several) for secret, several in by_secret(parts).items()}
        self._known = set(holdings)
        wanted = {
            secret: one for secret, one in holdings.items() if scope.wants(secret, owner(one))
        }
        uses = list(services.uses(self._engine.get("/services")))
        return Snapshot(
            identity=self._identity(born=found is not None or self._given_key is not None),
            capabilities=CAPABILITIES,
            objects={
                secret: live_of(one.current, print_key)
                for secret, one in wanted.items()
                if one.current
            },
            bystanders=bystanders_of(holdings, wanted),
            copies={
                secret: live_of(one.copy, print_key) for secret, one in wanted.items() if one.copy
            },
            consumers=users_of(wanted, uses),
            fingerprint_key=key,
            fixed_annotations=ANNOTATIONS,
            outdated=outdated_of(wanted, uses),
            notices=(
                *(() if self._given_key is not None else (_PUBLIC,)),
                *key_notices(wanted, print_key),
                *forsaken_notices(wanted, uses),
            ),
        )

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: who may speak to a manager may do all of it."""

    def begin(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: every Docker secret says whose it is."""

    def lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Take the set's lock, or extend it; makes the set's head where there is none."""
        head.take(self._engine, set_name, holder, seconds)

    def renew_lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Extend the lock that `holder` has."""
        head.renew(self._engine, set_name, holder, seconds)

    def unlock(self, set_name: str, holder: str) -> None:
        """Give the lock back, where `holder` has it."""
        head.give_back(self._engine, set_name, holder)

    def read_lock(self, set_name: str) -> Lock | None:
        """The lock in the set's head."""
        return head.read(self._engine, set_name)

    def break_lock(self, lock: Lock) -> None:
        """Give the lock back, whoever holds it."""
        head.remove(self._engine, lock)

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Make the Docker secrets of `resource`, with what the copy of it holds already."""
        del dry_run
        refuse(resource.key, violations(resource))
        print_key = self._print_key(applied)
        look = partial(self._holding, resource.key)
        maker = Maker(self._engine, resource, applied, print_key, look)
        if not resource.name:
            made = maker.named_by_chance()
        elif self._known is not None and resource.key not in self._known:
            made = maker.made_anew()
        else:
            made = maker.made()
        if self._known is not None:
            self._known.add(made[0].secret)
        return live_of(made, print_key)

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied,
        precondition: Precondition,
        *,
        dry_run: bool = False,
    ) -> Live:
        """Rewrite the labels of every part; an update that changes nothing keeps the versions."""
        del dry_run
        found = self._expected(key, precondition)
        print_key = self._print_key(applied)
        updated = updated_resource(live_of(found.current, print_key), patch)
        wanted = [described(part, updated, applied, print_key) for part in found.current]
        rewritten(self._engine, zip(found.current, wanted, strict=True))
        self._sweep(found.old)
        return live_of(self._holding(key).current, print_key)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        keep_copy: bool = False,
        released: bool = False,
        dry_run: bool = False,
    ) -> str:
        """Remove every part; a copy is what there is, marked as such: nobody could make it anew."""
        del released, dry_run
        found = self._expected(key, precondition)
        if keep_copy:
            # Without the part that completes it, there is no object any more.
            order = sorted(found.current, key=lambda part: not part.complete)
            marked(self._engine, order)
        else:
            removed(self._engine, [*found.old, *found.current])
        return ""

    def rotate(self, key: ObjectKey) -> None:
        """Move services to the newest version, one by one, and remove those left behind."""
        with self._rotating:
            found = self._holding(key)
            successors = successors_of(found)
            if successors:
                services.moved(self._engine, successors)
            self._sweep(found.old)

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        """Nothing: a write is done when it answers."""
        del key, deleted_uid
        return ""

    def drop_copy(self, key: ObjectKey) -> None:
        """Remove what a replace has left of `key`, where there is no object."""
        found = self._holding(key)
        if not found.current:
            removed(self._engine, found.all)

    def fingerprint_key(self, set_name: str) -> bytes:
        """The key that was given, or the set's salt, which everybody may know."""
        key = self._key_of(head.find(self._engine, set_name))
        if key is None:
            raise StoreError(f"the set {set_name!r} has no fingerprint key yet")
        return key

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.close()

    def _identity(self, *, born: bool) -> StoreIdentity:
        if not self._swarm:
            self._swarm = self._engine.get("/swarm")["ID"]
        return StoreIdentity(SCHEME, self._swarm if born else "", self._engine.shown)

    def _key_of(self, found: head.Head | None) -> bytes | None:
        if self._given_key is not None:
            return self._given_key
        return None if found is None else found.salt

    def _print_key(self, applied: Applied | None) -> str:
        set_name = "default" if applied is None else applied.set_name
        key = self._key_of(head.find(self._engine, set_name)) if self._given_key is None else None
        return print_key_of(key or self._given_key or b"")

    def _holding(self, key: ObjectKey) -> Holding:
        """What the swarm holds of `key` now."""
        mark = f"{SECRET_OF}={key.namespace}/{key.name}"
        entries = self._engine.get("/secrets", label=[mark])
        parts = [part for part in map(part_of, entries) if part is not None]
        if not parts and key in self._foreign:
            parts = [*self._still_foreign(key)]
        return holding(parts)

    def _still_foreign(self, key: ObjectKey) -> Iterator[Part]:
        ids = [part.id for part in self._foreign[key]]
        entries = {entry["ID"]: entry for entry in self._engine.get("/secrets", id=ids)}
        for part in self._foreign[key]:
            if part.id in entries:
                yield foreign_part(entries[part.id], key, part.keys)

    def _expected(self, key: ObjectKey, precondition: Precondition) -> Holding:
        found = self._holding(key)
        if not found.current:
            raise ObjectNotFound(f"{key} does not exist")
        live = live_of(found.current, "")
        if live.uid != precondition.uid:
            raise ObjectMoved(f"{key} was deleted and created again since it was read")
        if live.resource_version != precondition.resource_version:
            raise ObjectMoved(f"{key} was changed since it was read")
        return found

    def _sweep(self, old: Iterable[Part]) -> None:
        """Remove versions that were left behind; those that are used still stay."""
        for part in old:
            try:
                self._engine.delete(f"/secrets/{part.id}")
            except Refused:
                continue
