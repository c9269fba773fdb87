"""Which files of a directory are left out, by patterns in the syntax of ``.gitignore``.

The syntax is that of gitignore(5): https://git-scm.com/docs/gitignore#_pattern_format.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from pathspec import GitIgnoreSpec

from reconciler.inputs.problems import input_error, printable
from reconciler.inputs.texts import file_text
from reconciler.model.inputs import Exclusion, Text
from reconciler.model.objects import Diagnostic, Source

_DOTS = {".", ".."}
_WITHOUT_DOTS = "write the path as it is below the directory that the pattern is for"


class Patterns:
    """The patterns of one place."""

    def __init__(self, exclusion: Exclusion) -> None:
        """Raises ``ValueError`` if one of the patterns is not valid."""
        base = os.path.abspath(exclusion.base)  # noqa: PTH100 - links stay as they are given
        self._base = base if base.endswith("/") else f"{base}/"
        self._spec = GitIgnoreSpec.from_lines(exclusion.patterns)

    def excludes(self, path: str, *, is_directory: bool) -> bool | None:
        """Whether `path` is left out; ``None`` if no pattern says anything of it."""
        absolute = os.path.abspath(path)  # noqa: PTH100 - as above
        if not absolute.startswith(self._base):
            return None
        relative = absolute.removeprefix(self._base)
        return self._spec.check_file(f"{relative}/" if is_directory else relative).include


def patterns_of(exclusion: Exclusion) -> Patterns | Diagnostic:
    """The patterns that were given with the inputs."""
    fault = _first_fault(exclusion.patterns)
    if fault is not None:
        index, message, hint = fault
        shown = f"exclude {exclusion.patterns[index]!r}: {message}"
        return input_error(exclusion.base, "pattern-invalid", shown, hint)
    return Patterns(exclusion)


def patterns_in(path: str) -> Patterns | Diagnostic:
    """The patterns in the ``.reconcilerignore`` at `path`."""
    content = file_text(path, only_regular=True)
    if not isinstance(content, Text):
        return content
    lines = tuple(content.text.splitlines())
    fault = _first_fault(lines)
    if fault is not None:
        index, message, hint = fault
        place = Source(printable(path), index + 1, 1)
        return input_error(path, "pattern-invalid", message, hint, place)
    return Patterns(Exclusion(os.path.dirname(path), lines))  # noqa: PTH120 - as above


def _first_fault(patterns: Iterable[str]) -> tuple[int, str, str] | None:
    """The index of the first pattern that is of no use, what is wrong with it, and a hint."""
    for index, pattern in enumerate(patterns):
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            return index, "this is not a valid pattern", "see gitignore(5) for the syntax"
        if not pattern.startswith("#") and _DOTS & set(pattern.strip().lstrip("!").split("/")):
            return index, "a pattern with . or .. in its path matches nothing", _WITHOUT_DOTS
    return None
