"""The exception tree and the exit-code table.

Every message in here is written for the person who reads it and may be shown as it is: whoever
raises one of these has made sure that it holds no secret value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller, the same for every command."""

    OK = 0
    """Done, or in sync."""
    ERROR = 1
    """An error, usage errors included; nothing was changed."""
    CHANGES = 2
    """Changes or drift present (``drift``, ``--detailed-exitcode`` of ``plan`` and ``diff``)."""
    REFUSED = 3
    """Refused by a guard; nothing was changed."""
    STALE = 4
    """The plan no longer matches the manifests or the store; nothing was changed."""
    PARTIAL = 5
    """Applied in part: at least one step failed or was skipped."""
    INTERRUPTED = 130
    """Stopped by SIGINT or SIGTERM; steps in flight were finished."""


_WORST_FIRST = (
    ExitCode.ERROR,
    ExitCode.PARTIAL,
    ExitCode.STALE,
    ExitCode.REFUSED,
    ExitCode.INTERRUPTED,
    ExitCode.CHANGES,
    ExitCode.OK,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code of a run over several environments; without any, that of success."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.OK)


def environment_text(error: BaseException) -> str:
    """What the machine or its system refused, where that and no fault of ours is the reason.

    Only the system's own words: the text of an exception, and a file name in it, might hold a
    value.
    """
    match error:
        case MemoryError():
            return "the memory ran out: give the process more, or split the manifests"
        case RecursionError():
            return "the input is nested too deeply"
        case OSError(strerror=str(reason)):
            return f"the operating system refused a call: {reason}"
        case ImportError(name=str(name)):
            return f"the module {name} cannot be imported: check the installation, and the memory"
        case RuntimeError(args=(str(text),)) if text.startswith("can't start new thread"):
            return "no thread can be started: raise the limit of processes or of memory"
    return ""


class ReconcilerError(Exception):
    """Anything that ends a command with a message instead of a traceback.

    ``details`` go into it one by one, ``hint`` says what to do.
    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)


class ConfigError(ReconcilerError):
    """An option, an environment variable or ``reconciler.yaml`` cannot be used."""


class PlanFileError(ReconcilerError):
    """A plan file is unreadable, damaged, or of a format that this version does not know."""


class FileNotWritten(ReconcilerError):
    """A file that was asked for cannot be written; an old one is as it was."""


class PlanBlocked(ReconcilerError):
    """The plan has problems, or a guard refuses it."""

    exit_code = ExitCode.REFUSED


class InvalidManifests(ReconcilerError):
    """The manifests have errors; their diagnostics say which."""


class StalePlan(ReconcilerError):
    """Desired or live no longer match the plan; ``details`` has a line for each object."""

    exit_code = ExitCode.STALE


class PlanAltered(ReconcilerError):
    """A plan file is not what was sealed: somebody has changed it."""

    exit_code = ExitCode.STALE


class PlanNotTrusted(ReconcilerError):
    """A plan file may not be written or applied, for its seal or its fingerprints protect nothing.

    The user can allow either.
    """

    exit_code = ExitCode.REFUSED


class StoreError(ReconcilerError):
    """A store could not do what it was asked to."""


class StoreReadOnly(StoreError):
    """The store can only be read; its plans are for review."""

    exit_code = ExitCode.REFUSED

    def __init__(self) -> None:
        super().__init__(
            "this store can only be read, and its plans are for review, so nothing was changed",
            hint="plan and apply with the store that is to be changed",
        )


class StoreUnavailable(StoreError):
    """A passing fault: the same call may succeed when it is made again.

    ``retry_after`` is what the store asks for, in seconds; ``None`` where it asks for nothing, or
    for what nobody can wait.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after if retry_after is not None and retry_after >= 0 else None


class StoreDamaged(StoreError):
    """What the store holds cannot be read: a wrong key, a truncated or altered file."""


class ObjectNotFound(StoreError):
    """The object, or the namespace that it needs, does not exist."""


class ObjectExists(StoreError):
    """An object of that name exists already."""


class ObjectMoved(StoreError):
    """The object's uid or resource version is no longer the one that the plan saw."""


class ObjectInvalid(StoreError):
    """The store's rules refuse the object or the update."""


class RightsMissing(StoreError):
    """The store does not let this user do what is needed; ``details`` has a line for each right."""


class StoreLocked(StoreError):
    """Another apply of the same set holds the lock."""

    def __init__(self, message: str, *, holder: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.holder = holder


class LockLost(StoreError):
    """The lock of this apply expired or was taken while it ran."""

    exit_code = ExitCode.PARTIAL
