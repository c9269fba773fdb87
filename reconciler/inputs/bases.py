"""What a kustomization names, and all that this names in turn, before kustomize is run on it.

What kustomize takes for a remote base or file is described by its own code, kubernetes-sigs/
kustomize v5.8, ``api/internal/git/repospec.go`` and ``api/internal/loader/fileloader.go``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from reconciler.inputs.builds import KUSTOMIZATIONS, Parse, named, texts
from reconciler.inputs.problems import printable
from reconciler.inputs.programs import ALLOW
from reconciler.inputs.texts import file_text
from reconciler.model.inputs import Text

_REMOTE = re.compile(r"git::|[^/]*:|[^/]*@|(www\.)?github\.com", re.IGNORECASE)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://|\bgit@|\bgithub\.com\b", re.IGNORECASE)
_CONFIGURED = ("generators", "transformers", "validators")
_CHARTS = ("helmCharts", "helmChartInflationGenerator")
_ENCRYPTED = "ENC[AES256_GCM,"


class Fault(NamedTuple):
    """Why kustomize is not run: the code, the file that is at fault, and a message and a hint."""

    code: str
    file: str
    message: str
    hint: str


_DECRYPT = (
    "name it by itself, or read all files as they are, with --exclude {}; "
    "with KSOPS and --allow-run, kustomize decrypts it"
)


def faults_in(directory: str, parse: Parse, *, everything_allowed: bool) -> Iterator[Fault]:
    """What keeps kustomize from being run on the kustomization in `directory`.

    With `everything_allowed`, it may fetch and execute what it wants.
    """
    waiting, seen = [directory], set[str]()
    while waiting:
        place = waiting.pop()
        real = os.path.realpath(place)
        file = kustomization_in(place)
        if real in seen or not file:
            continue
        seen.add(real)
        fields = fields_of(file, parse)
        if not everything_allowed:
            yield from _barred(file, fields)
        for name in named(fields):
            if "\n" in name or _REMOTE.match(name):
                continue
            path = os.path.relpath(os.path.normpath(os.path.join(real, name)))  # noqa: PTH118
            if os.path.isdir(path):  # noqa: PTH112 - as above
                waiting.append(path)
            elif _holds(path, lambda text: _ENCRYPTED in text and "sops" in text):
                yield Fault(
                    "sops-in-kustomize",
                    path,
                    "the file is encrypted with SOPS, and kustomize would break its MAC",
                    _DECRYPT.format(os.path.basename(file)),  # noqa: PTH119 - one of three
                )


def kustomization_in(directory: str) -> str:
    """The kustomization in `directory`; empty if there is none."""
    paths = (os.path.join(directory, name) for name in KUSTOMIZATIONS)  # noqa: PTH118 - as given
    return next((path for path in paths if os.path.isfile(path)), "")  # noqa: PTH113 - as above


def fields_of(file: str, parse: Parse) -> dict[str, Any]:
    """The fields of the kustomization `file`; none where kustomize itself will complain."""
    content = file_text(file)
    document = parse(content.text, content.file)[0] if isinstance(content, Text) else None
    return document if isinstance(document, dict) else {}


def _barred(file: str, fields: dict[str, Any]) -> Iterator[Fault]:
    """What makes kustomize fetch or execute something."""
    for field in _CHARTS:
        if fields.get(field):
            yield Fault(
                "source-not-allowed", file, f"{field} makes kustomize run Helm on charts", ALLOW
            )
    remote = [name for name in named(fields) if "\n" not in name and _REMOTE.match(name)]
    tails = {name.partition("=")[2] for name in remote}  # which `named` gives once more
    if remote:
        yield _remote(file, [name for name in remote if name not in tails])
    directory = os.path.dirname(file)  # noqa: PTH120 - as it is named
    for field in _CONFIGURED:
        for name in texts(fields.get(field)):
            path = os.path.join(directory, name)  # noqa: PTH118 - as above
            if ("\n" in name and _URL.search(name)) or _holds(path, _URL.search):
                yield Fault(
                    "source-not-allowed",
                    file,
                    f"one of its {field} holds a URL, which kustomize may fetch",
                    ALLOW,
                )


def _remote(file: str, names: Sequence[str]) -> Fault:
    where = repr(printable(re.sub(r"//[^/@]*@", "//", names[0])))  # which may be a token
    rest = len(names) - 1
    if rest:
        message = f"{where} and {rest} more are not in this checkout: kustomize would fetch them"
    else:
        message = f"{where} is not in this checkout: kustomize would fetch it"
    return Fault(
        "source-not-allowed", file, message, f"copy {'them' if rest else 'it'} here; {ALLOW}"
    )


def _holds(path: str, test: Callable[[str], object]) -> bool:
    if "\n" in path or not os.path.isfile(path):  # noqa: PTH113 - as it is named
        return False
    content = file_text(path)
    return isinstance(content, Text) and bool(test(content.text))
