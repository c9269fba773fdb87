"""All matches of a pattern, for the readers that take a text step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MOST_AT_ONCE = 500_000  # characters; their matches take some ten times as many bytes


def matches(pattern: re.Pattern[str], text: str, start: int) -> Iterable[tuple[str, ...]]:
    """The groups of all matches in `text` from `start` on.

    To find them all at once is quicker, and takes memory for all of them.
    """
    if len(text) <= _MOST_AT_ONCE:
        return pattern.findall(text, start)
    return (match.groups("") for match in pattern.finditer(text, start))
