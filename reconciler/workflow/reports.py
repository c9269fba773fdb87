"""What a run over environments came to."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import ExitCode, worst
from reconciler.model.drift import DriftReport
from reconciler.model.events import ApplyEnded, Outcome
from reconciler.model.plans import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to in one environment: a plan, what became of it, or a drift check.

    A plan ``for_review`` was not asked to be applied: that it cannot be for lack of a key is no
    refusal, but a change that waits for it.
    """

    environment: str = ""
    plan: Plan | None = None
    for_review: bool = False
    outcome: ApplyEnded | None = None
    drift: DriftReport | None = None

    @property
    def exit_code(self) -> ExitCode:
        """What the environment by itself would end with."""
        if self.plan is not None and self.plan.problems:
            return ExitCode.ERROR
        if self.plan is not None and self.plan.refusals:
            if self.for_review and self.plan.only_sealed:
                return ExitCode.CHANGES
            return ExitCode.REFUSED
        if self.drift is not None:
            return ExitCode.CHANGES if self.drift.failing else ExitCode.OK
        return ExitCode.OK if self.outcome is None else _of_outcome(self.outcome)


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all environments of a run, in the order of their names."""

    results: tuple[Result, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The worst of all."""
        return worst(result.exit_code for result in self.results)


def _of_outcome(ended: ApplyEnded) -> ExitCode:
    if ended.count(Outcome.APPLIED) == len(ended.results):
        return ExitCode.OK
    return ExitCode.INTERRUPTED if ended.interrupted else ExitCode.PARTIAL
