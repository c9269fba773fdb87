"""The lints, and the settings that turn them off or make errors of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        "merge-override",
        "pem-unreadable",
        "private-key-unterminated",
        "registry-auth-mismatch",
        "registry-one-domain",
        "secret-key-unprovided",
        "secret-two-owners",
        "secret-unprovided",
        "value-carriage-return",
        "value-empty",
        "value-encoded-twice",
        "value-encrypted",
        "value-lost",
        "value-placeholder",
        "value-whitespace",
        *WARNINGS,
    }
)
"""The codes of all warnings, those of the rules included: what settings may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LintSettings:
    """How warnings are reported.

    ``levels`` maps codes of `LINTS` to their levels; all others are warnings. ``strict`` turns the
    remaining warnings into errors. A certificate is reported ``expiry_days`` before it expires.
    """

    levels: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict)
    expiry_days: int = EXPIRY_DAYS
    strict: bool = False

    def level(self, code: str) -> Severity | Literal["off"]:
        """What a warning with `code` becomes."""
        level = self.levels.get(code, Severity.WARNING)
        return Severity.ERROR if self.strict and level is Severity.WARNING else level
