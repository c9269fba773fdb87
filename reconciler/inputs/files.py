"""Files, pipes and devices."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from reconciler.inputs import texts
from reconciler.inputs.identity import noted, other_names
from reconciler.inputs.problems import input_error, not_empty, unreadable
from reconciler.inputs.reading import Reading
from reconciler.model.inputs import Read, Text
from reconciler.model.objects import Diagnostic

_CHUNK_BYTES = 64 * 1024


def read(path: str, reading: Reading) -> Iterator[Read]:
    """The file at `path`, whatever its name and kind."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a NUL raises, too
        real = os.path.realpath(path)  # raises where the working directory is gone
    except (OSError, ValueError) as error:
        yield Read(path, path, unreadable(path, error))
        return
    identity, is_first = noted(reading.seen, real, *other_names(path, status))
    content = file_text(path) if is_first else None
    if content is not None and stat.S_ISFIFO(status.st_mode):
        content = not_empty(content, path, "the pipe")
    yield Read(path, identity, content)


def file_text(path: str, *, only_regular: bool = False) -> Text | Diagnostic:
    """The text of one file; with `only_regular`, anything else than a regular file is an error."""
    try:
        if only_regular and not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - see above
            return input_error(path, "file-unreadable", "this is not a regular file", "remove it")
        content = _content(path)
    except (OSError, ValueError) as error:
        return unreadable(path, error)
    return texts.text_of(path, content)


def _content(path: str) -> bytes:
    """The bytes of one file, up to some more than `texts.MAX_FILE_BYTES`.

    By calls of the system, since ``open`` takes as long again for a file of the usual size.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        content = os.read(handle, _CHUNK_BYTES)
        if part := os.read(handle, _CHUNK_BYTES):
            large = bytearray(content + part)
            while len(large) <= texts.MAX_FILE_BYTES and (part := os.read(handle, _CHUNK_BYTES)):
                large += part
            return bytes(large)
        return content
    finally:
        os.close(handle)
