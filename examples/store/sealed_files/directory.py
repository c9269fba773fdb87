"""Encrypted files in a directory, written whole, by one writer at a time."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from reconciler.errors import (
    ObjectExists,
    ObjectNotFound,
    StoreDamaged,
    StoreError,
    StoreUnavailable,
    environment_text,
)
from reconciler.stores.kit.documents import Listed


class Directory:
    """The files by name. What needs several of them at one moment asks for a `turn` first."""

    def __init__(self, path: Path, cipher: Fernet) -> None:
        self.path = path
        self._cipher = cipher

    def create(self) -> None:
        """Make the directory where there is none.

        Raises:
            StoreError: the operating system refuses.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path}: {environment_text(error)}") from None

    @contextmanager
    def turn(self, *, writing: bool = True) -> Iterator[None]:
        """Keep other writers out, in this process and in others; what was written is on the disk.

        Raises:
            ObjectNotFound: there is no directory.
            StoreUnavailable: the operating system refuses something.
        """
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)
                yield
                if writing:
                    os.fsync(handle)
            finally:
                os.close(handle)
        except FileNotFoundError:
            raise ObjectNotFound(f"the directory {self.path} does not exist") from None
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {environment_text(error)}") from None

    def names(self) -> list[str]:
        """The names of all files."""
        return [path.name for path in self.path.iterdir()]

    def read(self, name: str) -> bytes | None:
        """What the file of that name holds; ``None`` where there is none.

        Raises:
            StoreDamaged: the key does not fit, or somebody has changed the file.
        """
        try:
            return self._cipher.decrypt((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
        except InvalidToken:
            raise StoreDamaged(
                f"{self.path / name} does not open", hint="give the key that it was written with"
            ) from None

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole: a process that is killed leaves the old one or the new one."""
        new = self.path / ".new"
        with open(new, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(self._cipher.encrypt(content))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / name)

    def rename(self, name: str, new: str) -> None:
        """Give a file another name, in place of the file that has that name."""
        (self.path / name).replace(self.path / new)

    def remove(self, name: str) -> None:
        """Remove the file of that name, where there is one."""
        (self.path / name).unlink(missing_ok=True)


class FileDocuments:
    """See `reconciler.stores.kit.documents.Documents`: a document is the file ``NAME.ID``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def list(self, about: str) -> Mapping[str, Listed]:
        """The documents by name."""
        del about
        with self._directory.turn(writing=False):
            return self._listed()

    def read(self, document: Listed, about: str) -> bytes | None:
        """What a document holds."""
        del about
        with self._directory.turn(writing=False):
            return self._directory.read(f"{document.name}.{document.id}")

    def create(self, name: str, content: bytes, about: str) -> Listed:
        """Create a document with an id that no other one has had."""
        with self._directory.turn():
            if name in self._listed():
                raise ObjectExists(f"{about} exists already")
            document = Listed(name, uuid.uuid4().hex, 0)
            self._directory.write(f"{name}.{document.id}", content)
            return document

    def update(self, document: Listed, content: bytes, about: str) -> None:
        """Replace the content of a document."""
        with self._directory.turn():
            if self._listed().get(document.name) != document:
                raise ObjectNotFound(f"{about} is gone")
            self._directory.write(f"{document.name}.{document.id}", content)

    def delete(self, document: Listed, about: str) -> None:
        """Delete a document."""
        del about
        with self._directory.turn():
            self._directory.remove(f"{document.name}.{document.id}")

    def _listed(self) -> dict[str, Listed]:
        parts = (name.rpartition(".") for name in self._directory.names())
        return {name: Listed(name, id_, 0) for name, _, id_ in parts}
