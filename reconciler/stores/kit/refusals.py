"""The errors by which stores refuse a write, or to be opened."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler import rules
from reconciler.errors import ConfigError, ObjectExists, ObjectInvalid, ObjectMoved, ObjectNotFound
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Precondition


def refuse(key: ObjectKey, violations: Iterable[rules.Violation]) -> None:
    """Raise `ObjectInvalid` if there is any violation; its message names them all."""
    faults = tuple(violations)
    if faults:
        texts = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        hints = "; ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint))
        raise ObjectInvalid(f"{key}: {texts}", hint=hints)


def precondition_error(
    key: ObjectKey, uid: str, version: str, seen: Precondition
) -> ObjectMoved | None:
    """The error if an object is no longer what the plan saw, else ``None``.

    `uid` and `version` are the present uid and resource version of the object.
    """
    if uid != seen.uid:
        return ObjectMoved(f"{key} was deleted and created again since it was read")
    if version != seen.resource_version:
        return ObjectMoved(
            f"{key} was changed since it was read: its resource version is {version} and not "
            f"{seen.resource_version}"
        )
    return None


def refuse_moved(key: ObjectKey, uid: str, version: str, seen: Precondition) -> None:
    """Raise the error of `precondition_error`, if there is one."""
    error = precondition_error(key, uid, version, seen)
    if error is not None:
        raise error


def not_installed(scheme: str, needed: str, extra: str) -> ConfigError:
    """The error of a store whose SDK, `needed` in words, is not installed."""
    return ConfigError(
        f"the store {scheme}: needs {needed}",
        hint=f"install it with: pip install 'secrets-reconciler[{extra}]'",
    )


def missing(key: ObjectKey) -> ObjectNotFound:
    """The error of a write to an object that does not exist."""
    return ObjectNotFound(f"{key} does not exist")


def exists(key: ObjectKey) -> ObjectExists:
    """The error of a create whose name is taken."""
    return ObjectExists(f"{key} exists already")
