"""The key of the fingerprints, where the environment gives it: it stands in for a store's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError

VARIABLE = "RECONCILER_FINGERPRINT_KEY"
_LEAST_BYTES = 16


def given_fingerprint_key(environ: Mapping[str, str]) -> bytes | None:
    """The key in the environment, or in the file that ``RECONCILER_FINGERPRINT_KEY_FILE`` names.

    At least 16 bytes, taken as they stand (so that no text has two readings), but for white space
    at both ends of a file.

    Raises:
        ConfigError: both are set, the file cannot be read, or the key is too short.
    """
    text, path = environ.get(VARIABLE), environ.get(f"{VARIABLE}_FILE")
    if text and path:
        raise ConfigError(f"{VARIABLE} and {VARIABLE}_FILE are both set", hint="unset one of them")
    if not text and not path:
        return None
    origin = VARIABLE if text else f"{VARIABLE}_FILE: {path}"
    key = os.fsencode(text) if text else _read(Path(path or ""))
    if len(key) < _LEAST_BYTES:
        raise ConfigError(
            f"{origin} holds fewer than {_LEAST_BYTES} bytes",
            hint="make a key with: openssl rand -base64 32",
        )
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{VARIABLE}_FILE: {path}: {error.strerror}") from None
