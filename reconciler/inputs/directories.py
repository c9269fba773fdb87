"""Directories of manifests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from reconciler.inputs import builds
from reconciler.inputs.builds import Build
from reconciler.inputs.files import OWN_FILES
from reconciler.inputs.identity import noted
from reconciler.inputs.kustomize import KustomizeRendering
from reconciler.inputs.problems import input_error, printable, unreadable
from reconciler.inputs.reading import Reading
from reconciler.inputs.texts import file_text
from reconciler.model.inputs import IGNORE_FILE, Read
from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Note

if TYPE_CHECKING:  # the library is imported where there are patterns
    from reconciler.inputs.exclusion import Patterns

_SUFFIXES = (".yaml", ".yml", ".json")


class _Listed(NamedTuple):
    """A manifest in a directory; ``regular`` says that it is surely a regular file."""

    path: str
    real: str
    regular: bool


def read(path: str, reading: Reading) -> Iterator[Read]:
    """The manifests below `path`, sorted, without what is excluded; kustomizations are built."""
    walk = _Walk(reading)
    try:
        walk.enter(path)
    except OSError as error:  # the working directory is gone
        yield Read(path, path, unreadable(path, error))
        return
    is_empty = True
    for entry in walk.loose():
        is_empty = False
        if isinstance(entry, Diagnostic):
            yield Read(path, path, entry)
            continue
        identity, is_first = noted(reading.seen, entry.real)
        content = file_text(entry.path, only_regular=not entry.regular) if is_first else None
        yield Read(path, identity, content, listed=True)
    for build in walk.kustomizations():
        is_empty = False
        rendering = KustomizeRendering.of(build.directory, path, reading.parse)
        identity, is_first = noted(reading.seen, rendering.identity)
        if is_first:
            reading.renderings.append(rendering)
        else:
            yield Read(path, identity, None)
    if is_empty:
        yield Read(path, path, walk.nothing(path))
        return
    for note in walk.notes(path):
        yield Read(path, path, note)


class _Walk:
    """What there is in a directory and all directories below it."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._given: tuple[Patterns, ...] = ()
        self._seen: set[str] = set()
        self._entries: list[_Listed | Diagnostic] = []
        self._builds: list[Build] = []
        self._excluded = 0

    def enter(self, path: str) -> None:
        """List the input `path`.

        Raises:
            OSError: there is no working directory.
        """
        absolute = os.path.abspath(path)  # noqa: PTH100 - paths stay as they are given
        if self._reading.exclude:
            self._given = self._patterns_of_options()
        ignored: tuple[Patterns, ...] = ()
        directory = os.getcwd()  # noqa: PTH109 - as above
        for name in os.path.relpath(absolute, directory).split("/"):
            if name in {".", ".."}:
                break
            ignored = self._with_ignore_file(os.path.relpath(directory), ignored)
            directory = f"{directory}/{name}"
        self._list(path, ignored, is_input=True)

    def loose(self) -> Iterator[_Listed | Diagnostic]:
        """The files that are read by themselves, since no build names them, and all problems."""
        sources = frozenset[str]().union(*(build.sources for build in self._builds))
        return (
            entry
            for entry in self._entries
            if isinstance(entry, Diagnostic) or entry.real not in sources
        )

    def kustomizations(self) -> list[Build]:
        """What kustomize is to build."""
        return builds.kustomizations(self._builds)

    def nothing(self, path: str) -> Diagnostic:
        """Why there is nothing to read."""
        if self._builds:
            return builds.unbuilt(path, self._builds)
        hint = f"manifests end in {', '.join(_SUFFIXES)}"
        if self._excluded:
            hint += f"; {self._excluded_text()}"
        return input_error(path, "manifests-missing", "the directory holds no manifests", hint)

    def notes(self, path: str) -> Iterator[Note]:
        """What was left out, for those who review what the rest comes to."""
        yield from builds.notes(self._builds)
        if self._excluded:
            yield Note("inputs-excluded", f"{printable(path)}: {self._excluded_text()}")

    def _excluded_text(self) -> str:
        is_one = self._excluded == 1
        what = "1 file or directory is" if is_one else f"{self._excluded} files or directories are"
        return f"{what} excluded by patterns"

    def _list(
        self,
        directory: str,
        ignored: tuple[Patterns, ...],
        *,
        is_input: bool = False,
        is_built: bool = False,
    ) -> None:
        """List `directory`; links are followed, each directory is read once.

        Where a kustomization is, or `is_built` is set, nothing is read but other kustomizations.

        Whether an entry is a link or a file is known from the listing, without a call for each.
        """
        real = os.path.realpath(directory)
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            with os.scandir(directory) as listing:
                entries = sorted(listing, key=attrgetter("name"))
        except OSError as error:
            self._entries.append(unreadable(directory, error))
            return
        if any(entry.name == IGNORE_FILE for entry in entries):
            ignored = self._with_ignore_file(directory, ignored)
        entries = [entry for entry in entries if not entry.name.startswith(".")]
        if self._given or ignored:
            entries = [entry for entry in entries if not self._is_excluded(entry, ignored)]
        before = len(self._builds)
        problem, is_whole = self._note_build(directory, entries, is_input=is_input)
        if is_whole:
            return
        is_built = is_built or len(self._builds) > before
        prefix = real if real.endswith("/") else f"{real}/"
        others = {*OWN_FILES, problem}
        for entry in entries:
            name, path = entry.name, entry.path
            link = entry.is_symlink()
            if os.path.isdir(path) if link else entry.is_dir():  # noqa: PTH112 - as above
                self._list(path, ignored, is_built=is_built)
            elif not is_built and name.endswith(_SUFFIXES) and name not in others:
                if link:
                    self._entries.append(_Listed(path, os.path.realpath(path), regular=False))
                else:
                    self._entries.append(_Listed(path, f"{prefix}{name}", entry.is_file()))

    def _note_build(
        self, directory: str, entries: list[os.DirEntry[str]], *, is_input: bool
    ) -> tuple[str, bool]:
        """The name of a build's file that cannot be read, and whether there is nothing else to see.

        Below a kustomization there may be others; where it is the input itself, it alone is meant.
        A chart is no place for manifests at all.
        """
        # Directories may have these names too: Flux calls a kind of its objects Kustomization.
        names = {each.name for each in entries if each.name in builds.FILES and not each.is_dir()}
        name = next((name for name in builds.FILES if name in names), "")
        if not name:
            return "", False
        path = os.path.join(directory, name)  # noqa: PTH118 - paths stay as they are given
        build = builds.build_of(path, self._reading.parse)
        if isinstance(build, Build):
            self._builds.append(build)
            return "", is_input or name == builds.CHART
        self._entries += build
        return (name if build else ""), False

    def _is_excluded(self, entry: os.DirEntry[str], ignored: tuple[Patterns, ...]) -> bool:
        is_directory = entry.is_dir()
        patterns = (*self._given, *ignored)
        verdicts = (each.excludes(entry.path, is_directory=is_directory) for each in patterns)
        excluded = next((verdict for verdict in verdicts if verdict is not None), False)
        if excluded and (is_directory or entry.name.endswith(_SUFFIXES)):
            self._excluded += 1
        return excluded

    def _with_ignore_file(
        self, directory: str, ignored: tuple[Patterns, ...]
    ) -> tuple[Patterns, ...]:
        """`ignored`, which decide in this order, with the patterns of `directory` before them."""
        path = os.path.join(directory, IGNORE_FILE)  # noqa: PTH118 - as above
        if not os.path.lexists(path):
            return ignored
        from reconciler.inputs.exclusion import patterns_in

        patterns = patterns_in(path)
        if isinstance(patterns, Diagnostic):
            self._entries.append(patterns)
            return ignored
        return (patterns, *ignored)

    def _patterns_of_options(self) -> tuple[Patterns, ...]:
        """The patterns that were given with the inputs; the last ones decide first."""
        from reconciler.inputs.exclusion import patterns_of

        given = [patterns_of(exclusion) for exclusion in self._reading.exclude]
        self._entries += [each for each in given if isinstance(each, Diagnostic)]
        return tuple(each for each in reversed(given) if not isinstance(each, Diagnostic))
