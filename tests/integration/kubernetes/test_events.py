"""Events of a drift check, as a real API server takes them and kubectl shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.cli.test_notify import Web
from tests.integration.kubernetes.policies import Policies
from tests.integration.kubernetes.site import Site, awaited
from tests.world import secret_manifest as secret

CANARY = "canary-of-an-event"


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def drifting(site: Site) -> Site:
    """A site of which nothing has drifted yet."""
    site.put(secret("db", password="one"), secret("other", password="one"))
    site.apply()
    return site


def intrude(site: Site, value: str = CANARY, name: str = "db") -> None:
    patch = json.dumps({"stringData": {"password": value}})
    site.kubectl("patch", "secret", name, "-p", patch)


def check(site: Site, code: int, *options: str) -> Any:
    result = site.run("drift", "--events", *options)
    assert result.code == code, result
    return result


def seen(site: Site, name: str = "db") -> list[tuple[str, int, str]]:
    """Reason, count and note of the Events about a Secret, the latest last."""
    items = json.loads(site.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
    assert CANARY not in json.dumps(items)
    about = [item for item in items if item["regarding"]["name"] == name]
    about.sort(key=lambda item: item.get("series", item).get("lastObservedTime", item["eventTime"]))
    return [
        (item["reason"], item.get("series", {}).get("count", 1), item["note"]) for item in about
    ]


GONE = "it is as it was applied"
FIRST = "drifted: data[password] changed"


def test_drift_that_appears_changes_and_goes_has_an_event_each(drifting: Site) -> None:
    check(drifting, 0)
    assert seen(drifting) == seen(drifting, "reconciler-default") == []
    intrude(drifting)
    for _ in range(3):
        assert check(drifting, 2).err == ""
    assert seen(drifting) == [("Drifted", 3, FIRST)], "seen again, and no other Event"
    assert seen(drifting, "other") == []
    ((reason, count, note),) = seen(drifting, "reconciler-default")
    assert (reason, count) == ("Drifted", 3)
    assert note.startswith("Drift: 1 object drifted")

    intrude(drifting, f"{CANARY}-again")
    check(drifting, 2)
    assert seen(drifting) == [("Drifted", 3, FIRST), ("Drifted", 1, FIRST)], "another value"
    drifting.apply()
    for _ in range(2):
        check(drifting, 0)
    gone = ("DriftGone", 1, GONE)
    assert seen(drifting)[2:] == seen(drifting, "reconciler-default")[2:] == [gone]
    assert seen(drifting, "other") == []

    intrude(drifting)
    check(drifting, 2)
    drifting.apply()
    check(drifting, 0)
    assert seen(drifting)[-2:] == [("Drifted", 4, FIRST), ("DriftGone", 2, GONE)]


def test_metric_event_and_message_come_in_that_order(drifting: Site, web: Web) -> None:
    order: list[tuple[bool, int]] = []
    metrics = drifting.path / "r.prom"
    web.on_arrival = lambda: order.append(
        (f'object="Secret/{drifting.home}/db"' in metrics.read_text(), len(seen(drifting)))
    )
    intrude(drifting)
    said = ("--notify", web.url, "--notify-state", "told.json", "--report", f"prometheus={metrics}")
    check(drifting, 2, *said)
    assert order == [(True, 1)]
    event = json.loads(drifting.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"][0]
    assert metrics.stat().st_mtime <= datetime.fromisoformat(event["eventTime"]).timestamp()


def test_kubectl_shows_them_with_the_secret(drifting: Site) -> None:
    intrude(drifting)
    check(drifting, 2)
    shown = drifting.kubectl("events", "--for", "secret/db")
    (line,) = shown.splitlines()[1:]
    assert line.split()[1:4] == ["Warning", "Drifted", "Secret/db"]
    assert line.endswith(FIRST)
    uid = json.loads(drifting.kubectl("get", "secret", "db", "-o", "json"))["metadata"]["uid"]
    found = drifting.kubectl(
        *("get", "events", "-o", "name"),
        *("--field-selector", f"involvedObject.kind=Secret,involvedObject.uid={uid}"),
    )
    assert len(found.splitlines()) == 1, "as kubectl describe looks for them"


def test_what_vanished_and_what_others_added(drifting: Site) -> None:
    drifting.kubectl("delete", "secret", "other")
    drifting.kubectl("patch", "secret", "db", "-p", json.dumps({"stringData": {"new": CANARY}}))
    check(drifting, 2)
    assert seen(drifting) == [("Drifted", 1, "drifted: data[new] added")]
    ((reason, _, note),) = seen(drifting, "other")
    assert reason == "Drifted"
    assert note in {"missing", "vanished"}
    check(drifting, 0, "--fail-on", "changed")
    assert seen(drifting)[-1] == ("DriftGone", 1, GONE), "what does not count is none"


def test_without_the_right_it_is_said_and_the_verdict_is_the_same(drifting: Site) -> None:
    intrude(drifting)
    for flags in ((), ("--events",)):
        roles = drifting.ok(
            *("rbac", "--for", "drift", "--set-namespace", drifting.home),
            *("--namespaced", drifting.home, *flags),
        ).out
        drifting.kubectl("apply", "-f", "-", stdin=roles)
        if not flags:
            role = "--role=reconciler-default-drift"
            drifting.kubectl("create", "rolebinding", "checks", role, "--user=alice")
        drifting.log_in("alice")
        result = check(drifting, 2)
        drifting.log_in("admin")
        if not flags:
            assert "Warning: Events are missing: this user may not write Events" in result.err
            for verb in ("create", "list", "patch"):
                assert f"missing: {verb} events.events.k8s.io in the namespace" in result.err
            assert "reconciler rbac --for drift --events" in result.err
            assert seen(drifting) == []
    assert result.err == ""
    assert len(seen(drifting)) == 1


def test_what_the_server_refuses_is_said_and_the_rest_is_written(
    drifting: Site, policies: Policies
) -> None:
    policies.forbid(
        "object.regarding.name != 'db'",
        f"'the note was {CANARY}'",
        group="events.k8s.io",
        resource="events",
    )
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "probe"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "type": "Normal",
        "reason": "Probe",
        "action": "Probe",
        "regarding": {"kind": "Secret", "namespace": drifting.home, "name": "db"},
        "reportingController": "example.com/probe",
        "reportingInstance": "probe",
    }
    probe = ("create", "--dry-run=server", "-f", "-")
    awaited(lambda: not drifting.works(*probe, stdin=json.dumps(event)), "the policy is in force")
    intrude(drifting)
    intrude(drifting, name="other")
    result = check(drifting, 2)
    assert "Warning: Events are missing: not all could be written" in result.err
    assert f"the Event of Secret/{drifting.home}/db" in result.err
    assert seen(drifting) == []
    assert len(seen(drifting, "other")) == len(seen(drifting, "reconciler-default")) == 1


def test_two_sets_speak_for_themselves(drifting: Site) -> None:
    intrude(drifting)
    check(drifting, 2)
    drifting.put(secret("third", password="one"))
    drifting.run("apply", "--auto-approve", "--set", "blue")
    check(drifting, 0, "--set", "blue")
    assert seen(drifting, "reconciler-blue") == []
    assert seen(drifting) == [("Drifted", 1, FIRST)]


def test_checks_without_the_option_write_none(drifting: Site) -> None:
    intrude(drifting)
    assert drifting.run("drift").code == 2
    assert seen(drifting) == []
    assert drifting.run("drift", env={"RECONCILER_EVENTS": "true"}).code == 2
    assert len(seen(drifting)) == 1
