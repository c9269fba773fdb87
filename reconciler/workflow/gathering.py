"""Plans that were printed as JSON, gathered for one report.

The files may come from anybody: they are read within bounds, and what they hold is only shown.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from reconciler.errors import PlanFileError
from reconciler.model.nodes import Misfit
from reconciler.version import __version__
from reconciler.views.formats import PlanReport
from reconciler.views.heading import HeadedPlan
from reconciler.views.json.reading import read_plan

MOST_BYTES = 64 * 1024 * 1024
"""How large all files together may be."""


def gathered(paths: Iterable[Path], *, most_bytes: int = MOST_BYTES) -> PlanReport:
    """The plans in files that ``plan -o json`` or ``show -o json`` has written.

    All files together may have `most_bytes`.

    Raises:
        PlanFileError: some file cannot be read, or is no such plan; all are reported at once.
    """
    plans: list[HeadedPlan] = []
    problems: list[str] = []
    room = most_bytes
    for path in paths:
        try:
            content = _content(path, room)
            room -= len(content)
            plans.append(read_plan(content))
        except Misfit as misfit:
            problems.append(f"{path}: {misfit}")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the name is no path"
            problems.append(f"{path}: cannot be read: {reason}")
    if problems:
        raise PlanFileError(
            "not every file is a plan as JSON, so there is no report",
            details=problems,
            hint="write each with `reconciler plan -o json` or `--report json=FILE`, in this "
            f"version of reconciler ({__version__})",
        )
    return PlanReport(tuple(plans))


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
