"""Where the services are, by the SDK's own variables and tables."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import ConfigError
from reconciler.stores.cce.endpoints import endpoint, given_endpoint

CCE, IAM = (f"HUAWEICLOUD_SDK_REGION_{service}_CN_NORTH_4" for service in ("CCE", "IAM"))


@pytest.mark.parametrize(
    ("service", "environ", "address"),
    [
        ("CCE", {}, "https://cce.cn-north-4.myhuaweicloud.com"),
        ("IAM", {}, "https://iam.cn-north-4.myhuaweicloud.com"),
        ("CCE", {CCE: "cce.example.com"}, "https://cce.example.com"),
        ("CCE", {CCE: "https://cce.example.com:8443/"}, "https://cce.example.com:8443"),
        ("CCE", {CCE: "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ("CCE", {IAM: "iam.example.com"}, "https://cce.cn-north-4.myhuaweicloud.com"),
        ("IAM", {"HUAWEICLOUD_SDK_IAM_ENDPOINT": "iam.example.com"}, "https://iam.example.com"),
        (
            "IAM",
            {"HUAWEICLOUD_SDK_IAM_ENDPOINT": "a.example.com", IAM: "b.example.com"},
            "https://b.example.com",
        ),
    ],
)
def test_the_address(service: str, environ: Mapping[str, str], address: str) -> None:
    assert endpoint(service, "cn-north-4", environ) == address
    assert given_endpoint(service, "cn-north-4", environ) in {"", address}


@pytest.mark.parametrize("given", ["http://cce.example.com", "ftp://cce.example.com", "http://"])
def test_what_is_not_encrypted(given: str) -> None:
    with pytest.raises(ConfigError, match="not encrypted") as caught:
        endpoint("CCE", "cn-north-4", {CCE: given})
    assert CCE in caught.value.message


def test_a_region_that_the_sdk_does_not_know() -> None:
    with pytest.raises(ConfigError, match="no endpoint of CCE") as caught:
        endpoint("CCE", "cn-nowhere-1", {})
    assert "HUAWEICLOUD_SDK_REGION_CCE_REGION" in caught.value.hint
    assert "nowhere" not in (caught.value.message + caught.value.hint).lower()


def test_an_endpoint_that_is_no_url() -> None:
    with pytest.raises(ConfigError, match=f"{CCE}: the endpoint cannot be read") as caught:
        endpoint("CCE", "cn-north-4", {CCE: "https://canary:5eCr3t@[::1"})
    assert "canary" not in str(caught.value)
