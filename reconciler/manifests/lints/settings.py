"""The lints, and the settings that turn them off or make errors of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from reconciler.model.objects import Severity
from reconciler.rules import WARNINGS

OFF: Literal["off"] = "off"
EXPIRY_DAYS = 30

LINTS = frozenset(
    {
        "annotation-last-applied",
        "annotation-repeats-value",
        "certificate-expired",
        "certificate-expiring",
        "certificate-not-yet-valid",
        "data-overridden",
        "key-renamed",
        "lint-ignore-unknown",
        "merge-override",
        "pem-unreadable",
        "private-key-unterminated",
        "registry-auth-mismatch",
        "registry-no-credential",
        "registry-one-domain",
        "secret-key-unprovided",
        "secret-two-owners",
        "secret-unprovided",
        "source-unstable",
        "type-misspelt",
        "type-of-program",
        "value-carriage-return",
        "value-empty",
        "value-encoded-twice",
        "value-encrypted",
        "value-lost",
        "value-placeholder",
        "value-quoted",
        "value-whitespace",
        *WARNINGS,
    }
)
"""The codes of all warnings, those of the rules included: what settings may name."""


Level = Severity | Literal["off"]
"""What a warning is reported as, if at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LintSettings:
    """How warnings are reported.

    ``levels`` maps codes of `LINTS` to their levels; all others are warnings. ``paths`` has levels
    for the files that a pattern of gitignore's fits, from the directory ``root``; later ones win.
    ``strict`` turns the remaining warnings into errors. A certificate is reported ``expiry_days``
    before it expires.
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    paths: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)
    root: str = "."
    expiry_days: int = EXPIRY_DAYS
    strict: bool = False

    def level(self, code: str) -> Level:
        """What a warning with `code` becomes."""
        level = self.levels.get(code, Severity.WARNING)
        return Severity.ERROR if self.strict and level is Severity.WARNING else level

    def of_file(self, file: str) -> LintSettings:
        """The settings for what `file` holds; ``paths`` are in its ``levels``."""
        if not self.paths:
            return self
        path = os.path.relpath(file, self.root)
        levels = dict(self.levels)
        for pattern, of_pattern in self.paths.items():
            if _fits(pattern, path):
                levels.update(of_pattern)
        return replace(self, levels=levels, paths={})


@lru_cache
def _fits(pattern: str, path: str) -> bool:
    # Imported here, since few runs have such settings.
    from pathspec import GitIgnoreSpec

    return not path.startswith(os.pardir) and GitIgnoreSpec.from_lines([pattern]).match_file(path)
