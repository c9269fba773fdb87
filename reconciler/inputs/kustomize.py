"""Kustomizations, built by the program kustomize.

Flags and fields are those of kustomize v5:
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/buildmetadata/.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.inputs.bases import faults_in, fields_of, kustomization_in
from reconciler.inputs.builds import Parse
from reconciler.inputs.confinement import confined
from reconciler.inputs.problems import input_error, printable
from reconciler.inputs.programs import Job, inherited
from reconciler.inputs.rendering import Printed, Rendering, Running, documents_in
from reconciler.model.inputs import Part, Text
from reconciler.model.objects import Diagnostic, Source

_FREE = ("--enable-helm", "--enable-alpha-plugins", "--enable-exec")
_ORIGIN = "originAnnotations"
_METADATA = re.compile(r"^metadata:\n(?:(?: .*)?\n)+", re.MULTILINE)
_ANNOTATION = re.compile(r"^    config\.kubernetes\.io/origin: \|\n((?:      .*\n)+)", re.MULTILINE)
_EMPTIED = re.compile(r"^  annotations:\n(?!    )", re.MULTILINE)
_PATH = re.compile(r"^ +(?:path|configuredIn): (.*)$", re.MULTILINE)
_REPOSITORY = re.compile(r"^ +repo: (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KustomizeRendering(Rendering):
    """What kustomize builds of the kustomization in ``directory``.

    For the names of files, kustomize is given a kustomization around that one, which asks for
    them; nothing else differs.
    """

    directory: str
    parse: Parse
    metadata: tuple[str, ...]
    is_component: bool

    @classmethod
    def of(cls, directory: str, path: str, parse: Parse) -> KustomizeRendering:
        """The build of `directory`, which the input `path` names or holds."""
        file = kustomization_in(directory)
        fields = fields_of(file, parse)
        metadata = fields.get("buildMetadata")
        return cls(
            path=path,
            name=printable(directory),
            identity=f"kustomization {os.path.realpath(directory)}",
            place=Source(printable(file), 1, 1),
            directory=directory,
            parse=parse,
            metadata=tuple(map(str, metadata)) if isinstance(metadata, list) else (),
            is_component=fields.get("kind") == "Component",
        )

    @property
    def program(self) -> str:
        """Kustomize."""
        return "kustomize"

    @property
    def install(self) -> str:
        """Where it comes from."""
        return "install it: https://kubectl.docs.kubernetes.io/installation/kustomize/"

    def may_vary(self, running: Running) -> bool:
        """Only what other programs generate does."""
        return running.everything_allowed

    def problems(self, running: Running) -> Iterator[Diagnostic]:
        """What it names outside of the checkout, and what SOPS encrypted."""
        allowed = running.everything_allowed
        for fault in faults_in(self.directory, self.parse, everything_allowed=allowed):
            yield input_error(fault.file, fault.code, fault.message, fault.hint)

    def job(self, program: str, private: Path, running: Running) -> Job:
        """``kustomize build``, confined unless everything is allowed."""
        root = self._root(private)
        if root == private:
            around = {
                "components" if self.is_component else "resources": [
                    os.path.relpath(os.path.realpath(self.directory), os.path.realpath(private))
                ],
                "buildMetadata": [*self.metadata, _ORIGIN],
            }
            Path(private, "kustomization.yaml").write_text(json.dumps(around), encoding="utf-8")
        flags = _FREE if running.everything_allowed else ()
        free = dict(inherited(running.environ))
        environ = free if running.everything_allowed else confined(private)
        arguments = [os.path.abspath(program), "build", os.path.abspath(root), *flags]  # noqa: PTH100 - links stay
        return Job(arguments, environ, str(private))

    def printed(self, text: Text, private: Path) -> Printed:
        """The output without the annotations that were asked for, and the files that they name."""
        root = self._root(private)
        if root != private:
            return Rendering.printed(self, text, private)
        parts: list[Part] = []
        kept: list[str] = []
        line = 1
        for number, (_, document) in enumerate(documents_in(text.text), start=1):
            plain, origin = _without_origin(document)
            file = _file_of(origin, private)
            where = file or f"<{self.name}, document {number}>"
            parts.append(Part(line, where, is_file=bool(file)))
            kept.append(plain)
            line += plain.count("\n")
        return Printed(Text(text.file, "".join(kept)), tuple(parts))

    def _root(self, private: Path) -> Path:
        """The directory that is built: `private` where it can hold a kustomization around ours."""
        ours = Path(self.directory).resolve()
        is_within = private.resolve().is_relative_to(ours)  # kustomize calls that a cycle
        return Path(self.directory) if is_within or _ORIGIN in self.metadata else private


def _without_origin(document: str) -> tuple[str, str]:
    """`document` as kustomize prints it without the annotation, and the content of that.

    Only in its own place, so that no text within a value is taken for it.
    """
    metadata = _METADATA.search(document)
    annotation = metadata and _ANNOTATION.search(metadata[0])
    if not (metadata and annotation):
        return document, ""
    rest = metadata[0][: annotation.start()] + metadata[0][annotation.end() :]
    plain = _EMPTIED.sub("", rest, count=1)
    return document[: metadata.start()] + plain + document[metadata.end() :], annotation[1]


def _file_of(origin: str, private: Path) -> str:
    """The file that `origin` names, from the working directory; empty if there is none."""
    path = _PATH.search(origin)
    if path is None:
        return ""
    name = path[1].strip().strip("'\"")
    repository = _REPOSITORY.search(origin)
    if repository is not None:
        return printable(f"{repository[1].strip()}//{name}")
    return printable(os.path.relpath(os.path.normpath(Path(private.resolve(), name))))
