"""Keys that the environment gives, each in a variable or in the file that ``VARIABLE_FILE`` names.

Either variable may hold the other's content by mistake, so neither content is shown: a path only
where it is that of a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.stores.urls import shown_path

VARIABLE = "RECONCILER_FINGERPRINT_KEY"
_LEAST_BYTES = 16


def given_fingerprint_key(environ: Mapping[str, str]) -> bytes | None:
    """The fingerprint key that the environment gives: it stands in for a store's own.

    At least 16 bytes, taken as they stand (so that no text has two readings), but for white space
    at both ends of a file.

    Raises:
        ConfigError: see `key_content`; or the key is too short.
    """
    given = key_content(environ, VARIABLE)
    if given is None:
        return None
    key, origin = given
    if len(key) < _LEAST_BYTES:
        raise ConfigError(
            f"{origin} holds fewer than {_LEAST_BYTES} bytes",
            hint="make a key with: openssl rand -base64 32",
        )
    return key


def key_content(environ: Mapping[str, str], variable: str) -> tuple[bytes, str] | None:
    """What `variable`, or the file that ``variable_FILE`` names, holds, and which of them did.

    White space at both ends of a file is left away. ``None`` where neither is set.

    Raises:
        ConfigError: both are set, `variable` holds the path of a file, or the file cannot be read.
    """
    of_file = f"{variable}_FILE"
    text, path = environ.get(variable), environ.get(of_file)
    if text and path:
        raise ConfigError(f"{variable} and {of_file} are both set", hint="unset one of them")
    if text:
        if _names_a_file(text):
            raise ConfigError(
                f"{variable} holds the path of a file, not a key",
                hint=f"set {of_file} to that path instead, and unset {variable}",
            )
        return os.fsencode(text), variable
    if not path:
        return None
    origin = f"{of_file}: {shown_path(path)}".removesuffix(": ")
    try:
        return Path(path).read_bytes().strip(), origin
    except OSError as error:
        raise ConfigError(
            f"{origin}: the file cannot be read: {error.strerror}",
            hint=f"{of_file} is the path of a file that holds the key; the key itself goes "
            f"into {variable}",
        ) from None


def _names_a_file(text: str) -> bool:
    path = shown_path(text.strip())
    return bool(path) and not Path(path).is_dir()
