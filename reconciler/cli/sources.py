"""The setting ``manifests``: paths, and sources whose manifests a program prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.readings import relative_path
from reconciler.files import checkout_of
from reconciler.model.inputs import Chart, Command, InputSource
from reconciler.model.objects import Source
from reconciler.spelling import did_you_mean

if TYPE_CHECKING:
    from reconciler.manifests import Placed

SETTING = "manifests"
PATHS = "paths"
"""The parameter that takes the paths."""
SOURCES = "sources"
"""What the settings call the sources; no parameter has that name."""

_KUSTOMIZE = "kustomize"
_HELM = "helm"
_RUN = "run"
_NAME = "name"
_KINDS = (_KUSTOMIZE, _HELM, _RUN)
_OF_CHART = ("chart", "release", "namespace", "values")
_LABEL = re.compile("[a-z0-9](?:[a-z0-9-]{0,51}[a-z0-9])?")
_LONGEST_NAME = 100


def read_manifests(entry: Placed, directory: Path, values: dict[str, Any]) -> Iterator[str]:
    """Put paths and sources of the setting into `values`, and yield what is wrong with others.

    `directory` is that of the file: paths are relative to it, and commands start there.
    """
    items = entry.value if isinstance(entry.value, list) else [entry]
    if not items:
        yield f"{entry.source}: the setting {SETTING!r} must name something"
    paths: list[str] = []
    sources: dict[str, InputSource] = {}
    for item in items:
        if isinstance(item.value, str) and item.value:
            paths.append(relative_path(directory / item.value))
        elif isinstance(item.value, dict):
            source = _source(item, item.value, directory)
            if isinstance(source, Path):
                paths.append(relative_path(source))
            elif isinstance(source, str):
                yield source
            elif source.name in sources:
                yield f"{item.source}: there are two sources {source.name!r}: give one a 'name'"
            else:
                sources[source.name] = source
        else:
            yield f"{item.source}: {SETTING!r} must be a path, a source, or a list of them"
    values[PATHS] = tuple(paths)
    values[SOURCES] = tuple(sources.values())


def _source(item: Placed, fields: dict[str, Placed], directory: Path) -> InputSource | Path | str:
    """The source that `fields` define, be it a path, or what is wrong with them."""
    for name, entry in fields.items():
        if name not in {*_KINDS, _NAME}:
            advice = did_you_mean(name, (*_KINDS, _NAME))
            return f"{entry.key}: a source has no field {name!r}" + (
                f"; {advice}" if advice else ""
            )
    kinds = [name for name in _KINDS if name in fields]
    if len(kinds) != 1:
        return f"{item.source}: a source has one of the fields {', '.join(_KINDS)}"
    if _NAME in fields and not _is_name(fields[_NAME].value):
        return f"{fields[_NAME].source}: the name of a source must be a short printable text"
    name = str(fields[_NAME].value) if _NAME in fields else ""
    if _KUSTOMIZE in fields:
        return _kustomization(fields, directory)
    if _HELM in fields:
        return _chart(fields[_HELM], name, directory)
    return _command(fields[_RUN], name, directory)


def _kustomization(fields: dict[str, Placed], directory: Path) -> Path | str:
    """The directory, which is an input like any other that holds a kustomization."""
    from reconciler.inputs.bases import kustomization_in

    entry = fields[_KUSTOMIZE]
    if _NAME in fields:
        return f"{fields[_NAME].key}: a kustomization is called like its directory"
    if not isinstance(entry.value, str) or not entry.value:
        return f"{entry.source}: 'kustomize' must be a directory"
    path = directory / entry.value
    if not path.is_dir():
        return f"{entry.source}: there is no directory {entry.value!r}"
    if not kustomization_in(str(path)):
        return f"{entry.source}: {entry.value!r} holds no kustomization"
    return path


def _chart(entry: Placed, name: str, directory: Path) -> Chart | str:
    fields = entry.value if isinstance(entry.value, dict) else {}
    for field, inner in fields.items():
        if field not in _OF_CHART:
            advice = did_you_mean(field, _OF_CHART)
            return f"{inner.key}: 'helm' has no field {field!r}; {advice}".removesuffix("; ")
    chart, release, namespace, values = (fields.get(field) for field in _OF_CHART)
    if not (chart and isinstance(chart.value, str) and chart.value and release):
        return f"{entry.source}: 'helm' needs a chart and a release"
    for field, of_field in (("release", release), ("namespace", namespace)):
        if of_field and not (isinstance(of_field.value, str) and _LABEL.fullmatch(of_field.value)):
            return f"{of_field.source}: {field!r} must be a name of small letters, digits and '-'"
    files = () if values is None else texts(values.value)
    if values and (files is None or any("," in file for file in files)):
        return f"{values.source}: 'values' must be a path or a list of paths, without commas"
    return Chart(
        name=name or str(release.value),
        chart=chart.value,
        release=str(release.value),
        namespace=str(namespace.value) if namespace else "",
        values=files or (),
        directory=relative_path(directory),
        checkout=relative_path(checkout_of(directory.resolve())),
        place=_place(entry.source),
    )


def _command(entry: Placed, name: str, directory: Path) -> Command | str:
    arguments = texts(entry.value)
    if not isinstance(entry.value, list) or arguments is None:
        return (
            f"{entry.source}: 'run' must be a list of texts, the program and its arguments; no "
            "shell reads it"
        )
    return Command(
        name=name or Path(arguments[0]).name,
        arguments=arguments,
        directory=relative_path(directory),
        place=_place(entry.source),
    )


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_NAME


def _place(source: Source) -> Source:
    """`source` as a person in the working directory would call it."""
    return replace(source, file=relative_path(Path(source.file)))


def texts(value: Any) -> tuple[str, ...] | None:
    """One text or a list of them; ``None`` for anything else."""
    items = [item.value for item in value] if isinstance(value, list) else [value]
    return tuple(items) if items and all(isinstance(text, str) and text for text in items) else None
