"""The words in which the contract of the stores is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.model.objects import (
    NAMESPACE,
    OPAQUE,
    SECRET,
    SERVICE_ACCOUNT,
    Applied,
    Live,
    ObjectKey,
    Resource,
)
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Capability, Scope, Snapshot, Store
from reconciler.model.values import SecretValue, UnreadValue
from reconciler.stores import open_store
from tests.world import wrapped


@dataclass
class Subject:
    """An empty store of its own for each test; each `open` is a new way to the same one.

    ``home`` is a namespace that may be written to.
    """

    url: str
    environ: dict[str, str]
    home: str
    options: dict[str, str] = field(default_factory=dict)
    opened: list[Store] = field(default_factory=list)

    def open(self) -> Store:
        store = open_store(self.url, self.environ, options=self.options)
        self.opened.append(store)
        return store


class Words:
    """Objects of a test, in the subject's own namespace."""

    def __init__(self, home: str = "default") -> None:
        self.home = home
        self.elsewhere = f"{home}-elsewhere"

    def key(self, name: str, kind: str = SECRET) -> ObjectKey:
        return ObjectKey(kind, "" if kind == NAMESPACE else self.home, name)

    def secret(self, name: str, values: dict[str, bytes] | None = None, **fields: Any) -> Resource:
        content = {"type": OPAQUE, "data": wrapped(values or {}), **fields}
        return Resource(key=self.key(name), **content)

    def namespace(self, name: str, **fields: Any) -> Resource:
        return Resource(key=self.key(name, NAMESPACE), **fields)

    def account(self, name: str, **fields: Any) -> Resource:
        return Resource(key=self.key(name, SERVICE_ACCOUNT), **fields)

    @staticmethod
    def shown(store: Store, values: dict[str, bytes]) -> dict[str, SecretValue]:
        """`values`, of which no record has fingerprints, as this store shows them."""
        if Capability.READ_VALUES in store.capabilities:
            return {key: SecretValue(value) for key, value in values.items()}
        return {key: UnreadValue(None) for key in values}

    @staticmethod
    def change(store: Store, text: str) -> tuple[Operation, ...]:
        """An update of a Secret with the key `a` that this store can make."""
        if Capability.UPDATE_VALUES in store.capabilities:
            return (Operation("replace", "/data/a", SecretValue(text.encode())),)
        return (Operation("add", "/metadata/labels", {"a": text}),)

    @staticmethod
    def mark(*fields: tuple[str, ...], set_name: str = "default") -> Applied:
        return Applied(set_name=set_name, fields=dict.fromkeys(fields, "0" * 32))

    @staticmethod
    def as_seen(live: Live) -> Precondition:
        return Precondition(uid=live.uid, resource_version=live.resource_version)

    @staticmethod
    def look(store: Store, *keys: ObjectKey, set_name: str = "default") -> Snapshot:
        return store.read(Scope(set_name, frozenset(keys), surroundings=True))
