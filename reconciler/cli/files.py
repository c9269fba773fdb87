"""Files that commands write for their users: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from reconciler.errors import ConfigError


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write `content` so that whoever reads `path` sees the old file or the new one.

    Raises:
        ConfigError: it cannot be written.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink()
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
