"""What a kubeconfig may do that comes with the manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SERVER = {"server": "https://127.0.0.1:1"}
ASKING = ("get", "--store", "kubernetes:")


@pytest.fixture
def marker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a program of the kubeconfig makes."""
    return tmp_path_factory.mktemp("elsewhere") / "marker"


def running(marker: Path, **more: Any) -> dict[str, Any]:
    """A user whose credentials a program gives."""
    version = "client.authentication.k8s.io/v1"
    plugin = {"command": "touch", "args": [str(marker)], "interactiveMode": "Never"}
    return {"exec": {"apiVersion": version, **plugin}, **more}


def written(file: Path, user: dict[str, Any], *others: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": SERVER}],
        "users": [*others, {"name": "u", "user": user}],
    }
    file.write_text(json.dumps(document))
    return file


def test_a_kubeconfig_of_the_checkout_runs_nothing_without_consent(
    workplace: Any, marker: Path
) -> None:
    workplace.write("sub/.keep", "")
    written(workplace.path / "sub/kubeconfig", running(marker))
    workplace.write("reconciler.yaml", "kubeconfig: sub/kubeconfig\n")
    asked = workplace.run(*ASKING)
    assert asked.code == 1
    assert "the kubeconfig sub/kubeconfig is a file of this checkout" in asked.err
    assert "'exec'" in asked.err
    assert "--allow-run" in asked.err
    assert not marker.exists()
    for option, variables in ((("--allow-run",), {}), ((), {"RECONCILER_ALLOW_RUN": "1"})):
        assert "checkout" not in workplace.run(*ASKING, *option, env=variables).err
        assert marker.exists()
        marker.unlink()
    refused = workplace.run(*ASKING, "--no-allow-run", env={"RECONCILER_ALLOW_RUN": "1"})
    assert "checkout" in refused.err


def test_nothing_but_the_user_gives_consent(workplace: Any, marker: Path) -> None:
    written(workplace.path / "kubeconfig", running(marker))
    workplace.write("reconciler.yaml", "kubeconfig: kubeconfig\nallow-run: true\n")
    assert "unknown setting 'allow-run'" in workplace.run(*ASKING).err
    assert not marker.exists()


@pytest.mark.parametrize(
    "user",
    [
        {"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/false"}}},
        {"tokenFile": "/etc/hostname"},
    ],
    ids=["a provider", "a file to send"],
)
@pytest.mark.parametrize("way", ["option", "variable", "one of two", "above", "odd neighbours"])
def test_however_the_file_is_named(
    workplace: Any, monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], way: str
) -> None:
    others = ["odd", {"name": "o"}, {"name": "p", "user": 7}] if way == "odd neighbours" else []
    file = written(workplace.path / "kubeconfig", user, *others)
    given = {}
    match way:
        case "variable":
            given = {"KUBECONFIG": "kubeconfig"}
        case "one of two":
            given = {"KUBECONFIG": f"/nowhere/at/all:{file}"}
        case "above":
            (workplace.path / ".git").mkdir()
            workplace.write("sub/m.yaml", "")
            monkeypatch.chdir("sub")
            given = {"KUBECONFIG": "../kubeconfig"}
    option = () if given else ("--kubeconfig", "kubeconfig")
    asked = workplace.run(*ASKING, *option, env=given)
    assert asked.code == 1
    assert "is a file of this checkout" in asked.err


def test_the_other_store_with_kubeconfigs_asks_too(workplace: Any, marker: Path) -> None:
    written(workplace.path / "kubeconfig", running(marker))
    way = ("--store", "cce://b0c1", "--kubeconfig", "kubeconfig")
    assert "is a file of this checkout" in workplace.run("get", *way).err
    assert not marker.exists()
    workplace.run("get", *way, "--allow-run")
    assert marker.exists()


@pytest.mark.parametrize("place", ["elsewhere", "linked", "home", "home is a repository"])
def test_the_users_own_kubeconfig_needs_no_consent(
    workplace: Any, marker: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    own = marker.parent / ".kube/config"
    named = ["--kubeconfig", str(own)]
    written(own, running(marker))
    if place == "linked":
        (workplace.path / "kubeconfig").symlink_to(own)
        named = ["--kubeconfig", "kubeconfig"]
    elif place != "elsewhere":
        monkeypatch.chdir(marker.parent)
        monkeypatch.setenv("HOME", str(marker.parent))
        named = []
        if place != "home":
            (marker.parent / ".git").mkdir()
    assert "checkout" not in workplace.run(*ASKING, *named).err
    assert marker.exists()
