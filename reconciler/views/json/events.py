"""The events of an apply as JSON lines."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.events import (
    PAST_TENSE,
    ApplyEnded,
    Event,
    Outcome,
    StepEnded,
    StepRetried,
    StepStarted,
    StepWaiting,
)
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Step
from reconciler.views.json.parts import Document, key_document, serialised

EVENT_FORMAT = "reconciler.event/v1"


def event(event: Event, environment: str = "") -> str:
    """One event as one line (``event-v1.json``); one of several environments is named in it."""
    where = {"environment": environment} if environment else {}
    return serialised({"format": EVENT_FORMAT, **where, **_event(event)}, indented=False)


def environments_ended(ends: Iterable[tuple[str, int | None, str]], code: int) -> str:
    """The last line of a run over several environments, which ends with `code`.

    Each of `ends` is the name of an environment, the code that it ended with, and why it was not
    begun; then there is no code.
    """
    environments = [
        {"environment": name, "exitCode": own, "notBegun": reason or None}
        for name, own, reason in ends
    ]
    ended = {"event": "environments-ended", "environments": environments, "exitCode": code}
    return serialised({"format": EVENT_FORMAT, **ended}, indented=False)


def _event(event: Event) -> Document:
    match event:
        case StepStarted(step):
            return {"event": "step-started", **_touched(step, step.key)}
        case StepRetried(step, attempt, delay, message):
            return {
                "event": "step-retried",
                **_touched(step, step.key),
                "attempt": attempt,
                "delaySeconds": delay,
                "message": message,
            }
        case StepWaiting(step, what, seconds):
            return {
                "event": "step-waiting",
                **_touched(step, step.key),
                "what": what,
                "seconds": round(seconds, 3),
            }
        case StepEnded():
            return {
                "event": "step-ended",
                **_touched(event.step, event.key),
                "outcome": event.outcome,
                "message": event.message,
                "hint": event.hint,
                "warnings": list(event.warnings),
            }
        case ApplyEnded():
            return {"event": "apply-ended", **_outcome(event)}


def _touched(step: Step, key: ObjectKey) -> Document:
    return {"key": key_document(key), "action": step.action, "wave": step.wave}


def _outcome(event: ApplyEnded) -> Document:
    applied = [result.step.action for result in event.results if result.outcome is Outcome.APPLIED]
    return {
        "applied": {word: applied.count(action) for action, word in PAST_TENSE.items()},
        "failed": event.count(Outcome.FAILED),
        "skipped": event.count(Outcome.SKIPPED),
        "warned": event.warned,
        "interrupted": event.interrupted,
    }
