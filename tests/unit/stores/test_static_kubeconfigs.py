"""A kubeconfig that is read without the official client means what it means to that client."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import StoreError
from reconciler.stores.kubernetes import official, static
from reconciler.stores.kubernetes.kubeconfig import connect

AUTHORITY, CERTIFICATE, KEY = b"authority\n", b"certificate\n", b"canary-key\n"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


SERVER = {"server": "https://api.example:6443"}
CLUSTERS: Mapping[str, dict[str, Any]] = {
    "plain": SERVER,
    "slashes": {"server": "https://api.example/k8s/c1//"},
    "authority in a file": {**SERVER, "certificate-authority": "ca.pem"},
    "authority above": {**SERVER, "certificate-authority": "../conf/ca.pem"},
    "authority as data": {**SERVER, "certificate-authority-data": encoded(AUTHORITY)},
    "authority twice": {
        **SERVER,
        "certificate-authority": "absent",
        "certificate-authority-data": encoded(AUTHORITY),
    },
    "insecure": {**SERVER, "insecure-skip-tls-verify": True},
    "secure": {**SERVER, "insecure-skip-tls-verify": False},
    "name": {**SERVER, "tls-server-name": "other.example"},
    "proxy": {**SERVER, "proxy-url": "socks5://user:canary@127.0.0.1:1080"},
    "more": {**SERVER, "extensions": [{"name": "minikube", "extension": {}}]},
}
USERS: Mapping[str, dict[str, Any]] = {
    "nobody": {},
    "token": {"token": "canary-token"},
    "files": {"client-certificate": "client.pem", "client-key": "client.key"},
    "data": {
        "client-certificate-data": encoded(CERTIFICATE),
        "client-key-data": encoded(KEY),
    },
    "one file for both": {"client-certificate": "client.pem"},
    "both": {
        "token": "canary-token",
        "client-certificate-data": encoded(CERTIFICATE),
        "client-key-data": encoded(KEY),
    },
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "conf"
    path.mkdir()
    for name, content in (
        ("ca.pem", AUTHORITY),
        ("client.pem", CERTIFICATE),
        ("client.key", KEY),
    ):
        (path / name).write_bytes(content)
    return path


def written(
    place: Path, cluster: Mapping[str, Any], user: Mapping[str, Any], **changed: Any
) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": "shop",
        "contexts": [
            {"name": "other", "context": {"cluster": "other", "user": "other"}},
            {"name": "shop", "context": {"cluster": "c", "user": "u", "namespace": "n"}},
        ],
        "clusters": [{"name": "c", "cluster": dict(cluster)}],
        "users": [{"name": "other", "user": {"exec": {}}}, {"name": "u", "user": dict(user)}],
    }
    file = place / "kubeconfig"
    file.write_text(yaml.safe_dump({**document, **changed}))
    return str(file)


@pytest.mark.parametrize("environ", [{}, {"HTTPS_PROXY": "http://p", "NO_PROXY": "a,b"}], ids=str)
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("context", ["", "shop"])
def test_both_readers_agree(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    cluster: str,
    user: str,
    context: str,
    environ: dict[str, str],
) -> None:
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    file = written(place, CLUSTERS[cluster], USERS[user])
    short = static.read(file, context, environ)
    assert short is not None
    access, headers = official.of_files(file, file, context)
    assert short[0] == access
    named = {name.lower(): text for name, text in headers().items()}
    assert dict(short[1]()) == named
    assert "canary" not in repr(access)


OTHER: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    "a plugin": (SERVER, {"exec": {"command": "x"}}, {}),
    "a provider": (SERVER, {"auth-provider": {"name": "oidc"}}, {}),
    "a token in a file": (SERVER, {"tokenFile": "token"}, {}),
    "a password": (SERVER, {"username": "u", "password": "p"}, {}),
    "somebody else's name": (SERVER, {"token": "t", "as": "root"}, {}),
    "plain HTTP": ({"server": "http://api.example"}, {}, {}),
    "no server": ({}, {}, {}),
    "an unknown field": ({**SERVER, "new": True}, {}, {}),
    "an answer that is no truth": ({**SERVER, "insecure-skip-tls-verify": "false"}, {}, {}),
    "a file that is not there": ({**SERVER, "certificate-authority": "absent"}, {}, {}),
    "data that is none": ({**SERVER, "certificate-authority-data": "§"}, {}, {}),
    "empty data": (SERVER, {"client-certificate-data": ""}, {}),
    "a number": (SERVER, {"token": 7}, {}),
    "no context": (SERVER, {}, {"current-context": "absent"}),
    "no contexts": (SERVER, {}, {"contexts": None}),
    "no users": (SERVER, {}, {"users": None}),
    "users of another kind": (SERVER, {}, {"users": ["u"]}),
    "two users of the name": (
        SERVER,
        {},
        {"users": [{"name": "u", "user": {"token": one}} for one in "ab"]},
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_is_not_plain_is_left_to_the_client(place: Path, name: str) -> None:
    cluster, user, changed = OTHER[name]
    (place / "token").write_text("t")
    assert static.read(written(place, cluster, user, **changed), "", {}) is None


@pytest.mark.parametrize("content", ["", "[", "- a", "a: &a [*a]", "\0"])
def test_what_is_no_kubeconfig_is_left_to_the_client(place: Path, content: str) -> None:
    (place / "kubeconfig").write_text(content)
    for file in (str(place / "kubeconfig"), str(place / "absent"), f"{place}:{place}"):
        assert static.read(file, "", {}) is None


def test_a_plan_does_without_the_client(tmp_path: Path) -> None:
    """Its import takes longer than a plan of a thousand objects."""
    names = ("kubernetes", "urllib3", "requests", "oauthlib", "http.client", "asyncio")
    code = (
        "import sys\n"
        "from reconciler.stores.kubernetes.kubeconfig import connect\n"
        "connection = connect('', sys.argv[1], {}, trusted=False)\n"
        "import reconciler.stores.kubernetes.store\n"
        f"print(*[name for name in {names!r} if name in sys.modules])\n"
    )
    file = written(tmp_path, SERVER, {"token": "t"})
    done = subprocess.run(
        [sys.executable, "-c", code, file], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_token_that_ends_with_a_line_break_is_told(place: Path) -> None:
    file = written(place, SERVER, {"token": "canary\n"})
    with pytest.raises(StoreError, match="characters that HTTP does not allow") as caught:
        connect("", file, {}, trusted=False).request("GET", "/version", "the server")
    assert "canary" not in json.dumps([caught.value.message, caught.value.hint])
