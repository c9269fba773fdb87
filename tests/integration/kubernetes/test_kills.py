"""Applies that are killed at any moment lose nothing, and the ones after them end their work."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clusters import Cluster
from tests.crashes.program import APPLY, Ended, Run
from tests.integration.kubernetes.series import OPTIONS, Series
from tests.integration.kubernetes.site import Site

SEED = os.environ.get("CRASH_SEED", "kills")
KILLS = int(os.environ.get("CLUSTER_KILLS", "52"))
"""In all; at least 50 are what a run of CI has to stand."""
_SERIES = 2
COPY_PREFIX = "reconciler-copy-"
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/reconciler-default"


def killed(site: Site, seed: str, kills: int) -> Counter[str]:
    series = Series(site, seed)
    series.begin()
    number = 0
    try:
        while number < kills:
            number += series.harm_one(lambda: killed_apply(series)).code != 0
            give_back_lock(site)
        series.finish()
    except BaseException as error:
        error.add_note(f"series {seed!r}, after {number} kills")
        raise
    series.figures["kills"] = number
    return series.figures


def killed_apply(series: Series) -> Ended:
    run = Run(series.site.path, [*APPLY, *OPTIONS])
    how = series.random.random()
    if how < 0.1:
        time.sleep(series.random.uniform(0.3, 1.0))
    elif how < 0.4:
        run.until(b'"replace"')
        if how < 0.25:
            wait_for_copy(run, series.site)
        else:
            time.sleep(series.random.uniform(0.0, 0.05))
    else:
        run.lines(series.random.randrange(1, 16))
        time.sleep(series.random.uniform(0.0, 0.02))
    run.process.send_signal(signal.SIGKILL)
    ended = run.ended()
    if ended.code != -signal.SIGKILL:
        assert ended.code == 0, ended
    series.figures["in the midst of steps"] += ended.code != 0 and bool(ended.events)
    return ended


def wait_for_copy(run: Run, site: Site) -> None:
    """A replace deletes its object right after it has kept a copy; return between the two."""
    while run.process.poll() is None:
        names = (item["metadata"]["name"] for item in site.call("GET", "secrets")["items"])
        if any(name.startswith(COPY_PREFIX) for name in names):
            return


def give_back_lock(site: Site) -> None:
    """The Lease would last for a minute."""
    site.call("DELETE", _LEASE.format(site.home), expected={200, 404})


@pytest.mark.parametrize("half", range(2))
def test_kills(tmp_path: Path, cluster: Cluster, figures: Callable[[str], None], half: int) -> None:
    names = [f"{SEED}-{half}-{number}" for number in range(_SERIES)]
    sites = [Site(tmp_path / name, cluster) for name in names]
    share = -(-KILLS // _SERIES // 2)
    began = time.monotonic()
    with ThreadPoolExecutor(_SERIES) as at_once:
        found = sum(at_once.map(killed, sites, names, [share] * _SERIES), Counter[str]())
    took = time.monotonic() - began
    figures(f"{took:.0f} s: " + ", ".join(f"{found[name]} {name}" for name in sorted(found)))
    # Kills at harmless moments would prove nothing.
    assert found["kills"] == share * _SERIES
    assert found["in the midst of steps"] > share
    assert found["copies kept"] > 0
    for action in ("create", "update", "replace", "delete"):
        assert found[f"{action}s begun"] > 0
