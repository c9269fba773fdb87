"""Plans or drift reports that were printed as JSON, gathered for one report.

The files may come from anybody: they are read within bounds, and what they hold is only shown.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.errors import PlanFileError
from reconciler.model.nodes import Misfit
from reconciler.version import __version__
from reconciler.views.formats import Drifts, Environments, PlanReport, Subject
from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.json.documents import Read, read_document
from reconciler.views.words import counted

MOST_BYTES = 64 * 1024 * 1024
"""How large all files together may be."""

Shown = PlanReport | Drifts | Environments


def gathered(paths: Iterable[Path], *, most_bytes: int = MOST_BYTES) -> tuple[Subject, Shown]:
    """The plans, or else the drift reports, in files that were written as JSON, and which it is.

    Files of several environments are one run over all of them.

    All files together may have `most_bytes`.

    Raises:
        PlanFileError: some file cannot be read, or is neither; or they are not all of one kind.
            All problems are reported at once.
    """
    read: list[Read] = []
    problems: list[str] = []
    room = most_bytes
    for path in paths:
        try:
            content = _content(path, room)
            room -= len(content)
            read.append(_called(read_document(content), path))
        except Misfit as misfit:
            problems.append(f"{path}: {misfit}")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the name is no path"
            problems.append(f"{path}: cannot be read: {reason}")
    if problems:
        raise PlanFileError(
            "not every file is a plan or a drift report as JSON, so there is no report",
            details=problems,
            hint="write each with `-o json` or `--report json=FILE` of `reconciler plan` or "
            f"`reconciler drift`, in this version of reconciler ({__version__})",
        )
    return _together(read)


def _called(read: Read, path: Path) -> Read:
    """What was read, under the name of its file; the environments of one have names already."""
    return read if isinstance(read, Environments) else replace(read, name=str(path))


def _together(read: Sequence[Read]) -> tuple[Subject, Shown]:
    plans = tuple(each for each in read if isinstance(each, HeadedPlan))
    checks = tuple(each for each in read if isinstance(each, HeadedDrift))
    several = tuple(each for each in read if isinstance(each, Environments))
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
        return Subject.ENVIRONMENTS, _merged(several)
    return (Subject.DRIFTS, Drifts(checks)) if checks else (Subject.REPORT, PlanReport(plans))


def _of(several: Sequence[Environments], subject: Subject) -> list[Environments]:
    return [each for each in several if each.subject is subject]


def _merged(several: Sequence[Environments]) -> Environments:
    """The environments of all runs, in the order in which they were given.

    Raises:
        PlanFileError: two runs were for the same environment.
    """
    results = tuple(result for each in several for result in each.results)
    counts = Counter(result.environment for result in results)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise PlanFileError(
            "some environments occur more than once",
            details=twice,
            hint="give only the latest file of each",
        )
    shares = tuple(share for each in several for share in each.shares)
    return Environments(several[0].subject, results, several[0].configuration, shares)


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
