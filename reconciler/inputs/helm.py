"""Helm charts, rendered by ``helm template``.

The flags are those of Helm 3: https://helm.sh/docs/helm/helm_template/.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.inputs.confinement import confined
from reconciler.inputs.problems import printable
from reconciler.inputs.programs import Job, inherited
from reconciler.inputs.rendering import Printed, Rendering, Running, documents_in
from reconciler.model.inputs import Chart, Part, Text
from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Note

_SOURCE = re.compile(r"\A(?:---[^\n]*\n)?# Source: [^/\n]+/([^\n]+)\n")
_HOOK = re.compile(r"^ +[\"']?helm\.sh/hook[\"']?:", re.MULTILINE)
_MOST_NAMED = 5
_ALLOW = "if you trust it, use --allow-run or RECONCILER_ALLOW_RUN=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmRendering(Rendering):
    """What Helm makes of a chart with its values."""

    chart: Chart

    @classmethod
    def of(cls, chart: Chart) -> HelmRendering:
        """The objects of the release that `chart` defines."""
        return cls(
            path=chart.name,
            name=chart.name,
            identity=f"source {chart.name}",
            place=chart.place,
            namespace=chart.namespace,
            chart=chart,
        )

    @property
    def program(self) -> str:
        """Helm."""
        return "helm"

    @property
    def install(self) -> str:
        """Where it comes from."""
        return "install it: https://helm.sh/docs/intro/install/"

    def problems(self, running: Running) -> Iterator[Diagnostic]:
        """Whatever lies outside of the checkout: templates may print any file that they get."""
        if running.everything_allowed:
            return
        for name in (self.chart.chart, *self.chart.values):
            if not self._is_here(self._path(name)):
                yield self.error(
                    "source-not-allowed",
                    f"{printable(_without_user(name))!r} is not in this checkout",
                    f"copy it here; {_ALLOW}",
                )
        for link in _links_in(self._path(self.chart.chart)):
            if not self._is_here(link):
                yield self.error(
                    "source-not-allowed",
                    f"the link {printable(os.path.relpath(link))!r} leads out of this checkout",
                    f"copy what it leads to; {_ALLOW}",
                )

    def job(self, program: str, private: Path, running: Running) -> Job:
        """``helm template``, confined unless everything is allowed."""
        allowed = running.everything_allowed
        chart, *values = (self._argument(name) for name in (self.chart.chart, *self.chart.values))
        arguments = [os.path.abspath(program), "template", self.chart.release, chart]  # noqa: PTH100 - links stay
        if self.chart.namespace:
            arguments += ["--namespace", self.chart.namespace]
        for value in values:
            arguments += ["--values", value]
        if not allowed:  # a schema may refer to others by URL
            arguments.append("--skip-schema-validation")
        return Job(
            arguments,
            dict(inherited(running.environ)) if allowed else _confined(private),
            str(private),
        )

    def printed(self, text: Text, private: Path) -> Printed:
        """The output, whose comments name the templates, and a note of its hooks."""
        del private
        parts, hooks = [], []
        for number, (line, document) in enumerate(documents_in(text.text), start=1):
            source = _SOURCE.match(document)
            where = f"<{self.name}, document {number}>"
            if source:
                chart = os.path.relpath(self._path(self.chart.chart))
                where = f"{printable(chart)}/{printable(source[1])}"
            parts.append(Part(line, where, is_file=bool(source)))
            if _HOOK.search(document):
                hooks.append(where)
        return Printed(text, tuple(parts), (self._note(hooks),) if hooks else ())

    def _note(self, hooks: list[str]) -> Note:
        more = f" and {len(hooks) - _MOST_NAMED} more" if len(hooks) > _MOST_NAMED else ""
        what = "1 object is a Helm hook" if len(hooks) == 1 else f"{len(hooks)} are Helm hooks"
        names = ", ".join(hooks[:_MOST_NAMED])
        message = f"{self.name}: {what}, planned like any other object: {names}{more}"
        return Note("helm-hooks", message)

    def _path(self, name: str) -> Path:
        return Path(self.chart.directory, name)

    def _argument(self, name: str) -> str:
        """The path `name` in a form that Helm takes for nothing else; a URL as it is."""
        path = self._path(name)
        return str(path.absolute()) if path.exists() else name

    def _is_here(self, path: Path) -> bool:
        return path.exists() and path.resolve().is_relative_to(Path(self.chart.checkout).resolve())


def _links_in(directory: Path) -> Iterator[Path]:
    """The symbolic links in a chart; Helm follows them."""
    for place, directories, files in os.walk(directory):
        for name in (*directories, *files):
            path = Path(place, name)
            if path.is_symlink():
                yield path


def _without_user(name: str) -> str:
    return re.sub(r"//[^/@]*@", "//", name)


def _confined(private: Path) -> dict[str, str]:
    nothing = {"HELM_NO_PLUGINS": "1", "HELM_PLUGINS": str(private), "KUBECONFIG": os.devnull}
    return confined(private) | nothing
