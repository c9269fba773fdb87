from __future__ import annotations

import base64
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

BROKEN = """\
apiVersion: v1
kind: Secret
metadata:
  name: Bad_Name
  uid: 1-2-3
stringData:
  "no/slash": x
"""


def schema(name: str) -> Any:
    return json.loads((files("reconciler") / "schemas" / name).read_text(encoding="utf-8"))


def test_good_manifests(shop: Any) -> None:
    result = shop.ok("validate")
    assert result.out == "No problems in 2 objects of 1 file.\n"
    assert result.err == ""


def test_how_much_validate_tells(shop: Any) -> None:
    shop.write("manifests/other.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n")
    shop.write("manifests/z.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {generateName: job-}\n")
    summary = "No problems in 3 objects of 3 files.\n"
    assert shop.ok("validate").out == f"! skipped 1 object of other kinds: 1 Pod\n\n{summary}"
    verbose = shop.ok("validate", "--verbose")
    assert verbose.out.endswith(f"\n\n{summary}")
    assert verbose.out.split("\n")[:3] == [
        "= Namespace/shop (checked)  manifests/shop.yaml:1",
        "= Secret/shop/database (checked)  manifests/shop.yaml:6",
        "= Secret/default/job-(known after apply) (checked)  manifests/z.yaml:1",
    ]
    assert "1 Pod" in verbose.out
    quiet = shop.ok("validate", "-q")
    assert (quiet.out, quiet.err) == (summary, "")
    shop.write("manifests/z.yaml", BROKEN)
    assert "manifests/z.yaml:4:9: error" in shop.run("validate", "--quiet").out


@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
def test_what_is_skipped_is_told_unless_quiet(shop: Any, command: str) -> None:
    shop.ok("apply", "--auto-approve")
    shop.write("manifests/other.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n")
    skipped = "skipped 1 object of other kinds: 1 Pod"
    assert skipped in shop.ok(command).out
    document = json.loads(shop.ok(command, "-o", "json").out)
    assert {"code": "objects-skipped", "message": skipped} in document["notices"]
    other = "sarif" if command == "validate" else "markdown"
    assert skipped in shop.ok(command, "-o", other).out
    quiet = shop.ok(command, "--quiet")
    assert skipped not in quiet.out + quiet.err


def test_every_problem_at_once_with_its_place(workplace: Any) -> None:
    workplace.write("broken/a.yaml", BROKEN)
    workplace.write("broken/b.yaml", "kind: [")
    result = workplace.run("validate", "broken")
    assert result.code == 1
    for place in ("broken/a.yaml:4:9", "broken/a.yaml:5:", "broken/a.yaml:7:3", "broken/b.yaml:"):
        assert place in result.out
    assert "Traceback" not in result.out + result.err


def test_json_fits_its_schema(workplace: Any) -> None:
    workplace.write("a.yaml", BROKEN)
    result = workplace.run("validate", "a.yaml", "-o", "json")
    assert result.code == 1
    document = json.loads(result.out)
    jsonschema.validate(document, schema("diagnostics-v1.json"))
    assert document["summary"]["errors"] == len(document["diagnostics"]) >= 3
    assert document["summary"]["files"] == 1


def test_sarif_has_rules_and_places(workplace: Any) -> None:
    workplace.write("a.yaml", BROKEN)
    run = json.loads(workplace.run("validate", "a.yaml", "--output", "sarif").out)["runs"][0]
    assert run["tool"]["driver"]["name"] == "reconciler"
    lines = {
        item["locations"][0]["physicalLocation"]["region"]["startLine"] for item in run["results"]
    }
    assert {4, 5, 7} <= lines


def test_standard_input(workplace: Any) -> None:
    assert workplace.run("validate", "-", stdin=BROKEN).code == 1


def test_other_kinds_are_skipped_with_a_count(shop: Any) -> None:
    kinds = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    shop.write("manifests/other.yaml", f"{kinds}---\n{kinds}")
    result = shop.ok("validate")
    assert "! skipped 2 objects of other kinds: 2 ConfigMap\n" in result.out


def test_missing_path(workplace: Any) -> None:
    result = workplace.run("validate", "nowhere")
    assert result.code == 1
    assert "nowhere" in result.out
    assert "holds no object" not in result.out  # nobody knows what it would hold


@pytest.mark.parametrize("option", ["--namespace", "-n"])
def test_namespace_is_for_manifests_that_name_none(workplace: Any, option: str) -> None:
    document = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata: {password: no-base64}\n"
    workplace.write("manifests/db.yaml", document)
    result = workplace.run("validate", option, "elsewhere")
    assert result.code == 1
    assert "Secret/elsewhere/db" in result.out


def test_an_odd_certificate_is_no_reason_for_a_library_to_speak(workplace: Any) -> None:
    """A serial number below zero, at which Python's cryptography raises its voice."""
    page = (Path(__file__).parents[2] / "manifests/shop/certificates.yaml").read_text("utf-8")
    document = page.split("\n---\n", maxsplit=1)[0]
    body = document.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    der = bytearray(base64.b64decode("".join(body.split())))
    serial = bytes(der).index(bytes.fromhex("a003020102")) + 7
    der[serial] |= 0x80
    lines = "".join(f"    {line}\n" for line in base64.encodebytes(der).decode().splitlines())
    workplace.write("manifests/odd.yaml", document.replace(body, f"\n{lines}    "))
    result = workplace.ok("validate")
    assert result.out == "No problems in 1 object of 1 file.\n"
    assert result.err == ""


def test_what_a_plan_would_refuse_with_any_store(workplace: Any) -> None:
    depends = "  annotations:\n    config.kubernetes.io/depends-on: {}\n"
    workplace.secret("a", head='  annotations: {reconciler/prevent-destory: "true"}\n')
    workplace.secret("b", head=depends.format("Secret/c"))
    workplace.secret("c", head=depends.format("/namespaces/default/Secret/d"))
    workplace.secret("d", head=depends.format("/namespaces/default/Secret/c"))
    result = workplace.run("validate")
    assert result.code == 1
    for line in ("a.yaml:1:1: error[lifecycle-invalid]", "b.yaml:1:1: error[depends-on-invalid]"):
        assert f"manifests/{line}" in result.out
    assert "Secret/default/c needs Secret/default/d, Secret/default/d needs" in result.out
    assert "3 errors in 4 objects of 4 files." in result.out
    assert not (workplace.path / ".reconciler").exists()
