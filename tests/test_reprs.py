"""No object of this package shows a value from a manifest in its ``repr``, ``str`` or ``format``.

A run over manifests full of canaries is watched from inside: whatever a function of the package
holds, takes or returns is printed, so that a new class is tried as soon as anything uses it.
"""

from __future__ import annotations

import base64
import dataclasses
import gc
import importlib
import inspect
import json
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import reconciler
from reconciler import workflow
from reconciler.manifests import LintSettings, load, parse_document, unprovided
from reconciler.model.plans import PlanOptions
from reconciler.stores import open_store

CANARY = "canary-7f3a91"
ENCODED = base64.b64encode(CANARY.encode()).decode()
FORMS = (CANARY, ENCODED, ENCODED.rstrip("="))
PACKAGE = str(Path(reconciler.__file__).parent)

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n"
SOUND = {
    "simple.yaml": HEAD + f"  annotations:\n    note: it is {CANARY}\n  labels:\n    a: {CANARY}\n"
    f"stringData:\n  password: {CANARY}\n  url: https://a:{CANARY}@db/\ndata:\n  token: {ENCODED}\n",
    "flow.yaml": HEAD + f"data: {{a: &a {ENCODED}, b: *a}}\nstringData: {{c: '{CANARY}'}}\n",
    "merged.yaml": HEAD + f"stringData:\n  <<: {{a: {CANARY}}}\n  b: {CANARY}\n",
    "list.json": json.dumps(
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": "listed"},
                    "stringData": {"a": CANARY},
                }
            ],
        }
    ),
    "account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}\n"
    "imagePullSecrets: [{name: simple}]\n---\napiVersion: v1\nkind: Namespace\n"
    "metadata: {name: shop}\n",
    "workload.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: default}\nspec:\n"
    f"  containers: [{{name: a, env: [{{name: A, value: {CANARY}}}, {{name: B, valueFrom: "
    "{secretKeyRef: {name: simple, key: gone}}}]}]\n",
}
BROKEN = {
    "unknown.yaml": HEAD + f"'{CANARY}!': {CANARY}\nstringData: {{'{CANARY}!': 1, a: [{CANARY}]}}\n",
    "duplicate.yaml": HEAD + f"stringData:\n  a: {CANARY}\n  a: {CANARY}\n  ? [{CANARY}]\n  : a\n",
    "invalid.yaml": HEAD + f"data:\n  a: {CANARY}\n",
    "syntax.yaml": HEAD + f"stringData:\n  a: '{CANARY}\n",
    "template.yaml": HEAD + f"stringData:\n  a: {{{{ .{CANARY} }}}}\n",
    "syntax.json": '{"stringData": {"a": "' + CANARY + '"',
    "owner.yaml": HEAD + "  ownerReferences: [{apiVersion: v1, kind: Secret, name: gone}]\n"
    f"stringData: {{a: {CANARY}}}\n",
}


def written(directory: Path, manifests: dict[str, str]) -> Path:
    for file, text in manifests.items():
        name = file.replace(".", "-")
        (directory / file).write_text(text.replace("{name}", name), encoding="utf-8")
    return directory


def is_ours(value: object) -> bool:
    return str(type(value).__module__).partition(".")[0] == "reconciler"


class Watch:
    """Prints what functions of the package hold; notes the classes, and those that leak."""

    def __init__(self) -> None:
        self.classes: set[type] = set()
        self.leaks: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event in {"call", "return"} and frame.f_code.co_filename.startswith(PACKAGE):
            where = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
            for value in (*frame.f_locals.values(), argument):
                self.look(value, where)

    def look(self, value: object, where: str, depth: int = 0) -> None:
        if isinstance(value, tuple | list | set | frozenset) and not is_ours(value):
            for inner in value if depth < 3 else ():
                self.look(inner, where, depth + 1)
        elif isinstance(value, dict):
            for inner in value.values() if depth < 3 else ():
                self.look(inner, where, depth + 1)
        elif is_ours(value):
            self.classes.add(type(value))
            if shows(value):
                self.leaks.setdefault(qualified(type(value)), where)

    def run(self, call: Callable[[], Any]) -> Any:
        """Watch `call`, and look at all objects that are alive after it."""
        sys.setprofile(self)
        try:
            result = call()
        finally:
            sys.setprofile(None)
        for value in gc.get_objects():
            if is_ours(value):
                self.look(value, "after the call")
        return result


def shows(value: object) -> bool:
    """Whether `value` shows a canary; half-made objects, which cannot be printed yet, do not."""
    try:
        texts = (repr(value), str(value), format(value))
    except AttributeError:
        return False
    return any(form in text for text in texts for form in FORMS)


def qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    watch = Watch()
    sound = written(tmp_path_factory.mktemp("sound"), SOUND)
    broken = written(tmp_path_factory.mktemp("broken"), BROKEN)
    watch.run(lambda: load(broken, lints=LintSettings(strict=True)))
    watch.run(lambda: parse_document(f"set: {CANARY}\nlints: {{{CANARY}: [{CANARY}]}}\n", "c.yaml"))
    loaded = watch.run(lambda: load(sound))
    assert loaded.errors == ()
    watch.run(lambda: unprovided(loaded))
    options = PlanOptions()
    with closing(open_store(f"sqlite:{broken}/store.db", {})) as store:
        for _ in range(2):
            snapshot = watch.run(lambda: workflow.read(loaded.objects, store, options))
            planned = watch.run(lambda: workflow.plan(loaded.objects, snapshot, options))
            watch.run(lambda: workflow.apply(planned, store))
            watch.run(lambda: workflow.drift(loaded.objects, snapshot, options))
    return watch


def test_no_object_shows_a_value(watch: Watch) -> None:
    assert not watch.leaks, "\n".join(f"{name} in {where}" for name, where in watch.leaks.items())
