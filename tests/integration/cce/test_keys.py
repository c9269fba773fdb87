"""Access keys that are good for a while, and what is imported for which way."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.auth.provider import CredentialProviderChain

from tests.integration.cce.conftest import CceSite
from tests.standins.cce_gateway import KEY_ID, KEY_SECRET
from tests.world import secret_manifest as secret


def test_a_temporary_key_goes_with_its_security_token(
    site: CceSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "canary-security-token")
    site.put(secret("a", x="1"))
    site.apply()
    sent = {call.headers.get("x-security-token") for call in site.gateway.calls}
    assert sent == {"canary-security-token"}


def test_a_key_that_expires_is_renewed_in_time(
    site: CceSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    class Agency:
        """As that of a machine: each key is as good as over when it is given."""

        def get_credential(self, **_: object) -> SimpleNamespace:
            given.append(f"canary-security-token-{len(given)}")
            return SimpleNamespace(
                access=KEY_ID,
                secret=KEY_SECRET,
                security_token=given[-1],
                expire_at=time.time() + 60,
            )

    def found(_: object) -> BasicCredentials:
        credentials = BasicCredentials()
        credentials.sts_accessor = Agency()
        return credentials

    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(CredentialProviderChain, "get_credentials", found)
    site.put(secret("a", x="1"), secret("b", x="1"))
    site.apply()
    sent = {call.headers["x-security-token"] for call in site.gateway.calls}
    assert sent == set(given)
    assert len(given) == len(site.gateway.calls) > 10


SDKS = {"huaweicloudsdkcce", "huaweicloudsdkcore", "huaweicloudsdkiam", "kubernetes"}
NEEDED = {
    "aksk": {"huaweicloudsdkcce", "huaweicloudsdkcore"},
    "token": {"huaweicloudsdkcore", "huaweicloudsdkiam"},
    "certificate": {"huaweicloudsdkcce", "huaweicloudsdkcore"},
    "kubeconfig": set[str](),
}
_OPEN = """
import os, sys
from reconciler.stores import open_store
open_store(sys.argv[1], os.environ, options=dict(one.split("=", 1) for one in sys.argv[2:]))
print(*{name.partition(".")[0] for name in sys.modules})
"""
_CHECK = """
import sys
from reconciler import stores
from reconciler.model.objects import Desired, ObjectKey, Source
from reconciler.model.opening import StoreChoice
key = ObjectKey("Secret", "default", "a")
made = Desired(key=key, type="opaque", source=Source("a.yaml", 1, 1))
assert [one.code for one in stores.check(StoreChoice(sys.argv[1]), [made])] == ["cce-type-spelling"]
print(*{name.partition(".")[0] for name in sys.modules})
"""


def loaded(code: str, *args: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split()) & SDKS


@pytest.mark.parametrize("way", NEEDED)
def test_only_what_a_way_needs_is_imported(site: CceSite, way: str) -> None:
    options: Mapping[str, list[str]] = {"kubeconfig": [f"kubeconfig={site.cluster.kubeconfig}"]}
    assert loaded(_OPEN, site.gateway.url(way), *options.get(way, [])) == NEEDED[way]


def test_rules_need_no_sdk(site: CceSite) -> None:
    assert loaded(_CHECK, site.gateway.url()) == set()
