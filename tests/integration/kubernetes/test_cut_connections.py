"""Applies whose connections are cut at any moment lose nothing and make nothing twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from reconciler.execution.retries import RetryPolicy
from reconciler.stores.kubernetes import connection
from tests.clusters import Cluster
from tests.crashes.program import Ended
from tests.integration.kubernetes.proxies import Proxy
from tests.integration.kubernetes.series import OPTIONS, Series
from tests.integration.kubernetes.site import Site

SEED = os.environ.get("CUT_SEED", "cuts")
APPLIES = int(os.environ.get("CUT_APPLIES", "104"))
"""In all; at least 100 are what a run of CI has to stand."""
_PARTS = 2
_SHARE = 0.5


@pytest.mark.parametrize("part", range(_PARTS))
def test_cut_connections(
    site: Site,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    part: int,
) -> None:
    # As many tries as ever, closer together.
    monkeypatch.setattr(connection, "_FIRST_DELAY", 0.01)
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.01)
    series = Series(site, f"{SEED}-{part}")
    series.begin()
    server = cluster.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
    proxy = Proxy(server, f"{SEED}-{part}", _SHARE)
    through = proxy.kubeconfig(cluster.kubeconfig, site.path / "through-the-proxy")
    codes: dict[int, int] = {}

    def apply() -> Ended:
        site.log_in("admin", through)
        result = site.run("apply", "--auto-approve", "-o", "json", *OPTIONS)
        site.log_in("admin")
        codes[result.code] = codes.get(result.code, 0) + 1
        assert result.code in {0, 1, 5}, result
        assert "Traceback" not in result.err
        assert "unexpected" not in result.out + result.err
        return Ended(int(result.code), result.out, result.err)

    began = time.monotonic()
    try:
        for _ in range(-(-APPLIES // _PARTS)):
            series.harm_one(apply)
        series.finish()
    except BaseException as error:
        error.add_note(f"series {SEED}-{part}, after {sum(codes.values())} applies")
        raise
    finally:
        proxy.stop()
    took = time.monotonic() - began
    found = series.figures
    figures(
        f"{took:.0f} s, {proxy.cuts} of {proxy.connections} connections cut, codes {codes}: "
        + ", ".join(f"{found[name]} {name}" for name in sorted(found))
    )
    assert proxy.cuts > APPLIES / _PARTS
    assert codes[0] > 0
