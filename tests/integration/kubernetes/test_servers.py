"""API servers that are killed, that are too busy, and that forget what they had begun to list."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.stores.kubernetes import listing
from reconciler.stores.kubernetes.connection import JSON, Connection
from tests.crashes.program import APPLY, Run
from tests.integration.kubernetes.site import Site, awaited
from tests.world import secret_manifest as secret

OwnSite = Callable[..., Site]
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/reconciler-default"


def many(count: int, value: str) -> list[dict[str, Any]]:
    return [secret(f"s{number}", a=value) for number in range(count)]


def drawn(prefix: str) -> dict[str, Any]:
    document = secret("", a="drawn")
    document["metadata"] = {"generateName": prefix}
    return document


def test_a_server_that_is_killed_in_the_midst_of_an_apply(own_site: OwnSite) -> None:
    site = own_site()
    sealed = [secret(f"sealed{number}", immutable=True, a="1") for number in range(10)]
    site.put(*sealed, *many(10, "1"), secret("old", a="1"))
    site.apply()
    sealed = [secret(f"sealed{number}", immutable=True, a="2") for number in range(10)]
    new = [secret(f"new{number}", a="1") for number in range(40)]
    site.put(*sealed, *many(10, "2"), *new, drawn("drawn-"))
    options = ("--prune", "--allow-replace", "--parallelism", "2")
    run = Run(site.path, [*APPLY, *options])
    run.until(b'"outcome"')
    site.cluster.restart_server()
    ended = run.ended()
    assert ended.code in {0, 5}, ended
    assert any(event["event"] == "step-retried" for event in ended.events)
    awaited(lambda: site.works("get", "namespaces"), "the server is back")
    site.call("DELETE", _LEASE.format(site.home), expected={200, 404})
    site.apply(*options)
    found = Counter(name.rsplit("-", 1)[0] for name in site.secrets())
    names = [one["metadata"]["name"] for one in (*sealed, *many(10, ""), *new)]
    assert found == Counter({**dict.fromkeys(names, 1), "drawn": 1})
    for name, values in site.secrets().items():
        if name.startswith("s"):
            assert values == {"a": "2"}
    site.converged("--prune")


def test_a_storm_of_429(own_site: OwnSite) -> None:
    site = own_site(
        "--max-requests-inflight=1",
        "--max-mutating-requests-inflight=1",
        "--enable-priority-and-fairness=false",
    )
    # An administrator is never put off.
    site.grant("alice", ("get list create update patch delete", ("secrets", "leases")))
    site.log_in("alice")
    site.put(*many(60, "1"))
    ended = Run(site.path, [*APPLY, "--parallelism", "16"]).ended()
    retries = [event for event in ended.events if event["event"] == "step-retried"]
    assert any("429" in event["message"] for event in retries), ended
    # The server asks for a second.
    assert all(event["delaySeconds"] >= 1 for event in retries if "429" in event["message"])
    assert ended.code in {0, 5}, ended
    for _ in range(10):
        if site.run("apply", "--auto-approve").code == 0:
            break
    assert site.secrets() == {f"s{number}": {"a": "1"} for number in range(60)}
    site.converged()


def test_a_list_whose_token_expires(own_site: OwnSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = own_site("--etcd-compaction-interval=1s", "--watch-cache=false")
    site.put(*many(25, "1"))
    site.apply()
    monkeypatch.setattr(listing, "PAGE", 10)
    fetch = Connection.fetch
    begun: list[str] = []
    waited: list[str] = []

    def slowly(
        connection: Connection, path: str, what: str, query: Any = None, accept: str = JSON
    ) -> Any:
        if query and path.endswith("/secrets") and "part-of=" in query["labelSelector"]:
            if "continue" not in query:
                begun.append(path)
            elif not waited:
                waited.append(path)
                end = time.monotonic() + 8
                while time.monotonic() < end:
                    site.patch("s1", {"metadata": {"annotations": {"now": str(time.time())}}})
                    time.sleep(0.5)
        return fetch(connection, path, what, query, accept)

    monkeypatch.setattr(Connection, "fetch", slowly)
    plan = json.loads(site.ok("plan", "-o", "json").out)
    assert len(begun) == 2
    assert len(plan["changes"]) == 25
