"""Where the master key and the fingerprint key come from, and the key file beside the store."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import ConfigError, StoreDamaged
from reconciler.stores.keys import key_content
from reconciler.stores.sqlite.files import put_in_place, sync_directory, temporary_file
from reconciler.stores.sqlite.sealing import MASTER_KEY_BYTES

STORE_KEY = "RECONCILER_STORE_KEY"
NEW_STORE_KEY = "RECONCILER_STORE_NEW_KEY"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The master key: ``given`` by the environment, else kept in ``file`` beside the store.

    ``file`` is no link: replacing a link would leave the old key where the link leads.

    While a new key is put into use, it stands in ``successor`` until the store is written with it.
    """

    file: Path
    given: bytes | None = field(default=None, repr=False)

    @property
    def successor(self) -> Path:
        """The file of a new key that may or may not be in use yet."""
        return self.file.with_name(self.file.name + ".new")

    def candidates(self) -> tuple[bytes, ...]:
        """The keys that may fit the store, the likeliest first.

        Raises:
            StoreDamaged: there is no key file, or it holds no key.
        """
        if self.given is not None:
            return (self.given,)
        keys = [_read(path) for path in (self.file, self.successor) if path.exists()]
        if not keys:
            raise StoreDamaged(
                f"the key file {self.file} is missing, so the store cannot be read",
                hint="put the file back (it belongs beside the store's file itself, not beside a"
                f" link to that), or give the key in {STORE_KEY} or {STORE_KEY}_FILE",
            )
        return tuple(keys)

    def succeed(self) -> None:
        """Put the successor in the place of the key file; only while the store is locked."""
        self.successor.replace(self.file)
        sync_directory(self.file.parent)

    def make(self) -> bytes:
        """The key for a new store: the present key, else a random one in a new key file."""
        if self.given is None and not self.file.exists():
            try:
                write_key_file(self.file, secrets.token_bytes(MASTER_KEY_BYTES), replace=False)
            except FileNotFoundError:
                # Another process has made store and key, and removed the temporary files.
                if not self.file.exists():
                    raise
        return self.candidates()[0]


def write_key_file(path: Path, key: bytes, *, replace: bool) -> None:
    """Write `key` to `path`, mode 0600, whole or not at all, and onto the disk.

    Without `replace`, a file that is there already stays.
    """
    with temporary_file(path) as (name, file):
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
        if replace:
            name.replace(path)
        else:
            put_in_place(name, path)
    sync_directory(path.parent)


def given_key(environ: Mapping[str, str], variable: str) -> bytes | None:
    """The master key in `variable`, or in the file that ``variable_FILE`` names, else ``None``.

    Raises:
        ConfigError: see `reconciler.stores.keys.key_content`; or what is there is no key.
    """
    given = key_content(environ, variable)
    if given is None:
        return None
    content, origin = given
    return _parsed(content.decode("latin-1"), origin)


def _parsed(text: str, origin: str) -> bytes:
    key = _decoded(text)
    if key is None:
        raise ConfigError(
            f"{origin} does not hold {MASTER_KEY_BYTES} bytes in base64 or hex",
            hint="make a key with: openssl rand -base64 32",
        )
    return key


def _decoded(text: str) -> bytes | None:
    text = text.strip()
    for decode in (bytes.fromhex, _from_base64):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == MASTER_KEY_BYTES:
            return key
    return None


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreDamaged(
            f"the key file {path} cannot be read: {error.strerror}",
            hint=f"check its rights, or give the key in {STORE_KEY}",
        ) from None
    key = _decoded(content.decode("latin-1"))
    if key is None:
        raise StoreDamaged(
            f"the key file {path} is damaged: it does not hold {MASTER_KEY_BYTES} bytes in base64",
            hint=f"put the file back from a backup, or give the key in {STORE_KEY}",
        )
    return key
