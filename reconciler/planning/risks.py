"""What can go wrong with a change, so that a reviewer reads first what matters most."""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.fields import DATA
from reconciler.model.plans import Action, Change, FieldAction, FieldChange, Reason
from reconciler.model.values import ValueRef


class Risk(StrEnum):
    """The greatest risk of a change; those that come first are greater."""

    DELETE = "delete"
    """An object is deleted."""
    REPLACE = "replace"
    """An object is deleted and created anew."""
    REMOVED_KEYS = "removed-keys"
    """A key of data is removed."""
    UNKNOWABLE = "unknowable"
    """A value that cannot be compared changes: it is sealed, or the store does not give it back."""
    WARNING = "warning"
    """The manifest has warnings."""
    RESTART = "restart"
    """A workload is restarted."""
    ORDINARY = "ordinary"


RANKS = {risk: rank for rank, risk in enumerate(Risk)}
"""The risks as numbers, the greatest first."""


def risk_of(change: Change) -> Risk:
    """The greatest risk of `change`."""
    if change.action is Action.DELETE:
        return Risk.DELETE
    if change.action is Action.REPLACE:
        return Risk.REPLACE
    if change.action is Action.RESTART:
        return Risk.RESTART
    if removed_keys(change):
        return Risk.REMOVED_KEYS
    if Reason.SEALED in change.reasons or any(map(_cannot_be_compared, change.fields)):
        return Risk.UNKNOWABLE
    return Risk.WARNING if change.warnings else Risk.ORDINARY


def _cannot_be_compared(field: FieldChange) -> bool:
    return _is_unsure(field.before) or _is_unsure(field.after)


def _is_unsure(value: object) -> bool:
    return isinstance(value, ValueRef) and (value.unread or value.sealed)


def removed_keys(change: Change) -> tuple[str, ...]:
    """The keys of data that an object has before and not afterwards, while it stays."""
    return tuple(
        field.path[1]
        for field in change.fields
        if field.path[0] == DATA and field.action is FieldAction.REMOVED
    )
