"""A Docker swarm as a store: values cannot be read back, and only labels can change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reconciler.errors import StoreError
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Note, StoreIdentity
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from reconciler.stores.docker import head, services
from reconciler.stores.docker.annotations import ANNOTATIONS
from reconciler.stores.docker.engine import Engine
from reconciler.stores.docker.head import HeadLock
from reconciler.stores.docker.parts import holding, live_of, part_of, print_key_of
from reconciler.stores.docker.reading import (
    by_secret,
    bystanders_of,
    foreign_parts,
    forsaken_notices,
    key_notices,
    outdated_of,
    owner,
    users_of,
)
from reconciler.stores.docker.session import DockerSession, Seen
from reconciler.stores.kit.sessions import given_back

SCHEME = "docker"

CAPABILITIES = frozenset(
    {
        Capability.CIPHERTEXTS,
        Capability.CONSUMERS,
        Capability.METADATA,
        Capability.PRECONDITIONS,
        Capability.ROTATION,
        Capability.WRITES,
    }
)
_PUBLIC = Note(
    "fingerprints-public",
    "RECONCILER_FINGERPRINT_KEY is not set: whoever may read the swarm's labels can test guesses "
    "of weak values, at the price of one scrypt each",
)


class DockerStore(Store):
    """See `reconciler.model.store.Store`. `given_key` is the fingerprint key of the environment.

    A Secret is one Docker secret, or one for each of its keys; see `layout`.
    """

    capabilities = CAPABILITIES

    def __init__(self, engine: Engine, given_key: bytes | None) -> None:
        self._engine = engine
        self._given_key = given_key

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants: the list of all secrets, of all services, and the set's head."""
        return self._read(scope)[0]

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: who may speak to a manager may do all of it."""

    @contextmanager
    def session(self, set_name: str, holder: str, seconds: float) -> Iterator[Session]:
        """Hold the set's lock; makes the set's head where there is none."""
        lock = HeadLock(self._engine, set_name)
        lock.take(holder, seconds)
        with given_back(lambda: lock.give_back(holder)):
            key = self._key_of(head.find(self._engine, set_name))
            if key is None:
                raise StoreError(f"the set {set_name!r} has no fingerprint key yet")
            yield DockerSession(self._engine, self._read, lock, holder, key)

    def read_lock(self, set_name: str) -> Lock | None:
        """The lock in the set's head."""
        return HeadLock(self._engine, set_name).read()

    def history(self, set_name: str) -> tuple[Run, ...]:
        """The runs in a label of the set's config."""
        return head.history(self._engine, set_name)

    def break_lock(self, lock: Lock) -> None:
        """Remove `lock`, whoever holds it."""
        HeadLock(self._engine, lock.set_name).remove(lock)

    def close(self) -> None:
        """Close the connections."""
        self._engine.close()

    def _read(self, scope: Scope) -> tuple[Snapshot, Seen]:
        set_head = head.find(self._engine, scope.set_name)
        key = self._key_of(set_head)
        print_key = "" if key is None else print_key_of(key)
        entries = self._engine.get("/secrets")
        parts = [part for part in map(part_of, entries) if part is not None]
        foreign = foreign_parts(scope, entries, parts)
        parts += [part for several in foreign.values() for part in several]
        holdings = {secret: holding(several) for secret, several in by_secret(parts).items()}
        wanted = {
            secret: held for secret, held in holdings.items() if scope.wants(secret, owner(held))
        }
        uses = list(services.uses(self._engine.get("/services")))
        snapshot = Snapshot(
            identity=self._identity(exists=set_head is not None or self._given_key is not None),
            capabilities=CAPABILITIES,
            objects={
                secret: live_of(held.current, print_key)
                for secret, held in wanted.items()
                if held.current
            },
            bystanders=bystanders_of(holdings, wanted),
            copies={
                secret: live_of(held.copy, print_key)
                for secret, held in wanted.items()
                if held.copy
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
        return snapshot, Seen(foreign, set(holdings))

    def _identity(self, *, exists: bool) -> StoreIdentity:
        swarm = self._engine.get("/swarm")["ID"] if exists else ""
        return StoreIdentity(SCHEME, swarm, self._engine.shown)

    def _key_of(self, set_head: head.Head | None) -> bytes | None:
        if self._given_key is not None:
            return self._given_key
        return None if set_head is None else set_head.salt
