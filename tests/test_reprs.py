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
import os
import pkgutil
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

import reconciler
from reconciler import workflow
from reconciler.inputs import Running
from reconciler.manifests import LintSettings, parse_document, unprovided
from reconciler.manifests.stages import results_of
from reconciler.model.inputs import Command, Exclusion, Text
from reconciler.model.objects import Desired, ObjectKey, Source
from reconciler.model.opening import StoreChoice
from reconciler.model.plan_options import KeyTarget, PlanOptions
from reconciler.model.store import Store
from reconciler.stores import open_store
from reconciler.workflow import load

CANARY = "canary-7f3a91"
ENCODED = base64.b64encode(CANARY.encode()).decode()
FORMS = (CANARY, ENCODED, ENCODED.rstrip("="))
PACKAGE = str(Path(reconciler.__file__).parent)

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n"
SOUND = {
    "simple.yaml": HEAD + f"  annotations:\n    note: it is {CANARY}\n  labels:\n    a: {CANARY}\n"
    f"data:\n  token: {ENCODED}\nstringData:\n  password: {CANARY}\n  url: https://a:{CANARY}@db/\n",
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
SOUND["generated.yaml"] = HEAD + (
    f'  annotations:\n    reconciler/generate.id: "ssh-ed25519; public=id.pub; comment={CANARY}"\n'
    f'    reconciler/generate.tls.key: "tls; certificate=tls.crt; cn={CANARY}"\n'
    f"stringData: {{user: {CANARY}}}\n"
)
PEM = f"-----BEGIN {{label}}-----\n{ENCODED}\n-----END {{label}}-----\n"
SOUND["sealed.yaml"] = (
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: sealed}\n"
    f"spec: {{encryptedData: {{a: {CANARY}}}}}\n"
)
SOUND["pair.yaml"] = (
    HEAD
    + "type: kubernetes.io/tls\nstringData:\n"
    + "".join(
        f"  {key}: {json.dumps(PEM.format(label=label))}\n"
        for key, label in (("tls.crt", "CERTIFICATE"), ("tls.key", CANARY))
    )
)
CHANGED = {"simple.yaml": HEAD + f"stringData:\n  password: {CANARY}, changed\n"}
BROKEN = {
    "unknown.yaml": HEAD
    + f"'{CANARY}!': {CANARY}\nstringData: {{'{CANARY}!': 1, a: [{CANARY}]}}\n",
    "duplicate.yaml": HEAD + f"stringData:\n  a: {CANARY}\n  a: {CANARY}\n  ? [{CANARY}]\n  : a\n",
    "invalid.yaml": HEAD + f"data:\n  a: {CANARY}\n",
    "syntax.yaml": HEAD + f"stringData:\n  a: '{CANARY}\n",
    "kustomized/kustomization.yaml": f"secretGenerator: [{{literals: [a={CANARY}]}}]\n",
    "template.yaml": HEAD + f"stringData:\n  a: {{{{ .{CANARY} }}}}\n",
    "syntax.json": '{"stringData": {"a": "' + CANARY + '"',
    "owner.yaml": HEAD + "  ownerReferences: [{apiVersion: v1, kind: Secret, name: gone}]\n"
    f"stringData: {{a: {CANARY}}}\n",
}


def written(directory: Path, manifests: dict[str, str]) -> Path:
    for file, text in manifests.items():
        name = file.replace(".", "-")
        (directory / file).parent.mkdir(exist_ok=True)
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
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            result = call()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
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
    watch.run(
        lambda: load(broken, lints=LintSettings(strict=True), exclude=[Exclusion(".", ("*.txt",))])
    )
    watch.run(lambda: parse_document(f"set: {CANARY}\nlints: {{{CANARY}: [{CANARY}]}}\n", "c.yaml"))
    loaded = watch.run(lambda: load(sound))
    assert loaded.errors == ()
    watch.run(lambda: unprovided(loaded))
    printed = written(tmp_path_factory.mktemp("printed"), CHANGED)
    watch.run(lambda: load([], sources=[printing(printed)], running=RUNNING))
    other = load(written(tmp_path_factory.mktemp("changed"), CHANGED))
    changed = other.objects
    watch.run(lambda: workflow.difference(("a", "b"), loaded, other))
    options = PlanOptions()
    with closing(open_store(f"sqlite:{broken}/store.db", {})) as store:
        for desired in (loaded.objects, loaded.objects, changed):
            watch.run(lambda: round_of(desired, store, options))  # noqa: B023 - called at once
        generated = ObjectKey("Secret", "default", "generated-yaml")
        rotating = PlanOptions(rotate=(KeyTarget(generated, "id"),))
        watch.run(lambda: round_of(loaded.objects, store, rotating))
    return watch


RUNNING = Running(environ=os.environ, everything_allowed=True, twice=True)


