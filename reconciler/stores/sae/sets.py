"""The record of a set, in its home namespace: id, fingerprint key, and where it has members.

It is written once, and again where the set gets members in another namespace.
"""

from __future__ import annotations

import base64
import secrets
import threading
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.errors import ObjectExists, ObjectNotFound, StoreUnavailable
from reconciler.model.values import FINGERPRINT_KEY_BYTES
from reconciler.stores.sae.documents import (
    RECORD_PREFIX,
    TYPE,
    damaged,
    digest_of,
    from_raw,
    to_raw,
)
from reconciler.stores.sae.service import Item, Service


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a set; ``namespace_ids`` are those in which it has ever had members."""

    id: str
    set_name: str
    fingerprint_key: bytes = field(repr=False)
    namespace_ids: frozenset[str] = frozenset()


class Sets:
    """The records in one namespace, as they were read last."""

    def __init__(self, service: Service, home_id: str) -> None:
        self._service = service
        self._home_id = home_id
        self._records: dict[str, tuple[Item, Record]] = {}
        self._turn = threading.Lock()

    def record(self, set_name: str, items: Mapping[str, Item] | None = None) -> Record | None:
        """The record of a set, read only where it has changed; `items` are those of the home.

        Raises:
            StoreDamaged: it is not what was written.
        """
        if items is None:
            items = self._listed(set_name)
        item = items.get(RECORD_PREFIX + digest_of(set_name))
        known = self._records.get(set_name)
        if item is None:
            self._records.pop(set_name, None)
            return None
        if known is not None and known[0] == item:
            return known[1]
        found = self._service.describe(self._home_id, item.id, _about(set_name))
        record = _record(from_raw(found, _about(set_name)), set_name)
        self._records[set_name] = (found.item, record)
        return record

    def known(self, set_name: str) -> Record | None:
        """The record of a set as it was read last."""
        found = self._records.get(set_name)
        return None if found is None else found[1]

    def made(self, set_name: str) -> Record:
        """The record of a set, made where there is none: with a key that was drawn just now."""
        with self._turn:
            return self._made(set_name)

    def note_namespaces(self, set_name: str, namespace_ids: Iterable[str]) -> None:
        """Note the namespaces in which the set is about to have members."""
        wanted = frozenset(namespace_ids) - {self._home_id}
        with self._turn:
            record = self._made(set_name)
            if wanted <= record.namespace_ids:
                return
            item, _ = self._records[set_name]
            grown = replace(record, namespace_ids=record.namespace_ids | wanted)
            raw = _raw(grown)
            self._service.update(self._home_id, item.id, raw, _about(set_name), patient=True)
            self._records[set_name] = (item, grown)

    def _listed(self, set_name: str) -> Mapping[str, Item]:
        try:
            return self._service.list(self._home_id, _about(set_name))
        except ObjectNotFound:
            raise _homeless(set_name, self._home_id) from None

    def _made(self, set_name: str) -> Record:
        found = self.known(set_name) or self.record(set_name)
        if found is not None:
            return found
        record = Record(str(uuid.uuid4()), set_name, secrets.token_bytes(FINGERPRINT_KEY_BYTES))
        name = RECORD_PREFIX + digest_of(set_name)
        with suppress(ObjectExists):  # another apply was quicker
            self._service.create(
                self._home_id, name, TYPE, _raw(record), _about(set_name), patient=True
            )
        made = self.record(set_name)
        if made is None:
            raise StoreUnavailable(f"{_about(set_name)} was made, and is not there")
        return made


def _homeless(set_name: str, home_id: str) -> ObjectNotFound:
    return ObjectNotFound(
        f"the set {set_name!r} is kept in the namespace {home_id}, which does not exist",
        hint="create it in the console, or choose another one with --set-namespace",
    )


def _about(set_name: str) -> str:
    return f"the record of the set {set_name!r}"


def _raw(record: Record) -> dict[str, str]:
    return to_raw(
        {
            "id": record.id,
            "set": record.set_name,
            "key": base64.b64encode(record.fingerprint_key).decode(),
            "namespaces": sorted(record.namespace_ids),
        }
    )


def _record(document: Mapping[str, Any], set_name: str) -> Record:
    try:
        record = Record(
            str(document["id"]),
            document["set"],
            base64.b64decode(document["key"], validate=True),
            frozenset(document["namespaces"]),
        )
    except (KeyError, ValueError, TypeError):
        raise damaged(_about(set_name)) from None
    if record.set_name != set_name or len(record.fingerprint_key) != FINGERPRINT_KEY_BYTES:
        raise damaged(_about(set_name))
    return record
