"""Files, pipes and devices."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from reconciler.inputs import builds
from reconciler.inputs.builds import Build
from reconciler.inputs.identity import noted, other_names
from reconciler.inputs.problems import input_error, not_empty, unreadable
from reconciler.inputs.reading import Reading
from reconciler.inputs.texts import file_text
from reconciler.model.inputs import Read

OWN_FILES = frozenset({"reconciler.yaml", "reconciler.yml"})
"""The program's own configuration, which is never a manifest."""

_OWN = "this is the configuration of reconciler, which is never a manifest"


def read(path: str, reading: Reading) -> Iterator[Read]:
    """The file at `path`, whatever its name and kind."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a NUL raises, too
        real = os.path.realpath(path)  # raises where the working directory is gone
    except (OSError, ValueError) as error:
        yield Read(path, path, unreadable(path, error))
        return
    name = os.path.basename(path)  # noqa: PTH119 - paths stay as they are given
    if name in OWN_FILES:
        yield Read(path, real, input_error(path, "manifests-missing", _OWN, "leave it out"))
        return
    if name in builds.FILES:
        build = builds.build_of(path, reading.parse)
        problems = (builds.unbuilt(path, [build]),) if isinstance(build, Build) else build
        yield from (Read(path, real, problem) for problem in problems)
        if problems:
            return
    identity, is_first = noted(reading.seen, real, *other_names(path, status))
    content = file_text(path) if is_first else None
    if content is not None and stat.S_ISFIFO(status.st_mode):
        content = not_empty(content, path, "the pipe")
    yield Read(path, identity, content)
