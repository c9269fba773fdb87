"""The ways to settle drift, as commands that work as they are printed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.drift import (
    DRIFT_STATES,
    DriftReport,
    FieldState,
    ObjectDrift,
    ObjectState,
)
from reconciler.model.fields import DATA
from reconciler.model.objects import Desired, ObjectKey, Source
from reconciler.model.remedies import CommandLine, Remedies, Remedy, RemedyStep, Way
from reconciler.model.store import Capability

BASELINE = "drift-baseline.json"
"""The file that the printed commands write a baseline to."""

_GONE = {ObjectState.VANISHED, ObjectState.MISSING}


@dataclass(frozen=True, slots=True)
class Manifests:
    """What a remedy must know of the manifests.

    ``desired`` has the objects by their places. ``whole_files`` are the files that hold a single
    object and nothing else, so that an export may take their place.
    """

    desired: Mapping[Source, Desired]
    whole_files: Collection[str] = ()


def remedies_of(
    report: DriftReport,
    manifests: Manifests,
    line: CommandLine,
    capabilities: Collection[Capability],
) -> Remedies:
    """The ways to settle the drift of `report` that no baseline has.

    `capabilities` are those of the store: a way that it would refuse is none.
    """
    drifted = [item for item in report.objects if item.state in DRIFT_STATES and not item.accepted]
    printed = _Printed(line, report.set_name, capabilities)
    of_objects = {item.key: tuple(_of_object(item, manifests, printed)) for item in drifted}
    return Remedies(tuple(_of_all(report, of_objects, printed)), of_objects)


@dataclass(frozen=True, slots=True)
class _Printed:
    """Commands that reach what the check has seen."""

    line: CommandLine
    set_name: str
    capabilities: Collection[Capability]

    @property
    def writes(self) -> bool:
        """Whether the store takes an apply."""
        return Capability.WRITES in self.capabilities

    def command(self, name: str, *words: str, inputs: bool = True) -> RemedyStep:
        read = self.line.inputs if inputs else ()
        return RemedyStep(("reconciler", *self.line.before, name, *read, *self.line.place, *words))

    def apply(self, key: ObjectKey, *words: str) -> RemedyStep:
        return self.command("apply", *words, "--target", str(key))

    def baseline(self, *words: str, file: str) -> tuple[RemedyStep, ...]:
        return (
            self.command("drift", *words, "--report", f"baseline={file}"),
            self.command("drift", "--baseline", file),
        )


def _of_all(
    report: DriftReport, of_objects: Mapping[ObjectKey, Sequence[Remedy]], printed: _Printed
) -> Iterator[Remedy]:
    """What settles several objects at once; a restore only where it does nothing besides."""
    if len(of_objects) < 2:  # noqa: PLR2004 - of one, its own remedies say all
        return
    restores = [_whole_restore(remedies) for remedies in of_objects.values()]
    if None not in restores and not any(item.pending for item in report.objects):
        options = {word for words in restores for word in words or ()}
        yield Remedy(Way.RESTORE, (printed.command("apply", *sorted(options)),))
    yield Remedy(Way.IGNORE, printed.baseline(file=BASELINE))


def _whole_restore(remedies: Sequence[Remedy]) -> tuple[str, ...] | None:
    """The options of an apply that restores the object with all others; ``None`` if none does."""
    (first, *_) = remedies
    (step, *more) = first.steps
    if first.way is not Way.RESTORE or more or {"--prune", "--adopt-from"} & {*step.command}:
        return None
    return tuple(word for word in step.command if word in {"--adopt", "--allow-replace"})


def _of_object(item: ObjectDrift, manifests: Manifests, printed: _Printed) -> Iterator[Remedy]:
    desired = manifests.desired.get(item.source) if item.source else None
    if printed.writes:
        yield from _restore(item, desired, printed)
        if item.state in _GONE or Capability.READ_VALUES in printed.capabilities:
            yield Remedy(Way.ACCEPT, tuple(_accept(item, desired, manifests, printed)))
    yield Remedy(Way.IGNORE, tuple(_ignore(item, desired, printed)))


def _restore(item: ObjectDrift, desired: Desired | None, printed: _Printed) -> Iterator[Remedy]:
    if desired is None:
        if item.orphaned:
            yield Remedy(Way.RESTORE, (printed.apply(item.key, "--prune"),))
        return
    steps = [printed.apply(item.key, *_needed(item, printed))]
    if any(field.state is FieldState.ADDED for field in item.differing):
        steps.insert(0, _annotate("reconciler/data-policy", "exact", desired))
    yield Remedy(Way.RESTORE, tuple(steps))


def _needed(item: ObjectDrift, printed: _Printed) -> tuple[str, ...]:
    """The options without which a guard would refuse the apply."""
    if item.state is ObjectState.UNKNOWABLE and item.owner != printed.set_name:
        return ("--adopt",) if item.owner is None else ("--adopt-from", item.owner)
    return ("--allow-replace",) if item.replaced else ()


def _accept(
    item: ObjectDrift, desired: Desired | None, manifests: Manifests, printed: _Printed
) -> Iterator[RemedyStep]:
    if item.state in _GONE:
        if desired is not None:
            yield RemedyStep(edit=f"remove its manifest from {_place(desired)}")
        if item.state is ObjectState.VANISHED:
            yield printed.apply(item.key, "--prune")
        return
    added = any(field.state is FieldState.ADDED for field in item.differing)
    encrypted = desired is not None and bool(desired.ciphertexts)
    words = ["--sops" if encrypted else "--reveal", *(["--all-keys"] if added else [])]
    whole = desired is not None and desired.source.file in manifests.whole_files
    file = desired.source.file if desired is not None and whole else f"{item.key.name}.yaml"
    yield printed.command("export", "--target", str(item.key), *words, "--out", file, inputs=False)
    if not whole:
        where = "among the manifests" if desired is None else f"in place of {_place(desired)}"
        yield RemedyStep(edit=f"put {file} {where}")
    yield printed.apply(item.key, *_needed(item, printed))


def _ignore(item: ObjectDrift, desired: Desired | None, printed: _Printed) -> Iterator[RemedyStep]:
    differing = list(item.differing)
    is_data = bool(differing) and all(field.path[0] == DATA for field in differing)
    if desired is not None and is_data and item.state is ObjectState.DRIFTED:
        already = desired.annotations.get("reconciler/ignore-keys", "").split(",")
        names = [*filter(None, map(str.strip, already)), *(field.path[1] for field in differing)]
        yield _annotate("reconciler/ignore-keys", ", ".join(dict.fromkeys(names)), desired)
        return
    yield from printed.baseline("--target", str(item.key), file=BASELINE)


def _annotate(name: str, value: str, desired: Desired) -> RemedyStep:
    return RemedyStep(edit=f'in {_place(desired)}, set the annotation {name}: "{value}"')


def _place(desired: Desired) -> str:
    return f"{desired.source.file}:{desired.source.line}"
