"""Times and spans as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((86_400, "days"), (3_600, "h"), (60, "min"))


def date_text(seconds: float) -> str:
    """``2026-11-25 09:12:03 UTC``, of seconds since 1970."""
    # Not strftime, which pads no years and depends on the platform.
    whole = EPOCH + timedelta(seconds=math.floor(seconds))
    return f"{whole.replace(tzinfo=None).isoformat(sep=' ')} UTC"


def span_text(seconds: float) -> str:
    """``45 s``, ``3 h`` or ``5 days``."""
    for length, unit in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
