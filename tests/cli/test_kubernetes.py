"""Where a cluster is found: the options for it, and what is said where it is not."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clusters import Cluster

STORE = ("--store", "kubernetes:")


@pytest.fixture
def home(cluster: Cluster, workplace: Any) -> str:
    """A namespace for the test, and a manifest of a Secret in it."""
    home = cluster.new_namespace()
    workplace.secret("a", head=f"  namespace: {home}\n", password="not-a-real-password")
    return home


def parents(cluster: Cluster, namespace: str) -> str:
    return cluster.kubectl("get", "secret", "-n", namespace, "-o", "name")


def test_options(cluster: Cluster, workplace: Any, home: str) -> None:
    options = ["--kubeconfig", str(cluster.kubeconfig), "--context", "admin"]
    options += ["--set-namespace", home, *STORE]
    workplace.ok("apply", "--auto-approve", *options)
    assert parents(cluster, home).split() == ["secret/a", "secret/reconciler-default"]
    workplace.ok("plan", "--detailed-exitcode", *options)
    assert '"alice"' in workplace.run("plan", *options, "--context", "alice").err


def test_the_context_of_the_url_and_the_one_of_the_option(
    cluster: Cluster, workplace: Any, home: str
) -> None:
    options = ["--kubeconfig", str(cluster.kubeconfig), "--set-namespace", home]
    workplace.ok("plan", *options, "--store", "kubernetes:admin")
    assert workplace.run("plan", *options, "--store", "kubernetes:bob").code == 1
    workplace.ok("plan", *options, "--store", "kubernetes:bob", "--context", "admin")


def test_the_environment(cluster: Cluster, workplace: Any, home: str) -> None:
    environment = {
        "RECONCILER_KUBECONFIG": str(cluster.kubeconfig),
        "RECONCILER_KUBE_CONTEXT": "admin",
        "RECONCILER_SET_NAMESPACE": home,
    }
    workplace.ok("apply", "--auto-approve", *STORE, env=environment)
    assert "secret/reconciler-default" in parents(cluster, home)
    kubectls_own = {"KUBECONFIG": str(cluster.kubeconfig)}
    workplace.ok("plan", "--detailed-exitcode", "--set-namespace", home, *STORE, env=kubectls_own)


def test_the_file(
    cluster: Cluster, workplace: Any, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace.path / "conf").symlink_to(cluster.kubeconfig)
    workplace.write(
        "reconciler.yaml",
        "store: 'kubernetes:'\nmanifests: manifests\nkubeconfig: conf\ncontext: admin\n"
        f"set-namespace: {home}\n",
    )
    (workplace.path / "deep").mkdir()
    monkeypatch.chdir(workplace.path / "deep")
    workplace.ok("apply", "--auto-approve")
    assert "secret/reconciler-default" in parents(cluster, home)


def test_another_store_refuses_the_options(shop: Any) -> None:
    for name in ("--kubeconfig", "--context", "--set-namespace"):
        result = shop.run("plan", name, "something")
        assert result.code == 1
        assert name in result.err


def _changed(change: Callable[[Any], None]) -> Callable[[Cluster], str]:
    def write(cluster: Cluster) -> str:
        document = yaml.safe_load(cluster.kubeconfig.read_text())
        change(document)
        return yaml.safe_dump(document)

    return write


def _elsewhere(document: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free.getsockname()[1]}"


def _unknown_token(document: Any) -> None:
    document["current-context"] = "bob"
    for user in document["users"]:
        if user["name"] == "bob":
            user["user"]["token"] = "not-a-real-token"


def _without_user(document: Any) -> None:
    document["users"] = []


def _broken_certificate(document: Any) -> None:
    for user in document["users"]:
        if user["name"] == "admin":
            user["user"]["client-certificate-data"] = "bm90LWEtcmVhbC1jZXJ0aWZpY2F0ZQ=="


def _not_base64(document: Any) -> None:
    document["clusters"][0]["cluster"]["certificate-authority-data"] = "not-a-real-authority"


def _broken_authority(document: Any) -> None:
    authority = "bm90LWEtcmVhbC1jZXJ0aWZpY2F0ZQ=="
    document["clusters"][0]["cluster"]["certificate-authority-data"] = authority


def _other_authority(document: Any) -> None:
    del document["clusters"][0]["cluster"]["certificate-authority-data"]


def _missing_plugin(document: Any) -> None:
    for user in document["users"]:
        if user["name"] == "admin":
            user["user"] = {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "command": "no-such-plugin",
                    "interactiveMode": "Never",
                }
            }


WRONG: dict[str, tuple[Callable[[Cluster], str], str]] = {
    "empty": (lambda _: "", "kubeconfig"),
    "bad yaml": (lambda _: "a: [not-a-real-token\n", "kubeconfig"),
    "not a map": (lambda _: "- not-a-real-token\n", "kubeconfig"),
    "no user": (_changed(_without_user), "no credentials"),
    "unreachable": (_changed(_elsewhere), "cannot be reached"),
    "unknown token": (_changed(_unknown_token), "401"),
    "broken certificate": (_changed(_broken_certificate), "client certificate"),
    "not base64": (_changed(_not_base64), "kubeconfig"),
    "broken authority": (_changed(_broken_authority), "certificate authority of the cluster"),
    "other authority": (_changed(_other_authority), "certificate"),
    "missing plugin": (_changed(_missing_plugin), "no-such-plugin"),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_kubeconfig_that_does_not_serve(
    cluster: Cluster, shop: Any, text: Callable[[Cluster], str], told: str
) -> None:
    file = shop.write("conf", text(cluster))
    for command in (["plan"], ["apply", "--auto-approve"]):
        result = shop.run(*command, *STORE, "--kubeconfig", str(file), "--allow-run")
        assert_clear(result, told)


def assert_clear(result: Any, *told: str) -> None:
    assert result.code == 1, result
    for text in told:
        assert text in result.err, result
    for sign in ("Traceback", "bug of reconciler", "not-a-real", "unexpected"):
        assert sign not in result.out + result.err, result


def test_a_kubeconfig_that_is_not_there(shop: Any, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert_clear(shop.run("plan", *STORE, "--kubeconfig", str(missing)), "--kubeconfig")
    assert_clear(
        shop.run("plan", *STORE, env={"KUBECONFIG": str(missing)}), "that KUBECONFIG names"
    )
    assert_clear(
        shop.run("plan", *STORE, env={"HOME": str(missing)}), str(missing / ".kube/config")
    )
    directory = shop.run("plan", *STORE, "--kubeconfig", str(tmp_path))
    assert_clear(directory, str(tmp_path))


def test_a_context_that_is_not_there(cluster: Cluster, shop: Any) -> None:
    result = shop.run("plan", "--store", "kubernetes:nowhere", "--kubeconfig", cluster.kubeconfig)
    assert_clear(result, "no context of the name", "--context", "its contexts are", "admin")
    assert "nowhere" not in result.err


def test_a_set_namespace_that_is_not_there(cluster: Cluster, workplace: Any, home: str) -> None:
    options = [*STORE, "--kubeconfig", str(cluster.kubeconfig)]
    options += ["--set-namespace", f"{home}-not"]
    workplace.ok("plan", *options)
    assert_clear(workplace.run("apply", "--auto-approve", *options), f"{home}-not")
    assert parents(cluster, home) == ""
