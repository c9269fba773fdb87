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
    try:
        baseline = _baseline(document) if document["format"] == BASELINE_FORMAT else None
    except (KeyError, TypeError, ValueError, AttributeError):
        baseline = None
    if baseline is None:
        raise ConfigError(f"--baseline: {path} is no baseline of this version", hint=_HOW)
    return baseline


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
