"""One read of the store: a list for each namespace, and the Secrets that a plan needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.errors import ObjectNotFound
from reconciler.model.consumers import Consumer
from reconciler.model.objects import SECRET, Bystander, Live, ObjectKey
from reconciler.model.plans import Note
from reconciler.model.store import Scope
from reconciler.stores.sae import lives
from reconciler.stores.sae.documents import INVENTORY_PREFIX, PREFIXES, digest_of
from reconciler.stores.sae.entries import Entry
from reconciler.stores.sae.inventory import Inventory, read_shard, shards_of
from reconciler.stores.sae.lives import IsSo
from reconciler.stores.sae.places import Place
from reconciler.stores.sae.service import Found, Item, Service

APPLICATION = "Application"


class Memory:
    """Secrets as they were described last; one is described again where a list has it changed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[tuple[str, int], Found] = {}
        self._turn = threading.Lock()

    def found(self, namespace_id: str, item: Item) -> Found | None:
        """The Secret of `item`; ``None`` where it is gone since it was listed."""
        with self._turn:
            known = self._known.get((namespace_id, item.id))
        if known is not None and known.item.updated == item.updated:
            return known
        try:
            found = self._service.describe(namespace_id, item.id, f"Secret {item.name}")
        except ObjectNotFound:
            return None
        self.keep(namespace_id, found)
        return found

    def keep(self, namespace_id: str, found: Found) -> None:
        """Remember what was described elsewhere."""
        with self._turn:
            self._known[namespace_id, found.item.id] = found


@dataclass(slots=True)
class View:
    """What one read has seen of one namespace."""

    namespace: str
    namespace_id: str
    items: Mapping[str, Item]
    inventory: Inventory
    others: dict[str, tuple[str, Entry]] = field(default_factory=dict)
    """What other sets remember: by name, the set and its entry."""

    def is_own(self, name: str) -> bool:
        """Whether a Secret is the store's own."""
        return name.startswith(PREFIXES)

    def key(self, name: str) -> ObjectKey:
        """The key of a Secret of the namespace."""
        return ObjectKey(SECRET, self.namespace, name)


