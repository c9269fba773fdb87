"""What a user may not do: told before anything is written, or got round."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from reconciler.model.history import Run
from reconciler.stores.kubernetes.session import KubernetesSession
from tests.integration.kubernetes.site import Site
from tests.world import secret_manifest as secret

READING = "get list"
CONTENT = ("serviceaccounts", "secrets")
ALL = "get list create update patch delete"


@pytest.fixture
def applied(site: Site) -> Site:
    """A site with a set in it, of which something is to be created, updated and deleted."""
    site.put(secret("kept", a="1"), secret("changed", a="1"), secret("old", a="1"))
    site.apply()
    site.put(secret("kept", a="1"), secret("changed", a="2"), secret("new", a="1"))
    return site


def test_reading_within_a_namespace_is_enough_for_a_plan(applied: Site) -> None:
    applied.grant("alice", (READING, CONTENT))
    applied.log_in("alice")
    before = applied.state()
    plan = json.loads(applied.ok("plan", "--prune", "-o", "json").out)
    assert counts(plan) == {"create": 1, "update": 1, "delete": 1, "no-op": 1}
    assert "secrets, serviceaccounts may not be listed in the whole" in told(plan)
    assert f"namespaces may not be looked at, and are taken to exist: {applied.home}" in told(plan)
    assert "secrets may not be listed, so" not in told(plan)
    assert applied.state() == before


def test_a_check_does_without_the_right_to_read_the_lock(applied: Site) -> None:
    applied.grant("alice", (READING, CONTENT))
    applied.log_in("alice")
    report = ("--report", "prometheus=r.prom")
    assert applied.run("drift", *report).code == 2
    assert "reconciler_lock_held_seconds{" not in (applied.path / "r.prom").read_text()
    applied.log_in("admin")
    assert applied.run("drift", *report).code == 2
    assert "reconciler_lock_held_seconds{" in (applied.path / "r.prom").read_text()


def told(plan: Any) -> str:
    return "\n".join(note["message"] for note in plan["notices"])


def counts(plan: Any) -> dict[str, int]:
    actions = [change["action"] for change in plan["changes"]]
    return {action: actions.count(action) for action in actions}


def test_without_lists_only_what_is_named_is_seen(applied: Site) -> None:
    applied.grant("alice", ("get", CONTENT))
    applied.log_in("alice")
    plan = json.loads(applied.ok("plan", "--prune", "-o", "json").out)
    assert counts(plan) == {"create": 1, "update": 1, "no-op": 1}
    assert f"secrets may not be listed in {applied.home}, so only what" in told(plan)
    assert "is not seen" in told(plan)


@pytest.mark.parametrize("verbs", ["", "list"])
def test_whoever_may_not_read_is_told_so(applied: Site, verbs: str) -> None:
    if verbs:
        applied.grant("bob", (verbs, CONTENT))
    applied.log_in("bob")
    before = applied.state()
    for command in (["plan"], ["drift"], ["apply", "--auto-approve"]):
        result = applied.run(*command)
        assert result.code == 1
        assert re.search(r'"bob" cannot get resource "secrets"', result.err), result
    assert applied.state() == before


def test_an_apply_with_the_right_to_read_names_all_that_is_missing(applied: Site) -> None:
    applied.grant("alice", (READING, CONTENT))
    applied.log_in("alice")
    before = applied.state()
    result = applied.apply("--prune", code=1)
    where = f' in the namespace "{applied.home}"'
    leases = "leases.coordination.k8s.io"
    assert missing(result.err) == {
        f"create secrets{where}",
        f'patch secrets "changed"{where}',
        f'delete secrets "old"{where}',
        f'patch secrets "reconciler-default"{where}',
        f"create {leases}{where}",
        *(f'{verb} {leases} "reconciler-default"{where}' for verb in ("get", "update", "delete")),
    }
    assert "reconciler rbac" in result.err
    assert applied.state() == before


def missing(text: str) -> set[str]:
    return set(re.findall("missing: (.*)", text))


@pytest.mark.parametrize(
    ("verb", "rights"),
    [
        ("create", {"create secrets"}),
        ("patch", {'patch secrets "changed"', 'patch secrets "reconciler-default"'}),
        ("delete", {'delete secrets "old"'}),
    ],
)
def test_one_right_that_is_missing(applied: Site, verb: str, rights: set[str]) -> None:
    others = ALL.replace(f" {verb}", "")
    applied.grant("alice", (others, CONTENT), (ALL, ["leases"]))
    applied.log_in("alice")
    before = applied.state()
    result = applied.apply("--prune", code=1)
    where = f' in the namespace "{applied.home}"'
    assert missing(result.err) == {f"{right}{where}" for right in rights}
    assert applied.state() == before


@pytest.mark.parametrize("verb", ["get", "create", "delete"])
def test_the_lock_needs_its_rights_too(applied: Site, verb: str) -> None:
    others = " ".join(one for one in ALL.split() if one != verb)
    applied.grant("alice", (ALL, CONTENT), (others, ["leases"]))
    applied.log_in("alice")
    before = applied.state()
    result = applied.apply("--prune", code=1)
    (right,) = missing(result.err)
    assert right.startswith(f"{verb} leases.coordination.k8s.io")
    assert applied.state() == before


@pytest.mark.parametrize(
    ("verb", "failed"), [("create", "new"), ("patch", "changed"), ("delete", "old")]
)
def test_a_right_that_is_lost_on_the_way_fails_its_step_alone(
    applied: Site, monkeypatch: pytest.MonkeyPatch, verb: str, failed: str
) -> None:
    applied.grant("alice", (ALL, CONTENT), (ALL, ["leases"]))
    applied.log_in("alice")
    note = KubernetesSession.note

    def then_revoked(session: KubernetesSession, run: Run) -> None:
        note(session, run)  # at the beginning; that of the end fails where patch is revoked
        applied.grant("alice", (ALL.replace(f" {verb}", ""), CONTENT), (ALL, ["leases"]))
        applied.await_right("alice", verb, "secrets", allowed=False)

    with monkeypatch.context() as patched:
        patched.setattr(KubernetesSession, "note", then_revoked)
        result = applied.apply("--prune", code=5)
    assert f"Secret/{applied.home}/{failed}" in result.err + result.out
    assert f'cannot {verb} resource "secrets"' in result.err + result.out
    assert "Applied: " in result.out
    assert "Failed: 1" in result.out
    assert applied.kubectl("get", "leases", "-o", "name") == ""
    applied.log_in("admin")
    applied.apply("--prune")
    assert applied.secrets() == {"kept": {"a": "1"}, "changed": {"a": "2"}, "new": {"a": "1"}}
    applied.converged("--prune")


def test_the_roles_that_rbac_prints_are_enough(site: Site) -> None:
    roles = site.ok("rbac", "--for", "apply", "--namespaced", site.home).out
    site.kubectl("apply", "-f", "-", stdin=roles)
    name = "reconciler-default-apply"
    site.kubectl("create", "rolebinding", name, f"--role={name}", "--user=bob")
    site.await_right("bob", "patch", "secrets")
    site.log_in("bob")
    site.put(secret("kept", a="1"), secret("sealed", immutable=True, a="1"), secret("old", a="1"))
    site.apply()
    site.put(secret("kept", a="2"), secret("sealed", immutable=True, a="2"))
    site.apply("--prune", "--allow-replace", "--server-dry-run")
    assert site.secrets() == {"kept": {"a": "2"}, "sealed": {"a": "2"}}
    site.converged("--prune")
