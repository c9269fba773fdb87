"""What one object of a stream came to, and what the rules say of it at the places of its text."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.manifests.entries import Entries, Problem
from reconciler.manifests.fields import Fields
from reconciler.model.consumers import Consumer
from reconciler.model.fields import owner_key
from reconciler.model.objects import KINDS, Desired, Diagnostic, ObjectKey, Severity
from reconciler.rules import CUMULATIVE, RulePath, Violation

_OF_KEYS = frozenset({"field-unknown", "key-invalid"})  # what else is at their path is untouched
_IDENTITY: tuple[RulePath, ...] = tuple(
    ("metadata", name) for name in ("name", "generateName", "namespace")
)


class Decoded(NamedTuple):
    """What one object of a stream came to.

    Exactly one of ``desired``, ``skipped`` (a kind that is not managed) and errors among
    ``diagnostics`` is there. ``rejected`` is an object with errors that is known by its name at
    least. ``owed`` holds what to say where an owner, whose uid the manifest
    leaves out, is in no manifest either. What is skipped may have ``consumers`` of Secrets, and
    Secrets that are ``made`` because of it.
    """

    desired: Desired | None = None
    rejected: Desired | None = None
    skipped: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    owed: tuple[tuple[ObjectKey, Diagnostic], ...] = ()
    consumers: tuple[Consumer, ...] = ()
    made: tuple[ObjectKey, ...] = ()


def with_violations(
    fields: Fields, entries: Entries, desired: Desired, violations: tuple[Violation, ...]
) -> Decoded:
    """Add what the rules say to what the decoder said; a wrong field is complained of once."""
    name = str(desired.key._replace(name=desired.name or desired.generate_name))
    told = [
        problem.path
        for problem in fields.problems
        if problem.severity is Severity.ERROR and problem.code not in _OF_KEYS
    ]
    named = not any(_overlap(path, other) for path in told for other in _IDENTITY)
    owed = []
    for violation in violations:
        path = _written_path(fields, entries, violation.path)
        if any(_hides(other, path, violation.code) for other in told):
            continue
        mark, node = fields.locate(path, of_key=violation.of_key)
        problem = Problem(
            violation.code, violation.message, path, mark, violation.hint, violation.severity, node
        )
        owner = _owner_without_uid(desired, violation)
        if owner:
            owed.append((owner, fields.diagnostic(problem, name)))
        else:
            fields.problems.append(problem)
    diagnostics = tuple(fields.diagnostics(name))
    named = named and all(item.object for item in diagnostics)  # which templates are not
    return Decoded(
        desired=None if fields.broken else desired,
        rejected=desired if fields.broken and named else None,
        diagnostics=diagnostics,
        owed=tuple(owed),
    )


def _written_path(fields: Fields, entries: Entries, path: RulePath) -> RulePath:
    """Where the author wrote what a rule calls ``data``."""
    if path[:1] != ("data",) or "stringData" not in entries:
        return path
    written: RulePath = ("stringData", *path[1:])
    overridden = path[1:] and fields.locate(written)[1] is not None
    return written if overridden or "data" not in entries else path


def _hides(told: RulePath, path: RulePath, code: str) -> bool:
    """Whether what is wrong at `told` may be all that there is to a rule's complaint at `path`."""
    return _overlap(path, told) and not (code in CUMULATIVE and len(told) > len(path))


def _overlap(path: RulePath, other: RulePath) -> bool:
    shared = min(len(path), len(other))
    return shared > 0 and path[:shared] == other[:shared]


def _owner_without_uid(desired: Desired, violation: Violation) -> ObjectKey | None:
    """The owner whose uid is missing, if it is one that the manifests may hold."""
    match violation.path:
        case ("metadata", "ownerReferences", int(index), "uid"):
            owner = desired.owners[index]
            if owner.api_version == "v1" and owner.kind in KINDS and owner.name:
                return owner_key(owner, desired.namespace)
    return None
