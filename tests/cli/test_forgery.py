"""No command prints what the runner of a pipeline would carry out, on neither stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.runners import commands_in

COMMAND = "##[set-output name=x]y"
TEXTS = (
    "::stop-commands::##[set-output name=x]y##vso[task.setvariable variable=x]z",
    "\n\r \t::error::##teamcity[x]section_start:1:x[collapsed=true]\r\x1b[0K",
)
PLANNING = ("validate", "plan", "apply --auto-approve", "drift", "graph", "destroy --auto-approve")


class Log:
    """Runs commands and keeps what they say, as a runner's log does."""

    def __init__(self, workplace: Any) -> None:
        self.workplace = workplace
        self.text = ""

    def run(self, *args: str, **extra: Any) -> Any:
        result = self.workplace.run(*args, **extra)
        for stream in (result.out, result.err):
            assert commands_in(stream) == [], (args, stream)
            assert not {"\r", "\x1b"} & set(stream), (args, stream)
        assert "Traceback" not in result.err
        self.text += result.out + result.err
        return result


@pytest.fixture
def log(workplace: Any) -> Log:
    return Log(workplace)


def annotated(workplace: Any, text: str, *, name: str = "a", file: str = "") -> Path:
    noted = json.dumps(text)
    head = f"  annotations:\n    note: {noted}\n"
    path: Path = workplace.secret(name, head=head, file=file, key="value")
    return path


@pytest.mark.parametrize("text", TEXTS)
def test_an_annotation_through_every_command_and_format(
    workplace: Any, log: Log, text: str
) -> None:
    annotated(workplace, text)
    for command in (
        *(f"validate -o {output}" for output in ("text", "json", "sarif")),
        *(f"plan -o {output}" for output in ("text", "json", "markdown", "html")),
        *(f"graph -o {output}" for output in ("dot", "mermaid")),
        "plan --verbose --allow-weak-plan --out saved.plan",
        "show saved.plan",
        "show saved.plan -o json",
        "show saved.plan -o markdown",
        "apply saved.plan",
        "apply --auto-approve -o json",
        "get --verbose",
        "get -o json",
        "export",
    ):
        log.run(*command.split())
    saved = (workplace.path / "saved.plan").read_text()
    assert commands_in(saved) == []
    annotated(workplace, f"other {text}")
    for command in (
        *(f"drift -o {output}" for output in ("text", "json", "markdown", "html", "prometheus")),
        "apply saved.plan",
        "destroy --auto-approve",
    ):
        log.run(*command.split())


def test_data_stays_the_same(workplace: Any) -> None:
    annotated(workplace, f"{COMMAND}\n::error::z", name="a")
    plan = json.loads(workplace.ok("plan", "-o", "json").out)
    workplace.ok("apply", "--auto-approve")
    (exported,) = yaml.safe_load_all(workplace.ok("export").out)
    assert exported["metadata"]["annotations"]["note"] == f"{COMMAND}\n::error::z"
    assert f"{COMMAND}\n::error::z" in json.dumps(plan).encode().decode("unicode_escape")
    workplace.ok("export", "--reveal", "--out", "manifests/a.yaml")
    assert workplace.ok("plan", "--detailed-exitcode").out.endswith("1 object in sync.\n")


@pytest.mark.parametrize("text", TEXTS)
def test_names_of_files_and_of_folders(workplace: Any, log: Log, text: str) -> None:
    name = text.replace("/", "-")
    annotated(workplace, "x", file=f"{name}.yaml")
    workplace.write(f"{name}/{name}.yaml", "kind: [")
    for command in PLANNING:
        for path in (f"{name}.yaml", name, f"{name}/none.yaml"):
            log.run(*command.split(), path)
    for out in (f"{name}.plan", f"{name}/none/x.plan", name):
        log.run("plan", f"{name}.yaml", "--out", out)
        log.run("show", out)
        log.run("apply", out)
        log.run("export", "--reveal", "--out", out)
    workplace.write(f"{name}.plan", '{"format": "reconciler.plan-file/v9"}')
    log.run("show", f"{name}.plan")
    log.run("apply", f"{name}.plan")


