from dataclasses import replace

import click
import pytest

from reconciler.model.events import ApplyEnded, Outcome, StepEnded
from reconciler.model.plans import Note, Plan
from reconciler.views import change_words, text
from tests.unit.views import samples


def headers(plan: Plan, *, verbose: bool = False) -> list[str]:
    lines = text.plan(plan, colour=False, verbose=verbose).split("\n")
    return [line.split(" (")[0] for line in lines if line.startswith(("+ ", "~ ", "-", "= "))]


def test_the_greatest_risk_stands_first_and_else_the_order_of_the_steps() -> None:
    headings = headers(samples.EVERYTHING)
    assert headings[:3] == [f"- Secret/shop/{name}" for name in ("gone", "licence", "lost")]
    assert headings[3:6] == [f"-/+ Secret/shop/{name}" for name in ("frozen", "thawed", "typed")]
    assert headings[6:8] == [f"~ Secret/shop/{name}" for name in ("db", "encoded")]
    assert headings[8] == "+ Namespace/shop"
    assert headings.index("+ Secret/shop/base") < headings.index(
        "+ Secret/shop/job-(known after apply)"
    )


def test_a_plan_that_could_not_be_ordered_is_shown_nevertheless() -> None:
    unordered = replace(samples.EVERYTHING, steps=())
    assert sorted(headers(unordered)) == sorted(headers(samples.EVERYTHING))


def test_objects_in_sync_are_shown_on_request_alone() -> None:
    assert "= Secret/shop/quiet" not in headers(samples.EVERYTHING)
    assert "= Secret/shop/quiet" in headers(samples.EVERYTHING, verbose=True)


def test_colour_changes_nothing_but_colour() -> None:
    for plan in samples.PLANS.values():
        plain = text.plan(plan, colour=False, verbose=True)
        coloured = text.plan(plan, colour=True, verbose=True)
        assert "\x1b" not in plain
        assert "\x1b" in coloured
        assert click.unstyle(coloured) == plain
    for event in samples.EVENTS:
        assert click.unstyle(text.event(event, colour=True)) == text.event(event, colour=False)


def test_many_notices_of_one_kind_are_cut_short_unless_all_are_asked_for() -> None:
    many = [Note("left-manifests", f"object {number}") for number in range(7)]
    plan = replace(samples.IN_SYNC, notices=(many[0], Note("other", "apart"), *many[1:]))
    lines = [line for line in text.plan(plan, colour=False).split("\n") if line.startswith("!")]
    assert lines == [
        *(f"! object {number}" for number in range(5)),
        "! and 2 more like this: see --verbose",
        "! apart",
    ]
    whole = text.plan(plan, colour=False, verbose=True)
    assert all(f"! {note.message}\n" in whole for note in plan.notices)
    exact = replace(samples.IN_SYNC, notices=tuple(many[:5]))
    assert "more like this" not in text.plan(exact, colour=False)


def test_no_changes_is_never_said_of_a_plan_with_obstacles() -> None:
    for obstacle in (
        replace(samples.IN_SYNC, refusals=samples.REFUSED.refusals),
        replace(samples.IN_SYNC, problems=samples.PROBLEMS),
    ):
        shown = text.plan(obstacle, colour=False)
        assert "No changes" not in shown
        assert "This plan cannot be applied" in shown


def test_a_failed_step_names_its_object_once() -> None:
    step = samples.EVERYTHING.steps[0]
    ended = StepEnded(step, Outcome.FAILED, step.key, f"{step.key}: it is held", "let it go")
    line, hint = text.event(ended, colour=False).splitlines()
    assert line.count(str(step.key)) == 1
    assert line.endswith(": it is held")
    assert hint == "    hint: let it go"


@pytest.mark.parametrize("saved", [True, False])
def test_what_to_do_after_an_apply(*, saved: bool) -> None:
    step = samples.EVERYTHING.steps[0]
    applied, failed, skipped = (StepEnded(step, outcome, step.key) for outcome in Outcome)
    again = "make a new plan and apply that" if saved else "run the same command again"
    assert not text.what_now(ApplyEnded((applied,)), saved=saved)
    stopped = text.what_now(ApplyEnded((applied, skipped), interrupted=True), saved=saved)
    assert stopped == f"What now: {again}. What was applied stays."
    mended = text.what_now(ApplyEnded((applied, failed, skipped)), saved=saved)
    assert f"mend what failed, then {again}\n" in mended


@pytest.mark.parametrize("length", [1, 51, 52, 53, 253])
def test_columns_align_however_long_a_name_is(length: int) -> None:
    names = ("k" * length, "short", "x" * 40)
    lines = change_words.aligned(
        change_words.Row("+", f"data[{name}]", "(value #1)") for name in names
    )
    (column,) = {line.text.index("(value #1)") for line in lines}
    assert column == max(map(len, names)) + len("data[]") + 2