def printing(directory: Path) -> Command:
    """A source whose program prints the manifests in `directory`."""
    return Command(
        name="printed",
        arguments=("cat", *sorted(file.name for file in directory.iterdir())),
        directory=str(directory),
        place=Source("reconciler.yaml", 1, 1),
    )


def round_of(desired: tuple[Desired, ...], store: Store, options: PlanOptions) -> None:
    """Plan, try and apply `desired`, and look for drift."""
    snapshot = workflow.read(desired, store, options)
    planned = workflow.tried(workflow.plan(desired, snapshot, options), store)
    pending = workflow.PendingPlans(most_held=0)
    pending.keep(workflow.Environment(store=StoreChoice("")), planned, to_verify=True)
    workflow.apply(planned, store)
    workflow.drift(desired, snapshot, options)


def test_no_object_shows_a_value(watch: Watch) -> None:
    assert not watch.leaks, "\n".join(f"{name} in {where}" for name, where in watch.leaks.items())


def classes_of(*rooms: str) -> Iterator[type]:
    """All dataclasses and named tuples that the modules of `rooms` define."""
    for info in pkgutil.walk_packages(reconciler.__path__, prefix="reconciler."):
        if info.name.split(".")[1] in rooms:
            module = importlib.import_module(info.name)
            for _, cls in inspect.getmembers(module, inspect.isclass):
                if cls.__module__ == info.name and is_record(cls):
                    yield cls


def is_record(cls: type) -> bool:
    return dataclasses.is_dataclass(cls) or (issubclass(cls, tuple) and hasattr(cls, "_fields"))


UNTRIED = {
    *("execution.retries.RetryPolicy", "execution.waits.WaitPolicy", "model.events.StepRetried"),
    *("model.events.StepStarted", "model.plans.StoreIdentity"),
    *("model.events.StepWaiting", "model.objects.Resource", "model.plans.Refusal"),
    *("inputs.locked._Lock", "inputs.bases.Fault", "inputs.helm.HelmRendering"),
    *("inputs.rendering.Rendering", "model.inputs.Chart", "model.inputs.SourceMark"),
    *("model.listing.DependencyGraph", "model.listing.GraphEdge", "model.listing.GraphNode"),
    *("model.history.History", "model.sops.MasterKey", "model.ciphertexts.Ciphertext"),
    *("manifests.sops.record.Record", "manifests.sops.record.Rule"),
    *("model.listing.ListedObject", "model.listing.Listing", "model.opening.Opening"),
    *("model.values.UidOf", "planning.promises.Deviation"),
    *("model.locks.Lock", "model.opening.StoreChoice", "workflow.environments.Environment"),
    *("model.news.Attempt", "model.news.Letter", "model.news.Standing", "model.news.Told"),
    *("model.remedies.CommandLine", "model.remedies.Remedies", "model.remedies.Remedy"),
    *("model.remedies.RemedyStep", "planning.baselines.Accepted", "planning.baselines.Baseline"),
    *("planning.remedies.Manifests", "planning.remedies._Printed", "workflow.telling.Telling"),
    *("model.announcements.Announcement", "workflow.checking.DriftCheck", "workflow.telling.Ended"),
    *("model.nodes.Node", "model.shards.Share", "model.store.Workload"),
    *("workflow.snapshots.Taken", "workflow.merging.Named", "model.shards.Shard"),
    *("workflow.reports.Report", "workflow.reports.Result", "workflow.revisions.Inputs"),
}
"""Classes that the run above does not come by; none of them has a field for manifest text."""


def test_every_class_of_the_rooms_that_hold_values_was_tried(watch: Watch) -> None:
    rooms = ("execution", "inputs", "manifests", "model", "planning", "rules", "workflow")
    tried = {qualified(cls).removeprefix("reconciler.") for cls in watch.classes}
    missing = {qualified(cls).removeprefix("reconciler.") for cls in classes_of(*rooms)} - tried
    assert sorted(missing - UNTRIED) == [], (
        "let the run use the new class, or say why it holds no text"
    )


def locals_in(error: BaseException) -> Iterator[tuple[str, object]]:
    """The locals of the package's functions that `error` came through."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_qualname}: {name}", value


def fail(_: object) -> NoReturn:
    raise RuntimeError


@pytest.mark.parametrize("text", [SOUND["simple.yaml"], SOUND["flow.yaml"], SOUND["list.json"]])
def test_tracebacks_with_locals_show_values_only_as_builtin_strings(text: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        results_of([(Text("a.yaml", text.replace("{name}", "a")), "default")], [fail], None)
    shown = dict(locals_in(raised.value))
    assert {"results_of: texts", "results_of: batch", "_violations: desired"} <= shown.keys()
    leaks = {name for name, value in shown.items() if any(form in repr(value) for form in FORMS)}
    assert leaks == set()
    lines = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    ours = lines[lines.index("in results_of") :]
    assert not any(form in ours for form in FORMS)
