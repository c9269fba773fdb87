"""A Git repository, of which only objects are read.

Nothing that a repository can configure is executed: there is no worktree, index, hook, filter,
pager or file system monitor in what the plumbing below does, and a partial clone fetches nothing
(git-config(1), ``protocol.allow``; git(1), ``GIT_NO_LAZY_FETCH``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from reconciler.errors import ConfigError, StoreDamaged, StoreError

MOST_BYTES = 512 * 1024 * 1024
"""How large all files of a revision may be together."""

_SECONDS = 120.0
_COMMIT = re.compile("[0-9a-f]{40,64}")
_LINK, _SUBMODULE = "120000", "160000"
_SETTINGS = (
    "-c",
    "protocol.allow=never",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    # Who owns the files does not matter where nothing of theirs is executed.
    "-c",
    "safe.directory=*",
)
_QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_IMPOSSIBLE = "that revision has a file that no checkout can have"
_PARTIAL = "if the clone is partial or shallow, fetch all of it: git fetch --unshallow --refetch"


class Commit(NamedTuple):
    """A commit: its name in hexadecimal, and when it was made, in RFC 3339."""

    id: str
    time: str


class _Entry(NamedTuple):
    mode: str
    id: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository around a directory; ``checkout`` is the root of its work tree."""

    git: str
    checkout: Path
    path: str

    @classmethod
    def around(cls, directory: Path, environ: Mapping[str, str]) -> Repository:
        """The repository that `directory` is in.

        Raises:
            ConfigError: there is none, or no git.
        """
        path = environ.get("PATH", os.defpath)
        git = shutil.which("git", path=path)
        if git is None:
            raise ConfigError("git is not installed, or not on PATH", hint="install git")
        root = cls(git, directory, path).answer("rev-parse", "--show-toplevel")
        if not root:
            raise ConfigError(
                f"{directory} is not in a Git repository",
                hint="run the command in the checkout whose revisions are to be compared",
            )
        return cls(git, Path(os.fsdecode(root)), path)

    def commit(self, revision: str) -> Commit:
        """The commit that `revision` names.

        Raises:
            StoreError: there is none.
        """
        name = f"{revision}^{{commit}}"
        commit = self.answer("rev-parse", "--verify", "--quiet", "--end-of-options", name).decode()
        if not _COMMIT.fullmatch(commit):
            shallow = self.answer("rev-parse", "--is-shallow-repository") == b"true"
            fetch = "fetch it: git fetch origin BRANCH"
            raise StoreError(
                f"there is no revision {revision} in {self.checkout}"
                + (", which is a shallow clone" if shallow else ""),
                hint=f"{fetch}, or check out with fetch-depth: 0" if shallow else fetch,
            )
        told = self.answer("rev-list", "--max-count=1", "--format=%cI", commit, "--")
        return Commit(commit, told.decode("ascii", "replace").rpartition("\n")[2])

    @contextmanager
    def files_of(self, commit: Commit, inputs: Sequence[str]) -> Iterator[Path]:
        """A private directory with the files of `commit`, in memory where there is room.

        `inputs` are the paths within the repository that will be read.

        Raises:
            StoreError: they cannot be read.
        """
        entries = list(self._entries(commit))
        _refuse_submodules(entries, inputs)
        total = sum(entry.size for entry in entries)
        if total > MOST_BYTES:
            size = MOST_BYTES // 1024 // 1024
            raise StoreError(f"the files of that revision have more than {size} MiB together")
        place = _memory(2 * total)
        with tempfile.TemporaryDirectory(prefix="reconciler-revision-", dir=place) as private:
            root = Path(os.path.realpath(private))
            self._write(entries, root)
            yield root

    def _entries(self, commit: Commit) -> Iterator[_Entry]:
        listing = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit.id)
        if listing is None:
            raise StoreDamaged("the files of that revision cannot be listed", hint=_PARTIAL)
        for line in filter(None, listing.split(b"\0")):
            head, _, name = line.partition(b"\t")
            mode, _, identity, size = head.decode("ascii").split()
            path = os.fsdecode(name)
            if {"", ".", "..", ".git"} & {part.lower() for part in path.split("/")}:
                raise StoreDamaged(_IMPOSSIBLE)
            yield _Entry(mode, identity, 0 if size == "-" else int(size), path)

    def _write(self, entries: Sequence[_Entry], root: Path) -> None:
        """Write files, and then links that stay within `root`, so that none leads a write away."""
        blobs = [entry for entry in entries if entry.mode != _SUBMODULE]
        links: list[tuple[Path, bytes]] = []
        with tempfile.TemporaryFile() as names:
            names.write("".join(f"{entry.id}\n" for entry in blobs).encode())
            names.seek(0)
            process = subprocess.Popen(  # noqa: S603 - a list, without a shell
                self._arguments("cat-file", "--batch"),
                env=self._environ,
                stdin=names,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            with process:
                assert process.stdout is not None
                try:
                    for entry in blobs:
                        content = _blob(process.stdout, entry)
                        target = root / entry.path
                        if entry.mode == _LINK:
                            links.append((target, content))
                        else:
                            _put(target, content)
                finally:
                    process.kill()
        for target, content in links:
            if _leaves(target.parent, root):
                raise StoreDamaged(_IMPOSSIBLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.fsdecode(content))
        for target, _ in links:
            if _leaves(target, root):
                target.unlink()

    def answer(self, *arguments: str) -> bytes:
        """What git prints, without the line break at its end; nothing where it fails."""
        return (self._run(*arguments) or b"").removesuffix(b"\n")

    def _run(self, *arguments: str) -> bytes | None:
        try:
            ended = subprocess.run(  # noqa: S603 - a list, without a shell
                self._arguments(*arguments),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise StoreError(f"git could not be run: {type(error).__name__}") from None
        return ended.stdout if ended.returncode == 0 else None

    def _arguments(self, *arguments: str) -> list[str]:
        return [self.git, *_SETTINGS, "-C", str(self.checkout), *arguments]

    @property
    def _environ(self) -> dict[str, str]:
        return {"PATH": self.path, **_QUIET}


def _blob(stream: IO[bytes], entry: _Entry) -> bytes:
    """The next object that ``cat-file --batch`` prints (git-cat-file(1), "Batch output")."""
    head = stream.readline()
    content = stream.read(entry.size + 1)
    if head.split() != [entry.id.encode(), b"blob", str(entry.size).encode()]:
        raise StoreDamaged(f"{entry.path} is not in this clone at that revision", hint=_PARTIAL)
    return content[:-1]


def _leaves(place: Path, root: Path) -> bool:
    """Whether `place`, with all links resolved, is outside of `root`."""
    return not Path(os.path.realpath(place)).is_relative_to(root)


def _put(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _refuse_submodules(entries: Sequence[_Entry], inputs: Sequence[str]) -> None:
    modules = [entry.path for entry in entries if entry.mode == _SUBMODULE]
    read = [
        module
        for module in modules
        if any(
            path in {".", module}
            or f"{path}/".startswith(f"{module}/")
            or f"{module}/".startswith(f"{path}/")
            for path in inputs
        )
    ]
    if read:
        raise StoreError(
            f"manifests are read from a submodule, whose files that revision has not: {read[0]}",
            hint="compare the revisions within the submodule's own repository",
        )


def _memory(room: int) -> str | None:
    """A directory in memory with so much room; ``None`` for that of temporary files."""
    place = "/dev/shm"  # noqa: S108 - the directory made in it is private
    try:
        status = os.statvfs(place)
    except OSError:
        return None
    fits = status.f_bavail * status.f_frsize > room
    return place if fits and os.access(place, os.W_OK | os.X_OK) else None
