"""A plan file as bytes: an envelope of a few fields around the plan, closed by a seal.

Format 2 is JSON and described in ``docs/formats.md``. Files of format 1, which 0.1.0 wrote, have
neither a seal nor a list of required fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import orjson

from reconciler.errors import PlanFileError
from reconciler.escapes import json_text
from reconciler.files import write_over_own
from reconciler.model.inputs import Exclusion, SourceMark
from reconciler.model.nodes import Misfit, parsed
from reconciler.model.plans import Plan
from reconciler.planfile.codec import compared_paths, decode, encode, field_paths
from reconciler.planfile.seal import mac
from reconciler.version import __version__

FORMAT = "reconciler.plan-file/v2"
_FIRST_FORMAT = "reconciler.plan-file/v1"
_FIRST_FIELDS = frozenset({"plan", "manifests", "salt", "key_check", "created", "tool"})
_SEAL = re.compile("[0-9a-f]{64}")
MARK = b'"reconciler.plan-file/'  # near the start of files of all formats
_END = b"\n}"
_ANEW = "make a new one with `reconciler plan --out`"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan with what it takes to form it again.

    ``manifests`` are the paths that it was made from, without what ``exclude`` leaves out of
    directories, and ``sources`` what has a name of its own, by name and a digest of its definition.
    ``store`` is the URL of its store without credentials, and empty where the plan
    does not say. ``salt`` is set, in hexadecimal, where the store had no fingerprint key yet;
    ``key_check`` tells whether a fingerprint key is the plan's. ``created`` and ``expires`` are in
    RFC 3339; ``expires`` is empty for a plan that never does.

    A reader must understand the fields that take part in comparisons, here and in the plan.
    """

    plan: Plan
    manifests: tuple[str, ...]
    sources: tuple[SourceMark, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    salt: str
    key_check: str
    store: str = ""
    expires: str = ""
    created: str = field(compare=False)
    tool: str = field(default=__version__, compare=False)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan file as it was read.

    ``sealed`` are the bytes that ``seal`` covers; both are empty in files of format 1.
    """

    saved: SavedPlan
    sealed: bytes = field(default=b"", repr=False)
    seal: str = ""


def save(saved: SavedPlan, path: Path, key: bytes) -> None:
    """Write the plan file, sealed under the fingerprint key `key` and readable by its owner alone.

    An old plan file stays whole until the new one is; another file is not replaced.

    Raises:
        PlanFileError: a file name of a manifest cannot be saved.
        FileNotWritten: the file cannot be written.
    """
    write_over_own(path, packed(saved, path, key), mode=0o600, mark=MARK)


def packed(saved: SavedPlan, path: Path, key: bytes) -> bytes:
    """The content of a plan file, sealed under `key`; `path` is what errors call it.

    Raises:
        PlanFileError: a file name of a manifest cannot be saved.
    """
    document = encode(saved)
    head = {"format": FORMAT, "required": sorted(compared_paths(SavedPlan, document))}
    try:
        content = orjson.dumps({**head, **document}, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        raise PlanFileError(
            f"{path}: the plan cannot be saved: a manifest's file name is not UTF-8",
            hint="rename the file",
        ) from None
    sealed = json_text(content.removesuffix(_END).decode()).encode()
    return sealed + _closing(mac(sealed, key))


def load(path: Path) -> PlanFile:
    """Read a plan file, of this format or an older one. Does not check its seal.

    Raises:
        PlanFileError: it cannot be read, is damaged, or needs a newer version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanFileError(f"{path}: cannot be read: {error.strerror}") from None
    return unpacked(content, path)


def unpacked(content: bytes, path: Path) -> PlanFile:
    """The plan file with this content, as `load` returns it; `path` is what errors call it.

    Raises:
        PlanFileError: it is damaged, or needs a newer version.
    """
    try:
        document = parsed(content)
    except Misfit:
        raise PlanFileError(f"{path} is not a plan file, or is damaged", hint=_ANEW) from None
    written_as = document.pop("format", None) if isinstance(document, dict) else None
    if written_as == FORMAT:
        return _opened(path, content, document)
    if written_as == _FIRST_FORMAT:
        if document.keys() - _FIRST_FIELDS:
            _refuse_damaged(path, document)
        return PlanFile(_saved(path, document))
    raise PlanFileError(f"{path} is not a plan file of the format {FORMAT}", hint=_ANEW)


def _opened(path: Path, content: bytes, document: dict[str, Any]) -> PlanFile:
    required, seal = document.pop("required", None), document.pop("seal", None)
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        _refuse_damaged(path, document)
    unknown = sorted({*required} - {*field_paths(SavedPlan)})
    if unknown:
        raise PlanFileError(
            f"{path}: the plan was made by a newer version of reconciler, and this one "
            f"({__version__}) does not understand {', '.join(unknown)}",
            hint="upgrade, or make a new plan with this version",
        )
    if not (isinstance(seal, str) and _SEAL.fullmatch(seal)):
        _refuse_damaged(path, document)
    # Where the seal is not the end of the file, something was added, and no seal covers that.
    return PlanFile(_saved(path, document), content.removesuffix(_closing(seal)), seal)


def _saved(path: Path, document: dict[str, Any]) -> SavedPlan:
    try:
        saved = decode(SavedPlan, document)
        bytes.fromhex(saved.salt)
        knows_its_time = not saved.expires or datetime.fromisoformat(saved.expires).tzinfo
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        _refuse_damaged(path, document)
    if not knows_its_time:
        _refuse_damaged(path, document)
    return saved


def _refuse_damaged(path: Path, document: dict[str, Any]) -> NoReturn:
    tool = document.get("tool", __version__)
    if tool == __version__:
        raise PlanFileError(f"{path}: the plan file is damaged", hint=_ANEW)
    raise PlanFileError(
        f"{path}: the plan file is damaged, or holds what only reconciler {tool} understands",
        hint=f"this is reconciler {__version__}: use the version that made the plan, or {_ANEW}",
    )


def _closing(seal: str) -> bytes:
    return f',\n  "seal": "{seal}"\n}}\n'.encode()
