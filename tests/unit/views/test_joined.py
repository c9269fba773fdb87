"""What came of several environments, as one output."""

from __future__ import annotations

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.views.formats import Style, Subject
from reconciler.views.joined import Part, joined


def github(*parts: Part) -> list[str]:
    return "\n".join(joined("github", parts, Subject.PLAN, Style())).split("\n")


def part(name: str, *, warnings: int, errors: int = 0) -> Part:
    lines = [f"::error title={name}::{number}" for number in range(errors)]
    lines += [f"::warning title={name}::{number}" for number in range(warnings)]
    return Part(name, ExitCode.CHANGES, "\n".join([*lines, "Plan: 1 to create."]))


def test_annotations_are_ten_of_each_level_for_all_environments_errors_first() -> None:
    failed = Part("eu-3", ExitCode.ERROR, error=ReconcilerError("no such store"))
    shown = github(part("eu-1", warnings=9), part("eu-2", warnings=4, errors=10), failed)
    assert shown == [
        "::error title=eu-3::no such store",
        *(f"::error title=eu-2::{number}" for number in range(9)),
        *(f"::warning title=eu-1::{number}" for number in range(9)),
        "::warning title=eu-2::0",
        "eu-1: Plan: 1 to create.",
        "eu-2: Plan: 1 to create.",
        "Of all environments: 4 more findings not shown as annotations.",
    ]


def test_nothing_is_said_of_findings_left_out_if_there_are_none() -> None:
    assert github(part("eu-1", warnings=6), part("eu-2", warnings=4))[-1] == (
        "eu-2: Plan: 1 to create."
    )
