"""Which way leads to a cluster, by the URL, the options and the environment."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import ConfigError
from reconciler.stores.cce.places import Auth, place_of

URL = "cce://b0c1?region=cn-north-4"
KEY = {"HUAWEICLOUD_SDK_AK": "not-a-key", "HUAWEICLOUD_SDK_SK": "not-a-real-secret"}
USER = {"HW_USER_NAME": "robot", "HW_USER_PASSWORD": "not-a-real-password"}


@pytest.mark.parametrize(
    ("query", "options", "environ", "auth"),
    [
        ("", {}, KEY, Auth.AKSK),
        ("", {}, USER, Auth.TOKEN),
        ("", {}, {**KEY, **USER}, Auth.AKSK),
        ("", {}, {}, Auth.AKSK),
        ("", {}, {"KUBECONFIG": "somewhere"}, Auth.AKSK),
        ("", {"kubeconfig": "somewhere"}, KEY, Auth.KUBECONFIG),
        ("", {"context": "internal"}, KEY, Auth.KUBECONFIG),
        ("&auth=token", {}, KEY, Auth.TOKEN),
        ("&auth=certificate", {"context": "internal"}, USER, Auth.CERTIFICATE),
        ("&auth=kubeconfig", {}, KEY, Auth.KUBECONFIG),
    ],
)
def test_the_way(
    query: str, options: Mapping[str, str], environ: Mapping[str, str], auth: Auth
) -> None:
    place = place_of(URL + query, options, environ)
    assert (place.cluster, place.region, place.auth) == ("b0c1", "cn-north-4", auth)


def test_the_region_of_the_environment_is_for_urls_without_one() -> None:
    environ = {**KEY, "HW_REGION_NAME": "cn-east-3"}
    assert place_of("cce://b0c1", {}, environ).region == "cn-east-3"
    assert place_of(URL, {}, environ).region == "cn-north-4"
    assert place_of("cce://b0c1", {"kubeconfig": "here"}, {}).region == ""


@pytest.mark.parametrize(
    ("url", "options", "told"),
    [
        ("cce:", {}, "no cluster"),
        ("cce://", {}, "no cluster"),
        ("cce:b0c1", {}, "no cluster"),
        ("cce://b0c1/more?region=cn-north-4", {}, "no cluster"),
        ("cce://user:not-a-real-password@b0c1", {}, "no cluster"),
        ("cce://b0c1", {}, "region"),
        ("cce://b0c1?region=", {}, "region"),
        ("cce://b0c1?region=cn/../x", {}, "region"),
        (f"{URL}&project=not-a-real-one", {}, "a parameter"),
        (f"{URL}&auth=password", {}, "auth="),
        (f"{URL}&auth=token", {"kubeconfig": "here"}, "--kubeconfig"),
        (f"{URL}&auth=aksk", {"context": "here"}, "--context"),
        (f"{URL}&auth=certificate", {"kubeconfig": "here"}, "--kubeconfig"),
    ],
)
def test_what_cannot_be_used(url: str, options: Mapping[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        place_of(url, options, KEY)
    assert "not-a-real" not in caught.value.message + caught.value.hint
