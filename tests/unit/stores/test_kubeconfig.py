"""What is wrong with a kubeconfig is told without quoting it, or what stands in its place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.kubeconfig import connect

CANARY = "canary-5eCr3t"


def kubeconfig(**changed: Any) -> dict[str, Any]:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "shop",
        "contexts": [{"name": "shop", "context": {"cluster": "shop", "user": "me"}}],
        "clusters": [{"name": "shop", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": CANARY}}],
    }
    return {**document, **changed}


def users(user: Mapping[str, Any]) -> dict[str, Any]:
    return {"users": [{"name": "me", "user": user}]}


def plugin(code: str, **more: Any) -> dict[str, Any]:
    version = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    command = {"command": sys.executable, "args": ["-c", code]}
    return users({"exec": {**version, **command, **more}})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "user without a user": ({"users": [{"name": "me", "token": CANARY}]}, "has no user"),
    "cluster without a cluster": (
        {"clusters": [{"name": "shop", "server": f"https://u:{CANARY}@h"}]},
        "has no cluster",
    ),
    "no cluster": ({"clusters": []}, "no cluster of the name"),
    "user twice": ({"users": [{"name": "me", "token": CANARY}] * 2}, "has no user"),
    "no name": ({"users": [{"user": {"token": CANARY}}]}, "has no name"),
    "key as a file": (users({"client-key": CANARY}), "a file that it names does not exist"),
    "token as a file": (users({"tokenFile": CANARY}), "or a file that it needs"),
    "plugin that talks": (
        plugin(f"import sys; sys.exit({CANARY!r})"),
        "it ended with exit code 1",
    ),
    "plugin that answers nothing": (plugin(f"print({CANARY!r})"), "does not understand"),
    "plugin of nothing": (plugin("print('{}')"), "missing key 'apiVersion'"),
    "no plugin": (plugin("", command="no-such-plugin"), "no-such-plugin"),
}


@pytest.mark.parametrize(("changed", "told"), WRONG.values(), ids=WRONG.keys())
def test_nothing_of_a_kubeconfig_is_quoted(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    file = tmp_path / "conf"
    file.write_text(yaml.safe_dump(kubeconfig(**changed)))
    with pytest.raises(ConfigError) as caught:
        connect("", str(file), {}, trusted=True)
    assert CANARY not in f"{caught.value.message}{caught.value.hint}"
    assert told in caught.value.message


@pytest.mark.parametrize("context", [CANARY, f"https://u:{CANARY}@h"])
def test_a_context_that_is_not_there_is_not_shown(tmp_path: Path, context: str) -> None:
    file = tmp_path / "conf"
    file.write_text(yaml.safe_dump(kubeconfig()))
    with pytest.raises(ConfigError, match="no context of the name") as caught:
        connect(context, str(file), {}, trusted=True)
    assert caught.value.hint.endswith("its contexts are shop")
    assert CANARY not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize("content", [CANARY, yaml.safe_dump(kubeconfig()), f"/{CANARY}" * 1000])
@pytest.mark.parametrize("as_option", [True, False])
def test_what_is_no_path_is_not_shown(content: str, as_option: bool) -> None:  # noqa: FBT001
    environ = {} if as_option else {"KUBECONFIG": content}
    with pytest.raises(ConfigError, match="does not exist") as caught:
        connect("", content if as_option else "", environ, trusted=True)
    assert CANARY not in f"{caught.value.message}{caught.value.hint}"


def test_a_server_is_shown_without_its_password(tmp_path: Path) -> None:
    file = tmp_path / "conf"
    cluster = {"server": f"https://user:{CANARY}@127.0.0.1:1/x"}
    document = kubeconfig(clusters=[{"name": "shop", "cluster": cluster}])
    file.write_text(yaml.safe_dump(document))
    connection: Connection = connect("", str(file), {}, trusted=True)
    assert connection.shown == "https://127.0.0.1:1/x"
    assert CANARY in connection.host


def test_a_pod_without_an_account_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ConfigError, match="the account of the Pod cannot be used") as caught:
        connect("", "", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, trusted=True)
    assert "automountServiceAccountToken" in caught.value.hint
