"""What uses Secrets, on the command line: validate, plans, refusals, versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
        - env:
            - valueFrom: {secretKeyRef: {name: database, key: password}}
"""
VERSIONED = """\
apiVersion: v1
kind: Secret
metadata:
  name: licence
  annotations: {reconciler/replace: versioned}
immutable: true
stringData: {key: not-a-real-licence-%s}
"""


def used(shop: Any) -> None:
    shop.write("manifests/web.yaml", WEB)
    shop.ok("apply", "--auto-approve")


def test_a_plan_names_who_uses_a_key(shop: Any) -> None:
    used(shop)
    file = shop.path / "manifests/shop.yaml"
    file.write_text(file.read_text().replace("not-a-real-password", "not-a-real-one-either"))
    told = "used in variables by Deployment/shop/web: running Pods keep the old value until"
    assert told in shop.ok("plan").out
    assert (
        "- used in variables by `Deployment/shop/web`: running Pods keep"
        in shop.ok("plan", "-o", "markdown").out
    )
    document = json.loads(shop.ok("plan", "-o", "json").out)
    (consumer,) = [one for change in document["changes"] for one in change["consumers"]]
    assert consumer["key"] == "password"
    assert consumer["manifest"] == "manifests/web.yaml:1"
    assert (consumer["way"], consumer["reach"]) == ("variable", "restart")
    shop.ok("plan", "--out", "saved.plan")
    assert told in shop.ok("show", "saved.plan").out
    assert told in shop.ok("show", "saved.plan", "-o", "html").out
    shop.ok("apply", "saved.plan")


def test_a_key_in_use_is_not_removed(shop: Any) -> None:
    used(shop)
    file = shop.path / "manifests/shop.yaml"
    whole = file.read_text()
    file.write_text(whole.replace("  password: not-a-real-password\n", ""))
    refused = shop.run("plan")
    assert refused.code == 3
    assert "the key 'password' of Secret/shop/database" in refused.out
    assert "--force-consumers" in refused.out
    shop.ok("plan", "--force-consumers", "--out", "saved.plan")
    assert shop.run("apply", "saved.plan", "--no-force-consumers").code == 1
    shop.ok("apply", "saved.plan")
    assert "--force-consumers" in shop.ok("show", "saved.plan").out


def test_destroy_asks_nobody_but_the_store(shop: Any) -> None:
    used(shop)
    refused = shop.run("destroy", "--consumers", "--auto-approve")
    assert refused.code == 1
    assert "does not know what uses its Secrets" in refused.err
    shop.ok("destroy", "--no-consumers", "--force-consumers", "--auto-approve")


def test_a_store_that_knows_no_consumers_says_so(shop: Any) -> None:
    for command in ("plan", "apply", "get"):
        result = shop.run(command, "--consumers")
        assert result.code == 1
        assert "--consumers: this store does not know" in result.err
        assert shop.run(command, env={"RECONCILER_CONSUMERS": "1"}).code == 1


@pytest.mark.parametrize(
    ("option", "negation", "reason"),
    [
        ("--restart-workloads", "--no-restart-workloads", "this store cannot restart what uses"),
        ("--rotate-services", "--no-rotate-services", "this store has no services that keep"),
    ],
)
def test_a_store_that_can_move_no_users_says_so(
    shop: Any, option: str, negation: str, reason: str
) -> None:
    for arguments in (("plan",), ("apply", "--auto-approve")):
        refused = shop.run(*arguments, option)
        assert refused.code == 1
        assert f"{option}: {reason}" in refused.err
    wanted = {f"RECONCILER_{option[2:].upper().replace('-', '_')}": "true"}
    assert shop.run("plan", env=wanted).code == 1
    assert "create" in shop.ok("plan", negation, env=wanted).out


def test_validate_warns_of_what_no_manifest_provides(shop: Any) -> None:
    shop.write("manifests/web.yaml", WEB.replace("key: password", "key: passwrd"))
    shop.write("manifests/job.yaml", WEB.replace("database", "databse").replace("web", "job"))
    found = shop.ok("validate")
    assert "warning[secret-key-unprovided] Deployment/shop/web" in found.out
    assert "warning[secret-unprovided] Deployment/shop/job" in found.out
    assert "manifests/job.yaml:1:1" in found.out
    assert shop.run("validate", "--strict").code == 1
    shop.write("reconciler.yaml", "lints: {secret-unprovided: off, secret-key-unprovided: off}\n")
    assert "unprovided" not in shop.ok("validate", "--strict").out
    assert "unprovided" not in shop.ok("plan").err


def test_a_graph_shows_workloads(shop: Any) -> None:
    shop.write("manifests/web.yaml", WEB)
    assert '"Deployment/shop/web" -> "Secret/shop/database" [label="uses"]' in shop.ok("graph").out
    assert "Deployment/shop/web" in shop.ok("graph", "-o", "mermaid").out


def test_versions_there_and_back(workplace: Any) -> None:
    workplace.write("manifests/a.yaml", VERSIONED % "one")
    workplace.ok("apply", "--auto-approve")
    workplace.write("manifests/a.yaml", VERSIONED % "two")
    plan = workplace.ok("plan")
    assert "a new version" in plan.out
    assert "Plan: 1 to create, 0 to update, 0 to replace, 0 to delete; 0 in sync." in plan.out
    assert "not-a-real-licence" not in plan.out
    workplace.ok("apply", "--auto-approve", "--prune")
    assert workplace.ok("plan", "--detailed-exitcode", "--prune").code == 0
    listed = json.loads(workplace.ok("get", "-o", "json").out)["objects"]
    assert sorted(len(one["key"]["name"]) for one in listed) == [7, 18]
    assert workplace.ok("drift").code == 0
    exported = workplace.ok("export").out
    assert "name: licence\n" in exported
    assert "version-of" not in exported
    workplace.ok("export", "--reveal", "--out", "exported.yaml")
    assert workplace.ok("plan", "exported.yaml", "--detailed-exitcode").code == 0
    workplace.ok("apply", "--auto-approve", "--prune", "--force-consumers")
    assert len(json.loads(workplace.ok("get", "-o", "json").out)["objects"]) == 1
    workplace.ok("destroy", "--auto-approve")
    assert json.loads(workplace.ok("get", "-o", "json").out)["objects"] == []


def test_a_saved_plan_of_a_new_version_is_applied(workplace: Any) -> None:
    workplace.write("manifests/a.yaml", VERSIONED % "one")
    workplace.ok("apply", "--auto-approve")
    workplace.write("manifests/a.yaml", VERSIONED % "two")
    workplace.ok("plan", "--out", "saved.plan")
    workplace.ok("apply", "saved.plan")
    assert workplace.run("apply", "saved.plan").code == 4
