"""Texts to desired objects and all diagnostics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from reconciler.manifests import notices, workloads
from reconciler.manifests.decoded import Accepted, Decoded, Rejected, Skipped
from reconciler.manifests.exported import summarised
from reconciler.manifests.lints import OFF, LintSettings, lint_checks
from reconciler.manifests.rendered import compared, placed
from reconciler.manifests.sops import Decryption
from reconciler.manifests.stages import results_of
from reconciler.model.consumers import Consumer
from reconciler.model.inputs import Read, Rendered, Text
from reconciler.model.lifecycle import ignored_lints
from reconciler.model.objects import (
    SECRET,
    SERVICE_ACCOUNT,
    Desired,
    Diagnostic,
    InputYield,
    ObjectKey,
    Severity,
)
from reconciler.model.plans import Note
from reconciler.model.sops import Sops
from reconciler.rules import CHECKS, Check
from reconciler.rules.makers import MadeSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The result of loading manifests.

    ``objects`` are in the order of the manifests, without those that have errors. ``diagnostics``
    are sorted by file and place. ``notices`` say what was left out, for those who review the rest.
    ``files`` counts the files that were read. ``consumers`` are the uses of Secrets by objects of
    other kinds, and ``made`` the Secrets that other programs make because of such objects.
    ``ignoring`` has the lints that consumers switch off, by ``KIND/NAMESPACE/NAME``. ``inputs``
    says how many objects each of the given paths held, if anything of it could be read.
    """

    objects: tuple[Desired, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    notices: tuple[Note, ...] = ()
    files: int = 0
    consumers: tuple[Consumer, ...] = ()
    made: tuple[MadeSecret, ...] = ()
    ignoring: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inputs: tuple[InputYield, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the manifests from being used."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)


_DEFAULT_LINTS = LintSettings()
_FILES_AT_ONCE = 256
_CHARACTERS_AT_ONCE = 1024 * 1024


def objects_of(
    reads: Iterable[Read],
    *,
    namespace: str,
    lints: LintSettings = _DEFAULT_LINTS,
    moment: datetime,
    sops: Sops | None = None,
    sops_ignore_mac: bool = False,
) -> Loaded:
    """The objects in the texts of `reads`, and every problem with them.

    Objects that name no namespace get `namespace`. `lints` sets which warnings are reported, and
    which count as errors. Certificates are checked as of `moment`, which has a time zone.
    `sops` opens what SOPS encrypted; without it, that is an error. Where it lacks the key, values
    are sealed, and a notice counts them. `sops_ignore_mac` accepts what was changed afterwards.
    """
    decryption = None if sops is None else Decryption(sops, ignore_mac=sops_ignore_mac)
    checks = (*CHECKS, *lint_checks(moment, lints.expiry_days))
    inputs: dict[str, set[str]] = {}
    held: dict[str, list[Decoded]] = {}
    others: list[str] = []
    decoded: list[Decoded] = []
    said: list[Note] = []
    for batch in _batches(reads):
        contents = [read.content for read in batch]
        of_contents = _decoded(contents, namespace, checks, decryption)
        for (path, identity, content, listed), results in zip(batch, of_contents, strict=True):
            inputs.setdefault(path, set()).add(identity)
            if isinstance(content, Diagnostic):
                decoded.append(Rejected((content,)))
            elif isinstance(content, Note):
                said.append(content)
            elif content is not None and listed and results and all(map(_is_foreign, results)):
                others.append(content.file)
                held[identity] = []
            elif content is not None:
                held[identity] = [_graded(result, lints) for result in summarised(results)]
                decoded += held[identity]
    if others:
        said.append(notices.of_other_files(others))
    if decryption is not None:
        said += notices.of_unverified(decryption.unverified)
        said += notices.of_sealed(decoded, decryption.lacking)
    yields = [
        _input_yield(path, [held[file] for file in files if file in held])
        for path, files in inputs.items()
        if files & held.keys()
    ]
    loaded = _loaded(decoded, files=len(held) - len(others), inputs=tuple(yields), said=said)
    return _with_two_owners(loaded, lints)


def _loaded(
    decoded: Sequence[Decoded],
    *,
    files: int,
    inputs: tuple[InputYield, ...],
    said: Sequence[Note],
) -> Loaded:
    objects, diagnostics = _joined(item for item in decoded if not isinstance(item, Skipped))
    others = [item for item in decoded if isinstance(item, Skipped)]
    skipped = Counter(item.kind for item in others)
    return Loaded(
        objects=objects,
        diagnostics=tuple(_in_order(diagnostics)),
        notices=(*said, *((notices.of_skipped(skipped),) if skipped else ())),
        files=files,
        consumers=tuple(consumer for item in others for consumer in item.consumers),
        made=tuple(made for item in others for made in item.made),
        ignoring={str(consumer): item.ignored for item in others for consumer in item.consumers},
        inputs=inputs,
    )


def _with_two_owners(loaded: Loaded, lints: LintSettings) -> Loaded:
    warnings = [*workloads.two_owners(loaded.objects, loaded.made, lints)]
    if not warnings:
        return loaded
    wrong = {item.object for item in warnings if item.severity is Severity.ERROR}
    return replace(
        loaded,
        objects=tuple(item for item in loaded.objects if str(item.key) not in wrong),
        diagnostics=tuple(_in_order([*loaded.diagnostics, *warnings])),
    )


def unprovided(loaded: Loaded, lints: LintSettings = _DEFAULT_LINTS) -> tuple[Diagnostic, ...]:
    """Warnings about references to Secrets, or to keys of them, that no manifest provides.

    Empty if manifests have errors, since it is unclear then what they provide.
    """
    if loaded.errors:
        return ()
    return tuple(
        workloads.unprovided(
            loaded.objects, loaded.consumers, loaded.made, _ignoring(loaded), lints
        )
    )


def _ignoring(loaded: Loaded) -> Mapping[str, frozenset[str]]:
    """The lints that anything which uses Secrets switches off."""
    accounts = {
        str(item.key): ignored_lints(item.annotations)
        for item in loaded.objects
        if item.kind == SERVICE_ACCOUNT and item.annotations
    }
    return {**loaded.ignoring, **accounts}


def _batches(reads: Iterable[Read]) -> Iterator[list[Read]]:
    """`reads` in lists of some files, and of no more text at a time than is worth it."""
    batch: list[Read] = []
    size = 0
    for read in reads:
        batch.append(read)
        content = read.content
        if isinstance(content, Text):
            size += len(content.text)
        elif isinstance(content, Rendered):
            size += sum(len(text.text) for text in _texts(content))
        if len(batch) == _FILES_AT_ONCE or size > _CHARACTERS_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _decoded(
    contents: Sequence[Text | Rendered | Diagnostic | Note | None],
    namespace: str,
    checks: Sequence[Check],
    decryption: Decryption | None,
) -> Iterator[list[Decoded]]:
    """The results for the objects in each file, or in what a program printed."""
    texts = [
        (text, (content.namespace or namespace) if isinstance(content, Rendered) else namespace)
        for content in contents
        if isinstance(content, Text | Rendered)
        for text in _texts(content)
    ]
    results = iter(results_of(texts, checks, decryption))
    for content in contents:
        if isinstance(content, Rendered):
            of_content = next(results)
            if content.again is not None:
                of_content = [*compared(of_content, next(results))]
            yield [placed(result, content) for result in of_content]
        else:
            yield next(results) if isinstance(content, Text) else []


def _texts(content: Text | Rendered) -> tuple[Text, ...]:
    """The texts of a file, or of each run of a program."""
    if isinstance(content, Text):
        return (content,)
    return (content.text,) if content.again is None else (content.text, content.again)


def _input_yield(path: str, files: Iterable[Iterable[Decoded]]) -> InputYield:
    """How many objects the files of an input held, those with errors included."""
    secrets = others = skipped = 0
    for item in chain.from_iterable(files):
        if isinstance(item, Skipped):
            skipped += 1
        elif item.desired is not None and item.desired.kind == SECRET:
            secrets += 1
        else:
            others += 1
    return InputYield(path, secrets, others, skipped)


def _graded(result: Decoded, lints: LintSettings) -> Decoded:
    """`result` with each warning reported, left out or made an error, as the settings say."""
    if isinstance(result, Skipped) or not result.diagnostics:
        return result
    ignored = ignored_lints(result.desired.annotations) if result.desired else frozenset()
    graded = []
    for item in result.diagnostics:
        if item.severity is Severity.ERROR:
            graded.append(item)
            continue
        level = lints.of_file(item.source.file).level(item.code)
        if level != OFF and item.code not in ignored:
            graded.append(replace(item, severity=level))
    if isinstance(result, Accepted) and any(item.severity is Severity.ERROR for item in graded):
        return Rejected(tuple(graded), result.desired, result.owners)
    return replace(result, diagnostics=tuple(graded))


def _joined(
    results: Iterable[Accepted | Rejected],
) -> tuple[tuple[Desired, ...], list[Diagnostic]]:
    """The objects of all files, each key once, and all diagnostics.

    Objects with errors count as declared: they will be there once their errors are corrected.
    """
    diagnostics: list[Diagnostic] = []
    declared: dict[tuple[ObjectKey, str], Accepted | Rejected] = {}
    # A file that many kustomizations name is told once.
    duplicates: dict[tuple[ObjectKey, tuple[str, int, int], str], Diagnostic] = {}
    for result in results:
        diagnostics += result.diagnostics
        desired = result.desired
        if desired is None or not (desired.name or desired.generate_name):
            continue
        key = desired.key
        first = declared.setdefault((key, "" if key.name else desired.generate_name), result)
        if first is not result and first.desired:
            duplicate = _duplicate(desired, first.desired)
            duplicates.setdefault((key, _place(desired), duplicate.message), duplicate)
    diagnostics += duplicates.values()
    sound: set[ObjectKey] = set()
    if any(result.owners for result in declared.values()):
        keys = {key for key, _ in declared}
        sound = {key for (key, _), item in declared.items() if isinstance(item, Accepted)}
        for result in declared.values():
            diagnostics += [error for owner, error in result.owners if owner not in keys]
    objects = [
        result.desired
        for result in declared.values()
        if isinstance(result, Accepted) and all(owner in sound for owner, _ in result.owners)
    ]
    return tuple(objects), diagnostics


def _place(desired: Desired) -> tuple[str, int, int]:
    return desired.source.file, desired.source.line, desired.source.column


def _duplicate(second: Desired, first: Desired) -> Diagnostic:
    if _place(second) == _place(first):  # which a file that is read by itself has but once
        message = "several kustomizations, or other sources, make the same object of this file"
        hint = "plan each of them by itself, by its directory; or give the object another name"
    else:
        message = f"the same object is already declared at {first.source.file}:{first.source.line}"
        hint = "remove one of the two, or give it another name or namespace"
    return Diagnostic(
        severity=Severity.ERROR,
        code="object-duplicate",
        message=message,
        field="",
        source=second.source,
        object=second.label,
        hint=hint,
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


def _is_foreign(result: Decoded) -> bool:
    return isinstance(result, Rejected) and result.foreign
