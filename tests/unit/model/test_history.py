from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.events import ApplyEnded, Outcome, StepEnded
from reconciler.model.history import (
    MOST_RUNS,
    Run,
    RunOutcome,
    command_of,
    decoded,
    encoded,
    last_of,
    with_run,
)
from reconciler.model.objects import ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Step

RUN = Run(
    run="r",
    time="2026-11-25T09:12:03+00:00",
    command="apply",
    actor="anna",
    commit="0123456789ab",
    plan="ba98",
)
KEY = ObjectKey("Secret", "default", "a")


def ended(*outcomes: Outcome, interrupted: bool = False) -> ApplyEnded:
    results = tuple(StepEnded(Step(KEY, Action.CREATE, 0), outcome, KEY) for outcome in outcomes)
    return ApplyEnded(results=results, interrupted=interrupted)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (ended(Outcome.APPLIED), RunOutcome.APPLIED),
        (ended(), RunOutcome.APPLIED),
        (ended(Outcome.APPLIED, Outcome.FAILED), RunOutcome.PARTIAL),
        (ended(Outcome.SKIPPED), RunOutcome.PARTIAL),
        (ended(Outcome.SKIPPED, interrupted=True), RunOutcome.INTERRUPTED),
    ],
)
def test_outcomes(end: ApplyEnded, outcome: RunOutcome) -> None:
    run = RUN.ended(end)
    assert run.outcome is outcome
    applied = end.count(Outcome.APPLIED)
    assert run.counts == ({"created": applied} if applied else {})
    assert (run.failed, run.skipped) == (end.count(Outcome.FAILED), end.count(Outcome.SKIPPED))


def test_what_is_told_of_a_run() -> None:
    now = datetime.fromisoformat(RUN.time) + timedelta(days=3)
    done = replace(RUN, outcome=RunOutcome.APPLIED)
    when = "2026-11-25 09:12:03 UTC"
    assert done.told(now) == f"last applied {when} (3 days ago) by anna, commit 0123456789ab"
    assert done.told() == f"last applied {when} by anna, commit 0123456789ab"
    bare = replace(RUN, actor="", commit="", command="release")
    assert bare.told(now) == (
        f"last released {when} (3 days ago) by somebody unknown; not finished: killed, or still at "
        "work"
    )
    assert "(0 s ago)" in done.told(datetime(2020, 1, 1, tzinfo=UTC))


def test_only_the_last_are_kept_and_each_once() -> None:
    runs: tuple[Run, ...] = ()
    for number in range(MOST_RUNS + 5):
        runs = with_run(runs, replace(RUN, run=str(number)))
    assert [run.run for run in runs] == [str(number) for number in range(5, MOST_RUNS + 5)]
    changed = with_run(runs, replace(RUN, run="54", failed=1))
    assert len(changed) == MOST_RUNS
    assert last_of(changed) == replace(RUN, run="54", failed=1)
    assert last_of(()) is None


def test_the_size_is_bounded() -> None:
    greatest = replace(
        RUN,
        actor="é" * 64,
        counts={"created": 100_000, "updated": 100_000, "replaced": 100_000, "deleted": 100_000},
        outcome=RunOutcome.INTERRUPTED,
    )
    runs = [replace(greatest, run=f"{number:08}") for number in range(MOST_RUNS)]
    assert len(encoded(runs)) < 50_000
    assert decoded(encoded(runs)) == tuple(runs)


@pytest.mark.parametrize(
    "text",
    ["", "x", "null", "{}", "[1]", "[{}]", "[" * 5000, '[{"time": "never"}]', '[{"time": 5}]'],
)
def test_what_is_no_history_is_none(text: str) -> None:
    assert decoded(text) == ()


def test_what_others_have_written_is_cut_and_left_out() -> None:
    good = json.loads(encoded([replace(RUN, outcome=RunOutcome.APPLIED)]))[0]
    strange = [
        {**good, "actor": "x" * 500, "counts": {"created": 1, "robbed": 2}},
        {**good, "outcome": "glorious"},
        {**good, "failed": "many"},
        {**good, "time": "2026-11-25T09:12:03+99:00"},
        {**good, "counts": []},
    ]
    (run,) = decoded(json.dumps(strange))
    assert len(run.actor) == 64
    assert run.counts == {"created": 1}


def test_commands() -> None:
    assert command_of(PlanOptions()) == "apply"
    assert command_of(PlanOptions(destroy=True)) == "destroy"
    assert command_of(PlanOptions(release=True)) == "release"
