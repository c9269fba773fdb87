"""The runs of a set, as JSON."""

from __future__ import annotations

from reconciler.model.events import PAST_TENSE
from reconciler.model.history import History, Run
from reconciler.views.json.parts import Document, serialised

HISTORY_FORMAT = "reconciler.history/v1"


def history(history: History, configuration: str = "") -> str:
    """Every run, the newest first (``history-v1.json``)."""
    return serialised(
        {
            "format": HISTORY_FORMAT,
            "configuration": configuration or None,
            "set": history.set_name,
            "runs": [run_document(run) for run in history.runs],
        }
    )


def run_document(run: Run) -> Document:
    """One run."""
    return {
        "id": run.run,
        "time": run.time,
        "command": run.command,
        "actor": run.actor,
        "commit": run.commit,
        "plan": run.plan,
        "outcome": run.outcome,
        "applied": {word: run.counts.get(word, 0) for word in PAST_TENSE.values()},
        "failed": run.failed,
        "skipped": run.skipped,
    }
