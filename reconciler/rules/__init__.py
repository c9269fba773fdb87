"""What an API server would say of an object, as pure functions."""

from __future__ import annotations

from reconciler.rules.certificates import certificate_dates, validity
from reconciler.rules.consumers import CONSUMER_GROUPS, account_consumers, consumers_of
from reconciler.rules.creation import CHECKS, refusals, validate
from reconciler.rules.hash_suffixes import hashed_base, without_hashes
from reconciler.rules.metadata import finalizer_violations
from reconciler.rules.names import (
    SUFFIX_ALPHABET,
    SUFFIX_LENGTH,
    generated_name,
    is_data_key,
)
from reconciler.rules.updates import replace_reasons, validate_update
from reconciler.rules.violations import CUMULATIVE, WARNINGS, Check, RulePath, Violation, field_text

__all__ = [
    "CHECKS",
    "CONSUMER_GROUPS",
    "CUMULATIVE",
    "SUFFIX_ALPHABET",
    "SUFFIX_LENGTH",
    "WARNINGS",
    "Check",
    "RulePath",
    "Violation",
    "account_consumers",
    "certificate_dates",
    "consumers_of",
    "field_text",
    "finalizer_violations",
    "generated_name",
    "hashed_base",
    "is_data_key",
    "refusals",
    "replace_reasons",
    "validate",
    "validate_update",
    "validity",
    "without_hashes",
]
