"""Exit codes of results, and of several of them."""

from dataclasses import replace

import pytest

from reconciler.errors import ExitCode, worst
from reconciler.model.drift import DriftReport, ObjectDrift, ObjectState
from reconciler.model.events import ApplyEnded, Outcome, StepEnded
from reconciler.model.objects import Diagnostic, ObjectKey, Severity, Source
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan, Refusal, Step, StoreIdentity
from reconciler.workflow import Result

STORE = StoreIdentity("sqlite", "here")
KEY = ObjectKey("Secret", "shop", "db")
PLAN = Plan(store=STORE, options=PlanOptions())
PROBLEM = Diagnostic(
    severity=Severity.ERROR,
    code="owner-missing",
    message="no owner",
    field="metadata.ownerReferences[0]",
    source=Source("a.yaml", 1, 1),
)
REFUSAL = Refusal("max-deletes", "too many deletes", "raise --max-deletes")


def outcome(*outcomes: Outcome, interrupted: bool = False) -> ApplyEnded:
    step = Step(KEY, Action.CREATE, 0)
    return ApplyEnded(tuple(StepEnded(step, outcome, KEY) for outcome in outcomes), interrupted)


def drift(*states: ObjectState) -> DriftReport:
    objects = tuple(ObjectDrift(key=KEY, state=state) for state in states)
    return DriftReport(store=STORE, set_name="default", objects=objects)


ENDS = {
    ExitCode.OK: Result(plan=PLAN, outcome=outcome(Outcome.APPLIED)),
    ExitCode.CHANGES: Result(drift=drift(ObjectState.IN_SYNC, ObjectState.DRIFTED)),
    ExitCode.INTERRUPTED: Result(plan=PLAN, outcome=outcome(Outcome.SKIPPED, interrupted=True)),
    ExitCode.REFUSED: Result(plan=replace(PLAN, refusals=(REFUSAL,))),
    ExitCode.PARTIAL: Result(plan=PLAN, outcome=outcome(Outcome.APPLIED, Outcome.FAILED)),
    ExitCode.ERROR: Result(plan=replace(PLAN, refusals=(REFUSAL,), problems=(PROBLEM,))),
}
"""The better before the worse."""


@pytest.mark.parametrize("code", ENDS)
def test_what_a_result_ends_with(code: ExitCode) -> None:
    assert ENDS[code].exit_code is code


@pytest.mark.parametrize("result", [Result(), Result(plan=PLAN), Result(drift=drift())])
def test_nothing_to_do_is_a_success(result: Result) -> None:
    assert result.exit_code is ExitCode.OK


def test_an_interrupted_apply_that_had_done_all_is_a_success() -> None:
    assert Result(outcome=outcome(Outcome.APPLIED, interrupted=True)).exit_code is ExitCode.OK


@pytest.mark.parametrize("size", range(len(ENDS) + 1))
def test_several_end_with_the_worst(size: int) -> None:
    codes = list(ENDS)[:size]
    for order in (codes, codes[::-1]):
        assert worst(ENDS[code].exit_code for code in order) is (
            codes[-1] if codes else ExitCode.OK
        )
