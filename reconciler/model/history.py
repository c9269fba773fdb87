"""What was done to a set: its last runs, small and without values.

Every store keeps them in one bounded object. Whoever may write to the store may write anything
there, so what cannot be understood is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from reconciler.model.events import PAST_TENSE, ApplyEnded, Outcome
from reconciler.model.plan_options import PlanOptions
from reconciler.model.times import date_text, span_text

MOST_RUNS = 50
"""How many runs a store keeps of each set."""
_LONGEST_TEXT = 64
_TEXTS = ("run", "time", "command", "actor", "commit", "plan")
_OUTCOMES = {
    "unfinished": "not finished: killed, or still at work",
    "applied": "applied",
    "partial": "applied in part",
    "interrupted": "interrupted",
}


class RunOutcome(StrEnum):
    """What a run came to."""

    UNFINISHED = "unfinished"
    """It was killed, or is still at work."""
    APPLIED = "applied"
    PARTIAL = "partial"
    """Some steps failed, or were skipped."""
    INTERRUPTED = "interrupted"

    @property
    def words(self) -> str:
        """The outcome in words."""
        return _OUTCOMES[self.value]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who makes a run, and from which commit of the manifests; empty where nobody knows."""

    actor: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An apply, a release or a destroy of a set.

    ``run`` tells it from all others. ``time`` is when it began, in RFC 3339. ``plan`` is the digest
    of its plan. ``counts`` has how many objects were created, updated and so on, by these words.
    """

    run: str
    time: str
    command: str
    actor: str
    commit: str
    plan: str
    outcome: RunOutcome = RunOutcome.UNFINISHED
    counts: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0
    skipped: int = 0

    def ended(self, ended: ApplyEnded) -> Run:
        """The run with what it came to."""
        done = Counter(
            PAST_TENSE[result.step.action]
            for result in ended.results
            if result.outcome is Outcome.APPLIED
        )
        failed, skipped = ended.count(Outcome.FAILED), ended.count(Outcome.SKIPPED)
        outcome = RunOutcome.PARTIAL if failed or skipped else RunOutcome.APPLIED
        return replace(
            self,
            outcome=RunOutcome.INTERRUPTED if ended.interrupted else outcome,
            counts=dict(done),
            failed=failed,
            skipped=skipped,
        )

    def told(self, now: datetime | None = None) -> str:
        """``last applied 2026-11-25 09:12:03 UTC (3 days ago) by anna, commit 1a2b3c4``."""
        began = datetime.fromisoformat(self.time)
        seconds = 0.0 if now is None else max(0.0, (now - began).total_seconds())
        ago = "" if now is None else f" ({span_text(seconds)} ago)"
        commit = f", commit {self.commit}" if self.commit else ""
        outcome = "" if self.outcome is RunOutcome.APPLIED else f"; {self.outcome.words}"
        verb = {"release": "released", "destroy": "destroyed"}.get(self.command, "applied")
        actor = self.actor or "somebody unknown"
        when = date_text(began.timestamp())
        return f"last {verb} {when}{ago} by {actor}{commit}{outcome}"


@dataclass(frozen=True, slots=True)
class History:
    """The last runs of a set, the newest first."""

    set_name: str
    runs: tuple[Run, ...]


def command_of(options: PlanOptions) -> str:
    """The command that carries out a plan with these options."""
    return "release" if options.release else "destroy" if options.destroy else "apply"


def last_of(runs: Sequence[Run]) -> Run | None:
    """The newest of `runs`, where there is any."""
    return runs[-1] if runs else None


def with_run(runs: Iterable[Run], run: Run) -> tuple[Run, ...]:
    """`runs` with `run` in the place of its earlier state, or at the end; the last of them."""
    return (*(earlier for earlier in runs if earlier.run != run.run), run)[-MOST_RUNS:]


def encoded(runs: Iterable[Run]) -> str:
    """`runs` as JSON, for a store to keep."""
    return json.dumps([_document(run) for run in runs], separators=(",", ":"))


def decoded(text: str) -> tuple[Run, ...]:
    """What `encoded` has made, oldest first; without what is something else."""
    try:
        documents = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    entries = documents if isinstance(documents, list) else []
    return tuple(_understood(entries[-MOST_RUNS:]))


def _document(run: Run) -> dict[str, Any]:
    document: dict[str, Any] = {name: getattr(run, name) for name in _TEXTS}
    document |= {"outcome": run.outcome.value, "counts": dict(run.counts)}
    document |= {"failed": run.failed, "skipped": run.skipped}
    return {name: value for name, value in document.items() if value}


def _understood(documents: Sequence[Any]) -> Iterator[Run]:
    words = set(PAST_TENSE.values())
    for document in documents:
        try:
            began = datetime.fromisoformat(document["time"])
            counts = {
                str(word): int(count)
                for word, count in document.get("counts", {}).items()
                if word in words
            }
            texts = {name: str(document.get(name, ""))[:_LONGEST_TEXT] for name in _TEXTS}
            texts["time"] = began.astimezone(UTC).isoformat(timespec="seconds")
            yield Run(
                **texts,
                outcome=RunOutcome(document.get("outcome", "")),
                counts=counts,
                failed=int(document.get("failed", 0)),
                skipped=int(document.get("skipped", 0)),
            )
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            continue
