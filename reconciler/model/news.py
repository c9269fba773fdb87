"""What is told about drift checks: messages, and what a receiver has been told so far."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NewsKind(StrEnum):
    """What has changed since a receiver was told last."""

    FAILED = "check.failed"
    """A check ended with an error."""
    RECOVERED = "check.recovered"
    """A check succeeded, after one that had failed."""
    APPEARED = "drift.appeared"
    CHANGED = "drift.changed"
    """The drift is another one."""
    GONE = "drift.gone"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a check came to, as far as it is told.

    ``digest`` stands for the drift that counts; it is empty where there is none. A failed check
    knows of no drift, and leaves the digest as it was.
    """

    failed: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that may have been sent: it ends in ``aim`` once its receiver has accepted it.

    ``tries`` counts how often it was sent, the last time at ``at``, in seconds since 1970.
    """

    aim: Standing
    tries: int
    at: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a receiver has been told. ``number`` counts the messages that it has accepted."""

    standing: Standing = Standing()
    number: int = 0
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the forms in which receivers take it: a title, a text, and a CloudEvent."""

    title: str
    body: str
    event: bytes
