"""What kustomize and Helm build manifests from: no manifests themselves, but their sources.

Kustomizations are described at https://kubectl.docs.kubernetes.io/references/kustomize/, charts at
https://helm.sh/docs/topics/charts/.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterator
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
    _KUSTOMIZE: "this is a kustomization: only kustomize can make manifests of it",
    _HELM: "this is a Helm chart: only Helm can make manifests of it",
}
_NOTES = {
    _KUSTOMIZE: ("kustomizations-left-out", "kustomization"),
    _HELM: ("charts-left-out", "Helm chart"),
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
    def hint(self) -> str:
        """The command that plans it."""
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
    sources = frozenset(_real(directory, name) for name in _named(fields) if _may_be_path(name))
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
    """What was left to other programs, and how to plan it: a note for each program."""
    for command, (code, noun) in _NOTES.items():
        same = [build for build in builds if build.command == command]
        if not same:
            continue
        what = f"what belongs to {len(same)} {noun}{'s' * (len(same) > 1)} was not read"
        roots = _roots(same)
        if len(roots) == 1:
            how = f"plan it with: {roots[0].hint}"
        else:
            names = [printable(build.directory) for build in roots]
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            shown = ", ".join(names[:_MOST_NAMED])
            how = f"plan each with: {_pipeline(command, 'DIR')} (DIR: {shown}{more})"
        yield Note(code, f"{what}; {how}")


def _roots(builds: Collection[Build]) -> list[Build]:
    """The builds that no other one names; all of them, if there is none."""
    named = {source for build in builds for source in build.sources}
    roots = [build for build in builds if os.path.realpath(build.directory) not in named]
    return roots or [*builds]


def _pipeline(command: str, directory: str) -> str:
    return f"{command} {directory} | reconciler plan -"


def _named(fields: dict[str, Any]) -> Iterator[str]:
    """What a kustomization names, be it a path, a URL or a patch as text."""
    for name in _PATHS:
        yield from _texts(fields.get(name))
    for name, paths in _ITEMS_WITH_PATHS.items():
        items = fields.get(name)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                for path in paths:
                    yield from _texts(item.get(path))
    if isinstance(openapi := fields.get("openapi"), dict):
        yield from _texts(openapi.get("path"))


def _texts(value: Any) -> Iterator[str]:
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
