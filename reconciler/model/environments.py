"""The names of environments."""

from __future__ import annotations

import re

NAME_RULE = (
    "the name of an environment has letters, digits, '-', '_' and '.', starts and ends with a "
    "letter or digit, and has at most 63 of them"
)
_NAME = re.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def is_environment_name(text: str) -> bool:
    """Whether `text` may be the name of an environment: it is safe in a heading and a file name."""
    return _NAME.fullmatch(text) is not None
