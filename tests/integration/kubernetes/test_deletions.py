"""Deletions that wait, and creates that fail where an old object has just been deleted."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.stores.kubernetes.session import KubernetesSession
from tests.integration.kubernetes.policies import Policies
from tests.integration.kubernetes.site import Document, Site, awaited
from tests.world import secret_manifest as secret

FINALIZER = "example.com/holds-it"
IN_A_MOMENT = ("--wait-timeout", "0.5")


def held(document: Document) -> Document:
    document["metadata"]["finalizers"] = [FINALIZER]
    return document


def let_go(site: Site, name: str) -> None:
    site.patch(name, {"metadata": {"finalizers": None}})


def test_a_finalizer_that_holds_a_secret_during_a_replace(site: Site) -> None:
    site.put(held(secret("sealed", immutable=True, a="1")))
    site.apply()
    site.patch("sealed", {"metadata": {"labels": {"theirs": "kept"}}})
    site.put(secret("sealed", immutable=True, a="2"))
    site.kubectl("annotate", "secret", "sealed", "note=kept")
    replaced = site.apply("--allow-replace", *IN_A_MOMENT, code=5)
    assert FINALIZER in replaced.out + replaced.err
    assert "not created" in replaced.out + replaced.err
    assert site.secrets()["sealed"] == {"a": "1"}
    copies = [name for name in site.secrets() if name.startswith("reconciler-copy-")]
    assert [site.secrets()[name] for name in copies] == [{"a": "1"}]

    plan = site.ok("plan", "--allow-replace").out
    assert "is being deleted since" in plan
    assert FINALIZER in plan
    again = site.apply("--allow-replace", *IN_A_MOMENT, code=5)
    assert FINALIZER in again.out + again.err
    assert site.secrets().keys() == {"sealed", *copies}

    let_go(site, "sealed")
    awaited(lambda: "sealed" not in site.secrets(), "the old object is gone")
    site.apply("--allow-replace")
    assert site.secrets() == {"sealed": {"a": "2"}}
    site.converged()


def test_a_finalizer_that_holds_a_secret_during_a_prune(site: Site) -> None:
    site.put(secret("kept", a="1"), held(secret("old", a="1")))
    site.apply()
    site.put(secret("kept", a="1"))
    pruned = site.apply("--prune", "--max-deletes", "1", *IN_A_MOMENT, code=5)
    assert FINALIZER in pruned.out + pruned.err
    again = site.apply("--prune", "--max-deletes", "1", *IN_A_MOMENT, code=5)
    assert FINALIZER in again.out + again.err
    let_go(site, "old")
    awaited(lambda: "old" not in site.secrets(), "the old object is gone")
    site.converged("--prune")


def test_a_finalizer_that_is_let_go_in_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put(held(secret("sealed", immutable=True, a="1")))
    site.apply()
    site.put(secret("sealed", immutable=True, a="2"))
    look = KubernetesSession.unfinished
    looks: list[str] = []

    def then_let_go(session: KubernetesSession, *key: Any) -> str:
        looks.append(look(session, *key))
        if len(looks) == 2:
            let_go(site, "sealed")
        return looks[-1]

    monkeypatch.setattr(KubernetesSession, "unfinished", then_let_go)
    site.apply("--allow-replace")
    assert looks[-1] == ""
    assert FINALIZER in looks[0]
    assert site.secrets() == {"sealed": {"a": "2"}}
    site.converged()


@pytest.mark.usefixtures("controllers")
def test_a_namespace_that_is_stuck_in_its_deletion(site: Site) -> None:
    stuck = site.cluster.new_namespace()
    site.create(held(secret("holds-it", a="1")), namespace=stuck)
    site.kubectl("delete", "namespace", stuck, "--wait=false")
    inside = secret("inside", a="1")
    inside["metadata"]["namespace"] = stuck
    site.put(inside, secret("beside", a="1"))
    plan = site.ok("plan").out
    assert f"Namespace/{stuck} is being deleted since" in plan
    applied = site.apply(*IN_A_MOMENT, code=5)
    assert "being terminated" in applied.out + applied.err
    assert site.secrets() == {"beside": {"a": "1"}}

    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stuck}}
    site.put(manifest, inside, secret("beside", a="1"))
    assert "is being deleted since" in site.ok("plan", "--adopt").out
    applied = site.apply("--adopt", *IN_A_MOMENT, code=5)
    assert "being terminated" in applied.out + applied.err or "Terminating" in applied.out
    site.kubectl(
        *("--namespace", stuck, "patch", "secret", "holds-it", "--type=merge"),
        '-p={"metadata": {"finalizers": null}}',
    )


def test_a_replace_that_fails_after_the_delete_puts_the_old_object_back(
    site: Site, policies: Policies
) -> None:
    site.put(secret("sealed", immutable=True, a="1"))
    site.apply()
    site.kubectl("annotate", "secret", "sealed", "note=theirs")
    before = site.live("sealed")
    newer = secret("sealed", immutable=True, a="2")
    newer["metadata"]["labels"] = {"version": "new"}
    site.put(newer)
    policies.forbid(NOT_NEW)
    probe = secret("probe", a="1")
    probe["metadata"]["labels"] = {"version": "new"}
    policies.await_refusal(probe)
    failed = site.apply("--allow-replace", code=5)
    assert "the policy forbids it" in failed.out + failed.err
    assert "the old object was put back" in failed.out + failed.err
    after = site.live("sealed")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    for field in ("data", "type", "immutable"):
        assert after[field] == before[field]
    for field in ("labels", "annotations"):
        assert after["metadata"][field] == before["metadata"][field]
    assert site.secrets() == {"sealed": {"a": "1"}}
    policies.lift()
    policies.await_permission(probe)
    site.apply("--allow-replace")
    assert site.secrets() == {"sealed": {"a": "2"}}
    site.converged()


DELETES = "request.operation == 'DELETE'"
NOT_NEW = (
    f"{DELETES} || request.dryRun || !has(object.metadata.labels)"
    " || !('version' in object.metadata.labels)"
)
"""No Secret with that label, except on trial."""


def test_a_replace_that_cannot_put_the_old_object_back_keeps_its_copy(
    site: Site, policies: Policies
) -> None:
    site.put(secret("sealed", immutable=True, a="1"))
    site.apply()
    site.patch("sealed", {"metadata": {"labels": {"theirs": "kept"}}})
    site.put(secret("sealed", immutable=True, a="2"))
    copy = "object.metadata.name.startsWith('reconciler-')"
    policies.forbid(f"request.operation != 'CREATE' || request.dryRun || {copy}")
    probe = secret("probe", a="1")
    policies.await_refusal(probe)
    failed = site.apply("--allow-replace", code=5)
    assert "could not be put back either" in failed.out + failed.err
    assert "keeps a copy" in failed.out + failed.err
    (copied,) = site.secrets().items()
    assert copied[0].startswith("reconciler-copy-")
    assert copied[1] == {"a": "1"}
    policies.lift()
    policies.await_permission(probe)
    site.apply("--allow-replace")
    assert site.secrets() == {"sealed": {"a": "2"}}
    assert site.live("sealed")["metadata"]["labels"]["theirs"] == "kept"
    site.converged()
