"""What an apply tells of its steps, and how its progress is worded."""

from __future__ import annotations

import pytest

from reconciler.cli.live import time_text
from reconciler.cli.output import Verbosity
from reconciler.cli.progress import MOST_SKIPPED, Count, reporter
from reconciler.model.events import ApplyEnded, Outcome, StepEnded, StepStarted
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Step


def steps(count: int) -> list[Step]:
    keys = [ObjectKey("Secret", "default", f"s{number}") for number in range(count)]
    return [Step(key, Action.CREATE, 0) for key in keys]


def test_count_rate_and_remaining_time() -> None:
    now = [100.0]
    count = Count(3000, clock=lambda: now[0])
    now[0] += 7
    assert count.text() == "Applying 0/3000, 7 s"
    for step in steps(1200):
        count.tell(StepStarted(step))
        count.tell(StepEnded(step, Outcome.APPLIED, step.key))
    now[0] += 10
    assert count.text() == "Applying 1200/3000, 120/s, 15 s left"
    step = steps(1)[0]
    count.tell(StepEnded(step, Outcome.FAILED, step.key))
    assert count.text().endswith(" left, 1 failed")
    count.tell(StepEnded(step, Outcome.SKIPPED, step.key))
    assert count.text().startswith("Applying 1201/3000, ")


def test_a_slow_apply_is_counted_by_the_minute() -> None:
    now = [0.0]
    count = Count(4, clock=lambda: now[0])
    step = steps(1)[0]
    count.tell(StepStarted(step))
    now[0] += 30
    count.tell(StepEnded(step, Outcome.APPLIED, step.key))
    assert count.text() == "Applying 1/4, 2/min, 1m30s left"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0 s"), (59.9, "59 s"), (65, "1m05s"), (7383, "2h03m")]
)
def test_times(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize("verbosity", Verbosity)
def test_skipped_steps_beyond_a_few_are_counted(
    capsys: pytest.CaptureFixture[str], verbosity: Verbosity
) -> None:
    skipped = [StepEnded(step, Outcome.SKIPPED, step.key, "interrupted") for step in steps(12)]
    with reporter("text", verbosity, len(skipped)) as emit:
        for event in skipped:
            emit(event)
        emit(ApplyEnded(tuple(skipped), interrupted=True))
    lines = capsys.readouterr().out.splitlines()
    listed = [line for line in lines if line.startswith("skipped Secret/")]
    if verbosity is Verbosity.VERBOSE:
        assert len(listed) == 12
        assert not any("more step" in line for line in lines)
    else:
        assert len(listed) == MOST_SKIPPED
        assert lines[MOST_SKIPPED] == "skipped and 7 more steps (--verbose lists them)"
    assert lines[-1].startswith("Applied: nothing. Skipped: 12. Interrupted")
