"""The lock of a set as a store holds it, and what is said of it.

A server or a file may hold anything where a lock should be. What cannot be understood counts as
held, since its holder may be at work.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.errors import LockLost, ObjectMoved, StoreLocked
from reconciler.model.times import EPOCH, date_text, span_text

LEASE_SECONDS = 60.0
"""For how long an apply takes its lock, and extends it each time."""
RENEWALS_PER_LEASE = 3
CLOCK_TOLERANCE = 5.0
"""Seconds by which the clocks of two machines may differ unmentioned."""

_FIRST = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH).total_seconds()
_HOST = re.compile(r"[^@]*@([^\s@()]+) \(process ")
_ID_DIGITS = 12
_LONGEST_HOLDER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The lock of a set as it was read.

    ``id`` tells it from every other lock that the set has had, and stays while it is extended.
    ``holder`` is empty where none is named. Times are in seconds since 1970, and ``None`` where
    what the store holds is no time: ``since`` when it was taken, ``renewed`` when it was extended
    last, where the store keeps that, and ``until`` when it expires. ``read_at`` is when it was
    read, by the clock of `clock`.
    """

    set_name: str
    id: str
    holder: str
    since: float | None
    until: float | None
    read_at: float
    renewed: float | None = None
    clock: str = "this machine"

    @property
    def is_held(self) -> bool:
        """Whether it keeps others out: until it expires, and for ever where that is no time."""
        return self.until is None or self.until > self.read_at

    @property
    def holder_text(self) -> str:
        """Who holds it, in no more than a line or two."""
        shown = self.holder[:_LONGEST_HOLDER]
        return (shown if shown == self.holder else f"{shown}…") or "somebody unknown"

    @property
    def host(self) -> str:
        """The holder's machine; empty where the holder does not say."""
        named = _HOST.match(self.holder)
        return named[1] if named else ""

    @property
    def since_text(self) -> str:
        """When it was taken."""
        return "unknown" if self.since is None else self._time_text(self.since)

    @property
    def until_text(self) -> str:
        """When it expires."""
        if self.until is None:
            return "never: its times cannot be understood"
        return self._time_text(self.until)

    @property
    def clock_text(self) -> str:
        """What its times say against the clocks; empty where they agree."""
        renewed = self.renewed
        if renewed is None and self.until is not None:
            renewed = self.until - LEASE_SECONDS
        for done, at in (("taken", self.since), ("extended", renewed)):
            if at is not None and at > self.read_at + CLOCK_TOLERANCE:
                away = span_text(at - self.read_at)
                return (
                    f"it was {done} {away} from now by the clock of {self.clock}:"
                    f" the clocks of {self.host or 'its holder'} and {self.clock} disagree, or"
                    " somebody has changed the lock"
                )
        return ""

    def refusal(self) -> StoreLocked:
        """The error for whoever finds it held."""
        since = "" if self.since is None else f" since {date_text(self.since)}"
        expiry = (
            "its times cannot be understood, so it never expires"
            if self.until is None
            else f"it expires at {self.until_text} unless it is extended"
        )
        told = [f"the set {self.set_name!r} is locked by {self.holder_text}{since}", expiry]
        broken = f"reconciler unlock --set {shlex.quote(self.set_name)} --force"
        return StoreLocked(
            "; ".join(filter(None, (*told, self.clock_text))),
            holder=self.holder_text,
            hint="wait for it with --lock-timeout; where its holder no longer runs, break it with: "
            + broken,
        )

    def refuse_other(self, current: Lock) -> None:
        """Make sure that `current`, the set's lock of just now, is this one.

        Raises:
            ObjectMoved: it is another one, or had expired and was extended since.
        """
        if current.id != self.id or (current.is_held and not self.is_held):
            raise ObjectMoved(
                f"the lock of the set {self.set_name!r} was taken or extended just now by"
                f" {current.holder_text}: it was left alone",
                hint="look at it again with reconciler unlock",
            )

    def _time_text(self, at: float) -> str:
        away = at - self.read_at
        relative = f"in {span_text(away)}" if away > 0 else f"{span_text(-away)} ago"
        return f"{date_text(at)} ({relative})"


def lost(lock: Lock | None) -> LockLost:
    """The error for a holder whose lock has gone; `lock` is what stands there now."""
    holder = "nobody" if lock is None or not lock.is_held else lock.holder_text
    return LockLost(f"it was broken or has expired, and {holder} has it now")


def lock_id(*parts: object) -> str:
    """An id for the lock that `parts` identify within its store."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:_ID_DIGITS]


def moment(value: object) -> float | None:
    """`value` as seconds since 1970; ``None`` where it is no time of the years 1 to 9999."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if _FIRST <= seconds <= _LAST else None
