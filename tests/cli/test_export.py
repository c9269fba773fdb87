from __future__ import annotations

import base64
import json
import stat
from typing import Any

import pytest
import yaml

from reconciler.model.patches import Operation
from reconciler.model.values import SecretValue
from tests.cli.conftest import SHOP
from tests.cli.test_drift import DATABASE, tampered, touch

TRICKY = {
    "yes": "yes",
    "number": "1e3",
    "octal": "0777",
    "null": "null",
    "empty": "",
    "pem": "-----BEGIN X-----\nabc\n-----END X-----\n",
    "no-newline": "a\nb",
    "trailing": "a \nb\n\n",
    "colon": "a: b",
    "hash": " #x",
    "quote": "\"'\\",
    "date": "2026-11-22",
    "unicode": "ß→漢\U0001f600",
    "nel": "a\x85b",
    "tab": "\ta",
}


def test_an_export_loads_back_to_an_empty_plan(shop: Any) -> None:
    tricky = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tricky"}}
    shop.write("manifests/tricky.json", json.dumps({**tricky, "stringData": TRICKY}))
    binary = base64.b64encode(bytes(range(256))).decode()
    shop.write(
        "manifests/more.yaml",
        f"""\
apiVersion: v1
kind: Secret
metadata:
  name: more
  labels: {{"n": "1"}}
  annotations: {{note: "yes"}}
  finalizers: [shop.example/hold]
  ownerReferences: [{{apiVersion: v1, kind: Secret, name: tricky}}]
immutable: true
data: {{bin: {binary}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: robot}}
automountServiceAccountToken: false
imagePullSecrets: [{{name: more}}]
""",
    )
    shop.ok("apply", "--auto-approve")
    shop.ok("export", "--reveal", "--out", "exported.yaml")
    assert stat.S_IMODE((shop.path / "exported.yaml").stat().st_mode) == 0o600
    result = shop.run("plan", "exported.yaml", "--detailed-exitcode", "--prune")
    assert result.code == 0, result.out
    assert "5 objects in sync" in result.out


def test_without_reveal_there_is_no_value_and_nothing_that_could_be_applied(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    result = shop.ok("export")
    assert "not-a-real-password" not in result.out
    assert base64.b64encode(b"not-a-real-password").decode() not in result.out
    assert "password:" in result.out
    shop.write("masked.yaml", result.out)
    assert shop.run("validate", "masked.yaml").code == 1


@pytest.mark.parametrize("args", [("export",), ("snapshot",), ("plan",)])
def test_a_manifest_named_by_mistake_is_not_overwritten(shop: Any, args: tuple[str, ...]) -> None:
    shop.ok("apply", "--auto-approve")
    manifest = next((shop.path / "manifests").iterdir())
    before = manifest.read_bytes()
    result = shop.run(*args, "--out", str(manifest))
    assert result.code == 1
    assert f"{manifest} exists, and holds something else: it is not overwritten" in result.err
    assert manifest.read_bytes() == before


def test_values_never_go_to_standard_output(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    result = shop.run("export", "--reveal")
    assert result.code == 1
    assert "--out" in result.err
    assert result.out == ""


def test_targets_of_any_set(shop: Any) -> None:
    shop.ok("apply", "--auto-approve", "--set", "blue")
    nothing = shop.ok("export")
    assert (nothing.out, nothing.err) == ("", "Note: the store holds nothing of the set default\n")
    result = shop.ok("export", "--target", "Secret/shop/database", "--target", "namespace/default")
    assert result.out.count("kind: ") == 2
    assert shop.ok("export", "--set", "blue").out.count("kind: ") == 2


def test_a_target_that_is_not_there(shop: Any) -> None:
    result = shop.run("export", "--target", "Secret/shop/nope")
    assert result.code == 1
    assert "Secret/shop/nope" in result.err


@pytest.mark.parametrize("place", ["nowhere/e.yaml", "manifests"])
def test_a_place_that_cannot_be_written(shop: Any, place: str) -> None:
    shop.ok("apply", "--auto-approve")
    assert shop.run("export", "--reveal", "--out", place).code == 1


def test_an_export_of_what_has_drifted_tells_the_drift(shop: Any) -> None:
    exact = SHOP.replace("labels:", 'annotations: {reconciler/data-policy: "exact"}\n  labels:')
    shop.write("manifests/shop.yaml", exact)
    tampered(shop)
    shop.ok("export", "--reveal", "--out", "exported.yaml")
    assert "extra" not in (shop.path / "exported.yaml").read_text()
    result = shop.ok("plan", "exported.yaml")
    assert "- data[extra]  (value #1)  (changed outside of this tool since" in result.out
    assert "password" not in result.out


def test_an_encrypted_export_needs_the_program(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    result = shop.run("export", "--sops", "--out", "all.yaml", env={"PATH": str(shop.path)})
    assert result.code == 1
    assert "sops" in result.err
    assert not (shop.path / "all.yaml").exists()


def test_keys_of_others_are_included_on_request(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    touch(DATABASE, Operation("add", "/data/extra", SecretValue(b"canary-of-another")))
    for flags, keys in (
        ((), {"username", "password"}),
        (("--all-keys",), {"username", "password", "extra"}),
    ):
        text = shop.ok("export", "--target", "Secret/shop/database", *flags).out
        (document,) = yaml.safe_load_all(text)
        assert document["data"].keys() == keys
        assert "canary" not in text
