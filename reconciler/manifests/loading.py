"""From paths to desired objects, with everything that is wrong with them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import IO

from reconciler.manifests import workloads
from reconciler.manifests.decode import Lint, checked, decode
from reconciler.manifests.decoded import Decoded
from reconciler.manifests.lints import OFF, LintSettings, lint
from reconciler.manifests.reader import Text, read
from reconciler.manifests.simple import simple_secret
from reconciler.manifests.yaml import documents, parts
from reconciler.model.consumers import Consumer
from reconciler.model.objects import (
    SECRET,
    Desired,
    Diagnostic,
    InputYield,
    ObjectKey,
    Severity,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What manifests came to.

    ``objects`` are in the order in which they stand, without those that have errors.
    ``diagnostics`` are in the order of files and places. ``notices`` are worth telling and wrong
    in no way. ``files`` is how many were read. ``consumers`` are the uses of Secrets by objects of
    other kinds, and ``made`` the Secrets that other programs make because of such objects.
    ``inputs`` tells how many objects each of the given paths held.
    """

    objects: tuple[Desired, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    notices: tuple[str, ...] = ()
    files: int = 0
    consumers: tuple[Consumer, ...] = ()
    made: frozenset[ObjectKey] = frozenset()
    inputs: tuple[InputYield, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the manifests from being used."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)


_DEFAULT_LINTS = LintSettings()


def load(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    namespace: str = "default",
    stdin: IO[bytes] | None = None,
    lints: LintSettings = _DEFAULT_LINTS,
    moment: datetime | None = None,
) -> Loaded:
    """Load the manifests at `paths`, and say everything that is wrong with them.

    Directories are read recursively; ``-`` stands for `stdin`, or the process's own standard
    input. Objects that name no namespace get `namespace`. `lints` says which warnings are told, and
    how loudly; certificates are judged as of `moment`, which has a time zone, or now. Bad input
    raises nothing.
    """
    linted = partial(lint, moment=moment or datetime.now(UTC), expiry_days=lints.expiry_days)
    decoded: list[Decoded] = []
    inputs: dict[str, set[str]] = {}
    held: dict[str, InputYield] = {}
    for path, identity, content in read(
        [paths] if isinstance(paths, str | bytes | os.PathLike) else paths, stdin
    ):
        if isinstance(content, Diagnostic):
            decoded.append(Decoded(diagnostics=(content,)))
        elif content is not None:
            part = [
                _graded(item, lints) if item.diagnostics else item
                for item in _decoded(content, namespace, linted)
            ]
            held[identity] = _yield_of(part)
            decoded += part
        inputs.setdefault(path, set()).add(identity)
    yields = [_input_yield(path, files, held) for path, files in inputs.items()]
    return _loaded(decoded, files=len(held), inputs=tuple(yields))


def _loaded(decoded: Sequence[Decoded], files: int, inputs: tuple[InputYield, ...]) -> Loaded:
    objects, diagnostics = _joined(decoded)
    others = [one for one in decoded if one.skipped]
    skipped = Counter(one.skipped for one in others)
    return Loaded(
        objects=objects,
        diagnostics=tuple(_in_order(diagnostics)),
        notices=(_skipped_notice(skipped),) if skipped else (),
        files=files,
        consumers=tuple(consumer for one in others for consumer in one.consumers),
        made=frozenset(key for one in others for key in one.made),
        inputs=inputs,
    )


def unprovided(loaded: Loaded, lints: LintSettings = _DEFAULT_LINTS) -> tuple[Diagnostic, ...]:
    """Warnings of what uses Secrets, or keys of them, that no manifest provides.

    Nothing where manifests have errors: what they provide is not known then.
    """
    if loaded.errors:
        return ()
    return tuple(workloads.unprovided(loaded.objects, loaded.consumers, loaded.made, lints))


def _decoded(found: Text, namespace: str, lint: Lint) -> Iterator[Decoded]:
    """What the objects of a file came to."""
    index = 0
    for part in parts(found.text):
        secret = simple_secret(part, found.file, index, namespace)
        if secret is not None and not checked(secret, lint):
            yield Decoded(desired=secret)
            index += 1
            continue
        for document in documents(part, found.file, index):
            yield from decode(document, namespace, lint)
            index += 1


def _yield_of(decoded: Iterable[Decoded]) -> InputYield:
    """How many objects a file held, those with errors included."""
    secrets = others = skipped = 0
    for item in decoded:
        resource = item.desired or item.rejected
        if item.skipped:
            skipped += 1
        elif resource is not None and resource.kind == SECRET:
            secrets += 1
        else:
            others += 1
    return InputYield("", secrets, others, skipped)


def _input_yield(path: str, files: Iterable[str], held: Mapping[str, InputYield]) -> InputYield:
    parts = [held[file] for file in files if file in held]
    return InputYield(
        path,
        sum(part.secrets for part in parts),
        sum(part.others for part in parts),
        sum(part.skipped for part in parts),
    )


def _graded(one: Decoded, lints: LintSettings) -> Decoded:
    """`one` with its warnings as the settings want them: told, left out, or made errors."""
    told = []
    for item in one.diagnostics:
        level = item.severity if item.severity is Severity.ERROR else lints.level(item.code)
        if level != OFF:
            told.append(replace(item, severity=level))
    broken = any(item.severity is Severity.ERROR for item in told)
    desired, rejected = one.desired, one.rejected
    if broken:
        desired, rejected = None, desired or rejected
    return one._replace(desired=desired, rejected=rejected, diagnostics=tuple(told))


def _joined(decoded: Iterable[Decoded]) -> tuple[tuple[Desired, ...], list[Diagnostic]]:
    """The objects of all files, each key once, and all complaints.

    Those with errors count as well: they are there, and will be once they are mended.
    """
    diagnostics = [item for one in decoded if one.diagnostics for item in one.diagnostics]
    found: dict[tuple[ObjectKey, str], Decoded] = {}
    for one in decoded:
        known = one.desired or one.rejected
        if known is None or not (known.name or known.generate_name):
            continue
        key = known.key
        first = found.setdefault((key, "" if key.name else known.generate_name), one)
        earlier = first.desired or first.rejected
        if first is not one and earlier:
            diagnostics.append(_duplicate(known, earlier))
    if any(one.owed for one in found.values()):
        keys = {key for key, _ in found}
        sound = {key for (key, _), one in found.items() if one.desired}
        for one in found.values():
            diagnostics += [diagnostic for owner, diagnostic in one.owed if owner not in keys]
    objects = [
        one.desired
        for one in found.values()
        if one.desired and (not one.owed or all(owner in sound for owner, _ in one.owed))
    ]
    return tuple(objects), diagnostics


def _duplicate(second: Desired, first: Desired) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="object-duplicate",
        message=f"the same object stands at {first.source.file}:{first.source.line} already",
        field="",
        source=second.source,
        object=str(second.key._replace(name=second.name or second.generate_name)),
        hint="remove one of the two, or give it another name or namespace",
    )


def _in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Sort by file, as they were read, and by place."""
    files: dict[str, int] = {}
    for item in diagnostics:
        files.setdefault(item.source.file, len(files))
    return sorted(
        diagnostics,
        key=lambda item: (files[item.source.file], item.source.line, item.source.column),
    )


def _skipped_notice(skipped: Counter[str]) -> str:
    total = sum(skipped.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(skipped.items()))
    return f"skipped {total} object{'s' * (total != 1)} of other kinds: {kinds}"
