"""The documents of sets, each a Secret with a single key.

So it makes no difference whether the service replaces or merges the data of an update.
"""

from __future__ import annotations

import base64
from contextlib import suppress

from reconciler.errors import ObjectNotFound
from reconciler.stores.kit.documents import PART_PREFIX, Listed
from reconciler.stores.sae import wire
from reconciler.stores.sae.service import Item, Service

PART_BYTES = 2_625
"""3,500 characters in base64. Gateways commonly allow URLs of 8 KiB."""

_TYPE = "Opaque"


class SecretDocuments:
    """The documents in one namespace. See `reconciler.stores.kit.documents.Documents`.

    A write of a part of an inventory is not repeated here, since the lock may expire meanwhile.
    """

    def __init__(self, service: Service, namespace_id: str) -> None:
        self._service = service
        self._namespace_id = namespace_id

    def list(self, about: str) -> dict[str, Item]:
        """All Secrets of the namespace."""
        return self._service.list(self._namespace_id, self._here(about))

    def read(self, document: Listed, about: str) -> bytes | None:
        """The value of the Secret's key."""
        secret = self._service.secret(self._namespace_id, document, self._here(about))
        if secret is None:
            return None
        return wire.value_of(secret.raw.get(_key(document.name), ""))

    def create(self, name: str, content: bytes, about: str) -> Listed:
        """Create the Secret."""
        secret_id = self._service.create(
            self._namespace_id,
            name,
            _TYPE,
            _raw(name, content),
            self._here(about),
            patient=not _is_part(name),
        )
        return Listed(name, secret_id, updated=0)

    def update(self, document: Listed, content: bytes, about: str) -> None:
        """Update the Secret."""
        self._service.update(
            self._namespace_id,
            document.id,
            _raw(document.name, content),
            self._here(about),
            patient=not _is_part(document.name),
        )

    def delete(self, document: Listed, about: str) -> None:
        """Delete the Secret."""
        with suppress(ObjectNotFound):
            self._service.delete(
                self._namespace_id,
                document.id,
                self._here(about),
                patient=not _is_part(document.name),
            )

    def _here(self, about: str) -> str:
        return f"{about} in {self._namespace_id}"


def _is_part(name: str) -> bool:
    return name.startswith(PART_PREFIX)


def _key(name: str) -> str:
    return "inventory" if _is_part(name) else "reconciler"


def _raw(name: str, content: bytes) -> dict[str, str]:
    return {_key(name): base64.b64encode(content).decode()}
