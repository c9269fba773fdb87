"""Paths and standard input to text."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import IO, NamedTuple

from reconciler.manifests.identity import noted, other_names, stream_names
from reconciler.model.objects import Diagnostic, Severity, Source

STDIN = "-"
"""What stands for standard input among paths."""
STDIN_NAME = "<stdin>"
"""What diagnostics call it."""
MAX_FILE_BYTES = 100 * 1024 * 1024
"""The largest file that is read."""

_CHUNK_BYTES = 64 * 1024
_SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS = {"kustomization.yaml", "kustomization.yml", "Kustomization"}

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


class Text(NamedTuple):
    """A file's text; bytes that are not UTF-8 stand in it as lone surrogates (PEP 383)."""

    file: str
    text: str


class _Listed(NamedTuple):
    """A manifest in a directory; ``regular`` tells that it is known to be a regular file."""

    path: str
    real: str
    regular: bool


class Read(NamedTuple):
    """A file of the input `path`; `content` is ``None`` where another input has brought it already.

    `identity` is the same for all names of a file.
    """

    path: str
    identity: str
    content: Text | Diagnostic | None


def read(paths: Iterable[str | os.PathLike[str]], stdin: IO[bytes] | None) -> Iterator[Read]:
    """The files at `paths`, each read once: in the order given, those of a directory by name.

    `stdin` is read for ``-``; ``None`` stands for the process's own.
    """
    seen: dict[str, str] = {}
    count = 0
    for path in map(os.fsdecode, paths):
        count += 1
        if path == STDIN:
            identity, is_first = noted(seen, STDIN, *stream_names(stdin))
            yield Read(STDIN_NAME, identity, _read_stdin(stdin or sys.stdin) if is_first else None)
        else:
            yield from _read_path(path, seen)
    if not count:
        yield Read(
            "",
            "",
            _error("", "manifests-missing", "no manifests were named", "name a file or directory"),
        )


def _read_stdin(stream: IO[bytes] | IO[str] | None) -> Text | Diagnostic:
    """The text of `stream`; a process may have been started without one, or with text put there."""
    if stream is None:
        return _unreadable(STDIN_NAME, OSError(errno.EBADF, "it is closed"))
    try:
        content = getattr(stream, "buffer", stream).read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        return _unreadable(STDIN_NAME, error)
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return _not_empty(_decode(STDIN_NAME, content), STDIN_NAME, "standard input")


def _not_empty(found: Text | Diagnostic, path: str, what: str) -> Text | Diagnostic:
    """An error in place of an empty stream: whoever should have written to it has failed."""
    if isinstance(found, Text) and not found.text.strip():
        return _error(
            path,
            "manifests-missing",
            f"{what} is empty",
            "check the command that should have written manifests to it",
        )
    return found


def _read_path(path: str, seen: dict[str, str]) -> Iterator[Read]:
    try:
        status = os.stat(path)  # noqa: PTH116 - a NUL raises, too
        real = os.path.realpath(path)  # raises where the working directory is gone
    except (OSError, ValueError) as error:
        yield Read(path, path, _unreadable(path, error))
        return
    if not stat.S_ISDIR(status.st_mode):
        identity, is_first = noted(seen, real, *other_names(path, status))
        content = _read_file(path) if is_first else None
        if content is not None and stat.S_ISFIFO(status.st_mode):
            content = _not_empty(content, path, "the pipe")
        yield Read(path, identity, content)
        return
    found = 0
    for entry in _manifests(path, set()):
        found += 1
        if isinstance(entry, Diagnostic):
            yield Read(path, path, entry)
            continue
        identity, is_first = noted(seen, entry.real)
        yield Read(
            path,
            identity,
            _read_file(entry.path, only_regular=not entry.regular) if is_first else None,
        )
    if not found:
        missing = _error(
            path,
            "manifests-missing",
            "the directory holds no manifests",
            f"manifests end in {', '.join(_SUFFIXES)}",
        )
        yield Read(path, path, missing)


def _first_time(real: str, seen: set[str]) -> bool:
    if real in seen:
        return False
    seen.add(real)
    return True


def _manifests(directory: str, seen: set[str]) -> Iterator[_Listed | Diagnostic]:
    """The manifests below `directory`, sorted; links are followed, each directory read once.

    What is no link is told by the listing itself, without a call of the system for each file.
    """
    real = os.path.realpath(directory)
    prefix = real if real.endswith("/") else f"{real}/"
    if not _first_time(real, seen):
        return
    try:
        with os.scandir(directory) as listing:
            entries = sorted(listing, key=attrgetter("name"))
    except OSError as error:
        yield _unreadable(directory, error)
        return
    for entry in entries:
        name, path = entry.name, entry.path
        if name.startswith(".") or name in _KUSTOMIZATIONS:
            continue
        link = entry.is_symlink()
        if os.path.isdir(path) if link else entry.is_dir():  # noqa: PTH112 - paths stay as given
            yield from _manifests(path, seen)
        elif name.endswith(_SUFFIXES):
            if link:
                yield _Listed(path, os.path.realpath(path), regular=False)
            else:
                yield _Listed(path, f"{prefix}{name}", regular=entry.is_file())


def _read_file(path: str, *, only_regular: bool = False) -> Text | Diagnostic:
    """The text of one file; a pipe is read only where it was named itself."""
    try:
        if only_regular and not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - see above
            return _error(path, "file-unreadable", "this is not a regular file", "remove it")
        content = _content(path)
    except (OSError, ValueError) as error:
        return _unreadable(path, error)
    return _decode(path, content)


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


def _decode(path: str, content: bytes) -> Text | Diagnostic:
    file = _shown(path)
    if len(content) > MAX_FILE_BYTES:
        size = MAX_FILE_BYTES // 1024 // 1024
        return _error(path, "file-too-large", f"there are more than {size} MiB", "split the file")
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
        return _error(
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


def _unreadable(path: str, error: OSError | ValueError) -> Diagnostic:
    reason = error.strerror if isinstance(error, OSError) else None
    return _error(
        path,
        "file-unreadable",
        f"cannot be read: {(reason or 'the path is no path').lower()}",
        "check the path and its permissions",
    )


def _error(
    path: str, code: str, message: str, hint: str, source: Source | None = None
) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code=code,
        message=message,
        field="",
        source=source or Source(_shown(path), 1, 1),
        hint=hint,
    )


def _shown(path: str) -> str:
    """`path` with what cannot be printed escaped."""
    if path.isprintable():
        return path
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in path
    )
