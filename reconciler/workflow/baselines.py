"""Baselines of drift checks: files in the format ``reconciler.baseline/v1``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reconciler.errors import ConfigError
from reconciler.model.drift import DriftReport, FieldState, ObjectState
from reconciler.model.objects import ObjectKey
from reconciler.planning.baselines import Accepted, Baseline, with_baselines
from reconciler.views.baseline import BASELINE_FORMAT

_HOW = "write one with: reconciler drift --report baseline=FILE"


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        ConfigError: it cannot be read, or is no baseline.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--baseline: {path}: {error.strerror}", hint=_HOW) from None
    except (ValueError, RecursionError):
        raise ConfigError(f"--baseline: {path} is not JSON", hint=_HOW) from None
    fault = _format_fault(document)
    if fault:
        raise ConfigError(f"--baseline: {path} {fault}", hint=_HOW)
    try:
        return _baseline(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ConfigError(f"--baseline: {path} is a damaged baseline", hint=_HOW) from None


def accepted(report: DriftReport, baselines: Mapping[Path, Baseline]) -> DriftReport:
    """`report` with what `baselines`, by their files, have accepted.

    Raises:
        ConfigError: one is of another set, or of another store.
    """
    for path, baseline in baselines.items():
        if (baseline.store_id, baseline.set_name) != (report.store.id, report.set_name):
            what = "set" if baseline.set_name != report.set_name else "store"
            raise ConfigError(f"--baseline: {path} is of another {what}", hint=_HOW)
    return with_baselines(report, baselines.values())


def read_baselines(paths: Iterable[Path]) -> dict[Path, Baseline]:
    """The baselines in files; see `read_baseline`."""
    return {path: read_baseline(path) for path in paths}


def _format_fault(document: Any) -> str:
    """Why `document` is no baseline that this version reads; empty if it says that it is one."""
    name = document.get("format") if isinstance(document, dict) else None
    if name == BASELINE_FORMAT:
        return ""
    if not isinstance(name, str) or not name.startswith("reconciler."):
        return "is not a baseline"
    kind = BASELINE_FORMAT.partition("/")[0]
    if name.startswith(f"{kind}/"):
        return f"is a baseline of another version: it is {name}, and this version reads v1"
    return f"is not a baseline, but {name}"


def _baseline(document: Mapping[str, Any]) -> Baseline:
    return Baseline(
        store_id=str(document["store"]),
        set_name=str(document["set"]),
        run=str(document["run"]),
        objects={
            ObjectKey(**item["key"]): Accepted(
                ObjectState(item["state"]),
                {
                    tuple(field["path"]): (FieldState(field["state"]), field["fingerprint"])
                    for field in item["fields"]
                },
            )
            for item in document["objects"]
        },
    )
