"""One read of the store: a list for each namespace, and the Secrets that a plan needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.errors import ObjectNotFound
from reconciler.model.consumers import Consumer
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import SECRET, Bystander, Live, ObjectKey
from reconciler.model.plans import Note
from reconciler.model.store import Scope
from reconciler.stores.kit.documents import PREFIXES, Listed
from reconciler.stores.kit.entries import Entry
from reconciler.stores.kit.inventory import Inventory, parts_of, read_part
from reconciler.stores.sae import lives
from reconciler.stores.sae.documents import PART_BYTES, SecretDocuments
from reconciler.stores.sae.places import Place
from reconciler.stores.sae.service import Item, Secret, Service

APPLICATION = "Application"


@dataclass(slots=True)
class View:
    """One namespace as a read saw it; ``others`` are the entries of other sets."""

    namespace: str
    namespace_id: str
    items: Mapping[str, Item]
    documents: SecretDocuments
    inventory: Inventory
    entries: Mapping[str, Entry] = field(default_factory=dict)
    others: dict[str, tuple[str, Entry]] = field(default_factory=dict)

    @property
    def secrets(self) -> dict[str, Item]:
        """The Secrets of the namespace but the documents of sets."""
        return {name: item for name, item in self.items.items() if not name.startswith(PREFIXES)}

    def may_own(self, name: str) -> bool:
        """Whether a Secret of the namespace may be the set's."""
        return name in self.entries and self.entries[name].may_own(self.items[name].id)

    def key(self, name: str) -> ObjectKey:
        """The key of a Secret of the namespace."""
        return ObjectKey(SECRET, self.namespace, name)


@dataclass(slots=True)
class Reader:
    """Reads for one scope. ``missing`` are namespaces that the service does not know."""

    service: Service
    place: Place
    workers: int
    scope: Scope
    fingerprinter: Fingerprinter | None
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
        ids = sorted({*namespace_ids, *listed})
        with ThreadPoolExecutor(self.workers) as pool:
            lists = pool.map(lambda id_: listed[id_] if id_ in listed else self._list(id_), ids)
            views = [self._view(id_, items) for id_, items in zip(ids, lists, strict=True)]
            self._load_inventories(views, pool)
            members = [
                (view, view.items[name]) for view in views for name in self._names_to_fetch(view)
            ]
            for view, secret in self._fetch(members, pool):
                self._object(view, secret)
            self._kept_copies(views, pool)
        for view in views:
            self._read_listed(view)
        return views

    def notices(self) -> tuple[Note, ...]:
        """What a plan says of namespaces that do not exist."""
        return tuple(
            Note(
                "namespace-missing",
                f"the namespace {self.place.namespace(namespace_id)} ({namespace_id}) does not"
                " exist in this region: create it before the apply, or correct sae-namespaces",
            )
            for namespace_id in sorted(self.missing)
        )

    def _list(self, namespace_id: str) -> Mapping[str, Item]:
        try:
            return self.service.list(namespace_id, f"the namespace {namespace_id}")
        except ObjectNotFound:
            self.missing.append(namespace_id)
            return {}

    def _view(self, namespace_id: str, items: Mapping[str, Item]) -> View:
        documents = SecretDocuments(self.service, namespace_id)
        inventory = Inventory(documents, self.scope.set_name, self.guard, part_bytes=PART_BYTES)
        return View(self.place.namespace(namespace_id), namespace_id, items, documents, inventory)

    def _load_inventories(self, views: Sequence[View], pool: ThreadPoolExecutor) -> None:
        """Read the set's inventories, and those of other sets if owners matter."""
        parts = {view.namespace_id: parts_of(self.scope.set_name, view.items) for view in views}
        self._fetch([(view, part) for view in views for part in parts[view.namespace_id][0]], pool)
        for view in views:
            view.inventory.load(view.items)  # without a call: they were just fetched
            entries = view.inventory.entries()
            view.entries = {name: entries[name] for name in entries if not entries[name].given}
        others = [
            (view, part)
            for view in views
            if self.scope.surroundings
            or any(not view.may_own(name) for name in self._names_to_fetch(view))
            for part in parts[view.namespace_id][1]
        ]
        self._fetch(others, pool)
        for view, part in others:
            set_name, entries = read_part(view.documents, part)
            for name, entry in entries.items():
                if not (entry.given and name in view.others):  # who has taken it over claims it
                    view.others[name] = set_name, entry

    def _names_to_fetch(self, view: View) -> list[str]:
        """The names of the Secrets whose data are needed."""
        return [
            name
            for name in sorted(view.secrets)
            if view.may_own(name) or view.key(name) in self.scope.keys
        ]

    def _fetch(
        self, listed: Sequence[tuple[View, Listed]], pool: ThreadPoolExecutor
    ) -> list[tuple[View, Secret]]:
        """The listed Secrets that still exist, with their data."""
        secrets = pool.map(
            lambda pair: self.service.secret(
                pair[0].namespace_id, pair[1], f"Secret {pair[1].name}"
            ),
            listed,
        )
        pairs = zip(listed, secrets, strict=True)
        return [(view, secret) for (view, _), secret in pairs if secret is not None]

    def _object(self, view: View, secret: Secret) -> None:
        name, set_name = secret.item.name, self.scope.set_name
        key = view.key(name)
        entry = view.entries.get(name, Entry())
        live = lives.live(key, secret, entry, set_name, self.fingerprinter)
        if live.applied is None and name in view.others:
            set_name, entry = view.others[name]
            live = lives.live(key, secret, entry, set_name)
        if self.scope.wants(key, live.owner_set):
            self.objects[key] = live

    def _kept_copies(self, views: Sequence[View], pool: ThreadPoolExecutor) -> None:
        """Read the copies of objects that a replace has deleted."""
        kept = {
            (view.namespace_id, entry.copy.name): (view.key(name), entry.copy)
            for view in views
            for name, entry in view.entries.items()
            if entry.copy is not None and name not in view.items
        }
        listed = [
            (view, view.items[name])
            for view in views
            for name in view.items
            if (view.namespace_id, name) in kept
        ]
        for view, secret in self._fetch(listed, pool):
            key, copy = kept[view.namespace_id, secret.item.name]
            owner = None if copy.fields is None else self.scope.set_name
            if self.scope.wants(key, owner):
                self.copies[key] = lives.copied(key, secret, copy, self.scope.set_name)

    def _read_listed(self, view: View) -> None:
        """Derive from the lists: bystanders, consumers, and Secrets that somebody deleted."""
        for name, item in view.secrets.items():
            key = view.key(name)
            self.consumers += [Consumer(APPLICATION, view.namespace, app, key) for app in item.apps]
            if key not in self.objects and key not in self.scope.keys:
                set_name, entry = view.others.get(name, (None, Entry()))
                owner = set_name if entry.id == item.id else None
                self.bystanders[key] = Bystander(key, str(item.id), set_name=owner)
        self.vanished |= {
            view.key(name)
            for name, entry in view.entries.items()
            if name not in view.items and entry.fields is not None and not entry.released
        }
