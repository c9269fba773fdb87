"""What an apply reports while it runs, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Step


class Outcome(StrEnum):
    """How a step ended."""

    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is about to be tried for the first time."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepRetried:
    """A passing fault: the step is tried again after `delay` seconds; `attempt` counts from 1."""

    step: Step
    attempt: int
    delay: float
    message: str


@dataclass(frozen=True, slots=True)
class StepWaiting:
    """A write was accepted, and the step waits for ``what`` since ``seconds``."""

    step: Step
    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step has ended; `message` says why it failed or was skipped.

    ``key`` is the object's, with the name that the store generated where it did. ``warnings`` are
    the store's own, and what it made of the object that the plan had not promised.
    """

    step: Step
    outcome: Outcome
    key: ObjectKey
    message: str = ""
    hint: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyEnded:
    """The last event: each step's end, in the order of the steps."""

    results: tuple[StepEnded, ...]
    interrupted: bool = False

    def count(self, outcome: str) -> int:
        """How many steps ended so: an `Outcome`, or its text."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def is_complete(self) -> bool:
        """Whether every step was applied."""
        return self.count(Outcome.APPLIED) == len(self.results)

    @property
    def warned(self) -> int:
        """How many steps ended with warnings."""
        return sum(bool(result.warnings) for result in self.results)


Event = StepStarted | StepRetried | StepWaiting | StepEnded | ApplyEnded

PAST_TENSE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.RELEASE: "released",
    Action.RESTART: "restarted",
}
