"""The words in which the contract of the stores is written."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, cast

from reconciler.model.objects import NAMESPACE, SECRET, Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store, Trying
from reconciler.model.values import SecretValue, UnreadValue
from reconciler.stores import open_store
from tests.world import account, namespace, secret

_LEFT: list[object] = []
"""Sessions of all tests: one that is collected as garbage would give its lock back."""


@dataclass
class Subject:
    """An empty store of its own for each test; each `open` is a new way to the same one.

    A session lasts until `end`, or is left as a process that was killed leaves it. ``home`` is a
    namespace that may be written to.
    """

    url: str
    environ: dict[str, str]
    home: str
    options: dict[str, str] = field(default_factory=dict)
    opened: list[Store] = field(default_factory=list)
    sessions: list[tuple[Session, AbstractContextManager[Session]]] = field(default_factory=list)

    def open(self) -> Store:
        store = open_store(self.url, self.environ, options=self.options)
        self.opened.append(store)
        return store

    def session(
        self,
        store: Store | None = None,
        set_name: str = "default",
        holder: str = "a test",
        seconds: float = 600,
    ) -> Session:
        manager = (store or self.open()).session(set_name, holder, seconds)
        _LEFT.append(manager)
        session = manager.__enter__()
        self.sessions.append((session, manager))
        return session

    def end(self, session: Session) -> None:
        (manager,) = (manager for opened, manager in self.sessions if opened is session)
        manager.__exit__(None, None, None)


class Words:
    """Objects of a test, in the subject's own namespace."""

    def __init__(self, home: str = "default") -> None:
        self.home = home
        self.elsewhere = f"{home}-elsewhere"

    def key(self, name: str, kind: str = SECRET) -> ObjectKey:
        return ObjectKey(kind, "" if kind == NAMESPACE else self.home, name)

    def secret(self, name: str, values: dict[str, bytes] | None = None, **fields: Any) -> Resource:
        return secret(name, values, home=self.home, **fields)

    def namespace(self, name: str, **fields: Any) -> Resource:
        return namespace(name, **fields)

    def account(self, name: str, **fields: Any) -> Resource:
        return account(name, home=self.home, **fields)

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
    def trying(store: Store) -> Trying:
        """A store that can try writes, as one."""
        assert Capability.SERVER_DRY_RUN in store.capabilities
        return cast("Trying", store)

    @staticmethod
    def look(store: Store | Session, *keys: ObjectKey, set_name: str = "default") -> Snapshot:
        return store.read(Scope(set_name, frozenset(keys), surroundings=True))
