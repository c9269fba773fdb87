"""The ways to a cluster of CCE, and what is said where one leads nowhere."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import Credentials
from huaweicloudsdkcore.auth.provider import MetadataCredentialProvider

from tests.integration.cce.conftest import CceSite
from tests.standins.cce_gateway import CLUSTER_ID, REGION, Call, Gateway, Strike
from tests.world import secret_manifest as secret

WAYS = ("aksk", "token", "certificate", "kubeconfig")
SUFFIX = REGION.replace("-", "_").upper()


def choose(site: CceSite, way: str) -> None:
    settings = {"kubeconfig": str(site.cluster.kubeconfig), "context": "admin"}
    site.go_by(way, **(settings if way == "kubeconfig" else {}))


def through(gateway: Gateway) -> list[Call]:
    """The calls that the API server was to get."""
    return [call for call in gateway.calls if call.path.startswith(("/api/v1", "/apis/"))]


@pytest.mark.parametrize("way", WAYS)
def test_an_apply_by_each_way(site: CceSite, way: str) -> None:
    choose(site, way)
    site.put(secret("a", password="not-a-real-one"), secret("b", immutable=True, x="1"))
    site.apply()
    assert site.secrets() == {"a": {"password": "not-a-real-one"}, "b": {"x": "1"}}
    site.converged()
    site.put(secret("a", password="another", more="x"))
    site.apply("--prune", "--max-deletes", "100%")
    assert site.secrets() == {"a": {"password": "another", "more": "x"}}
    site.converged("--prune")
    assert bool(through(site.gateway)) == (way in {"aksk", "token"})


def test_a_gateway_gets_what_it_needs_and_all_bodies_signed(site: CceSite) -> None:
    site.put(secret("a", x="1"))
    site.apply()
    site.put(secret("a", x="2"))
    site.apply()
    for call in through(site.gateway):
        assert call.headers["x-cluster-id"] == CLUSTER_ID
        assert "x-auth-token" not in call.headers
        assert call.headers["authorization"].startswith("SDK-HMAC-SHA256 ")
        assert "x-sdk-content-sha256" not in call.headers
    assert {"GET", "POST", "PATCH", "DELETE"} <= {call.method for call in through(site.gateway)}


def test_a_plan_by_one_way_is_applied_by_another(site: CceSite) -> None:
    site.put(secret("a", x="1"))
    site.apply()
    site.put(secret("a", x="2"))
    site.go_by("token")
    site.ok("plan", "--out", "saved.plan")
    for way in ("certificate", "kubeconfig"):
        choose(site, way)
        site.ok("show", "saved.plan")
        store = json.loads(site.ok("plan", "-o", "json").out)["store"]
        assert (store["scheme"], store["location"]) == ("cce", CLUSTER_ID)
    result = site.run("apply", "saved.plan")
    assert result.code == 0, result
    assert site.secrets() == {"a": {"x": "2"}}


def test_a_token_is_obtained_once_and_renewed_once_it_has_expired(site: CceSite) -> None:
    site.go_by("token")
    site.put(*(secret(f"s{number}", x="1") for number in range(12)))
    writes: list[Call] = []

    def expire(call: Call) -> None:
        if call.writes and call.headers["x-auth-token"] == site.gateway.tokens[0]:
            writes.append(call)
            if len(writes) == 6:
                site.gateway.expire_tokens()

    site.gateway.strike = expire
    site.apply()
    assert len(site.secrets()) == 12
    assert len(site.gateway.tokens) == 2
    site.gateway.strike = lambda _: None
    site.converged()


def test_the_project_is_asked_for_where_none_is_named(
    site: CceSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    Credentials._CACHE.clear()
    site.put(secret("a", x="1"))
    site.ok("plan")
    assert [call.path for call in site.gateway.calls if "projects" in call.path] == ["/v3/projects"]
    site.gateway.calls.clear()
    monkeypatch.setenv("HUAWEICLOUD_SDK_PROJECT_ID", through_project(site))
    site.ok("plan")
    assert not [call for call in site.gateway.calls if "projects" in call.path]


def through_project(site: CceSite) -> str:
    site.ok("plan")
    return str(through(site.gateway)[-1].headers["x-project-id"])


def test_certificate_and_key_leave_no_file(site: CceSite, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = site.path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    site.go_by("certificate")
    site.put(secret("a", x="1"))
    site.apply()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("context", "told"), [("external", "verified"), ("internal", "verified"), ("no", "verified")]
)
def test_a_context_whose_server_cannot_be_verified(site: CceSite, context: str, told: str) -> None:
    site.go_by("certificate", context=context)
    site.put(secret("a", x="1"))
    assert_clear(site.run("plan"), told, "externalTLSVerify")
    site.go_by("certificate", context="externalTLSVerify")
    site.ok("plan")


def assert_clear(result: Any, *told: str) -> None:
    said = result.out + result.err
    assert result.code == 1, result
    assert result.err.startswith("Error: "), result  # and nothing that an SDK logs
    for text in told:
        assert text in said, result
    for sign in ("Traceback", "bug of reconciler", "unexpected", "canary", "not-a-real"):
        assert sign not in said, result


def _closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


WRONG: dict[str, tuple[str, dict[str, Callable[[], str]], tuple[str, ...]]] = {
    "key": (
        "aksk",
        {
            "HUAWEICLOUD_SDK_SK": lambda: "not-a-real-key",
            "HUAWEICLOUD_SDK_PROJECT_ID": lambda: "p",
        },
        ("401 APIGW.0303", "access key"),
    ),
    "key, and no project": (
        "aksk",
        {"HUAWEICLOUD_SDK_AK": lambda: "OTHER", "HUAWEICLOUD_SDK_SK": lambda: "not-a-real-key"},
        ("project", "HUAWEICLOUD_SDK_PROJECT_ID"),
    ),
    "half a key": (
        "aksk",
        {"HUAWEICLOUD_SDK_SK": str},
        ("HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK belong together",),
    ),
    "password": (
        "token",
        {"HW_USER_PASSWORD": lambda: "not-a-real-password"},
        ("a token", "401", "HW_USER_PASSWORD"),
    ),
    "no user": ("token", {"HW_USER_NAME": str, "HW_DOMAIN_NAME": str}, ("HW_DOMAIN_NAME not set",)),
    "gateway elsewhere": (
        "aksk",
        {f"HUAWEICLOUD_SDK_REGION_CCE_{SUFFIX}": _closed_port},
        ("cannot be reached",),
    ),
    "IAM elsewhere": (
        "token",
        {f"HUAWEICLOUD_SDK_REGION_IAM_{SUFFIX}": _closed_port},
        ("a token", "cannot be reached"),
    ),
    "service elsewhere": (
        "certificate",
        {f"HUAWEICLOUD_SDK_REGION_CCE_{SUFFIX}": _closed_port},
        ("a certificate", "cannot be reached"),
    ),
    "not encrypted": (
        "aksk",
        {f"HUAWEICLOUD_SDK_REGION_CCE_{SUFFIX}": lambda: "http://gateway.example.com"},
        ("not encrypted",),
    ),
    "no endpoint": (
        "aksk",
        {f"HUAWEICLOUD_SDK_REGION_CCE_{SUFFIX}": str},
        ("HUAWEICLOUD_SDK_REGION_CCE_REGION", "no endpoint"),
    ),
}


@pytest.mark.parametrize(("way", "environ", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_serve(
    site: CceSite,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    environ: dict[str, Callable[[], str]],
    told: tuple[str, ...],
) -> None:
    monkeypatch.setattr("reconciler.stores.kubernetes.connection._FIRST_DELAY", 0.01)
    for name, text in environ.items():
        monkeypatch.setenv(name, text())
    site.go_by(way)
    site.put(secret("a", password="canary"))
    for command in (("plan",), ("apply", "--auto-approve")):
        assert_clear(site.run(*command), *told)
    assert site.secrets() == {}


@pytest.mark.parametrize("way", ["aksk", "token", "certificate"])
def test_a_cluster_that_the_service_does_not_know_is_not_an_empty_one(
    site: CceSite, way: str
) -> None:
    site.put(secret("a", password="canary"))
    url = site.gateway.url(way).replace(CLUSTER_ID, "another-cluster")
    result = site.run("plan", "--store", url)
    assert_clear(result, "404", "CCE.01404001", "cluster's id")


@pytest.mark.parametrize("body", [{"error_code": "APIGW.0307", "error_msg": "canary"}, "canary"])
def test_a_refusal_of_the_gateway_is_not_one_of_the_cluster(site: CceSite, body: Any) -> None:
    """A cluster's own refusal of a list would have the objects looked for one by one."""
    site.put(secret("a", x="1"))
    site.gateway.strike = lambda call: (
        Strike(status=403, body=body) if "limit" in call.target else None
    )
    assert_clear(site.run("plan"), "403", "IAM")


