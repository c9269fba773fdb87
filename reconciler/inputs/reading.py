"""What the inputs of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One pass over all inputs.

    ``stdin`` is read for ``-``; ``None`` stands for the process's own. ``seen`` has the names of
    all files so far, so that each is read once: see `reconciler.inputs.identity`.
    """

    stdin: IO[bytes] | None = None
    seen: dict[str, str] = field(default_factory=dict)
