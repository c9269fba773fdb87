"""Where manifests come from: one module for each kind of input.

An input is a path, ``-`` or a source with a name. It yields texts with the names that places in
them use, and knows nothing of Secrets. A kind of path is a module with a function from the name of
an input and the `Reading` that it is part of to what it yields, and one line in `_kind_of`. A
program that prints manifests is a `Rendering`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator

from reconciler.inputs import directories, files, rendering, stdin
from reconciler.inputs.commands import CommandRendering
from reconciler.inputs.helm import HelmRendering
from reconciler.inputs.problems import input_error, unreadable
from reconciler.inputs.reading import Reading
from reconciler.inputs.rendering import Running
from reconciler.inputs.stdin import STDIN
from reconciler.model.inputs import Chart, InputSource, Read

__all__ = ["STDIN", "Reading", "Running", "read"]


def read(
    names: Iterable[str | os.PathLike[str]],
    reading: Reading,
    sources: Iterable[InputSource] = (),
) -> Iterator[Read]:
    """The files of the inputs `names`, each read once: in the order given, a directory's by name.

    A name is a path, or ``-`` for standard input. What programs print comes last, that of `sources`
    in the end. Bad input raises nothing.
    """
    count = 0
    for name in map(os.fsdecode, names):
        count += 1
        try:
            kind = _kind_of(name)
        except (OSError, ValueError) as error:
            yield Read(name, name, unreadable(name, error))
            continue
        yield from kind(name, reading)
    for source in sources:
        count += 1
        of = HelmRendering.of(source) if isinstance(source, Chart) else CommandRendering.of(source)
        reading.renderings.append(of)
    yield from rendering.read(reading.renderings, reading.running)
    if not count:
        nothing = input_error(
            "", "manifests-missing", "no manifests were named", "name a file or directory"
        )
        yield Read("", "", nothing)


def _kind_of(name: str) -> Callable[[str, Reading], Iterator[Read]]:
    """The function that reads this kind of input.

    Raises:
        OSError, ValueError: there is nothing of that name.
    """
    if name == STDIN:
        return stdin.read
    is_directory = stat.S_ISDIR(os.stat(name).st_mode)  # noqa: PTH116 - a NUL raises, too
    return directories.read if is_directory else files.read
