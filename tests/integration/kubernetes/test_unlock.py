"""`unlock` on a cluster: the Lease, whoever has written it, and the rights that it takes."""

from __future__ import annotations

import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.crashes.program import APPLY, Run
from tests.integration.kubernetes.site import Site
from tests.world import secret_manifest as secret

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
HOLDER = "anna@build-1 (process 4242, 1a2b3c4d)"


def forge(site: Site, spec: Any) -> None:
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "reconciler-default"},
        "spec": spec,
    }
    site.call("POST", LEASES.format(site.home), body)


def leases(site: Site) -> list[Any]:
    found: list[Any] = site.call("GET", LEASES.format(site.home))["items"]
    return found


def in_hours(hours: float) -> str:
    at = datetime.now(UTC) + timedelta(hours=hours)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


FORGED = {
    "no renewal": {"holderIdentity": HOLDER, "leaseDurationSeconds": 60},
    "no duration": {"holderIdentity": HOLDER, "renewTime": "2020-01-01T00:00:00.000000Z"},
    "only a holder": {"holderIdentity": "\x1b[2J\u202ex"},
    "only times": {"leaseDurationSeconds": 60, "renewTime": "9999-12-31T23:59:59.000000Z"},
    "long": {"leaseDurationSeconds": 2**31 - 1, "renewTime": in_hours(0), "holderIdentity": "x"},
}


@pytest.mark.parametrize("spec", FORGED.values(), ids=FORGED)
def test_a_lease_that_somebody_has_written_is_told_and_broken(site: Site, spec: Any) -> None:
    site.put(secret("one", a="1"))
    forge(site, spec)
    refused = site.run("apply", "--auto-approve")
    assert refused.code == 1
    assert "unexpected" not in refused.err
    assert "is locked by" in refused.err
    shown = site.run("unlock")
    assert shown.code == 3, shown
    assert "\x1b" not in shown.out
    assert len(leases(site)) == 1
    assert site.run("unlock", "--force", "--auto-approve").code == 0
    assert leases(site) == []
    site.apply()
    assert site.run("unlock").out == "The set 'default' is not locked.\n"


@pytest.mark.parametrize(
    "spec",
    [{}, {"leaseDurationSeconds": 1}],
    ids=["empty", "never taken"],
)
def test_a_lease_that_nobody_has_is_no_lock(site: Site, spec: Any) -> None:
    site.put(secret("one", a="1"))
    forge(site, spec)
    assert site.run("unlock").out == "The set 'default' is not locked.\n"
    site.apply()


def test_a_lock_from_the_future_names_the_clocks(site: Site) -> None:
    forge(
        site,
        {"holderIdentity": HOLDER, "leaseDurationSeconds": 60, "renewTime": in_hours(3)},
    )
    shown = site.run("unlock")
    assert shown.code == 3
    assert re.search(
        r"extended 3 h from now by the clock of (this machine|the API server)", shown.out
    )
    assert "the clocks of build-1 and " in shown.out


def test_the_lock_of_an_apply_that_hangs_names_its_process_and_is_broken(site: Site) -> None:
    site.put(*(secret(f"s{number}", a="1") for number in range(60)))
    run = Run(site.path, [*APPLY, "--parallelism", "1"])
    run.until(b'"outcome"')
    run.process.send_signal(signal.SIGSTOP)
    shown = site.run("unlock")
    assert shown.code == 3
    assert f"process {run.process.pid}" in shown.out
    assert site.run("unlock", "--force", "--auto-approve").code == 0
    run.process.send_signal(signal.SIGCONT)
    run.ended()
    assert leases(site) == []


def test_the_rights_that_unlock_needs(site: Site) -> None:
    site.log_in("alice")
    forge(site, {"holderIdentity": HOLDER, "leaseDurationSeconds": 60})
    assert site.run("unlock").code == 1
    role = site.ok("rbac", "--for", "unlock", "--set-namespace", site.home).out
    site.kubectl("apply", "-f", "-", stdin=role)
    site.kubectl(
        "create", "rolebinding", "unlocks", "--role=reconciler-default-unlock", "--user=alice"
    )
    assert site.run("unlock").code == 3
    assert site.run("unlock", "--force", "--auto-approve").code == 0
    assert leases(site) == []
