"""A credential in the wrong variable, option or place of a URL is shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

CLOSED = "127.0.0.1:1"
SERVICES = {
    "HOME": "/nonexistent",
    "DOCKER_HOST": f"tcp://{CLOSED}",
    "HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4": f"http://{CLOSED}",
    "HUAWEICLOUD_SDK_REGION_IAM_CN_NORTH_4": f"http://{CLOSED}",
    "HUAWEICLOUD_SDK_AK": "not-a-key",
    "HUAWEICLOUD_SDK_SK": "not-a-real-key",
    "HW_USER_NAME": "robot",
    "HW_USER_PASSWORD": "not-a-real-password",
    "HW_DOMAIN_NAME": "robots",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "not-a-key",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-a-real-key",
}
KEYS = [
    f"RECONCILER_{name}_KEY{end}"
    for name in ("STORE", "STORE_NEW", "FINGERPRINT")
    for end in ("", "_FILE")
]
KUBERNETES = ["RECONCILER_KUBECONFIG", "RECONCILER_KUBE_CONTEXT", "KUBECONFIG"]
HUAWEI = ["HW_REGION_NAME", *(name for name in SERVICES if name.startswith("H") and "_" in name)]
VARIABLES = {
    "sqlite:store.db": [
        *KEYS,
        "RECONCILER_CONFIG",
        "RECONCILER_STORE",
        "RECONCILER_MAX_DELETES",
        "RECONCILER_PARALLELISM",
        "RECONCILER_LOCK_TIMEOUT",
        "RECONCILER_WAIT_TIMEOUT",
        "RECONCILER_PRUNE",
        "RECONCILER_STRICT",
        "RECONCILER_AUTO_APPROVE",
    ],
    "kubernetes:": [*KEYS[-2:], *KUBERNETES],
    "docker:": [*KEYS[-2:], "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"],
    "cce://b0c1": [*KEYS[-2:], *KUBERNETES, "HW_REGION_NAME"],
    "cce://b0c1?region=cn-north-4&auth=aksk": [
        *HUAWEI,
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        "HUAWEICLOUD_SDK_PROJECT_ID",
        "HUAWEICLOUD_SDK_IAM_ENDPOINT",
    ],
    "cce://b0c1?region=cn-north-4&auth=token": HUAWEI,
    "cce://b0c1?auth=kubeconfig": KUBERNETES,
    f"sae://cn-beijing?endpoint=http://{CLOSED}": [
        *KEYS[-2:],
        *(name for name in SERVICES if name.startswith("ALIBABA")),
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "RECONCILER_SAE_NAMESPACES",
        "RECONCILER_QPS",
    ],
}
"""Each store, and the variables that it or its commands look at."""

CANARIES = [
    "canary-5eCr3t",
    "/canary/5eCr3t+a=",
    "cn-canary-1",
    "https://user:canary-5eCr3t@[::1",
    f"http://user:canary-5eCr3t@{CLOSED}",
    "-----BEGIN CANARY-----\n5eCr3t 'and' \"more\"\n",
    "canary/" * 2000,
]


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stores need, and nobody who answers."""
    monkeypatch.setattr("reconciler.stores.kubernetes.connection._FIRST_DELAY", 0.001)
    for name, text in SERVICES.items():
        monkeypatch.setenv(name, text)


def assert_unseen(result: Any) -> None:
    said = (result.out + result.err).lower()
    for sign in ("canary", "5ecr3t", "traceback"):
        assert sign not in said, result
    # The tests let nobody ask for the address of a host that a variable names.
    assert "bug of reconciler" not in said or "networkused" in said, result


@pytest.mark.parametrize(
    ("store", "variable"),
    [(store, variable) for store, variables in VARIABLES.items() for variable in variables],
)
def test_a_variable(shop: Any, store: str, variable: str) -> None:
    for canary in CANARIES:
        environ = {"RECONCILER_STORE": store, variable: canary}
        assert_unseen(shop.run("apply", env=environ))


@pytest.mark.parametrize("variable", KEYS)
@pytest.mark.parametrize("given", KEYS)
def test_a_key_in_the_variable_of_another(shop: Any, given: str, variable: str) -> None:
    """Also where it would be good in its own."""
    canary = "ca4a47" + "5e" * 29
    for command in (["plan"], ["store", "rekey"]):
        result = shop.run(*command, env={given: canary, variable: canary.upper()})
        assert canary not in (result.out + result.err).lower()


OPTIONS = [
    "--set",
    "--store",
    "--config",
    "--kubeconfig",
    "--context",
    "--sae-namespaces",
    "--qps",
    "--max-deletes",
    "--target",
]


@pytest.mark.parametrize("store", [*VARIABLES, "canary-5eCr3t"])
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option(shop: Any, store: str, option: str) -> None:
    assert_unseen(shop.run("plan", "--store", store, option, "/canary/5eCr3t+a="))


@pytest.mark.parametrize(
    "setting",
    [
        "store: '{canary}'",
        "store: 'sqlite://user:{canary}@host/'",
        "store: 'sqlite://{canary}@host/store.db'",
        "store: 'sqlite:there?key={canary}'",
        "store: 'sqlite:postgres://user:{canary}@host/x'",
        "store: 'kubernetes:'\nkubeconfig: '{canary}'",
        "store: 'kubernetes:https://user:{canary}@host'",
        "set: '{canary}/'",
        "max-deletes: '{canary}'",
        "parallelism: '{canary}'",
    ],
    ids=lambda setting: setting.partition(":")[0],  # paths of this test have its name
)
def test_a_setting(shop: Any, setting: str) -> None:
    shop.write("reconciler.yaml", setting.format(canary="canary-5eCr3t") + "\n")
    result = shop.run("plan")
    assert result.code != 0
    assert_unseen(result)
