"""Where a command works: ``-C``, ``-f``, and the version of what works there."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from reconciler import __version__


@pytest.mark.parametrize("spelling", ["-C", "--chdir"])
def test_another_directory(shop: Any, spelling: str) -> None:
    shop.write("deep/reconciler.yaml", "set: blue\n")
    shop.secret("inner", file="deep/manifests/inner.yaml", token="not-a-real-token")
    assert "Set blue," in shop.ok(spelling, "deep", "plan").out
    shop.ok(spelling, "deep", "apply", "--auto-approve")
    assert (shop.path / "deep/.reconciler/store.db").exists()
    assert "Set default," in shop.ok("plan").out


def test_the_command_of_a_saved_plan_names_the_directory(shop: Any) -> None:
    shop.secret("inner", file="deep down/manifests/inner.yaml", token="x7#kQ9!z-canary-canary")
    said = shop.ok("-C", "deep down", "plan", "--out", "p").err
    words = shlex.split(said.partition("this plan: ")[2])
    assert words == ["reconciler", "-C", "deep down", "apply", "p"]
    assert "created Secret/default/inner" in shop.ok(*words[1:]).out


@pytest.mark.parametrize("name", ["nowhere", "manifests/shop.yaml"])
def test_a_directory_that_is_none(shop: Any, name: str) -> None:
    result = shop.run("-C", name, "plan")
    assert result.code == 1
    assert f"--chdir: {name}: " in result.err


@pytest.mark.parametrize("spelling", ["-f", "--filename"])
def test_paths_as_kubectl_spells_them(shop: Any, spelling: str) -> None:
    shop.secret("other", file="other.yaml", token="not-a-real-token")
    shop.secret("third", file="third.yaml", token="not-a-real-token")
    shop.write("reconciler.yaml", "manifests: third.yaml\n")
    shown = shop.ok("plan", "manifests", spelling, "other.yaml").out
    assert "Secret/shop/database" in shown
    assert "Secret/default/other" in shown
    alone = shop.ok("plan", spelling, "other.yaml").out
    assert "Plan: 1 to create" in alone
    piped = shop.ok("plan", "-f", "-", stdin=(shop.path / "other.yaml").read_text())
    assert "Secret/default/other" in piped.out


def test_a_plan_file_as_kubectl_would_name_it(shop: Any) -> None:
    shop.ok("plan", "--out", "p")
    assert "Applied: 2 created." in shop.ok("apply", "-f", "p").out


def test_the_version(shop: Any) -> None:
    assert f"reconciler {__version__} (Python 3." in shop.ok("version").out
    assert json.loads(shop.ok("version", "-o", "json").out)["version"] == __version__


MANIFEST = """\
apiVersion: v1
kind: Secret
metadata: {name: here}
stringData: {token: not-a-real-token}
"""


@pytest.mark.parametrize("name", ["secret.yaml", "secret.yml", "secret.json"])
def test_manifests_in_the_current_directory(workplace: Any, name: str) -> None:
    text = (
        MANIFEST
        if name != "secret.json"
        else ('{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "here"}}')
    )
    workplace.write(name, text)
    result = workplace.ok("plan")
    assert "+ Secret/default/here" in result.out
    assert "no manifests/ here, so the current directory is read" in result.err
    for command in ("validate", "graph"):
        workplace.ok(command)
    workplace.ok("plan", "--out", "p")
    workplace.ok("apply", "p")


def test_the_directory_of_manifests_comes_first(shop: Any) -> None:
    shop.write("secret.yaml", MANIFEST)
    result = shop.ok("plan")
    assert "Secret/default/here" not in result.out
    assert not result.err


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift", "graph"])
def test_no_manifests_anywhere(workplace: Any, command: str) -> None:
    workplace.write("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\n")
    workplace.write("package.json", "{}")
    workplace.write("deep/secret.yaml", MANIFEST)
    result = workplace.run(command)
    assert result.code == 1
    assert f"{workplace.path} has no directory manifests" in result.err
    assert f"reconciler {command} PATH" in result.err
    assert "reconciler init" in result.err


@pytest.fixture
def below(shop: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A directory below one that has a store."""
    shop.ok("apply", "--auto-approve")
    shop.write("deep/down/manifests/secret.yaml", MANIFEST)
    monkeypatch.chdir(shop.path / "deep/down")
    return shop


@pytest.mark.parametrize(
    "command", ["plan", "apply --auto-approve", "drift", "get", "export", "unlock", "destroy"]
)
def test_a_store_further_up_is_not_passed_over(below: Any, command: str) -> None:
    before = below.files()
    result = below.run(*command.split())
    assert result.code == 1
    assert "one further up: ../../.reconciler/store.db" in result.err
    assert "--store sqlite:../../.reconciler/store.db" in result.err
    assert below.files() == before


def test_either_store_can_be_named(below: Any) -> None:
    shared = below.ok("plan", "--store", "sqlite:../../.reconciler/store.db")
    assert "Secret/shop/database, which the set owns" in shared.out
    below.ok("apply", "--auto-approve", "--store", "sqlite:.reconciler/store.db")
    assert (below.path / "deep/down/.reconciler/store.db").exists()
    assert "No changes." in below.ok("plan").out


def test_a_store_beyond_the_repository_is_another_one_s(below: Any) -> None:
    (below.path / "deep/.git").mkdir()
    assert "Plan: 1 to create" in below.ok("plan").out
