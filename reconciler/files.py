"""Files: a regular one is written whole or not at all, a device or pipe is streamed to."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from reconciler.errors import FileNotWritten

_MOST_LINKS = 40  # as many as Linux follows
_START = 100  # bytes in which a file says what it is
_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)


def checkout_of(directory: Path) -> Path:
    """The repository that `directory` is in; itself, if it is in none."""
    places = (directory, *directory.parents)
    return next((place for place in places if os.path.lexists(place / ".git")), directory)


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Write `content` so that whoever reads `path` sees the old file or the new one.

    A symbolic link is followed: its target is replaced, and the link stays. A device, a pipe or a
    descriptor of this process, such as ``/dev/stdout``, cannot be replaced and is streamed to.

    Raises:
        FileNotWritten: it cannot be written; a regular file is as it was.
    """
    try:
        own = own_descriptor(path)
        before = None if own is not None else _status(path)
        if own is not None:
            _stream(_inherited(own, mode), content)
        elif before is None or stat.S_ISREG(before.st_mode):
            _replace(path, before, content, mode)
        else:
            _stream(_device(path, before), content)
    except _Swapped:
        raise FileNotWritten(
            f"{path}: cannot be written: somebody else put another file there just now",
            hint="choose a directory in which nobody else writes",
        ) from None
    except OSError as error:
        raise _not_written(path, error) from None


def write_over_own(path: Path, content: bytes, *, mode: int, mark: bytes | None) -> None:
    """Like `write_whole`, but a file is replaced only if it is empty or has `mark` near its start.

    The mark shows that this program wrote the file. Any other file may be a manifest that was
    named by mistake, whose values exist nowhere else. Without a mark, no file is replaced.

    Raises:
        FileNotWritten: there is another file, or it cannot be written; the file is as it was.
    """
    try:
        is_foreign = _is_foreign(path, mark)
    except OSError as error:
        raise _not_written(path, error) from None
    if is_foreign:
        raise FileNotWritten(
            f"{path} exists, and holds something else: it is not overwritten",
            hint="choose another name, or move it away",
        )
    write_whole(path, content, mode=mode)


def start_of(path: Path) -> bytes:
    """The first bytes of the regular file at `path`; empty if there is none.

    Only a regular file is opened: what is read from a pipe is gone for its next reader.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_file():
        return b""
    # Not to wait where a pipe has taken the file's place just now.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.pread(handle, _START, 0) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    finally:
        os.close(handle)


def make_directory_of(path: Path) -> None:
    """Make the directory of `path` with those above it, where they are missing.

    What is there and is no directory is left to whoever writes `path`.

    Raises:
        FileNotWritten: it cannot be made.
    """
    try:
        with suppress(FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(path, error) from None


def write_new(path: Path, content: bytes) -> None:
    """Write `content` to a file that does not exist yet, and that only its owner may read.

    Raises:
        FileNotWritten: there is something of that name, or it cannot be written; then there is
            nothing of it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        handle = os.open(path, flags, 0o600)
        try:
            try:
                _write(handle, content)
                os.fsync(handle)
            finally:
                os.close(handle)
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise
    except FileExistsError:
        raise FileNotWritten(
            f"{path} exists, and is not overwritten", hint="choose another name, or move it away"
        ) from None
    except OSError as error:
        raise _not_written(path, error) from None


def own_descriptor(path: str | os.PathLike[str]) -> int | None:
    """The descriptor of this process that `path` leads to: 0 for ``/dev/stdin``, say."""
    own: set[str] = set()
    place = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps the ".." parts
    for _ in range(_MOST_LINKS):
        parent, name = os.path.split(place)
        try:
            parent = os.path.realpath(parent)
            if name.isdecimal():
                own = own or {os.path.realpath("/proc/self/fd"), os.path.realpath("/dev/fd")}
                if parent in own:
                    return int(name)
            place = os.path.join(parent, os.readlink(os.path.join(parent, name)))  # noqa: PTH115, PTH118 - as above
        except (OSError, ValueError):  # no link, or no path
            return None
    return None


def _not_written(path: Path, error: OSError) -> FileNotWritten:
    return FileNotWritten(
        f"{path}: cannot be written: {error.strerror}", hint="choose another place"
    )


def _is_foreign(path: Path, mark: bytes | None) -> bool:
    if own_descriptor(path) is not None:
        return False
    start = start_of(path)
    return bool(start) and (mark is None or mark not in start)


class _Swapped(Exception):
    """The path leads to another file than a moment ago."""


def _status(path: Path) -> os.stat_result | None:
    """What `path` leads to; None where there is nothing yet, be it at the end of a link."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _inherited(number: int, mode: int) -> int:
    """A duplicate of a descriptor that this process was started with.

    Its file stays the same one, since whoever opened it may write to it too.
    """
    handle = os.dup(number)
    try:
        status = os.fstat(handle)
        if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) & ~mode:
            os.fchmod(handle, stat.S_IMODE(status.st_mode) & mode)
    except OSError:
        os.close(handle)
        raise
    return handle


def _device(path: Path, before: os.stat_result) -> int:
    """Open a device or a pipe for writing; nothing is created or truncated."""
    handle = os.open(path, os.O_WRONLY | os.O_NOCTTY)
    if not os.path.samestat(before, os.fstat(handle)):
        os.close(handle)
        raise _Swapped
    return handle


def _stream(handle: int, content: bytes) -> None:
    try:
        _write(handle, content)
    finally:
        os.close(handle)


def _replace(path: Path, before: os.stat_result | None, content: bytes, mode: int) -> None:
    """Write a temporary file beside the target of `path`, and put it in the target's place.

    The kernel has resolved the path once, for `before`, with its own checks of links in shared
    directories. So what the directory holds has to be that very file.
    """
    place, name = os.path.split(os.path.realpath(path))
    directory = os.open(place, _DIRECTORY)
    try:
        _check_same(name, directory, before)
        temporary = f".reconciler-{secrets.token_hex(8)}.tmp"
        # Nobody else can read it before it has its own mode.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(temporary, flags, 0o600, dir_fd=directory)
        try:
            try:
                _write(handle, content)
                os.fchmod(handle, mode)
                os.fsync(handle)
            finally:
                os.close(handle)
            # A link that was put there meanwhile is replaced, not followed.
            os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=directory)
            raise
    finally:
        os.close(directory)


def _check_same(name: str, directory: int, before: os.stat_result | None) -> None:
    try:
        now = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        now = None
    if (now is None) != (before is None) or (now and before and not os.path.samestat(now, before)):
        raise _Swapped


def _write(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
