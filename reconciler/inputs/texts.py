"""The bytes of a file to its text."""

from __future__ import annotations

import codecs

from reconciler.inputs.problems import input_error, printable
from reconciler.model.inputs import Text
from reconciler.model.objects import Diagnostic, Source

MAX_FILE_BYTES = 100 * 1024 * 1024
"""The largest file that is read."""

# https://yaml.org/spec/1.2.2/#52-character-encodings; UTF-32 first, whose marks begin like UTF-16's
_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF8, "utf-8"),
)
_LONGEST_MARK = 4
_NULLS = (
    ((True, True, True, False), "utf-32-be"),
    ((False, True, True, True), "utf-32-le"),
    ((True, False), "utf-16-be"),
    ((False, True), "utf-16-le"),
)


def text_of(path: str, content: bytes) -> Text | Diagnostic:
    """The text of the file at `path` with these bytes, or why there is none."""
    file = printable(path)
    if len(content) > MAX_FILE_BYTES:
        size = MAX_FILE_BYTES // 1024 // 1024
        return input_error(
            path, "file-too-large", f"there are more than {size} MiB", "split the file"
        )
    if content.isascii() and b"\0" not in content:
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
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return codec, len(mark)
    for nulls, codec in _NULLS:
        if len(content) >= len(nulls) and all(
            (byte == 0) == null for byte, null in zip(content, nulls, strict=False)
        ):
            return codec, 0
    return "utf-8", 0
