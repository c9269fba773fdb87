"""The objects that a new store holds, as a fresh cluster does."""

from __future__ import annotations

import uuid

from reconciler.model.objects import NAMESPACE, SERVICE_ACCOUNT, Live, ObjectKey
from reconciler.stores.sqlite.tables import Contents, new_uid, now_text

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_ACCOUNT = "default"
_SPACE = uuid.UUID("5a3f1e0c-6f0e-4f5b-9c1b-2f6d5f0f7b11")


def initial_objects() -> tuple[Live, ...]:
    """The Namespaces of a fresh cluster with their ServiceAccounts, in the order of their making.

    Their uids and versions are the same in every store: a plan that was made before the store
    existed fits the store that is then made.
    """
    keys = [
        key
        for name in _NAMESPACES
        for key in (
            ObjectKey(NAMESPACE, "", name),
            ObjectKey(SERVICE_ACCOUNT, name, _ACCOUNT),
        )
    ]
    return tuple(
        Live(
            key=key,
            uid=str(uuid.uuid5(_SPACE, str(key))),
            resource_version=str(version),
            created=now_text(),
        )
        for version, key in enumerate(keys, start=1)
    )


def plant(contents: Contents) -> None:
    """Put the initial objects into a new store."""
    for live in initial_objects():
        contents.next_version()  # the object already has it
        contents.add(live, automatic=True)


def add_account(contents: Contents, namespace: str) -> None:
    """Give a new Namespace the ServiceAccount that the controller manager gives it."""
    key = ObjectKey(SERVICE_ACCOUNT, namespace, _ACCOUNT)
    version = contents.next_version()
    account = Live(key=key, uid=new_uid(), resource_version=version, created=now_text())
    contents.add(account, automatic=True)