@dataclass(slots=True)
class Reader:
    """Reads for one scope. ``is_so`` tells whether a value of a key has a fingerprint.

    ``missing`` has the namespaces that the service does not know.
    """

    service: Service
    place: Place
    memory: Memory
    workers: int
    scope: Scope
    is_so: IsSo
    guard: Callable[[], None]
    objects: dict[ObjectKey, Live] = field(default_factory=dict)
    bystanders: dict[ObjectKey, Bystander] = field(default_factory=dict)
    copies: dict[ObjectKey, Live] = field(default_factory=dict)
    vanished: set[ObjectKey] = field(default_factory=set)
    consumers: list[Consumer] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def read(
        self, listed: Mapping[str, Mapping[str, Item]], namespace_ids: Iterable[str]
    ) -> list[View]:
        """Read the namespaces; `listed` has those that were listed already."""
        wanted = sorted({*namespace_ids, *listed})
        with ThreadPoolExecutor(self.workers) as pool:
            lists = dict(
                zip(wanted, pool.map(lambda n: self._list(n, listed), wanted), strict=True)
            )
            views = [self._view(namespace_id, lists[namespace_id]) for namespace_id in wanted]
            shards = [
                (view, item)
                for view in views
                for item in shards_of(self.scope.set_name, view.items)
            ]
            for (view, _), found in zip(shards, pool.map(self._found, shards), strict=True):
                if found is not None:
                    view.inventory.take(found)
            for view in views:
                self._look(view, pool)
        return views

    def notices(self) -> tuple[Note, ...]:
        """What a plan should say of namespaces that are not there."""
        return tuple(
            Note(
                "namespace-missing",
                f"the namespace {self.place.namespace(namespace_id)} ({namespace_id}) does not"
                " exist in this region: create it before the apply, or correct sae-namespaces",
            )
            for namespace_id in sorted(self.missing)
        )

    def _list(
        self, namespace_id: str, listed: Mapping[str, Mapping[str, Item]]
    ) -> Mapping[str, Item]:
        if namespace_id in listed:
            return listed[namespace_id]
        try:
            return self.service.list(namespace_id, f"the namespace {namespace_id}")
        except ObjectNotFound:
            self.missing.append(namespace_id)
            return {}

    def _view(self, namespace_id: str, items: Mapping[str, Item]) -> View:
        inventory = Inventory(self.service, namespace_id, self.scope.set_name, self.guard)
        return View(self.place.namespace(namespace_id), namespace_id, items, inventory)

    def _found(self, pair: tuple[View, Item]) -> Found | None:
        view, item = pair
        return self.memory.found(view.namespace_id, item)

    def _look(self, view: View, pool: ThreadPoolExecutor) -> None:
        entries = view.inventory.entries()
        theirs = {name: item for name, item in view.items.items() if not view.is_own(name)}
        members = {name for name, item in theirs.items() if _may_be_ours(entries.get(name), item)}
        wanted = {name for name in theirs if name in members or view.key(name) in self.scope.keys}
        if self.scope.surroundings or wanted - members:
            self._others(view, pool)
        pairs = [(view, theirs[name]) for name in sorted(wanted)]
        for (_, item), found in zip(pairs, pool.map(self._found, pairs), strict=True):
            if found is not None:
                self._object(view, found, entries.get(item.name, Entry()))
        self._bystanders(view, theirs)
        self._consumers(view, theirs)
        self._gone(view, entries, pool)

    def _object(self, view: View, found: Found, entry: Entry) -> None:
        key = view.key(found.item.name)
        set_name, remembered = self.scope.set_name, entry
        live = lives.live(key, found, remembered, set_name, self.is_so)
        if live.applied is None and found.item.name in view.others:
            set_name, remembered = view.others[found.item.name]
            live = lives.live(key, found, remembered, set_name, None)
        owner = None if live.applied is None else live.applied.set_name
        if self.scope.wants(key, owner):
            self.objects[key] = live

    def _others(self, view: View, pool: ThreadPoolExecutor) -> None:
        """Learn what other sets own in the namespace."""
        mine = f"{INVENTORY_PREFIX}{digest_of(self.scope.set_name)}_"
        pairs = [
            (view, item)
            for name, item in sorted(view.items.items())
            if name.startswith(INVENTORY_PREFIX) and not name.startswith(mine)
        ]
        for found in pool.map(self._found, pairs):
            if found is not None:
                set_name, entries = read_shard(found)
                view.others.update({name: (set_name, entry) for name, entry in entries.items()})

    def _bystanders(self, view: View, theirs: Mapping[str, Item]) -> None:
        for name, item in theirs.items():
            key = view.key(name)
            if key in self.objects or key in self.scope.keys:
                continue
            set_name, entry = view.others.get(name, (None, Entry()))
            owner = set_name if entry.id == item.id else None
            self.bystanders[key] = Bystander(key, str(item.id), set_name=owner)

    def _consumers(self, view: View, theirs: Mapping[str, Item]) -> None:
        self.consumers += [
            Consumer(APPLICATION, view.namespace, app, view.key(name))
            for name, item in theirs.items()
            for app in item.apps
        ]

    def _gone(self, view: View, entries: Mapping[str, Entry], pool: ThreadPoolExecutor) -> None:
        """Copies of what a replace has deleted, and what somebody else has."""
        items = view.items
        for name, entry in entries.items():
            if name not in items and entry.fields is not None and not entry.released:
                self.vanished.add(view.key(name))
        kept = [
            (name, entry.copy, items[entry.copy.name])
            for name, entry in entries.items()
            if entry.copy is not None and entry.copy.name in items and name not in items
        ]
        found = pool.map(self._found, [(view, item) for _, _, item in kept])
        for (name, copy, _), content in zip(kept, found, strict=True):
            key = view.key(name)
            owner = None if copy.fields is None else self.scope.set_name
            if content is not None and self.scope.wants(key, owner):
                self.copies[key] = lives.copied(key, content, copy, self.scope.set_name)


def _may_be_ours(entry: Entry | None, item: Item) -> bool:
    if entry is None:
        return False
    return entry.id == item.id or (entry.id is None and entry.pending is not None)
