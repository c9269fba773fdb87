"""The parent of a set: a Secret that says which set it is and holds its fingerprint key.

It and the members' label follow the ApplySet specification (KEP-3659, "kubectl apply --prune"), so
that other tools see whose the members are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reconciler.errors import (
    ConfigError,
    ObjectExists,
    ObjectMoved,
    ObjectNotFound,
    StoreDamaged,
    StoreUnavailable,
)
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES
from reconciler.model.history import Run, decoded, encoded, with_run
from reconciler.model.objects import KINDS, SECRET, ObjectKey
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue
from reconciler.rules.names import LABEL
from reconciler.stores.kit.attempts import settled
from reconciler.stores.kubernetes import debts, paths, wire
from reconciler.stores.kubernetes.connection import (
    JSON,
    JSON_PATCH,
    MANAGER,
    Answer,
    Connection,
    retried,
)
from reconciler.stores.kubernetes.debts import Debts
from reconciler.stores.kubernetes.rights import object_name
from reconciler.version import __version__

_TOOLING = "applyset.kubernetes.io/tooling"
_GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
_HISTORY = "reconciler/history"
_RESTARTS = "reconciler/restarts"
_KEY = "fingerprint-key"


@dataclass(frozen=True, slots=True)
class Parent:
    """The parent of a set as it was read.

    ``namespaces`` are those, besides its own, in which the set has ever had members. ``debts`` are
    the restarts that an apply has noted and not made yet.
    """

    uid: str
    resource_version: str
    namespaces: frozenset[str]
    runs: tuple[Run, ...]
    debts: Debts
    fingerprint_key: bytes = field(repr=False)


def key_of(set_name: str, namespace: str) -> ObjectKey:
    """The parent's key.

    Raises:
        ConfigError: the set's name cannot be part of an object's name.
    """
    if not LABEL.allows(set_name):
        raise ConfigError(
            f"--set {set_name}: a cluster keeps the set in an object of that name",
            hint="write lower-case letters, digits and '-', at most 63",
        )
    return ObjectKey(SECRET, namespace, object_name(set_name))


@lru_cache(maxsize=8)  # each write asks for it
def id_of(set_name: str, namespace: str) -> str:
    """The id of a set, which is a digest of its parent's name, namespace, kind and group."""
    parent = key_of(set_name, namespace)
    digest = hashlib.sha256(f"{parent.name}.{namespace}.{parent.kind}.".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


@dataclass(frozen=True, slots=True)
class ClusterSet:
    """The set `name` of a cluster, whose parent is in the namespace `namespace`."""

    connection: Connection
    name: str
    namespace: str

    @property
    def key(self) -> ObjectKey:
        """The parent's key; see `key_of`."""
        return key_of(self.name, self.namespace)

    @property
    def id(self) -> str:
        """See `id_of`."""
        return id_of(self.name, self.namespace)

    def find(self) -> Parent | None:
        """The parent; ``None`` where the set has none yet.

        Raises:
            StoreDamaged: what is there is no parent of this set.
        """
        try:
            document = self.connection.get(paths.of(self.key), str(self.key))
        except ObjectNotFound:
            return None
        return _parent(document, self.key, self.name)

    def find_or_create(self) -> Parent:
        """The parent; created with a random fingerprint key where there is none.

        Raises:
            ObjectNotFound: its namespace does not exist.
        """
        parent = self.find()
        if parent is not None:
            return parent
        drawn = SecretValue(secrets.token_bytes(FINGERPRINT_KEY_BYTES))
        document = _document(self.key, self.name, drawn)
        try:
            answer = self._write("POST", paths.collection(SECRET, self.namespace), document, drawn)
        except ObjectExists:  # another apply was quicker, or the answer to this one was lost
            return self.find_or_create()
        except ObjectNotFound:
            raise ObjectNotFound(
                f"the set {self.name!r} is kept in the namespace {self.namespace!r}, which does "
                "not exist",
                hint="create it first, or choose another one with --set-namespace",
            ) from None
        return _parent(answer.json(), self.key, self.name)

    def note_namespaces(self, used: Iterable[str]) -> None:
        """Add to the parent the namespaces in which the set is about to have members."""
        parent = self.find()
        wanted = frozenset(used) - {"", self.namespace}
        if parent is not None and not wanted <= parent.namespaces:
            self._annotate(parent, _NAMESPACES, ",".join(sorted(parent.namespaces | wanted)))

    def note(self, run: Run) -> None:
        """Put `run` among those that the parent keeps.

        Raises:
            StoreError: the parent is gone, or others keep writing to it.
        """
        self._change(_HISTORY, lambda parent: encoded(with_run(parent.runs, run)))

    def note_debts(self, change: Callable[[Debts], Debts]) -> None:
        """Put what `change` makes of the noted restarts in their place.

        Raises:
            StoreError: the parent is gone, or others keep writing to it.
        """
        self._change(_RESTARTS, lambda parent: debts.encoded(change(parent.debts)))

    def _change(self, name: str, text: Callable[[Parent], str]) -> None:
        """Make `text` of the parent its annotation `name`, where nobody else is quicker."""

        def changed() -> bool:
            parent = self.find()
            with suppress(ObjectMoved):
                if parent is not None:
                    self._annotate(parent, name, text(parent))
                    return True
            return False

        if not settled(changed):
            raise StoreUnavailable(
                f"{self.key}: the record of the set {self.name!r} could not be written"
            )

    def _annotate(self, parent: Parent, name: str, text: str) -> None:
        """Write an annotation of the parent, where it is as it was read."""
        path = f"/metadata/annotations/{name.replace('/', '~1')}"
        seen = Precondition(parent.uid, parent.resource_version)
        steps = [*wire.preconditions(seen), {"op": "add", "path": path, "value": text}]
        self._write("PATCH", paths.of(self.key), steps, SecretValue(parent.fingerprint_key))

    def _write(self, method: str, path: str, body: Any, value: SecretValue) -> Answer:
        """Make a request that holds `value`, or whose answer does."""
        return retried(
            lambda: self.connection.request(
                method,
                path,
                str(self.key),
                query={"fieldManager": MANAGER},
                body=body,
                content_type=JSON_PATCH if method == "PATCH" else JSON,
                values=(value,),
            )
        )


def _document(key: ObjectKey, set_name: str, fingerprint_key: SecretValue) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": key.kind,
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {wire.SET_ID: id_of(set_name, key.namespace)},
            "annotations": {
                _TOOLING: f"{MANAGER}/v{__version__}",
                _GROUP_KINDS: ",".join(sorted(KINDS)),
                _NAMESPACES: "",
            },
        },
        "type": "Opaque",
        "data": {_KEY: base64.b64encode(fingerprint_key.reveal()).decode()},
    }


def _parent(document: Mapping[str, Any], key: ObjectKey, set_name: str) -> Parent:
    metadata = document["metadata"]
    annotations = metadata.get("annotations") or {}
    tool = str(annotations.get(_TOOLING, "")).partition("/")[0]
    is_ours = (metadata.get("labels") or {}).get(wire.SET_ID) == id_of(set_name, key.namespace)
    if not is_ours or tool != MANAGER:
        raise StoreDamaged(
            f"{key} exists and does not say that it is the set {set_name!r} of {MANAGER}",
            hint="choose another name with --set, or another namespace with --set-namespace",
        )
    try:
        kept = binascii.a2b_base64((document.get("data") or {})[_KEY])
    except (KeyError, binascii.Error):
        raise StoreDamaged(
            f"{key} has lost the fingerprint key of the set {set_name!r}",
            hint="put the Secret back as it was; or delete it, and plan with --adopt",
        ) from None
    names = str(annotations.get(_NAMESPACES) or "").split(",")
    return Parent(
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        namespaces=frozenset(filter(None, names)),
        runs=decoded(str(annotations.get(_HISTORY) or "")),
        debts=debts.decoded(str(annotations.get(_RESTARTS) or "")),
        fingerprint_key=kept,
    )
