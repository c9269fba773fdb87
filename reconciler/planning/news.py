"""Which message a receiver is due: on a change, at least once, and never a storm of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.drift import DriftReport, ObjectDrift
from reconciler.model.news import Attempt, NewsKind, Standing, Told

_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 3600.0


def standing_of(report: DriftReport | None, before: Standing) -> Standing:
    """What a check came to: its report, or ``None`` where it failed; `before` is what was told."""
    if report is None:
        return replace(before, failed=True)
    return Standing(digest=digest_of(report.counting))


def next_news(told: Standing, now: Standing) -> tuple[NewsKind, Standing] | None:
    """The next message on the way from `told` to `now`, and what is told then."""
    if now.failed != told.failed:
        kind = NewsKind.FAILED if now.failed else NewsKind.RECOVERED
        return kind, replace(told, failed=now.failed)
    if now.digest == told.digest:
        return None
    if not told.digest:
        return NewsKind.APPEARED, now
    return (NewsKind.CHANGED if now.digest else NewsKind.GONE), now


def attempted(told: Told, aim: Standing, at: float) -> Told | None:
    """`told` with a message noted that is about to be sent; ``None`` while it is not due.

    A message that was sent before, and whose receiver did not accept it or was not heard to, is due
    again after a pause that doubles each time.
    """
    last = told.attempt
    if last is None or last.aim != aim:
        return replace(told, attempt=Attempt(aim, 1, at))
    pause = min(_FIRST_PAUSE * 2 ** min(last.tries - 1, 10), _LONGEST_PAUSE)
    if last.at <= at < last.at + pause:
        return None
    return replace(told, attempt=Attempt(aim, last.tries + 1, at))


def accepted(told: Told) -> Told:
    """`told` after the receiver has accepted the message that was attempted."""
    assert told.attempt is not None
    return Told(told.attempt.aim, told.number + 1)


def digest_of(objects: Iterable[ObjectDrift]) -> str:
    """A digest of the drift of `objects`: another value is another drift; empty without any."""
    drifts = [
        [
            *item.key,
            item.state,
            [
                [*field.path, field.state, field.fingerprint]
                for field in item.differing
                if not field.accepted
            ],
        ]
        for item in objects
    ]
    if not drifts:
        return ""
    return hashlib.sha256(json.dumps(drifts).encode()).hexdigest()
