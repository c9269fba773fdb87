from __future__ import annotations

import json
import stat
from importlib.resources import files
from typing import Any

import jsonschema
import pytest


def plan_json(workplace: Any, *args: str) -> Any:
    result = workplace.run("plan", "-o", "json", *args)
    document = json.loads(result.out)
    schema = json.loads((files("reconciler") / "schemas" / "plan-v1.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    return document


def actions(document: Any) -> dict[str, str]:
    return {
        "/".join(part for part in change["key"].values() if part): change["action"]
        for change in document["changes"]
    }


def test_a_plan_writes_nothing(shop: Any) -> None:
    before = shop.files()
    result = shop.ok("plan")
    assert shop.files() == before
    assert not (shop.path / ".reconciler").exists()
    assert "+ Secret/shop/database" in result.out
    assert "data[password]" in result.out
    assert "2 to create" in result.out


def test_a_plan_of_an_existing_store_writes_nothing(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("more", token="t-0-k-e-n")
    before = shop.files()
    shop.ok("plan", "--server-dry-run")
    assert shop.files() == before


def test_detailed_exitcode(shop: Any) -> None:
    assert shop.run("plan", "--detailed-exitcode").code == 2
    shop.ok("apply", "--auto-approve")
    assert shop.run("plan", "--detailed-exitcode").code == 0


def test_values_are_numbered_and_never_shown(workplace: Any) -> None:
    workplace.secret("a", password="s3cr3t-one")
    workplace.secret("b", password="s3cr3t-one", other="s3cr3t-two")
    result = workplace.ok("plan")
    assert result.out.count("(value #1)") == 2
    assert result.out.count("(value #2)") == 1
    assert "s3cr3t" not in result.out


def test_reasons_and_kinds_of_difference(workplace: Any) -> None:
    workplace.secret("a", same="1", space="not-real", coded="not-a-real-password", gone="x")
    workplace.ok("apply", "--auto-approve")
    workplace.secret(
        "a", same="1", space="not-real\n", coded="bm90LWEtcmVhbC1wYXNzd29yZA==", new="y"
    )
    fields = {
        field["path"][-1]: (field["change"], field["nature"])
        for field in plan_json(workplace)["changes"][0]["fields"]
    }
    assert fields == {
        "space": ("changed", "whitespace"),
        "coded": ("changed", "encoded"),
        "gone": ("removed", "content"),
        "new": ("added", "content"),
    }


def test_json_has_the_patch(workplace: Any) -> None:
    workplace.secret("a", password="not-real")
    workplace.ok("apply", "--auto-approve")
    workplace.secret("a", password="changed")
    (change,) = plan_json(workplace)["changes"]
    assert change["action"] == "update"
    assert change["patch"] == [
        {"op": "replace", "path": "/data/password", "value": {"$value": 2}},
    ]


def test_markdown(shop: Any) -> None:
    result = shop.ok("plan", "-o", "markdown")
    assert "2 to create" in result.out
    assert "<details open>" in result.out


def test_out_saves_a_plan_for_its_owner_alone(shop: Any) -> None:
    result = shop.ok("plan", "--out", "release.plan")
    assert "reconciler apply release.plan" in result.err
    assert stat.S_IMODE((shop.path / "release.plan").stat().st_mode) == 0o600


def test_out_is_not_written_for_a_plan_that_cannot_be_applied(workplace: Any) -> None:
    workplace.write(
        "manifests/a.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: nowhere}\n",
    )
    result = workplace.run("plan", "--out", "release.plan")
    assert result.code == 1
    assert "the namespace nowhere" in result.out
    assert not (workplace.path / "release.plan").exists()


def test_out_does_not_go_with_standard_input(workplace: Any) -> None:
    result = workplace.run("plan", "-", "--out", "release.plan", stdin="")
    assert result.code == 1
    assert "standard input" in result.err


def test_standard_input(shop: Any) -> None:
    text = (shop.path / "manifests/shop.yaml").read_text()
    assert "2 to create" in shop.ok("plan", "-", stdin=text).out


def test_target_takes_what_it_needs_along(shop: Any) -> None:
    shop.secret("aside", token="t")
    document = plan_json(shop, "--target", "secret/shop/database")
    assert sorted(actions(document)) == ["Namespace/shop", "Secret/shop/database"]


@pytest.mark.parametrize("target", ["Secret/shop/nope", "Namespace/nope"])
def test_unknown_target(shop: Any, target: str) -> None:
    result = shop.run("plan", "--target", target)
    assert result.code == 1
    assert target in result.err


@pytest.mark.parametrize("target", ["nonsense", "Pod/a/b", "Secret/a", "Namespace/a/b"])
def test_malformed_target_is_a_usage_error(shop: Any, target: str) -> None:
    result = shop.run("plan", "--target", target)
    assert result.code == 1
    assert "KIND/NAMESPACE/NAME" in result.err


def test_prune_lists_what_left_the_manifests(workplace: Any) -> None:
    workplace.secret("a", x="1")
    gone = workplace.secret("b", x="1")
    workplace.ok("apply", "--auto-approve")
    gone.unlink()
    assert "--prune deletes it" in workplace.ok("plan").out
    assert workplace.ok("plan", "--no-prune").out == workplace.ok("plan").out
    assert "- Secret/default/b" in workplace.ok("plan", "--prune").out


def test_max_deletes_refuses_and_still_shows_the_plan(workplace: Any) -> None:
    paths = [workplace.secret(f"s{number}", x="1") for number in range(4)]
    workplace.ok("apply", "--auto-approve")
    for path in paths[:2]:
        path.unlink()
    result = workplace.run("plan", "--prune", "--max-deletes", "1")
    assert result.code == 3
    assert "- Secret/default/s0" in result.out
    assert "--max-deletes 2" in result.out
    assert workplace.run("plan", "--prune", "--max-deletes", "2").code == 0
    assert workplace.run("plan", "--prune", "--max-deletes", "0%").code == 3


@pytest.mark.parametrize("limit", ["many", "-1", "101%", "", "1.5"])
def test_malformed_max_deletes(shop: Any, limit: str) -> None:
    result = shop.run("plan", "--max-deletes", limit)
    assert result.code == 1
    assert "--max-deletes" in result.err


def test_sets_do_not_touch_each_other(workplace: Any) -> None:
    workplace.secret("a", x="1")
    workplace.ok("apply", "--set", "blue", "--auto-approve")
    result = workplace.run("plan", "--set", "green")
    assert result.code == 3
    assert "'blue'" in result.out
    assert workplace.run("plan", "--set", "green", "--adopt").code == 3


def test_adopt(workplace: Any) -> None:
    workplace.write(
        "manifests/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n"
    )
    refused = workplace.run("plan", "--no-adopt")
    assert refused.code == 3
    assert "--adopt" in refused.out
    assert workplace.run("plan", "--adopt").code == 0


def test_replace_needs_to_be_allowed(workplace: Any) -> None:
    workplace.secret("a", head="immutable: true\n", x="1")
    workplace.ok("apply", "--auto-approve")
    workplace.secret("a", head="immutable: true\n", x="2")
    refused = workplace.run("plan", "--no-allow-replace")
    assert refused.code == 3
    assert "-/+ Secret/default/a" in refused.out
    assert workplace.run("plan", "--allow-replace").code == 0


def test_namespace_option(shop: Any) -> None:
    shop.secret("a", x="1")
    document = plan_json(shop, "--namespace", "shop")
    assert "Secret/shop/a" in actions(document)


def test_the_store_itself_is_asked(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    # Only the store knows that an object with finalizers cannot simply go.
    shop.write(
        "manifests/held.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: held, finalizers: [shop.example/hold]}\n",
    )
    shop.ok("apply", "--auto-approve")
    (shop.path / "manifests/held.yaml").unlink()
    assert shop.run("plan", "--prune", "--no-server-dry-run").code == 0
    result = shop.run("plan", "--prune", "--server-dry-run")
    assert result.code == 1
    assert "finalizer" in result.out


def test_verbose_shows_the_order_and_what_is_in_sync(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    assert "in sync)" not in shop.ok("plan").out
    assert "= Secret/shop/database (in sync)" in shop.ok("plan", "--verbose").out


def test_a_plan_with_parallelism_out_of_range(shop: Any) -> None:
    assert shop.run("plan", "--parallelism", "0").code == 1
    assert shop.run("plan", "--server-dry-run", "--parallelism", "1").code == 0


def test_unknown_store(shop: Any) -> None:
    result = shop.run("plan", "--store", "gopher:hole")
    assert result.code == 1
    assert "sqlite:" in result.err


def test_broken_manifests_are_not_planned(shop: Any) -> None:
    shop.write("manifests/broken.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: -}\n")
    result = shop.run("plan")
    assert result.code == 1
    assert result.out == ""
    assert "manifests/broken.yaml:3:" in result.err
    assert not (shop.path / ".reconciler").exists()


def test_usage_errors_exit_with_1(shop: Any) -> None:
    for args in (["plan", "--no-such-option"], ["no-such-command"], ["plan", "-o", "xml"]):
        result = shop.run(*args)
        assert result.code == 1
        assert "Usage:" in result.err


def test_a_plan_with_problems_is_an_error_even_where_a_guard_refuses_it_too(
    workplace: Any,
) -> None:
    workplace.secret("a", head="immutable: true\n", password="not-a-real-password")
    workplace.ok("apply", "--auto-approve")
    workplace.secret("a", head="immutable: true\n", password="not-a-real-change")
    assert workplace.run("plan").code == 3
    note = "  annotations: {reconciler/mistyped: 'true'}\n"
    workplace.secret("b", head=note, password="not-a-real-password")
    result = workplace.run("plan")
    assert result.code == 1
    assert "lifecycle-invalid" in result.out
    assert "--allow-replace" in result.out


@pytest.mark.parametrize("name", ["a b", "-x", "a/b", "x" * 64])
def test_a_set_is_named_so_that_any_store_can_keep_it(shop: Any, name: str) -> None:
    result = shop.run("plan", "--set", name)
    assert result.code == 1
    assert "Invalid value for '--set'" in result.err


def test_one_run_writes_every_format(shop: Any) -> None:
    reports = [f"--report={name}=plan.{name}" for name in ("text", "json", "markdown", "html")]
    printed = shop.ok("plan", "-q", *reports).out
    assert printed.startswith("Plan: ")
    assert (shop.path / "plan.text").read_text() == shop.ok("plan").out
    assert (shop.path / "plan.json").read_text() == shop.ok("plan", "-o", "json").out
    for name in ("markdown", "html"):
        assert (shop.path / f"plan.{name}").read_text() == shop.ok("plan", "-o", name).out
    for wrong in ("prometheus=x", "json", "=x", "json="):
        refused = shop.run("plan", "--report", wrong)
        assert refused.code == 1
        assert "write FORMAT=FILE with one of text, json, markdown" in refused.err


def test_namespaces_that_nobody_declares(workplace: Any) -> None:
    for number in range(3):
        workplace.secret(f"a{number}", head=f"  namespace: n{number}\n", x="x7#kQ9!z-canary-canary")
    asked = {"RECONCILER_CREATE_NAMESPACES": "1"}
    assert workplace.run("plan", env=asked).code == 0
    refused = workplace.run("plan", "--no-create-namespaces", env=asked)
    assert refused.code == 1
    assert "1 problem." in refused.out
    assert refused.out.count("reference-unknown") == 1
    assert "--create-namespaces" in refused.out
    workplace.ok("plan", "--create-namespaces", "--out", "p")
    assert "Applied: 6 created." in workplace.ok("apply", "p").out
    prune = ("--create-namespaces", "--prune", "--detailed-exitcode")
    assert workplace.run("plan", *prune).code == 0
    assert "pending" not in workplace.ok("drift", "--create-namespaces").out


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_large_plan_is_printed_as_its_report_has_it(workplace: Any, output: str) -> None:
    for number in range(300):
        note = f"{number}{'é' * 4000}"  # another one for each, or they would be shown as one
        head = f"  annotations:\n    note: {note}\n"
        workplace.secret(f"s{number}", head=head, password=f"not-a-real-password-{number}")
    printed = workplace.run("plan", "-o", output, "--report", f"{output}=report").out
    assert len(printed) > 1_000_000
    assert printed == (workplace.path / "report").read_text("utf-8")
