"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from reconciler.errors import FileNotWritten


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Write `content` so that whoever reads `path` sees the old file or the new one.

    Raises:
        FileNotWritten: it cannot be written, or something that is no file is in its place.
    """
    if path.exists() and not path.is_file():
        raise FileNotWritten(f"{path}: cannot be written: it is no regular file")
    temporary = ""
    try:
        # mkstemp makes files of mode 0600, so nobody can read it before it has its own.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink()
        raise FileNotWritten(
            f"{path}: cannot be written: {error.strerror}", hint="choose another place"
        ) from None
