"""Plans or drift reports that were printed as JSON, gathered for one report.

The files may come from anybody: they are read within bounds, and what they hold is only shown.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.errors import PlanFileError
from reconciler.model.nodes import Misfit
from reconciler.version import __version__
from reconciler.views.formats import Drifts, Environments, PlanReport, Subject
from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.json.documents import Read, Unrelated, read_document
from reconciler.views.words import counted
from reconciler.workflow.merging import Named, merged

MOST_BYTES = 64 * 1024 * 1024
"""How large all files together may be."""

Shown = PlanReport | Drifts | Environments


def gathered(paths: Sequence[Path], *, most_bytes: int = MOST_BYTES) -> tuple[Subject, Shown]:
    """The plans, or else the drift reports, in files that were written as JSON, and which it is.

    A directory stands for all such files in it and below it. Files of several environments are one
    run over all of them; shards of a run are put together, see `merged`. All files together may
    have `most_bytes`.

    Raises:
        PlanFileError: some file cannot be read, or is neither; or they are not all of one kind.
            All problems are reported at once.
    """
    read: list[tuple[str, Read]] = []
    problems: list[str] = []
    room = most_bytes
    for path in paths:
        before = len(read), len(problems)
        for file in _files(path):
            try:
                content = _content(file, room)
                room -= len(content)
                read.append((str(file), _called(read_document(content), file)))
            except Unrelated as misfit:
                if file is path:
                    problems.append(f"{file}: {misfit}")
            except Misfit as misfit:
                problems.append(f"{file}: {misfit}")
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "the name is no path"
                problems.append(f"{file}: cannot be read: {reason}")
        if (len(read), len(problems)) == before:
            problems.append(f"{path}: this directory has no plan and no drift report")
    if problems:
        raise PlanFileError(
            "not every file is a plan or a drift report as JSON, so there is no report",
            details=problems,
            hint="write each with `-o json` or `--report json=FILE` of `reconciler plan` or "
            f"`reconciler drift`, in this version of reconciler ({__version__})",
        )
    return _together(read, alone=len(paths) == 1 and not _is_directory(paths[0]))


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except ValueError:  # told when the file is opened
        return False


def _files(path: Path) -> Iterator[Path]:
    """`path`, or the files of JSON in a directory; symbolic links in there lead anywhere."""
    if not _is_directory(path):
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix == ".json" and not file.is_symlink():
                yield file


def _called(read: Read, path: Path) -> Read:
    """What was read, under the name of its file; the environments of one have names already."""
    return read if isinstance(read, Environments) else replace(read, name=str(path))


def _together(named: Sequence[tuple[str, Read]], *, alone: bool) -> tuple[Subject, Shown]:
    plans = tuple(each for _, each in named if isinstance(each, HeadedPlan))
    checks = tuple(each for _, each in named if isinstance(each, HeadedDrift))
    reports = [Named(file, each) for file, each in named if isinstance(each, Environments)]
    several = [each.environments for each in reports]
    if sum(map(bool, (plans, checks, several))) > 1 or len({each.subject for each in several}) > 1:
        raise PlanFileError(
            "these files are not all of one kind",
            details=[
                f"{counted(len(files), 'file')} with {kind}"
                for kind, files in (
                    ("a plan", plans),
                    ("a drift report", checks),
                    ("plans of several environments", _of(several, Subject.PLAN)),
                    ("drift reports of several environments", _of(several, Subject.DRIFT)),
                )
                if files
            ],
            hint="make a report of each kind",
        )
    if several:
        return Subject.ENVIRONMENTS, merged(reports, alone=alone)
    return (Subject.DRIFTS, Drifts(checks)) if checks else (Subject.REPORT, PlanReport(plans))


def _of(several: Sequence[Environments], subject: Subject) -> list[Environments]:
    return [each for each in several if each.subject is subject]


def _content(path: Path, room: int) -> bytes:
    # Not to wait where a pipe bears the name of a plan.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Misfit("", "this is not a regular file")
        content = file.read(room + 1)
    if len(content) > room:
        raise Misfit("", f"this is too large: {room} bytes are left of what all may have together")
    return content
