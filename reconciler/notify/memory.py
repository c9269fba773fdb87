"""The file that remembers what each receiver has been told.

Receivers are told apart by a salted scrypt digest of their URLs, of which eight bytes are kept: a
URL may hold a password.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reconciler.errors import ReconcilerError
from reconciler.files import write_whole
from reconciler.model.news import Attempt, Standing, Told

FORMAT = "reconciler.notify/v1"
_MODE = 0o600
_SALT_BYTES = 16
_NAME_BYTES = 8


class MemoryUnusable(ReconcilerError):
    """What was told cannot be read, or cannot be written."""


@dataclass(slots=True)
class Memory:
    """What the receivers of a set's messages have been told."""

    path: Path
    set_name: str
    salt: bytes = field(repr=False)
    told: dict[str, Told] = field(default_factory=dict)

    def name_of(self, url: str) -> str:
        """How a receiver is called in the file."""
        digest = hashlib.scrypt(url.encode(), salt=self.salt, n=2**12, r=8, p=1, dklen=_NAME_BYTES)
        return digest.hex()

    def save(self) -> None:
        """Write the file.

        Raises:
            FileNotWritten: it cannot be written.
        """
        document = {
            "format": FORMAT,
            "set": self.set_name,
            "salt": self.salt.hex(),
            "receivers": {name: asdict(told) for name, told in self.told.items()},
        }
        write_whole(self.path, f"{json.dumps(document, indent=2)}\n".encode(), mode=_MODE)


@contextmanager
def remembered(path: Path, set_name: str) -> Iterator[Memory]:
    """The memory in `path`, which no other check uses meanwhile; a new one where there is no file.

    Raises:
        MemoryUnusable: it is in use, belongs to another set, or is something else altogether.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise MemoryUnusable(f"{lock}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MemoryUnusable(f"{path}: another check is using it") from None
        yield _read(path, set_name)
    finally:
        os.close(handle)


def _read(path: Path, set_name: str) -> Memory:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Memory(path, set_name, secrets.token_bytes(_SALT_BYTES))
    except OSError as error:
        raise MemoryUnusable(f"{path}: {error.strerror}") from None
    try:
        document = json.loads(content)
        if document["format"] == FORMAT:
            told = {name: _told(entry) for name, entry in document["receivers"].items()}
            memory = Memory(path, document["set"], bytes.fromhex(document["salt"]), told)
        else:
            memory = None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        memory = None
    if memory is None:
        raise MemoryUnusable(f"{path}: this is no memory of notifications: remove the file")
    if memory.set_name != set_name:
        raise MemoryUnusable(f"{path}: this is the memory of another set")
    return memory


def _told(entry: Mapping[str, Any]) -> Told:
    attempt = entry["attempt"]
    return Told(
        Standing(**entry["standing"]),
        int(entry["number"]),
        attempt
        and Attempt(Standing(**attempt["aim"]), int(attempt["tries"]), float(attempt["at"])),
    )
