"""Whether two names mean the same input: what is read from a pipe cannot be read again."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from typing import IO

from reconciler.files import own_descriptor


def noted(seen: dict[str, str], *names: str) -> tuple[str, bool]:
    """The identity of what has `names`, and whether it was not seen before under any of them."""
    for name in names:
        if name in seen:
            identity, is_first = seen[name], False
            break
    else:
        identity, is_first = names[0], True
    for name in names:
        seen[name] = identity
    return identity, is_first


def other_names(path: str, status: os.stat_result) -> Iterator[str]:
    """What the file at `path` is called besides its real path."""
    yield from _special_name(status)
    own = own_descriptor(path)
    if own is not None:
        yield _descriptor_name(own)


def stream_names(stdin: IO[bytes] | None) -> Iterator[str]:
    """By what else standard input may be named."""
    stream = sys.stdin if stdin is None else stdin
    try:
        handle = stream.fileno()
        status = os.fstat(handle)
    except (AttributeError, OSError, ValueError):  # closed, or no stream of the system
        return
    yield _descriptor_name(handle)
    yield from _special_name(status)


def _descriptor_name(handle: int) -> str:
    return f"descriptor {handle}"


def _special_name(status: os.stat_result) -> Iterator[str]:
    """What a pipe or a device is known by; regular files may share numbers on some file systems."""
    if not stat.S_ISREG(status.st_mode):
        yield f"device {status.st_dev} inode {status.st_ino}"
