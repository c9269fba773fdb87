"""The results of decoding, and rule violations mapped to places in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.manifests.entries import Entries, Problem
from reconciler.manifests.fields import Fields
from reconciler.model.consumers import Consumer
from reconciler.model.fields import owner_key
from reconciler.model.objects import KINDS, Desired, Diagnostic, ObjectKey, Severity
from reconciler.rules import CUMULATIVE, RulePath, Violation
from reconciler.rules.makers import MadeSecret

_OF_KEYS = frozenset({"field-unknown", "key-invalid"})  # these leave the rest of their path intact
_IDENTITY: tuple[RulePath, ...] = tuple(
    ("metadata", name) for name in ("name", "generateName", "namespace")
)


MissingOwners = tuple[tuple[ObjectKey, Diagnostic], ...]
"""Owners without a uid, and for each the error to report if no manifest declares it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An object without errors; ``diagnostics`` are warnings."""

    desired: Desired
    diagnostics: tuple[Diagnostic, ...] = ()
    owners: MissingOwners = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that cannot be used as an object; ``diagnostics`` say why.

    ``desired`` is the object as far as it can be read, ``None`` if not even its name can.
    ``foreign`` is what does not even claim to be an object, such as the values of a chart.
    """

    diagnostics: tuple[Diagnostic, ...]
    desired: Desired | None = None
    owners: MissingOwners = ()
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object of a kind that is not managed, with the Secrets that it uses or leads to.

    ``made`` are the Secrets that another program makes because of it, ``ignored`` the codes of the
    warnings that are not to be reported of it.
    """

    kind: str
    consumers: tuple[Consumer, ...] = ()
    made: tuple[MadeSecret, ...] = ()
    ignored: frozenset[str] = frozenset()


Decoded = Accepted | Rejected | Skipped
"""The result for one object of a stream."""


class Draft(NamedTuple):
    """An object of a managed kind as its document has it: no rule has been checked yet."""

    fields: Fields
    entries: Entries
    desired: Desired

    def __repr__(self) -> str:
        return f"<Draft of {self.desired.label}>"


def checked(draft: Draft, violations: Sequence[Violation]) -> Accepted | Rejected:
    """The result for `draft`, given the `violations` of the rules and lints."""
    if not violations and not draft.fields.problems:
        return Accepted(draft.desired)
    return _with_violations(*draft, violations)


def _with_violations(
    fields: Fields, entries: Entries, desired: Desired, violations: Sequence[Violation]
) -> Accepted | Rejected:
    """The result for `desired`, with one problem for each wrong field.

    A violation is left out where the decoder has reported an error for the same field, and a
    warning also where it has reported one that explains it.
    """
    name = desired.label
    reported = [
        problem.path
        for problem in fields.problems
        if problem.severity is Severity.ERROR and problem.code not in _OF_KEYS
    ]
    explained = [problem.path for problem in fields.problems if problem.code == "value-lost"]
    named = not any(_overlap(path, other) for path in reported for other in _IDENTITY)
    owners = []
    for violation in violations:
        path = _written_path(fields, entries, violation.path)
        causes = reported if violation.severity is Severity.ERROR else [*reported, *explained]
        if any(_hides(other, path, violation.code) for other in causes):
            continue
        place, node = fields.locate(path, of_key=violation.of_key)
        problem = Problem(
            violation.code, violation.message, path, place, violation.hint, violation.severity, node
        )
        owner = _owner_without_uid(desired, violation)
        if owner:
            owners.append((owner, fields.diagnostic(problem, name)))
        else:
            fields.problems.append(problem)
    diagnostics = tuple(fields.diagnostics(name))
    named = named and all(item.object for item in diagnostics)  # which templates are not
    if fields.broken:
        return Rejected(diagnostics, desired if named else None, tuple(owners))
    return Accepted(desired, diagnostics, tuple(owners))


def _written_path(fields: Fields, entries: Entries, path: RulePath) -> RulePath:
    """The path in the manifest of what a rule calls ``data``."""
    if path[:1] != ("data",) or "stringData" not in entries:
        return path
    written: RulePath = ("stringData", *path[1:])
    overridden = path[1:] and fields.locate(written)[1] is not None
    return written if overridden or "data" not in entries else path


def _hides(reported: RulePath, path: RulePath, code: str) -> bool:
    """Whether the error at `reported` may be the only cause of a violation at `path`."""
    return _overlap(path, reported) and not (code in CUMULATIVE and len(reported) > len(path))


def _overlap(path: RulePath, other: RulePath) -> bool:
    shared = min(len(path), len(other))
    return shared > 0 and path[:shared] == other[:shared]


def _owner_without_uid(desired: Desired, violation: Violation) -> ObjectKey | None:
    """The owner without a uid, if its kind is one that manifests declare."""
    match violation.path:
        case ("metadata", "ownerReferences", int(index), "uid"):
            owner = desired.owners[index]
            if owner.api_version == "v1" and owner.kind in KINDS and owner.name:
                return owner_key(owner, desired.namespace)
    return None
