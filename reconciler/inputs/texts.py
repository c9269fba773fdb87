"""Files to texts."""

from __future__ import annotations

import codecs
import os
import stat

from reconciler.inputs.locked import locked
from reconciler.inputs.problems import input_error, printable, unreadable
from reconciler.model.inputs import Text
from reconciler.model.objects import Diagnostic, Source

MAX_FILE_BYTES = 100 * 1024 * 1024
"""The largest file that is read."""

# https://yaml.org/spec/1.2.2/#52-character-encodings; UTF-32 first, whose marks begin like UTF-16's
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF8, "utf-8"),
)
_CHUNK_BYTES = 64 * 1024
_LONGEST_MARK = 4
_NULLS = (
    ((True, True, True, False), "utf-32-be"),
    ((False, True, True, True), "utf-32-le"),
    ((True, False), "utf-16-be"),
    ((False, True), "utf-16-le"),
)


def file_text(path: str, *, only_regular: bool = False) -> Text | Diagnostic:
    """The text of one file; with `only_regular`, anything else than a regular file is an error."""
    try:
        if only_regular and not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a NUL raises, too
            return input_error(path, "file-unreadable", "this is not a regular file", "remove it")
        content = _content(path)
    except (OSError, ValueError) as error:
        return unreadable(path, error)
    return text_of(path, content)


def _content(path: str) -> bytes:
    """The bytes of one file, up to some more than `MAX_FILE_BYTES`.

    By calls of the system, since ``open`` takes as long again for a file of the usual size.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        content = os.read(handle, _CHUNK_BYTES)
        if part := os.read(handle, _CHUNK_BYTES):
            large = bytearray(content + part)
            while len(large) <= MAX_FILE_BYTES and (part := os.read(handle, _CHUNK_BYTES)):
                large += part
            return bytes(large)
        return content
    finally:
        os.close(handle)


def text_of(path: str, content: bytes) -> Text | Diagnostic:
    """The text of the file at `path` with these bytes, or why there is none."""
    file = printable(path)
    if len(content) > MAX_FILE_BYTES:
        size = MAX_FILE_BYTES // 1024 // 1024
        return input_error(
            path, "file-too-large", f"there are more than {size} MiB", "split the file"
        )
    problem = locked(path, content)
    if problem:
        return problem
    if content.isascii() and 0 not in content:
        return Text(file, content.decode("ascii"))
    codec, length = _encoding(content[:_LONGEST_MARK])
    if codec == "utf-8":
        text = content[length:].decode(codec, "surrogateescape")
        # Files that were strung together bring their byte order marks with them.
        return Text(file, text.replace("\n\ufeff---", "\n---") if "\ufeff" in text else text)
    try:
        return Text(file, content[length:].decode(codec))
    except UnicodeDecodeError as error:
        before = content[length : length + error.start].decode(codec, "ignore")
        place = Source(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return input_error(
            path,
            "encoding-invalid",
            f"the text is not valid {codec[:6].upper()} from here on",
            "save the file as UTF-8",
            place,
        )


def _encoding(content: bytes) -> tuple[str, int]:
    """The codec of what begins with `content`, and the length of its byte order mark."""
    for prefix, codec in _BYTE_ORDER_MARKS:
        if content.startswith(prefix):
            return codec, len(prefix)
    for nulls, codec in _NULLS:
        if len(content) >= len(nulls) and all(
            (byte == 0) == null for byte, null in zip(content, nulls, strict=False)
        ):
            return codec, 0
    return "utf-8", 0