def test_a_refusal_of_the_cluster_is_passed_on(site: CceSite) -> None:
    site.put(secret("a", x="1"))
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": "Forbidden",
        "message": "secrets is forbidden",
        "code": 403,
    }
    whole = "/api/v1/secrets"
    site.gateway.strike = lambda call: (
        Strike(status=403, body=status) if call.path == whole else None
    )
    assert "only the namespaces" in site.ok("plan").out


def test_no_key_anywhere(site: CceSite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(site.path / "missing"))

    def no_machine_of_the_cloud(_: object) -> None:
        raise OSError

    monkeypatch.setattr(MetadataCredentialProvider, "get_credentials", no_machine_of_the_cloud)
    site.put(secret("a", x="1"))
    assert_clear(site.run("plan"), "no access key", "HUAWEICLOUD_SDK_AK", "--kubeconfig")


def test_the_file_of_profiles(site: CceSite, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        name: site.gateway.with_key[f"HUAWEICLOUD_SDK_{name.upper()}"] for name in ("ak", "sk")
    }
    for name in found:
        monkeypatch.delenv(f"HUAWEICLOUD_SDK_{name.upper()}")
    lines = [f"{name} = {text}" for name, text in found.items()]
    file = site.write("profiles", "\n".join(["[basic]", *lines]))
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(file))
    site.put(secret("a", x="1"))
    site.apply()
    assert site.secrets() == {"a": {"x": "1"}}


def test_without_the_sdk_a_kubeconfig_will_do(
    site: CceSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcce", None)
    site.put(secret("a", x="1"))
    assert_clear(site.run("plan"), "secrets-reconciler[huawei]", "kubeconfig")
    choose(site, "kubeconfig")
    site.ok("plan")