@pytest.mark.parametrize("text", TEXTS)
def test_names_and_texts_in_manifests(workplace: Any, log: Log, text: str) -> None:
    quoted = json.dumps(text)
    documents = [
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {quoted}\n  namespace: {quoted}\n",
        f"apiVersion: {quoted}\nkind: Secret\nmetadata: {{name: a}}\n",
        f"apiVersion: v1\nkind: {quoted}\nmetadata: {{name: a}}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ntype: {quoted}\n{quoted}: 1\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{{quoted}: b}}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a, labels: {{{quoted}: {quoted}}}}}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a, finalizers: [{quoted}]}}\n",
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {quoted}}}\nspec: {quoted}\n",
    ]
    for document in (*documents, "---\n".join(documents)):
        workplace.write("manifests/a.yaml", document)
        for command in ("validate", "validate -o sarif", "plan", "plan -o markdown", "graph"):
            log.run(*command.split())
    workplace.write("manifests/a.yaml", f"{text}\n- {text}: [")
    log.run("validate")
    log.run("validate", "-", stdin=f"{text}\n")


@pytest.mark.parametrize("text", TEXTS)
def test_settings_and_their_defaults_in_help(workplace: Any, log: Log, text: str) -> None:
    quoted = json.dumps(text)
    names = ("store", "set", "namespace", "manifests", "kubeconfig", "max-deletes", "prune", text)
    for name in names:
        workplace.write("reconciler.yaml", f"{json.dumps(name)}: {quoted}\n")
        for command in (*PLANNING, "plan --help", "apply --help", "get --help", "export --help"):
            log.run(*command.split())


@pytest.mark.parametrize("text", TEXTS)
def test_whatever_stands_on_the_command_line(workplace: Any, log: Log, text: str) -> None:
    workplace.secret("a", key="value")
    options = (
        "--store --set --namespace --target --max-deletes --parallelism --output --out --kubeconfig"
        " --context --set-namespace --sae-namespaces --qps --lock-timeout --wait-timeout --for"
        " --namespaced"
    )
    for command in (*PLANNING, "get", "export", "rbac", "store rekey", "completion", "show"):
        words = command.split()
        for option in options.split():
            log.run(*words, option, text)
        log.run(*words, text)
        log.run(*words, text, text)
        log.run(*words, f"--{text}")
        log.run(*words, f"--prune={text}")
    log.run(text)
    log.run("store", text)
    for scheme in ("sqlite:", "kubernetes:", "docker:", "cce:", "sae:", "other:"):
        log.run("plan", "--store", scheme + text)


@pytest.mark.parametrize("text", TEXTS)
def test_the_environment(workplace: Any, log: Log, text: str) -> None:
    workplace.secret("a", key="value")
    for name in ("STORE", "SET", "NAMESPACE", "PRUNE", "MAX_DELETES", "PARALLELISM", "KUBECONFIG"):
        log.run("plan", env={f"RECONCILER_{name}": text})
        log.run("plan", "--help", env={f"RECONCILER_{name}": text})
    for name in ("STORE_KEY", "STORE_KEY_FILE", "FINGERPRINT_KEY", "FINGERPRINT_KEY_FILE"):
        log.run("apply", "--auto-approve", env={f"RECONCILER_{name}": text})


def test_a_usage_error_still_names_usage_and_choices(workplace: Any) -> None:
    result = workplace.run("plan", "--output", "a\nb")
    assert result.code == 1
    assert result.err.splitlines()[0].startswith("Usage: ")
    assert r"'a\nb' is not one of" in result.err.splitlines()[-1]
    missing = workplace.run("completion").err
    assert "\n\tbash" in missing
