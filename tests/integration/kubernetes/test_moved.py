"""Objects that somebody else changes: before the apply, and in the midst of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.store import Scope, Snapshot
from reconciler.stores.kubernetes.connection import JSON, METADATA_LIST_ONLY, Connection
from reconciler.stores.kubernetes.session import KubernetesSession
from tests.integration.kubernetes.site import Site
from tests.world import secret_manifest as secret


@pytest.fixture
def planned(site: Site) -> Site:
    """A site with a saved plan of an update, a replace, a delete and a create."""
    site.put(secret("free", a="1"), secret("sealed", immutable=True, a="1"), secret("old", a="1"))
    site.apply()
    site.put(secret("free", a="2"), secret("sealed", immutable=True, a="2"), secret("new", a="2"))
    site.ok("plan", "--prune", "--allow-replace", "--out", "saved.plan")
    return site


def annotate(site: Site, name: str) -> None:
    site.kubectl("annotate", "secret", name, "somebody=else")


def recreate(site: Site, name: str) -> None:
    old = site.live(name)
    for field in ("uid", "resourceVersion", "creationTimestamp"):
        del old["metadata"][field]
    site.kubectl("delete", "secret", name)
    site.create(old)


MOVES: dict[str, Any] = {
    "a value": lambda site: site.patch("free", {"data": {"a": "bm90"}}),
    "a key": lambda site: site.patch("free", {"data": {"other": "bm90"}}),
    "the sealed one": lambda site: annotate(site, "sealed"),
    "what is to go": lambda site: annotate(site, "old"),
    "deleted": lambda site: site.kubectl("delete", "secret", "free"),
    "made again": lambda site: recreate(site, "free"),
    "created": lambda site: site.create(secret("new", a="3")),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
def test_a_plan_that_no_longer_holds_is_not_applied(planned: Site, move: Any) -> None:
    move(planned)
    before = planned.every()
    result = planned.run("apply", "saved.plan")
    assert result.code == 4, result
    assert "nothing was applied" in result.err
    assert planned.every() == before


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
def test_an_object_that_moves_once_the_apply_has_begun(
    planned: Site, monkeypatch: pytest.MonkeyPatch, move: Any
) -> None:
    begin = KubernetesSession.begin
    seen: dict[str, Any] = {}

    def then_moved(session: KubernetesSession, *work: Any) -> None:
        begin(session, *work)
        move(planned)
        seen.update(planned.every())

    with monkeypatch.context() as patched:
        patched.setattr(KubernetesSession, "begin", then_moved)
        result = planned.run("apply", "saved.plan", "-o", "json")
    assert result.code == 5, result
    events = [json.loads(line) for line in result.out.splitlines()]
    ended = {one["key"]["name"]: one for one in events if one["event"] == "step-ended"}
    (failed,) = (name for name, one in ended.items() if one["outcome"] == "failed")
    assert len(ended) == 4
    assert_untouched(planned, failed, seen)
    planned.apply("--prune", "--allow-replace", "--adopt")
    found = planned.secrets()
    assert {name: values["a"] for name, values in found.items()} == {
        "free": "2",
        "sealed": "2",
        "new": "2",
    }
    planned.converged("--prune")


def assert_untouched(site: Site, name: str, seen: dict[str, Any]) -> None:
    """Nothing of what somebody else has made was overwritten."""
    assert site.every().get(name) == seen.get(name)


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
def test_an_object_that_moves_before_the_lock_is_taken(
    planned: Site, monkeypatch: pytest.MonkeyPatch, move: Any
) -> None:
    """What was read for the plan and has not moved is not read again, and all else is."""
    read = KubernetesSession.read
    moved: dict[str, Any] = {}

    def read_after_a_move(session: KubernetesSession, scope: Scope) -> Snapshot:
        move(planned)
        moved.update(planned.every())
        return read(session, scope)

    with monkeypatch.context() as patched:
        patched.setattr(KubernetesSession, "read", read_after_a_move)
        result = planned.run("apply", "saved.plan")
    assert result.code == 4, result
    assert "nothing was applied" in result.err
    assert planned.every() == moved


def test_values_are_read_once_for_an_apply(planned: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the lock, uid and resource version tell that nothing has moved."""
    fetch = Connection.fetch
    wanted: list[str] = []

    def noted(
        connection: Connection, path: str, what: str, query: Any = None, accept: str = JSON
    ) -> Any:
        if query and path.endswith("/secrets") and "part-of=" in query.get("labelSelector", ""):
            wanted.append(accept)
        return fetch(connection, path, what, query, accept)

    monkeypatch.setattr(Connection, "fetch", noted)
    planned.ok("apply", "saved.plan")
    assert wanted == [JSON, METADATA_LIST_ONLY]
