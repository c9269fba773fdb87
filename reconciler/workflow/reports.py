"""What a run over environments came to."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.model.drift import DriftReport
from reconciler.model.events import ApplyEnded
from reconciler.model.plans import Plan

INTERRUPTED = "the run was interrupted"
"""Why an environment was not begun, where none of the others is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to in one environment: a plan, what became of it, or a drift check.

    A plan ``for_review`` was not asked to be applied: that it cannot be for lack of a key is no
    refusal, but a change that waits for it. An `error` came before anything was shown or done.
    ``not_begun`` says why nothing was tried; that by itself is no failure.
    """

    environment: str = ""
    plan: Plan | None = None
    for_review: bool = False
    outcome: ApplyEnded | None = None
    drift: DriftReport | None = None
    error: ReconcilerError | None = None
    not_begun: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """What the environment by itself would end with."""
        if self.not_begun:
            return ExitCode.INTERRUPTED if self.not_begun == INTERRUPTED else ExitCode.OK
        if self.error is not None:
            return self.error.exit_code
        return self._of_plan or self._of_what_came_of_it

    @property
    def _of_plan(self) -> ExitCode:
        """What a plan that cannot be applied ends with."""
        if self.plan is not None and self.plan.problems:
            return ExitCode.ERROR
        if self.plan is not None and self.plan.refusals:
            only_sealed = self.for_review and self.plan.only_sealed
            return ExitCode.CHANGES if only_sealed else ExitCode.REFUSED
        return ExitCode.OK

    @property
    def _of_what_came_of_it(self) -> ExitCode:
        if self.drift is not None:
            return ExitCode.CHANGES if self.drift.failing else ExitCode.OK
        return ExitCode.OK if self.outcome is None else _of_outcome(self.outcome)


def _of_outcome(ended: ApplyEnded) -> ExitCode:
    if ended.is_complete:
        return ExitCode.OK
    return ExitCode.INTERRUPTED if ended.interrupted else ExitCode.PARTIAL
