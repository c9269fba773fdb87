"""Drift checks: what became of what was applied, and what can be done about it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.errors import ConfigError, StoreError
from reconciler.manifests import Loaded
from reconciler.model.drift import FAIL_ON, DriftKind, DriftReport
from reconciler.model.objects import ObjectKey
from reconciler.model.remedies import CommandLine
from reconciler.model.store import Store
from reconciler.planning.remedies import Manifests, remedies_of
from reconciler.workflow.announcing import refuse_silent
from reconciler.workflow.baselines import accepted, read_baselines
from reconciler.workflow.environments import Environment, refuse_errors
from reconciler.workflow.histories import last_run
from reconciler.workflow.planned import drift, read

_YAML = {".yaml", ".yml"}
_SEPARATOR = re.compile(rb"^(?:---|\.\.\.)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftCheck:
    """What a drift check is asked for.

    ``unmanaged`` lists Secrets of no set too, in the namespaces of the set. ``fail_on`` are the
    kinds of drift that count, and ``baselines`` are files of drift that does not. ``line`` is how
    the commands in the report reach what was checked. ``events`` says that events are to be
    written afterwards, so that a store without them is refused.
    """

    unmanaged: bool = False
    fail_on: frozenset[DriftKind] = FAIL_ON
    baselines: tuple[Path, ...] = ()
    line: CommandLine = field(default_factory=CommandLine)
    events: bool = False


_PLAIN = DriftCheck()


def drift_of(
    environment: Environment, loaded: Loaded, store: Store, check: DriftCheck = _PLAIN
) -> DriftReport:
    """Compare the live objects with what was applied last; with targets, only these.

    Raises:
        InvalidManifests: the manifests have errors.
        ConfigError: the store does not exist or has no events, nothing holds a target, or a
            baseline is of no use.
        StoreError: it cannot be read.
    """
    refuse_errors(loaded)
    if check.events:
        refuse_silent(store)
    baselines = read_baselines(check.baselines)
    options = environment.options
    unmanaged = check.unmanaged or DriftKind.UNMANAGED in check.fail_on
    whole = replace(options, targets=())
    snapshot = read(loaded.objects, store, whole, unmanaged=unmanaged)
    if not snapshot.exists:  # or a check of a wrong path would pass for a good one, day after day
        raise ConfigError(
            "the store does not exist, so nothing can have drifted",
            hint="check --store, or apply once before the first check",
        )
    report = drift(loaded.objects, snapshot, whole, unmanaged=unmanaged)
    report = replace(
        _targeted(report, options.targets),
        last=last_run(store, options.set_name),
        notices=(*loaded.notices, *report.notices),
        fail_on=check.fail_on,
        locked_seconds=_locked_seconds(store, options.set_name),
    )
    report = accepted(report, baselines)
    manifests = _manifests(report, loaded)
    remedies = remedies_of(report, manifests, check.line, snapshot.capabilities)
    return replace(report, remedies=remedies)


def _locked_seconds(store: Store, set_name: str) -> float | None:
    """For how long somebody has held the set's lock; see `DriftReport`.

    Who may read the set need not be allowed to read its lock.
    """
    try:
        lock = store.read_lock(set_name)
    except StoreError:
        return None
    if lock is None or not lock.is_held:
        return 0.0
    return math.inf if lock.since is None else max(lock.read_at - lock.since, 0.0)


def _targeted(report: DriftReport, targets: Sequence[ObjectKey]) -> DriftReport:
    """`report` of the targets alone, where there are any."""
    if not targets:
        return report
    missing = {*targets} - {item.key for item in report.objects}
    if missing:
        names = ", ".join(map(str, sorted(missing)))
        raise ConfigError(
            f"--target: neither the manifests nor the set has {names}",
            hint="write KIND/NAMESPACE/NAME, for example Secret/shop/database",
        )
    return replace(
        report,
        objects=tuple(item for item in report.objects if item.key in targets),
        certificates=tuple(item for item in report.certificates if item.key in targets),
    )


def _manifests(report: DriftReport, loaded: Loaded) -> Manifests:
    drifted = {item.source for item in report.objects if item.kinds}
    desired = {each.source: each for each in loaded.objects if each.source in drifted}
    objects = Counter(each.source.file for each in loaded.objects)
    files = {source.file for source in desired if source.item is None}
    whole = {file for file in files if objects[file] == 1 and _is_one_document(Path(file))}
    return Manifests(desired, frozenset(whole))


def _is_one_document(file: Path) -> bool:
    """Whether `file` is YAML of a single document, whatever that is."""
    try:
        if file.suffix not in _YAML or not file.is_file():
            return False
        content = file.read_bytes()
    except OSError:
        return False
    return len(_SEPARATOR.findall(content.lstrip().removeprefix(b"---"))) == 0
