"""What a store holds without anybody's asking, as a fresh cluster does."""

from __future__ import annotations

from reconciler.model.objects import NAMESPACE, SERVICE_ACCOUNT, Live, ObjectKey
from reconciler.stores.sqlite.tables import Contents, new_uid, now_text

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_ACCOUNT = "default"


def plant(contents: Contents) -> None:
    """Put into a new store the Namespaces of a fresh cluster, with their ServiceAccounts."""
    for name in _NAMESPACES:
        contents.add(_fresh(ObjectKey(NAMESPACE, "", name)), automatic=True)
        add_account(contents, name)


def add_account(contents: Contents, namespace: str) -> None:
    """Give a new Namespace the ServiceAccount that the controller manager gives it."""
    contents.add(_fresh(ObjectKey(SERVICE_ACCOUNT, namespace, _ACCOUNT)), automatic=True)


def _fresh(key: ObjectKey) -> Live:
    return Live(key=key, uid=new_uid(), resource_version="0", created=now_text())
