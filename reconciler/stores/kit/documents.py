"""Small documents in which a store without labels keeps the record of a set.

The service must be able to list names, to create a name exactly once, and to read, update and
delete by id. A store implements `Documents`. This module has the record of a set, `leases` its lock
and `inventory` what was applied.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from reconciler.errors import ObjectExists, StoreDamaged, StoreUnavailable
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES

PART_PREFIX = "reconciler_i_"
RECORD_PREFIX = "reconciler_s_"
LOCK_PREFIX = "reconciler_l_"
COPY_PREFIX = "reconciler_c_"
HISTORY_PREFIX = "reconciler_h_"
PREFIXES = (PART_PREFIX, RECORD_PREFIX, LOCK_PREFIX, COPY_PREFIX, HISTORY_PREFIX)
"""How the names of a store's own documents begin. No name of Kubernetes has an underscore."""

_DIGEST_DIGITS = 10

Id = int | str
"""The service's id of an object; never given twice."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as a list shows it: ``updated`` is its version, which every write changes."""

    name: str
    id: Id
    updated: Id


class Documents(Protocol):
    """A place for small documents. Used by several threads at a time.

    `about` says for messages what a document is. All methods raise `StoreUnavailable` where nobody
    knows whether the call has happened.
    """

    def list(self, about: str) -> Mapping[str, Listed]:
        """The documents by name; other objects of the place may be among them.

        Raises:
            ObjectNotFound: the place does not exist.
        """
        ...

    def read(self, document: Listed, about: str) -> bytes | None:
        """The content of a listed document; ``None`` where it is gone."""
        ...

    def create(self, name: str, content: bytes, about: str) -> Listed:
        """Create a document.

        Raises:
            ObjectExists: the name is taken.
        """
        ...

    def update(self, document: Listed, content: bytes, about: str) -> None:
        """Replace the content of the document with that id.

        Raises:
            ObjectNotFound: it is gone.
        """
        ...

    def delete(self, document: Listed, about: str) -> None:
        """Delete the document with that id, where it still exists."""
        ...


@dataclass(frozen=True, slots=True)
class SetRecord:
    """The record of a set.

    ``namespaces`` are those in which the set has ever had members, besides its home, under the
    service's names.
    """

    id: str
    set_name: str
    fingerprint_key: bytes = field(repr=False)
    namespaces: frozenset[str] = frozenset()


class Sets:
    """The records of sets in the namespace `home`, as they were last read or written."""

    def __init__(self, documents: Documents, home: str = "") -> None:
        self._documents = documents
        self._home = home
        self._latest: dict[str, tuple[Listed, SetRecord]] = {}
        self._turn = threading.RLock()

    def record(self, set_name: str, listed: Mapping[str, Listed] | None = None) -> SetRecord | None:
        """Read the record of a set; `listed` saves a call.

        Raises:
            StoreDamaged: somebody has changed it.
        """
        about = _about(set_name)
        if listed is None:
            listed = self._documents.list(about)
        document = listed.get(RECORD_PREFIX + digest_of(set_name))
        content = None if document is None else self._documents.read(document, about)
        if document is None or content is None:
            self._latest.pop(set_name, None)
            return None
        record = _decoded(content, set_name)
        self._latest[set_name] = document, record
        return record

    def latest(self, set_name: str) -> SetRecord | None:
        """The record as it was last read or written, without a call."""
        latest = self._latest.get(set_name)
        return None if latest is None else latest[1]

    def made(self, set_name: str) -> SetRecord:
        """The record of a set, created with a new fingerprint key where there is none."""
        with self._turn:
            record = self.latest(set_name) or self.record(set_name)
            if record is not None:
                return record
            key = secrets.token_bytes(FINGERPRINT_KEY_BYTES)
            record = SetRecord(str(uuid.uuid4()), set_name, key)
            name, about = RECORD_PREFIX + digest_of(set_name), _about(set_name)
            with suppress(ObjectExists):  # another process was faster
                self._documents.create(name, _encoded(record), about)
            made = self.record(set_name)
            if made is None:
                raise StoreUnavailable(f"{about} was created, but a list does not show it")
            return made

    def note_namespaces(self, set_name: str, namespaces: Iterable[str]) -> None:
        """Record the namespaces in which the set is about to have members."""
        with self._turn:
            record = self.made(set_name)
            wanted = frozenset(namespaces) - {self._home}
            grown = replace(record, namespaces=record.namespaces | wanted)
            if grown != record:
                document, _ = self._latest[set_name]
                self._documents.update(document, _encoded(grown), _about(set_name))
                self._latest[set_name] = document, grown


def digest_of(set_name: str) -> str:
    """A name for a set in the service, whose names cannot hold all characters."""
    return hashlib.sha256(set_name.encode()).hexdigest()[:_DIGEST_DIGITS]


def json_object(content: bytes) -> dict[str, Any] | None:
    """`content` as a JSON object; ``None`` where it is something else."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _about(set_name: str) -> str:
    return f"the record of the set {set_name!r}"


def _encoded(record: SetRecord) -> bytes:
    document = {
        "id": record.id,
        "set": record.set_name,
        "key": base64.b64encode(record.fingerprint_key).decode(),
        "namespaces": sorted(record.namespaces),
    }
    return json.dumps(document).encode()


def _decoded(content: bytes, set_name: str) -> SetRecord:
    document = json_object(content) or {}
    try:
        key = base64.b64decode(document["key"], validate=True)
        namespaces = frozenset(document["namespaces"])
        record = SetRecord(str(document["id"]), document["set"], key, namespaces)
    except (KeyError, ValueError, TypeError):
        record = None
    if record is None or record.set_name != set_name or len(key) != FINGERPRINT_KEY_BYTES:
        raise StoreDamaged(
            f"{_about(set_name)} is not as it was written",
            hint="restore it; or delete it, and plan with --adopt",
        )
    return record
