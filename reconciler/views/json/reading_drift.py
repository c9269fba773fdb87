"""Drift, read back from JSON; nothing in there is trusted.

The reverse of `reconciler.views.json.reports`, like `reconciler.views.json.reading` for plans.
Fingerprints are not in the JSON, so that no baseline can be made of what is read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from reconciler.model.drift import (
    DriftKind,
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.events import PAST_TENSE
from reconciler.model.history import Run, RunOutcome
from reconciler.model.nodes import Node, check_same
from reconciler.model.remedies import Remedies, Remedy, RemedyStep, Way
from reconciler.views.heading import HeadedDrift
from reconciler.views.json.parts import Document
from reconciler.views.json.read_parts import (
    read_key,
    read_note,
    read_path,
    read_source,
    read_store,
    read_texts,
)
from reconciler.views.json.reports import drift_document

_SHELL_WORD = re.compile(r"""[^\s'"]+|'[^']*'(?:"'"'[^']*')*""")
"""A word as `shlex.join` writes it. `shlex.split` would take minutes for what may be in a file."""


def read_drift(document: Document) -> HeadedDrift:
    """The report of which `drift_document` has made `document`.

    What is derived, such as the summary, must be what this version derives.

    Raises:
        Misfit: it is anything else.
    """
    headed = _headed(Node(document))
    check_same(drift_document(headed.report, headed.configuration), document)
    return headed


def _headed(node: Node) -> HeadedDrift:
    members = node.record(
        "format",
        "store",
        "configuration",
        "set",
        "lastRun",
        "summary",
        "failOn",
        "objects",
        "remedies",
        "notices",
    )
    objects = members["objects"].items(_object)
    report = DriftReport(
        store=read_store(members["store"]),
        set_name=members["set"].text(),
        objects=tuple(item for item, _ in objects),
        notices=members["notices"].items(read_note),
        last=members["lastRun"].optional(_run),
        fail_on=frozenset(members["failOn"].items(lambda kind: kind.word(DriftKind))),
        remedies=Remedies(
            members["remedies"].items(_remedy),
            {item.key: remedies for item, remedies in objects if remedies},
        ),
    )
    return HeadedDrift(report, members["configuration"].optional(Node.text) or "")


def _object(node: Node) -> tuple[ObjectDrift, tuple[Remedy, ...]]:
    members = node.record(
        "key", "state", "orphaned", "pending", "accepted", "fields", "source", "remedies"
    )
    item = ObjectDrift(
        key=read_key(members["key"]),
        state=members["state"].word(ObjectState),
        fields=members["fields"].items(_field),
        orphaned=members["orphaned"].flag(),
        source=members["source"].optional(read_source),
        accepted=members["accepted"].flag(),
    )
    return item, members["remedies"].items(_remedy)


def _field(node: Node) -> FieldDrift:
    members = node.record("field", "path", "state", "pending", "manager", "accepted")
    return FieldDrift(
        path=read_path(members["path"]),
        state=members["state"].word(FieldState),
        pending=members["pending"].word(Pending),
        manager=members["manager"].text(),
        accepted=members["accepted"].flag(),
    )


def _remedy(node: Node) -> Remedy:
    members = node.record("way", "steps")
    steps = members["steps"].items(_step)
    if not steps:
        raise members["steps"].misfit("at least one step is expected")
    return Remedy(members["way"].word(Way), steps)


def _step(node: Node) -> RemedyStep:
    members = node.record(optional=("command", "edit"))
    if len(members) != 1:
        raise node.misfit("either a command or an edit is expected")
    if "edit" in members:
        return RemedyStep(edit=members["edit"].text())
    words = _SHELL_WORD.findall(members["command"].text())
    return RemedyStep(tuple(_unquoted(word) for word in words))


def _unquoted(word: str) -> str:
    return word[1:-1].replace("'\"'\"'", "'") if word.startswith("'") else word


def _run(node: Node) -> Run:
    texts = ("time", "command", "actor", "commit", "plan")
    members = dict(node.record("id", *texts, "outcome", "applied", "failed", "skipped"))
    _check_time(members["time"])
    counts = members["applied"].record(*PAST_TENSE.values())
    return Run(
        run=members["id"].text(),
        **read_texts({name: members[name] for name in texts}),
        outcome=members["outcome"].word(RunOutcome),
        counts={word: count.count() for word, count in counts.items()},
        failed=members["failed"].count(),
        skipped=members["skipped"].count(),
    )


def _check_time(node: Node) -> None:
    """Make sure that views can tell the age of it."""
    try:
        time = datetime.fromisoformat(node.text())
        exact = time.tzinfo == UTC and time.isoformat(timespec="seconds") == node.content
    except ValueError:
        exact = False
    if not exact:
        raise node.misfit("a time such as 2026-11-25T09:12:03+00:00 is expected")
