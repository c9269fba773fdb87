"""The events of an apply as text."""

from __future__ import annotations

from reconciler.escapes import escaped, inert
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
from reconciler.model.plans import Action
from reconciler.views import words
from reconciler.views.text.palette import Palette, hint_line

_PRESENT_TENSE = {
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.REPLACE: "replacing",
    Action.DELETE: "deleting",
    Action.RELEASE: "releasing",
    Action.RESTART: "restarting",
}


def event(event: Event, *, colour: bool) -> str:
    """One line for one event; for the last one, the summary of the apply."""
    return inert(_event(event, Palette(colour)))


def more_skipped(number: int, *, colour: bool) -> str:
    """The line that stands for `number` skipped steps that are not told one by one."""
    more = f"and {words.counted(number, 'more step')} (--verbose lists them)"
    return f"{Palette(colour).paint('skipped', 'warning')} {more}"


def what_now(ended: ApplyEnded, *, saved: bool) -> str:
    """What to do after an apply that did not do everything; nothing after one that did.

    `saved` tells that it applied a plan file, which no longer matches what was applied in part.
    """
    if ended.is_complete:
        return ""
    again = "make a new plan and apply that" if saved else "run the same command again"
    if not ended.count(Outcome.FAILED):
        return f"What now: {again}. What was applied stays."
    return "\n".join(
        [
            "What now:",
            f"  finish   mend what failed, then {again}",
            "  go back  apply the manifests of before, such as those of the last commit",
        ]
    )


def _event(event: Event, palette: Palette) -> str:
    match event:
        case StepStarted(step):
            name = words.object_text(step.key)
            return palette.paint(
                f"{_PRESENT_TENSE[step.action]} {name} (wave {step.wave})", "faint"
            )
        case StepRetried(step, attempt, delay, message):
            name = f"{step.action.value} {words.object_text(step.key)}"
            return palette.paint(
                f"retrying to {name} in {delay:.1f} s (retry {attempt}): {escaped(message)}",
                "!",
            )
        case StepWaiting(step, what, seconds):
            since = f" ({seconds:.0f} s)" if seconds >= 1 else ""
            name = f"{step.action.value} {words.object_text(step.key)}"
            return palette.paint(f"waiting to {name}{since}: {escaped(what)}", "faint")
        case StepEnded():
            return _step_ended(event, palette)
        case ApplyEnded():
            return _apply_ended(event, palette)


def _step_ended(event: StepEnded, palette: Palette) -> str:
    name = words.object_text(event.key)
    match event.outcome:
        case Outcome.APPLIED:
            done = palette.paint(PAST_TENSE[event.step.action], "good")
            line = f"{done} {name} (wave {event.step.wave})"
        case Outcome.FAILED:
            line = f"{palette.paint('failed', 'bad')} to {event.step.action.value} {name}"
        case Outcome.SKIPPED:
            line = f"{palette.paint('skipped', 'warning')} {name}"
    # Stores begin their messages with the object, which the line has named already.
    message = event.message.removeprefix(f"{event.key}: ")
    if message:
        line += f": {escaped(message)}"
    if event.hint:
        line += f"\n{hint_line(event.hint)}"
    warnings = (
        f"  {palette.paint('warning', 'warning')}: {escaped(warning)}" for warning in event.warnings
    )
    return "\n".join([line, *warnings])


def _apply_ended(event: ApplyEnded, palette: Palette) -> str:
    applied = [result.step.action for result in event.results if result.outcome is Outcome.APPLIED]
    done = ", ".join(
        f"{applied.count(action)} {word}"
        for action, word in PAST_TENSE.items()
        if action in applied
    )
    parts = [f"Applied: {done or 'nothing'}."]
    parts += [
        f"{outcome.value.capitalize()}: {event.count(outcome)}."
        for outcome in (Outcome.FAILED, Outcome.SKIPPED)
        if event.count(outcome)
    ]
    if event.warned:
        parts.append(f"With warnings: {event.warned}.")
    if event.interrupted:
        parts.append("Interrupted: steps in flight were finished, the others not begun.")
    is_whole = len(applied) == len(event.results) and not event.interrupted
    return palette.paint(" ".join(parts), "good" if is_whole else "bad")
