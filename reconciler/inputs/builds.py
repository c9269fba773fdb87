"""What kustomize and Helm build manifests from: no manifests themselves, but their sources.

Kustomizations are described at https://kubectl.docs.kubernetes.io/references/kustomize/, charts at
https://helm.sh/docs/topics/charts/.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.inputs.problems import input_error, printable
from reconciler.inputs.texts import file_text
from reconciler.model.inputs import Text
from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Note

Parse = Callable[[str, str], tuple[Any, tuple[Diagnostic, ...]]]
"""From a text and the name of its file to its only document, as JSON would have it."""

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names under which kustomize looks for a kustomization."""
CHART = "Chart.yaml"
"""The file that makes a directory a chart."""

FILES = (CHART, *KUSTOMIZATIONS)
"""The files that make their directory a build."""

_GROUP = "kustomize.config.k8s.io/"
_PATHS = (
    *("resources", "bases", "components", "crds", "configurations"),
    *("generators", "transformers", "validators", "patchesStrategicMerge"),
)
_ITEMS_WITH_PATHS = {
    "patches": ("path",),
    "patchesJson6902": ("path",),
    "replacements": ("path",),
    "configMapGenerator": ("files", "envs", "env"),
    "secretGenerator": ("files", "envs", "env"),
    "helmCharts": ("valuesFile", "additionalValuesFiles"),
    "helmChartInflationGenerator": ("values",),
}
_LONGEST_PATH = 4096  # PATH_MAX of Linux
_MOST_NAMED = 8

_KUSTOMIZE = "kustomize build"
_HELM = "helm template"
_WHAT = {
    _KUSTOMIZE: "this is a kustomization, which is built as a whole",
    _HELM: "this is a Helm chart: only Helm can make manifests of it",
}


@dataclass(frozen=True, slots=True)
class Build:
    """A directory that another program makes manifests from.

    ``file`` is what makes it one. ``sources`` are the real paths that it names, files and
    directories, which are not read by themselves.
    """

    directory: str
    file: str
    command: str
    sources: frozenset[str] = frozenset()

    @property
    def is_chart(self) -> bool:
        """Whether it is left to Helm, which has to be told more than the directory."""
        return self.command == _HELM

    @property
    def hint(self) -> str:
        """How to plan it."""
        if not self.is_chart:
            return f"name its directory: {shlex.quote(printable(self.directory))}"
        return _pipeline(self.command, shlex.quote(printable(self.directory)))


def build_of(path: str, parse: Parse) -> Build | tuple[Diagnostic, ...]:
    """The build that the file `path` makes of its directory, or what is wrong with that file.

    Neither, if it is something else: Flux has kustomizations that are objects, and they are often
    kept in files of the same name.
    """
    directory = os.path.dirname(path) or "."  # noqa: PTH120 - paths stay as they are given
    if os.path.basename(path) == CHART:  # noqa: PTH119 - as above
        return Build(directory, path, _HELM)
    content = file_text(path)
    if not isinstance(content, Text):
        return (content,)
    document, problems = parse(content.text, content.file)
    if problems:
        return problems
    fields = document if isinstance(document, dict) else {}
    version = fields.get("apiVersion")
    if version and not str(version).startswith(_GROUP):
        return ()
    sources = frozenset(_real(directory, name) for name in named(fields) if _may_be_path(name))
    return Build(directory, path, _KUSTOMIZE, sources)


def unbuilt(path: str, builds: Collection[Build]) -> Diagnostic:
    """The error for the input `path`, which holds nothing but `builds`."""
    if len(builds) == 1:
        (build,) = builds
        return input_error(build.file, "input-unbuilt", _WHAT[build.command], build.hint)
    return input_error(
        path,
        "input-unbuilt",
        "the directory holds no manifests, only what they are built from",
        "; ".join(note.message for note in notes(builds)),
    )


def notes(builds: Collection[Build]) -> Iterator[Note]:
    """What kustomize builds, which charts were left to Helm, and how to plan those."""
    built = [printable(build.directory) for build in kustomizations(builds)]
    if built:
        noun = f"{len(built)} kustomization{'s' * (len(built) > 1)}"
        yield Note("kustomizations-built", f"kustomize builds {noun}: {_listed(built)}")
    charts = [build for build in builds if build.is_chart]
    if charts:
        what = f"what belongs to {len(charts)} Helm chart{'s' * (len(charts) > 1)} was not read"
        directories = [printable(build.directory) for build in charts]
        how = (
            f"it with: {charts[0].hint}"
            if len(charts) == 1
            else f"each with: {_pipeline(_HELM, 'DIR')} (DIR: {_listed(directories)})"
        )
        yield Note("charts-left-out", f"{what}; plan {how}")


def kustomizations(builds: Collection[Build]) -> list[Build]:
    """The kustomizations to build: those that no other one names; all of them, if there is none."""
    every = [build for build in builds if not build.is_chart]
    sources = {source for build in every for source in build.sources}
    roots = [build for build in every if os.path.realpath(build.directory) not in sources]
    return roots or every


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _pipeline(command: str, directory: str) -> str:
    return f"{command} {directory} | reconciler plan -"


def named(fields: dict[str, Any]) -> Iterator[str]:
    """What a kustomization names, be it a path, a URL or a patch as text."""
    for name in _PATHS:
        yield from texts(fields.get(name))
    for name, paths in _ITEMS_WITH_PATHS.items():
        items = fields.get(name)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                for path in paths:
                    yield from texts(item.get(path))
    if isinstance(openapi := fields.get("openapi"), dict):
        yield from texts(openapi.get("path"))


def texts(value: Any) -> Iterator[str]:
    """The texts in `value`; what follows ``=`` too, since generators name files so."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str):
            yield text
            if "=" in text:
                yield text.partition("=")[2]


def _may_be_path(name: str) -> bool:
    return 0 < len(name) < _LONGEST_PATH and name.isprintable()


def _real(directory: str, name: str) -> str:
    return os.path.realpath(os.path.join(directory, name))  # noqa: PTH118 - as given
