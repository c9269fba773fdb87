"""Messages about drift checks: text for people, and CloudEvents for programs.

Neither holds a value. Source of the event's attributes: CloudEvents 1.0.2, JSON format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport
from reconciler.model.news import Letter, NewsKind, Standing
from reconciler.views import change_words, drift_groups, drift_words, plan_words, words
from reconciler.views.json.histories import run_document
from reconciler.views.json.parts import Document

_MOST_GROUPS = 10
_MOST_NAMES = 100
_TITLES = {
    NewsKind.FAILED: "The drift check of {} fails",
    NewsKind.RECOVERED: "The drift check of {} works again",
    NewsKind.APPEARED: "Drift in {}",
    NewsKind.CHANGED: "Other drift in {}",
    NewsKind.GONE: "No more drift in {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What there is to tell: what a check of a set came to, at a time.

    ``environment`` is the one that was checked; empty where the configuration has none. ``report``
    is ``None`` where the check failed; ``error`` then says why.
    """

    set_name: str
    environment: str = ""
    now: datetime
    report: DriftReport | None = None
    error: str = ""


def letter(kind: NewsKind, finding: Finding, aim: Standing, *, sender: str, number: int) -> Letter:
    """The message to a receiver of what `finding` came to.

    The same message has the same id, however often it is sent: `number` is how many the receiver
    had accepted before, and `sender` tells this memory of receivers from others.
    """
    where = f"environment {finding.environment}, " if finding.environment else ""
    place = escaped(f"{where}set {finding.set_name}")
    lines = [*_lines(finding)]
    identity = f"{sender} {number} {kind} {aim.failed} {aim.digest}"
    event = {
        "specversion": "1.0",
        "id": hashlib.sha256(identity.encode()).hexdigest()[:32],
        "source": _source(finding),
        "type": f"reconciler.{kind}",
        "subject": finding.set_name,
        "time": finding.now.isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "data": _data(finding),
    }
    return Letter(
        inert(_TITLES[kind].format(place)), inert("\n".join(lines)), json.dumps(event).encode()
    )


def _source(finding: Finding) -> str:
    """What the event is about, as a URN: events of two environments have different sources."""
    parts = {"environment": finding.environment, "set": finding.set_name}
    named = [f"{noun}:{quote(name, safe='')}" for noun, name in parts.items() if name]
    return ":".join(["urn:reconciler", *named])


def _lines(finding: Finding) -> Iterator[str]:
    report = finding.report
    if report is None:
        yield escaped(finding.error)
        return
    yield drift_words.summary_text(report)
    groups = [*drift_groups.alike(drift_words.counting(report))]
    for group in groups[:_MOST_GROUPS]:
        yield ""
        yield f"{drift_groups.subject(group)}: {group[0].words}"
        yield from (f"  {line.symbol} {line.text}" for line in change_words.aligned(group[0].rows))
        if len(group) > 1:
            yield from (f"  {line}" for line in drift_groups.name_lines(group, whole=False))
    if len(groups) > _MOST_GROUPS:
        yield f"\nand {len(groups) - _MOST_GROUPS} more kinds of drift"
    yield ""
    yield plan_words.set_text(report.set_name, report.store) + plan_words.last_text(
        report.last, finding.now
    )


def _data(finding: Finding) -> Document:
    report = finding.report
    if report is None:
        return {**_place(finding), "error": finding.error}
    return {
        **_place(finding),
        "store": {"scheme": report.store.scheme, "location": report.store.location},
        "lastRun": report.last and run_document(report.last),
        "summary": drift_words.summary_text(report),
        "drift": [
            {
                "kind": group[0].item.key.kind,
                "state": group[0].item.state,
                "fields": [
                    {"field": words.field_text(field.path), "state": field.state}
                    for field in group[0].item.differing
                ],
                "count": len(group),
                "objects": [str(finding.item.key) for finding in group[:_MOST_NAMES]],
            }
            for group in drift_groups.alike(drift_words.counting(report))
        ],
    }


def _place(finding: Finding) -> Document:
    return {"environment": finding.environment or None, "set": finding.set_name}
