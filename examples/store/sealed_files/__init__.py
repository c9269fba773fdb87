"""A store for reconciler: ``files:DIRECTORY``, one encrypted file for each Secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.errors import ConfigError
from reconciler.model.objects import SECRET, Resource
from reconciler.rules import SUFFIX_LENGTH, Violation
from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.model.opening import Opening, StoreChoice
    from sealed_files.store import FileStore

KEY = "RECONCILER_FILES_KEY"
_LONGEST_NAME = 180  # the name of a file has at most 255 bytes, and the namespace takes up to 63


class FileBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "files"

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """What this store refuses and an API server accepts."""
        del choice
        yield from violations(resource)

    def open(self, opening: Opening) -> FileStore:
        """Open the store ``files:DIRECTORY``; the directory need not exist yet."""
        from pathlib import Path

        from cryptography.fernet import Fernet

        from reconciler.stores.keys import given_fingerprint_key, key_content
        from sealed_files.directory import Directory
        from sealed_files.store import FileStore

        path = opening.url.removeprefix(f"{self.scheme}:")
        if not path:
            raise ConfigError("the store's URL names no directory", hint="write files:DIRECTORY")
        key, origin = key_content(opening.environ, KEY) or (b"", KEY)
        try:
            cipher = Fernet(key)
        except ValueError:  # its text may quote the key
            raise ConfigError(
                f"{origin} holds no key: 32 bytes in URL-safe base64",
                hint="make one with: openssl rand -base64 32 | tr +/ -_",
            ) from None
        return FileStore(Directory(Path(path), cipher), given_fingerprint_key(opening.environ))


def violations(resource: Resource) -> Iterator[Violation]:
    """What this store refuses and an API server accepts."""
    if resource.kind != SECRET:
        yield Violation(("kind",), "files-kind", "this store keeps only Secrets")
    length = len(resource.name) or len(resource.generate_name) + SUFFIX_LENGTH
    if length > _LONGEST_NAME:
        text = f"this store keeps names of at most {_LONGEST_NAME} characters"
        yield Violation(("metadata", "name"), "files-name", text)


BACKEND: Backend = FileBackend()
