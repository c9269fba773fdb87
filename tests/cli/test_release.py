from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Precondition
from reconciler.stores import open_store
from tests.cli.conftest import SHOP

DATABASE = "Secret/shop/database"


def exported(shop: Any, *targets: str) -> str:
    named = [word for target in targets for word in ("--target", target)]
    shop.ok("export", "--reveal", "--out", "exported.yaml", *named)
    return str((shop.path / "exported.yaml").read_text())


def test_what_is_released_stays_as_it_is_and_is_nobodys(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    targets = ("Namespace/shop", DATABASE)
    before = exported(shop, *targets)
    result = shop.ok("release", "--all", "--auto-approve")
    assert ". Secret/shop/database (release: the set is to let go of it)" in result.out
    assert "what is released stays in the store" in result.out
    assert "Plan: 2 to release." in result.out
    assert "Applied: 2 released." in result.out
    assert exported(shop, *targets) == before
    assert "0 objects" in shop.ok("get").out
    assert "No changes" in shop.ok("release", "--all").out
    assert shop.run("plan").code == ExitCode.REFUSED
    shop.ok("apply", "--adopt", "--auto-approve")
    assert shop.run("plan", "--detailed-exitcode").code == ExitCode.OK


def test_targets_leave_the_others_in_the_set(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.ok("release", "--target", DATABASE, "--auto-approve")
    listed = json.loads(shop.ok("get", "-o", "json").out)["objects"]
    assert [entry["key"]["kind"] for entry in listed] == ["Namespace"]


def test_neither_or_both_of_target_and_all(shop: Any) -> None:
    for words in ((), ("--all", "--target", DATABASE)):
        refused = shop.run("release", *words, "--auto-approve")
        assert refused.code == ExitCode.ERROR
        assert "either --target KIND/NS/NAME, or --all" in refused.err


def test_a_target_that_the_set_does_not_own(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    refused = shop.run("release", "--target", "Secret/shop/nope", "--auto-approve")
    assert refused.code == ExitCode.ERROR
    assert "Secret/shop/nope" in refused.err


def test_nothing_is_released_unasked(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    assert shop.run("release", "--all", stdin="yes\n").code == ExitCode.ERROR
    assert shop.run("plan", "--detailed-exitcode").code == ExitCode.OK


def test_reports_and_events(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    done = shop.ok(
        *("release", "--all", "--auto-approve", "-o", "json", "--report", "markdown=r.md"),
        *("--report", "json=r.json"),
    )
    last = json.loads(done.out.splitlines()[-1])
    assert last["applied"]["released"] == 2
    assert (shop.path / "r.md").read_text().startswith("### Plan: 2 to release.")
    plan = json.loads((shop.path / "r.json").read_text())
    assert plan["summary"]["release"] == 2
    assert plan["options"]["release"] is True


def test_the_lock_is_respected(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    store = open_store("sqlite:.reconciler/store.db", {})
    with store.session("default", "somebody", 60):
        refused = shop.run("release", "--all", "--auto-approve")
    store.close()
    assert refused.code == ExitCode.ERROR
    assert "locked by somebody" in refused.err


def test_a_move_needs_the_lock_of_the_other_set(shop: Any) -> None:
    shop.ok("apply", "--auto-approve", "--set", "old")
    store = open_store("sqlite:.reconciler/store.db", {})
    with store.session("old", "somebody", 60):
        words = ("apply", "--set", "new", "--adopt-from", "old", "--auto-approve")
        refused = shop.run(*words)
        assert refused.code == ExitCode.ERROR
        assert "the set 'old' is locked by somebody" in refused.err
        assert store.read_lock("new") is None
    store.close()
    shop.ok(*words)


def test_a_move_of_nothing_needs_no_other_set(shop: Any) -> None:
    shop.ok("apply", "--set", "new", "--adopt-from", "old", "--auto-approve")
    assert shop.run("plan", "--set", "new", "--detailed-exitcode").code == ExitCode.OK


def test_a_move_can_be_saved_and_applied(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789")
    shop.ok("apply", "--auto-approve", "--set", "old")
    planned = shop.ok("plan", "--set", "new", "--adopt-from", "old", "--out", "move.plan")
    assert "with --adopt-from old" in planned.out
    shop.ok("apply", "move.plan")
    assert shop.run("plan", "--set", "new", "--detailed-exitcode").code == ExitCode.OK
    assert "0 objects" in shop.ok("get", "--set", "old").out


def test_what_the_other_set_had_applied_and_the_manifest_lacks_goes_with_the_move(
    shop: Any,
) -> None:
    shop.ok("apply", "--auto-approve", "--set", "old")
    shop.write("manifests/shop.yaml", SHOP.replace("  username: shop-user\n", ""))
    shop.ok("apply", "--set", "new", "--adopt-from", "old", "--auto-approve")
    assert "username" not in exported(shop, DATABASE)
    assert shop.run("plan", "--set", "new", "--detailed-exitcode").code == ExitCode.OK


def test_what_is_gone_is_forgotten(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    store = open_store("sqlite:.reconciler/store.db", {})
    with store.session("hand", "somebody", 60) as session:
        key = ObjectKey("Secret", "shop", "database")
        live = session.look(key)
        assert live is not None
        session.delete(key, Precondition.of(live))
    store.close()
    assert shop.run("drift").code == ExitCode.CHANGES
    released = shop.ok("release", "--target", DATABASE, "--auto-approve")
    assert "only the memory of it is dropped" in released.out
    (shop.path / "manifests/shop.yaml").write_text(SHOP.partition("---")[0])
    assert shop.run("drift").code == ExitCode.OK


def test_a_set_gives_nothing_to_itself(shop: Any) -> None:
    result = shop.run("plan", "--set", "blue", "--adopt-from", "blue")
    assert (result.code, result.out) == (1, "")
    assert "--adopt-from names the set itself, 'blue'" in result.err
