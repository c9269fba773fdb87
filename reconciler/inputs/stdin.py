"""Standard input."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from typing import IO

from reconciler.inputs import texts
from reconciler.inputs.identity import noted, stream_names
from reconciler.inputs.problems import not_empty, unreadable
from reconciler.inputs.reading import Reading
from reconciler.model.inputs import Read, Text
from reconciler.model.objects import Diagnostic

STDIN = "-"
"""What stands for standard input among paths."""
STDIN_NAME = "<stdin>"
"""What diagnostics call it."""


def read(name: str, reading: Reading) -> Iterator[Read]:
    """All that the stream gives, once."""
    identity, is_first = noted(reading.seen, name, *stream_names(reading.stdin))
    content = _content(reading.stdin or sys.stdin) if is_first else None
    yield Read(STDIN_NAME, identity, content)


def _content(stream: IO[bytes] | IO[str] | None) -> Text | Diagnostic:
    """The text of `stream`; a process may have been started without one, or with text put there."""
    if stream is None:
        return unreadable(STDIN_NAME, OSError(errno.EBADF, "it is closed"))
    try:
        content = getattr(stream, "buffer", stream).read(texts.MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        return unreadable(STDIN_NAME, error)
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return not_empty(texts.text_of(STDIN_NAME, content), STDIN_NAME, "standard input")
