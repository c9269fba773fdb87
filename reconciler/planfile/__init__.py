"""Plans as files: saved for a review, loaded again, and held against a fresh plan.

The format is JSON, version 1, described in ``docs/formats.md``. It holds fingerprints in place of
values, and everything that it takes to form the plan again.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from reconciler.errors import PlanFileError
from reconciler.files import write_whole
from reconciler.model.plans import Plan, StoreIdentity
from reconciler.model.values import Fingerprinter
from reconciler.planfile.codec import decode, encode
from reconciler.planfile.staleness import moved_objects
from reconciler.version import __version__

FORMAT = "reconciler.plan-file/v1"
_HEAD_BYTES = 64
_ANEW = "make a new one with `reconciler plan --out`"
_CHECKED: tuple[str, ...] = ("key-check",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan with what it takes to form it again.

    ``manifests`` are the paths that it was made from. ``salt`` is set, in hexadecimal, where the
    store had no fingerprint key yet; ``key_check`` tells whether a fingerprint key is the plan's.
    ``created`` is in RFC 3339.
    """

    plan: Plan
    manifests: tuple[str, ...]
    salt: str
    key_check: str
    created: str
    tool: str = __version__


def key_check(fingerprinter: Fingerprinter) -> str:
    """A fingerprint of nothing, by which a key is recognised."""
    return fingerprinter.of("", _CHECKED, "")


def saved_plan(
    plan: Plan, manifests: tuple[str, ...], salt: str, fingerprinter: Fingerprinter
) -> SavedPlan:
    """Put together what a plan file holds, as of now."""
    return SavedPlan(
        plan=plan,
        manifests=manifests,
        salt=salt,
        key_check=key_check(fingerprinter),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def save(saved: SavedPlan, path: Path) -> None:
    """Write the plan file, readable by its owner alone; an old file stays whole until then.

    Raises:
        PlanFileError: a file name of a manifest cannot be saved.
        FileNotWritten: the file cannot be written.
    """
    layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        content = orjson.dumps({"format": FORMAT, **encode(saved)}, option=layout)
    except orjson.JSONEncodeError:
        raise PlanFileError(
            f"{path}: the plan cannot be saved: a manifest's file name is not UTF-8",
            hint="rename the file",
        ) from None
    write_whole(path, content, mode=0o600)


def load(path: Path) -> SavedPlan:
    """Read a plan file.

    Raises:
        PlanFileError: it cannot be read, is damaged, or is of another version.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise PlanFileError(f"{path}: cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError:
        raise PlanFileError(f"{path}: is not a plan file, or is damaged", hint=_ANEW) from None
    found = document.pop("format", None) if isinstance(document, dict) else None
    if found != FORMAT:
        raise PlanFileError(
            f"{path}: is not a plan file of the format {FORMAT}",
            hint=_ANEW,
        )
    try:
        saved = decode(SavedPlan, document)
        bytes.fromhex(saved.salt)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        raise PlanFileError(f"{path}: the plan file is damaged", hint=_ANEW) from None
    return saved


def is_plan_file(path: Path) -> bool:
    """Whether `path` is a file that says of itself that it is a plan, of whatever version.

    Only a regular file is opened: what is read from a pipe is gone for its next reader.
    """
    try:
        if not path.is_file():
            return False
        # Not to wait where a pipe has taken the file's place just now.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return False
            return b'"reconciler.plan-file/' in os.pread(handle, _HEAD_BYTES, 0)
        finally:
            os.close(handle)
    except (OSError, ValueError):
        return False


def moved(saved: SavedPlan, fresh: Plan, fingerprinter: Fingerprinter) -> tuple[str, ...]:
    """What no longer is as `saved` has it, a line for each; `fresh` is the same plan made now.

    A store that did not exist when the plan was made is known by where it was to be.
    """
    lines: list[str] = []
    if _is_another(saved.plan.store, fresh.store):
        lines.append(f"the plan was made for another store, {saved.plan.store.location}")
    same_key = saved.key_check == key_check(fingerprinter)
    if not same_key:
        lines.append(
            "values in the manifests are not those of the plan"
            if saved.salt
            else "the store's fingerprint key is not the one that the plan was made with"
        )
    lines += moved_objects(saved.plan, fresh, same_key=same_key)
    lines += [
        f"{problem.object}: {problem.message}"
        for problem in fresh.problems
        if problem not in saved.plan.problems
    ]
    lines += [refusal.message for refusal in fresh.refusals if refusal not in saved.plan.refusals]
    return tuple(lines)


def _is_another(old: StoreIdentity, new: StoreIdentity) -> bool:
    if old.id:
        return old != new
    return (old.scheme, old.location) != (new.scheme, new.location)
