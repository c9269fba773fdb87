"""Throttling, lost answers and kills on the way through the gateway: nothing is lost or twice."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest
from huaweicloudsdkcore.auth.credentials import Credentials

from reconciler.execution.retries import RetryPolicy
from reconciler.stores.kubernetes import connection
from tests.crashes.program import APPLY, Ended, Run
from tests.integration.cce.conftest import CceSite
from tests.integration.kubernetes.series import OPTIONS, Series
from tests.standins.cce_gateway import CUT_AFTER, CUT_BEFORE, Call, Strike, throttled
from tests.world import secret_manifest as secret

APPLIES = int(os.environ.get("GATEWAY_APPLIES", "24"))
KILLS = int(os.environ.get("GATEWAY_KILLS", "16"))
_SERVER_TIMEOUT = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "ServerTimeout",
    "message": "a unique name could not be found in the time allotted",
    "details": {"retryAfterSeconds": 1},
    "code": 500,
}


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """What retries of writes were asked to wait for; they do not wait, nor do reads."""
    asked: list[float | None] = []

    def no_delay(_: RetryPolicy, __: int, retry_after: float | None) -> float:
        asked.append(retry_after)
        return 0.0

    monkeypatch.setattr(RetryPolicy, "delay", no_delay)
    monkeypatch.setattr(connection, "_FIRST_DELAY", 0.001)
    monkeypatch.setattr(connection, "_LONGEST_DELAY", 0.01)
    return asked


def test_a_gateway_that_limits(site: CceSite, delays: list[float | None]) -> None:
    site.put(*(secret(f"s{number}", x="1") for number in range(9)), secret("one-", x="1"))
    site.gateway.strike = lambda call: throttled(7) if call.number % 3 == 0 else None
    site.apply("--parallelism", "3")
    assert 7.0 in delays
    assert len(site.secrets()) == 10
    site.converged()


@pytest.mark.parametrize(("way", "asked"), [("aksk", 1), ("token", 1), ("certificate", 2)])
def test_services_that_limit(
    site: CceSite, delays: list[float | None], way: str, asked: int
) -> None:
    assert delays == []
    Credentials._CACHE.clear()
    limited: set[str] = set()

    def once(call: Call) -> Strike | None:
        services = ("tokens", "clustercert", "projects")
        if call.path in limited or not any(name in call.path for name in services):
            return None
        limited.add(call.path)
        return throttled(1)

    site.gateway.strike = once
    site.go_by(way)
    site.put(secret("a", x="1"))
    site.apply()
    assert len(limited) == asked
    assert site.secrets() == {"a": {"x": "1"}}


def test_a_name_that_is_not_found_in_time(site: CceSite, delays: list[float | None]) -> None:
    """What the pages say of generateName: 500 with the reason ServerTimeout, and Retry-After."""
    creates: list[Call] = []

    def busy(call: Call) -> Strike | None:
        if call.method == "POST" and call.path.endswith(f"{site.home}/secrets"):
            creates.append(call)
            if b"generateName" in call.body and len(creates) < 4:
                return Strike(status=500, body=_SERVER_TIMEOUT, retry_after=3)
        return None

    site.gateway.strike = busy
    site.put(secret("one-", x="1"))
    site.apply()
    assert delays.count(3.0) >= 2
    names = {json.loads(call.body)["metadata"]["name"] for call in creates if b"one-" in call.body}
    assert set(site.secrets()) == names
    assert len(names) == 1
    site.converged()


def test_a_name_that_is_taken(site: CceSite) -> None:
    names: list[str] = []

    def quicker(call: Call) -> None:
        if call.method == "POST" and b'"one-' in call.body:
            names.append(json.loads(call.body)["metadata"]["name"])
            if len(names) == 1:
                site.create(secret(names[0], theirs="1"))

    site.gateway.strike = quicker
    site.put(secret("one-", x="1"))
    site.apply()
    taken, free = names
    assert site.secrets() == {taken: {"theirs": "1"}, free: {"x": "1"}}


@pytest.mark.parametrize("way", ["aksk", "token"])
def test_connections_that_are_cut(
    site: CceSite, delays: list[float | None], figures: Callable[[str], None], way: str
) -> None:
    series = Series(site, f"gateway-{way}")
    series.begin()
    codes: dict[int, int] = {}
    cuts = 0

    def strike(call: Call) -> Strike | None:
        nonlocal cuts
        del call
        if series.random.random() > 0.15:
            return None
        cuts += 1
        return series.random.choice((CUT_BEFORE, CUT_AFTER))

    def apply() -> Ended:
        site.go_by(way)
        site.gateway.strike = strike
        result = site.run("apply", "--auto-approve", "-o", "json", *OPTIONS)
        site.gateway.strike = lambda _: None
        codes[result.code] = codes.get(result.code, 0) + 1
        assert result.code in {0, 1, 5}, result
        assert "Traceback" not in result.err
        assert "unexpected" not in result.out + result.err
        return Ended(int(result.code), result.out, result.err)

    for _ in range(APPLIES // 2):
        series.harm_one(apply)
    series.finish()
    figures(f"{cuts} cuts, codes {codes}, {len(delays)} writes made again")
    assert cuts > APPLIES
    assert codes[0] > 0


def test_kills(site: CceSite, figures: Callable[[str], None]) -> None:
    """The program dies at a request: before it has come, after it was done, or in between."""
    series = Series(site, "gateway-kills")
    series.begin()

    def apply() -> Ended:
        run = Run(site.path, [*APPLY, *OPTIONS])
        left = series.random.randrange(1, 12)
        when = series.random.choice((CUT_BEFORE, CUT_AFTER, None))

        def strike(call: Call) -> Strike | None:
            nonlocal left
            left -= call.writes
            if left == 0 and call.writes:
                run.process.send_signal(signal.SIGKILL)
                return when
            return None

        site.gateway.strike = strike
        ended = run.ended()
        site.gateway.settle()
        site.gateway.strike = lambda _: None
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{site.home}/leases/reconciler-default"
        site.call("DELETE", lease, expected={200, 404})
        series.figures["in the midst of steps"] += ended.code != 0 and bool(ended.events)
        return ended

    kills = sum(series.harm_one(apply).code == -signal.SIGKILL for _ in range(KILLS))
    series.finish()
    found = series.figures
    figures(f"{kills} kills: " + ", ".join(f"{found[name]} {name}" for name in sorted(found)))
    assert kills > KILLS // 2
    assert found["in the midst of steps"] > 0
