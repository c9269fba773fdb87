"""A session of a Docker swarm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from reconciler.model.history import Run
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Scope, Session, Snapshot
from reconciler.stores.docker import head, services
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.head import HeadLock
from reconciler.stores.docker.judging import updated_resource, violations
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
from reconciler.stores.docker.reading import successors_of
from reconciler.stores.docker.writing import marked, removed, rewritten
from reconciler.stores.kit.refusals import missing, refuse, refuse_moved


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of a read that writes need.

    ``foreign`` are Docker secrets of others that bear the names of objects; ``secrets`` are all
    Secrets of which there was something, ``None`` where nothing was read yet.
    """

    foreign: dict[ObjectKey, tuple[Part, ...]] = field(default_factory=dict)
    secrets: set[ObjectKey] | None = None


class DockerSession(Session):
    """See `reconciler.model.store.Session` and `Rotating`."""

    def __init__(
        self,
        engine: Engine,
        read: Callable[[Scope], tuple[Snapshot, Seen]],
        lock: HeadLock,
        holder: str,
        fingerprint_key: bytes,
    ) -> None:
        self._engine = engine
        self._read = read
        self._lock = lock
        self._set_name = lock.set_name
        self._holder = holder
        self._key = fingerprint_key
        self._print_key = print_key_of(fingerprint_key)
        self._seen = Seen()
        self._rotating = threading.Lock()

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the environment, or the set's salt, which is public."""
        return self._key

    def renew(self, seconds: float) -> None:
        """Extend the lock."""
        self._lock.renew(self._holder, seconds)

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        snapshot, self._seen = self._read(scope)
        return snapshot

    def note(self, run: Run) -> None:
        """Put `run` into a label of the set's config."""
        head.note(self._engine, self._set_name, run)

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """Make the Docker secrets of `resource`; parts of its copy are used."""
        refuse(resource.key, violations(resource))
        secrets = self._seen.secrets
        maker = Maker(
            self._engine, resource, applied, self._print_key, lambda: self._holding(resource.key)
        )
        is_new = secrets is not None and resource.key not in secrets
        made = maker.made_anew() if is_new else maker.made()
        if secrets is not None:
            secrets.add(resource.key)
        return live_of(made, self._print_key)

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """Rewrite the labels of every part; an update that changes nothing keeps the versions."""
        before = self._expected(key, precondition)
        if applied is None:
            return self._release(before)
        updated = updated_resource(live_of(before.current, self._print_key), patch)
        wanted = [described(part, updated, applied, self._print_key) for part in before.current]
        rewritten(self._engine, zip(before.current, wanted, strict=True))
        self._sweep(before.old)
        return live_of(self._holding(key).current, self._print_key)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition | None,
        *,
        keep_copy: bool = False,
        released: bool = False,
    ) -> str:
        """Remove every part; for a copy, mark the parts instead, as they cannot be made again."""
        del released
        if precondition is None:
            left = self._holding(key)
            if not left.current:
                removed(self._engine, left.all)
        elif keep_copy:
            self._keep(key, precondition)
        else:
            before = self._expected(key, precondition)
            removed(self._engine, [*before.old, *before.current])
        return ""

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now."""
        current = self._holding(key).current
        return live_of(current, self._print_key) if current else None

    def rotate(self, key: ObjectKey) -> None:
        """Update services to the newest version one by one, and remove the old versions."""
        with self._rotating:
            held = self._holding(key)
            successors = successors_of(held)
            if successors:
                services.move_services(self._engine, successors)
            self._sweep(held.old)

    def _release(self, held: Holding) -> Live:
        """Take the labels of this tool from every part, from the one that completes it last."""
        self._sweep(held.old)
        left = self._holding(held.current[0].secret)
        parts = [*left.old, *sorted(left.current, key=lambda part: part.complete)]
        bare = [replace(part, marked=False, replaced=False) for part in parts]
        # Where the answer is lost, the object is looked at once more, as one of others.
        self._seen.foreign[held.current[0].secret] = tuple(bare[len(left.old) :])
        rewritten(self._engine, zip(parts, bare, strict=True))
        return replace(live_of(left.current, ""), applied=None)

    def _keep(self, key: ObjectKey, precondition: Precondition) -> None:
        """Mark every part as the copy, where an interrupted call has not done so already."""
        held = self._holding(key)
        copied = not held.current and held.copy
        if not copied or live_of(held.copy, "").uid != precondition.uid:
            held = self._expected(key, precondition)
        # Without the part that completes it, there is no object any more.
        parts = held.current or held.copy
        parts = tuple(replace(part, set_name=part.set_name and self._set_name) for part in parts)
        marked(self._engine, sorted(parts, key=lambda part: not part.complete))

    def _holding(self, key: ObjectKey) -> Holding:
        """What the swarm holds of `key`."""
        label = f"{SECRET_OF}={key.namespace}/{key.name}"
        entries = self._engine.get("/secrets", label=[label])
        parts = [part for part in map(part_of, entries) if part is not None]
        if not parts and key in self._seen.foreign:
            parts = [*self._still_foreign(key)]
        return holding(parts)

    def _still_foreign(self, key: ObjectKey) -> Iterator[Part]:
        foreign = self._seen.foreign[key]
        entries = self._engine.get("/secrets", id=[part.id for part in foreign])
        by_id = {entry["ID"]: entry for entry in entries}
        for part in foreign:
            if part.id in by_id:
                yield foreign_part(by_id[part.id], key, part.keys)

    def _expected(self, key: ObjectKey, precondition: Precondition) -> Holding:
        held = self._holding(key)
        if not held.current:
            raise missing(key)
        live = live_of(held.current, "")
        refuse_moved(key, live.uid, live.resource_version, precondition)
        return held

    def _sweep(self, old: Iterable[Part]) -> None:
        """Remove old versions that nothing uses."""
        for part in old:
            try:
                self._engine.delete(f"/secrets/{part.id}")
            except Refused:
                continue
