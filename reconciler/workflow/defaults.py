"""What a run takes where nobody says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

DEFAULT_PARALLELISM = 10
DEFAULT_WAIT = 120.0
"""How long a step waits until its write has had its effect, in seconds."""


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
