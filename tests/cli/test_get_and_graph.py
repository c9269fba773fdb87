from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema

ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot, namespace: shop}
imagePullSecrets: [{name: database}]
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: wide}
"""

CYCLE = """\
apiVersion: v1
kind: Secret
metadata:
  name: a
  annotations: {config.kubernetes.io/depends-on: /namespaces/default/Secret/b}
---
apiVersion: v1
kind: Secret
metadata:
  name: b
  annotations: {config.kubernetes.io/depends-on: /namespaces/default/Secret/a}
"""


def test_get_lists_keys_ages_and_consumers(shop: Any) -> None:
    shop.write("manifests/account.yaml", ACCOUNT)
    shop.ok("apply", "--auto-approve")
    result = shop.ok("get")
    line = next(line for line in result.out.splitlines() if "Secret/shop/database" in line)
    assert "Opaque" in line
    assert "password" in line
    assert "ServiceAccount/shop/robot" in line
    assert "not-a-real-password" not in result.out


def test_get_as_json(shop: Any) -> None:
    shop.ok("apply", "--auto-approve", "--set", "blue")
    document = json.loads(shop.ok("get", "--set", "blue", "-o", "json").out)
    schema = json.loads((files("reconciler") / "schemas" / "listing-v1.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    assert len(document["objects"]) == 2
    assert json.loads(shop.ok("get", "-o", "json").out)["objects"] == []


def test_get_without_a_store(workplace: Any) -> None:
    workplace.ok("get")
    assert not (workplace.path / ".reconciler").exists()


def test_graph_needs_no_store(shop: Any) -> None:
    dot = shop.ok("graph").out
    assert dot.startswith("digraph")
    assert "Secret/shop/database" in dot
    mermaid = shop.ok("graph", "manifests", "-o", "mermaid", "--namespace", "shop").out
    assert mermaid.startswith("flowchart")
    assert "Namespace/shop" in mermaid
    assert not (shop.path / ".reconciler").exists()


def test_a_cycle_is_an_error_that_names_its_edges(workplace: Any) -> None:
    workplace.write("manifests/a.yaml", CYCLE)
    for command in ("graph", "plan"):
        result = workplace.run(command)
        assert result.code == 1
        said = result.out + result.err
        assert "Secret/default/a needs Secret/default/b" in said
        assert "Secret/default/b needs Secret/default/a" in said
        assert "manifests/a.yaml:1:1: error[dependency-cycle]" in said


def test_how_much_get_tells(workplace: Any) -> None:
    keys = "".join(f"  a-rather-long-key-{number}: x\n" for number in range(9))
    workplace.write("manifests/a.yaml", f"{SECRET}stringData:\n{keys}")
    workplace.ok("apply", "--auto-approve")
    assert "a-rather-long-key-1, +7 more" in workplace.ok("get").out
    assert "a-rather-long-key-7, a-rather-long-key-8" in workplace.ok("get", "--verbose").out
    assert workplace.ok("get", "--quiet").out == "1 object.\n"
    assert workplace.run("get", "-q", "-v").code == 1
