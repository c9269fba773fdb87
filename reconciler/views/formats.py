"""The output formats, and what each of them can show.

A format is a module with functions from frozen data and a `Style` to text, and one line in the
table for each subject that it can show. Modules are imported when they are asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.model.objects import Desired, Diagnostic
from reconciler.model.plans import Note
from reconciler.model.shards import Share
from reconciler.views.heading import NO_HEADING, HeadedDrift, HeadedPlan, Heading


class Subject(StrEnum):
    """What there is to show."""

    PLAN = "plan"
    """A `Plan`."""
    DRIFT = "drift"
    """A `DriftReport`."""
    DIFFERENCE = "difference"
    """A `Difference`."""
    CHECK = "check"
    """A `Checked`."""
    LISTING = "listing"
    """A `Listing`."""
    GRAPH = "graph"
    """A `DependencyGraph`."""
    HISTORY = "history"
    """A `History`."""
    ROLES = "roles"
    """RBAC roles as YAML, a text."""
    REPORT = "report"
    """A `PlanReport`."""
    DRIFTS = "drifts"
    """A `Drifts`."""
    ENVIRONMENTS = "environments"
    """An `Environments`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How to show it. Formats for machines show the whole, whatever ``verbose`` and ``quiet`` say.

    ``limit`` is how many characters a comment may have, if not as many as on GitHub; ``key`` is
    what a later run finds the comment by. ``heading`` is what the first line says besides the
    subject itself; ``now`` is what ages are told from. ``share`` is the part of a run over several
    environments that is shown, if it is not the whole. ``width`` is that of the terminal, for what
    depends on it. ``is_part`` wants HTML for a larger page, without what is around it.
    """

    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    limit: int | None = None
    key: str = ""
    heading: Heading = NO_HEADING
    share: Share | None = None
    width: int = 80
    is_part: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What checking manifests came to: the objects without errors, and how many files were read.

    ``notices`` say what was left out.
    """

    diagnostics: tuple[Diagnostic, ...]
    objects: tuple[Desired, ...]
    files: int
    notices: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The plans of one or more runs, in the order in which they were given."""

    plans: tuple[HeadedPlan, ...]


@dataclass(frozen=True, slots=True)
class Drifts:
    """The reports of one or more checks, in the order in which they were given."""

    checks: tuple[HeadedDrift, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentResult:
    """What a command came to for an environment: a plan or a drift report, unless it failed.

    An ``error`` after that, such as a plan file that could not be written, leaves both.
    """

    environment: str
    code: ExitCode
    headed: HeadedPlan | HeadedDrift | None = None
    error: ReconcilerError | None = None


@dataclass(frozen=True, slots=True)
class Environments:
    """What one or more runs over several environments came to; ``subject`` is that of each.

    ``shares`` say which parts of a larger run they are, where the run was divided.
    """

    subject: Subject
    results: tuple[EnvironmentResult, ...]
    configuration: str = ""
    shares: tuple[Share, ...] = ()


_TABLE: Mapping[Subject, Mapping[str, str]] = {
    Subject.PLAN: {
        "text": "reconciler.views.text.styled:plan",
        "json": "reconciler.views.json.styled:plan",
        "markdown": "reconciler.views.markdown:styled_plan",
        "html": "reconciler.views.html:styled_plan",
        "github": "reconciler.views.github:styled_plan",
        "gitlab-terraform": "reconciler.views.gitlab:styled_counts",
        "code-quality": "reconciler.views.gitlab:styled_plan",
        "sarif": "reconciler.views.sarif:styled_plan",
    },
    Subject.DRIFT: {
        "text": "reconciler.views.text.styled:drift",
        "json": "reconciler.views.json.styled:drift",
        "markdown": "reconciler.views.markdown:styled_drift",
        "html": "reconciler.views.html:drift",
        "github": "reconciler.views.github:styled_drift",
        "code-quality": "reconciler.views.gitlab:styled_drift",
        "junit": "reconciler.views.junit:styled_drift",
        "sarif": "reconciler.views.sarif:styled_drift",
        "prometheus": "reconciler.views.prometheus:styled_drift",
        "baseline": "reconciler.views.baseline:styled_drift",
    },
    Subject.DIFFERENCE: {
        "text": "reconciler.views.text.styled:difference",
        "json": "reconciler.views.json.styled:difference",
        "markdown": "reconciler.views.markdown:styled_difference",
    },
    Subject.CHECK: {
        "text": "reconciler.views.text.styled:check",
        "json": "reconciler.views.json.styled:check",
        "sarif": "reconciler.views.sarif:styled_check",
        "github": "reconciler.views.github:styled_check",
        "code-quality": "reconciler.views.gitlab:styled_check",
        "junit": "reconciler.views.junit:styled_check",
    },
    Subject.LISTING: {
        "text": "reconciler.views.text.styled:listing",
        "json": "reconciler.views.json.styled:listing",
    },
    Subject.HISTORY: {
        "text": "reconciler.views.text.styled:history",
        "json": "reconciler.views.json.styled:history",
    },
    Subject.ROLES: {"yaml": "reconciler.views.text.styled:as_it_is"},
    Subject.REPORT: {
        "text": "reconciler.views.text.styled:report",
        "json": "reconciler.views.json.styled:report",
        "markdown": "reconciler.views.comments:styled_report",
        "html": "reconciler.views.html:report",
        "github": "reconciler.views.github:styled_report",
        "gitlab-terraform": "reconciler.views.gitlab:styled_report_counts",
        "code-quality": "reconciler.views.gitlab:styled_report",
        "sarif": "reconciler.views.sarif:styled_report",
    },
    Subject.DRIFTS: {
        "text": "reconciler.views.text.styled:drifts",
        "json": "reconciler.views.json.styled:drifts",
        "markdown": "reconciler.views.comments:styled_drifts",
        "html": "reconciler.views.html:drifts",
        "github": "reconciler.views.github:styled_drifts",
        "code-quality": "reconciler.views.gitlab:styled_drifts",
        "sarif": "reconciler.views.sarif:styled_drifts",
        "junit": "reconciler.views.junit:styled_drifts",
    },
    Subject.ENVIRONMENTS: {
        name: f"reconciler.views.environments:{name.replace('-', '_')}"
        for name in (
            "text",
            "json",
            "markdown",
            "html",
            "github",
            "gitlab-terraform",
            "code-quality",
            "sarif",
            "junit",
        )
    },
    Subject.GRAPH: {
        "dot": "reconciler.views.dot:styled_graph",
        "mermaid": "reconciler.views.mermaid:styled_graph",
    },
}
"""From a subject and the name of a format to ``MODULE:FUNCTION``; the first is the default."""


_OUTLIVING: Mapping[str, str] = {"prometheus": "reconciler.views.prometheus:failed"}
"""Formats whose files a run that fails does not leave as they are."""


def formats_of(*subjects: Subject) -> tuple[str, ...]:
    """The formats that can show any of `subjects`, the default first."""
    return tuple(dict.fromkeys(name for subject in subjects for name in _TABLE[subject]))


def formats_for(subject: Subject, shown: Any) -> tuple[str, ...]:
    """The formats that can show `shown`, a `subject`, the default first."""
    names = formats_of(subject)
    if isinstance(shown, Environments):
        return tuple(name for name in names if name in formats_of(shown.subject))
    return names


def rendered(subject: Subject, format_name: str, shown: Any, style: Style) -> str:
    """`shown`, which is a `subject`, in a format. The text has no line break at its end."""
    return _function(_TABLE[subject][format_name])(shown, style)


def outlives(format_name: str) -> bool:
    """Whether a report in the format is changed by a run that fails; see `failed`."""
    return format_name in _OUTLIVING


def failed(format_name: str, earlier: str) -> str:
    """The text `earlier`, which is that of an earlier run, after one that failed."""
    return _function(_OUTLIVING[format_name])(earlier)


def _function(place: str) -> Callable[..., str]:
    module, _, name = place.partition(":")
    function: Callable[..., str] = getattr(importlib.import_module(module), name)
    return function
