from __future__ import annotations

import json
import re
import stat
import time
from contextlib import closing
from importlib.resources import files
from typing import Any

import jsonschema

import reconciler
from reconciler.model.objects import Applied, ObjectKey
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue
from tests.world import held

DATABASE = ObjectKey("Secret", "shop", "database")


def touch(key: ObjectKey, *operations: Operation, url: str = "sqlite:.reconciler/store.db") -> None:
    """Change or, without operations, delete an object behind the program's back."""
    with closing(reconciler.open_store(url, {})) as store:
        found = reconciler.read((), store, reconciler.PlanOptions()).objects[key]
        precondition = Precondition(found.uid, found.resource_version)
        if not operations:
            held(store, seconds=0).delete(key, precondition)
        else:
            assert found.applied is not None
            record = Applied(set_name="default", fields=found.applied.fields)
            held(store, seconds=0).update(key, operations, record, precondition)


def tampered(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    touch(
        DATABASE,
        Operation("replace", "/data/password", SecretValue(b"intruder-value")),
        Operation("remove", "/data/username"),
        Operation("add", "/data/extra", SecretValue(b"intruder-value")),
    )


def test_no_drift(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    before = shop.files()
    result = shop.ok("drift")
    assert shop.ok("drift", "-q").out == "No drift. 2 objects in sync.\n"
    assert "No drift. 2 objects in sync." in result.out
    assert "database" in shop.ok("drift", "-v").out
    assert shop.files() == before


def test_a_store_that_is_not_there_passes_no_check(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    result = shop.run(
        "drift", "--store", "sqlite:elsewhere.db", "--report", "prometheus=drift.prom"
    )
    assert result.code == 1
    assert "the store does not exist" in result.err
    assert "check --store" in result.err
    assert not (shop.path / "drift.prom").exists()
    assert not (shop.path / "elsewhere.db").exists()


def test_what_somebody_else_did_key_by_key(shop: Any) -> None:
    tampered(shop)
    result = shop.run("drift")
    assert result.code == 2
    for sign in ("data[password]", "data[username]", "data[extra]"):
        assert sign in result.out
    assert "intruder" not in result.out
    again = shop.run("drift").out
    assert _ageless(again) == _ageless(result.out)


def _ageless(text: str) -> str:
    return re.sub(r" \([^)]* ago\)", "", text)


def test_json_markdown_and_quiet(shop: Any) -> None:
    tampered(shop)
    result = shop.run("drift", "-o", "json")
    assert result.code == 2
    document = json.loads(result.out)
    schema = json.loads((files("reconciler") / "schemas" / "drift-v1.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    assert "data[password]" in shop.run("drift", "--output", "markdown").out
    assert "data[password]" in shop.run("drift", "--quiet").out


def test_under_another_fingerprint_key_nothing_is_called_drifted(shop: Any) -> None:
    tampered(shop)
    env = {"RECONCILER_FINGERPRINT_KEY": "another-key-of-more-than-16-bytes"}
    result = shop.run("drift", env=env)
    assert result.code == 2
    assert "? data[password]" in result.out
    assert "recorded under another fingerprint key" in result.out
    assert "Drift: 1 field of 1 object changed" in shop.ok("plan", env=env).out  # what was removed
    shop.ok("apply", "--auto-approve", env=env)
    assert "~ data[" not in shop.run("drift", env=env).out


def test_a_pending_change_is_no_drift(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.write("manifests/more.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: more}\n")
    text = (shop.path / "manifests/shop.yaml").read_text().replace("not-a-real", "still-no-real")
    shop.write("manifests/shop.yaml", text)
    result = shop.ok("drift")
    assert "data[password]" in result.out
    assert "pending" in result.out


def test_a_vanished_object(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    touch(DATABASE)
    result = shop.run("drift")
    assert result.code == 2
    assert "vanished" in result.out
    planned = shop.ok("plan").out
    assert "deleted outside of this tool since the last apply)" in planned
    assert "Drift: 1 object deleted outside of this tool since the last apply.\n" in planned
    (change,) = [
        change
        for change in json.loads(shop.ok("plan", "-o", "json").out)["changes"]
        if change["action"] == "create"
    ]
    assert change["reasons"] == ["missing", "vanished"]
    shop.ok("apply", "--auto-approve")
    shop.ok("drift")


def test_what_vanished_and_left_the_manifests_is_told_until_it_is_pruned(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    touch(DATABASE)
    text = (shop.path / "manifests/shop.yaml").read_text()
    shop.write("manifests/shop.yaml", text.partition("---")[0])
    result = shop.run("drift")
    assert result.code == 2
    assert "- Secret/shop/database (vanished" in result.out
    assert "Drift: 1 object vanished; 1 in sync." in result.out
    planned = shop.ok("plan", "--detailed-exitcode").out
    assert "! somebody else has deleted Secret/shop/database" in planned
    assert shop.run("drift").code == 2
    pruned = shop.ok("apply", "--prune", "--max-deletes", "0", "--auto-approve").out
    assert "it is gone already: only the memory of it is dropped" in pruned
    assert shop.ok("drift").out.endswith("No drift. 1 object in sync.\n")
    assert "No changes. 1 object in sync." in shop.ok("plan", "--prune").out


def test_what_the_set_itself_has_deleted_has_not_vanished(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.ok("destroy", "--auto-approve")
    assert "not applied yet" in shop.ok("drift").out
    assert "Drift:" not in shop.ok("plan").out
    shop.ok("apply", "--auto-approve")
    text = (shop.path / "manifests/shop.yaml").read_text()
    shop.write("manifests/shop.yaml", text.partition("---")[0])
    shop.ok("apply", "--prune", "--allow-empty", "--auto-approve")
    shop.write("manifests/shop.yaml", text)
    assert "not applied yet" in shop.ok("drift").out


def test_a_plan_tells_the_drift_that_it_would_undo(shop: Any) -> None:
    tampered(shop)
    result = shop.ok("plan")
    assert "changed outside of this tool" in result.out
    fields = {
        field["field"]: field["drift"]
        for change in json.loads(shop.ok("plan", "-o", "json").out)["changes"]
        for field in change["fields"]
    }
    assert fields == {"data[password]": True, "data[username]": True}


def test_unmanaged_secrets_are_listed_on_request(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    with closing(reconciler.open_store("sqlite:.reconciler/store.db", {})) as store:
        (stray,) = reconciler.load(
            shop.write(
                "stray.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: stray, namespace: shop}\n",
            )
        ).objects
        held(store, seconds=0).create(stray, None)
    assert "stray" not in shop.ok("drift").out
    assert "Secret/shop/stray" in shop.ok("drift", "--unmanaged").out


def test_metrics(shop: Any) -> None:
    tampered(shop)
    assert shop.run("drift", "--report", "prometheus=r.prom", "--set", "default").code == 2
    text = (shop.path / "r.prom").read_text()
    assert "reconciler_drift_detected{" in text
    assert stat.S_IMODE((shop.path / "r.prom").stat().st_mode) == 0o644
    assert [path.name for path in shop.path.glob(".r.prom*")] == []
    assert shop.run("drift", "--report", "prometheus=r.prom/no/r.prom").code == 1


def test_a_failed_check_says_so_and_leaves_the_other_metrics(shop: Any) -> None:
    tampered(shop)
    report = ("--report", "prometheus=r.prom")
    assert shop.run("drift", *report).code == 2
    before = (shop.path / "r.prom").read_text()
    (failing,) = [line for line in before.splitlines() if line.endswith("} 0") and "failed" in line]
    shop.write("manifests/broken.yaml", "kind: [")
    for _ in range(2):
        assert shop.run("drift", *report).code == 1
        after = (shop.path / "r.prom").read_text()
        assert after == before.replace(failing, f"{failing[:-1]}1")
    (shop.path / "manifests/broken.yaml").unlink()
    assert shop.run("drift", *report).code == 2
    assert failing in (shop.path / "r.prom").read_text()


def test_a_first_check_that_fails_writes_no_metrics(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.write("manifests/broken.yaml", "kind: [")
    assert shop.run("drift", "--report", "prometheus=r.prom").code == 1
    assert not (shop.path / "r.prom").exists()
    shop.write("r.prom", "not of ours\n")
    assert shop.run("drift", "--report", "prometheus=r.prom", "--report", "json=r.json").code == 1
    assert (shop.path / "r.prom").read_text() == "not of ours\n"
    assert not (shop.path / "r.json").exists()


def test_metrics_of_the_lock_and_of_certificates(shop: Any) -> None:
    shop.write(
        "manifests/tls.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: tls\n  namespace: shop\n"
        "  annotations: {reconciler/generate.tls.key: 'tls; certificate=tls.crt; cn=db; days=30'}\n"
        "type: kubernetes.io/tls\n",
    )
    shop.ok("apply", "--auto-approve")
    shop.ok("drift", "--report", "prometheus=r.prom")
    metrics = (shop.path / "r.prom").read_text()
    assert re.search(r"\nreconciler_lock_held_seconds\{[^}]*\} 0\.000\n", metrics)
    ((labels, end),) = re.findall(
        r"\nreconciler_certificate_end_timestamp_seconds\{([^}]*)\} (\S+)", metrics
    )
    assert labels.endswith('object="Secret/shop/tls",key="tls.crt"')
    assert 29 * 86400 < float(end) - time.time() < 31 * 86400
    with (
        closing(reconciler.open_store("sqlite:.reconciler/store.db", {})) as store,
        store.session("default", "somebody", 60),
    ):
        shop.ok("drift", "--report", "prometheus=r.prom")
    held_for = re.search(
        r"\nreconciler_lock_held_seconds\{[^}]*\} (\S+)", (shop.path / "r.prom").read_text()
    )
    assert held_for is not None
    assert float(held_for[1]) > 0
    with (
        closing(reconciler.open_store("sqlite:.reconciler/store.db", {})) as store,
        store.session("default", "somebody", 0),
    ):
        shop.ok("drift", "--report", "prometheus=r.prom")
    assert "} 0.000\n" in (shop.path / "r.prom").read_text(), "an expired lock holds nobody up"


def test_drift_of_another_namespace_and_paths(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("a", file="more/a.yaml", x="1")
    assert "Secret/shop/a" in shop.ok("drift", "manifests", "more", "--namespace", "shop").out
    assert shop.run("drift", "--store", "gopher:").code == 1


def test_a_store_without_events_is_refused(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    for given in ({"RECONCILER_EVENTS": "true"}, {}):
        result = shop.run("drift", *(() if given else ("--events",)), env=given)
        assert result.code == 1
        assert "--events: this store has no events" in result.err
    shop.write("reconciler.yaml", "events: true\n")
    assert "--events: this store has no events" in shop.run("drift").err
    shop.ok("drift", "--no-events")
