from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.stores import open_store

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    monkeypatch.setenv("GITHUB_SHA", SHA)


def runs(workplace: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(workplace.ok("history", "-o", "json").out)["runs"]
    return found


def test_each_run_is_listed_the_newest_first(shop: Any) -> None:
    assert "0 runs." in shop.ok("history").out
    shop.ok("apply", "--auto-approve")
    assert "No changes" in shop.ok("apply", "--auto-approve").out
    shop.ok("release", "--target", "Secret/shop/database", "--auto-approve")
    done = [
        (run["command"], {word: count for word, count in run["applied"].items() if count})
        for run in runs(shop)
    ]
    assert done == [("release", {"released": 1}), ("apply", {"created": 2})]
    out = shop.ok("history").out
    assert "not-a-real-password" not in out
    assert "apply    octocat  0123456789ab" in out


def test_what_comes_of_a_run(workplace: Any) -> None:
    workplace.secret("a", x="1")
    workplace.ok("apply", "--auto-approve")
    workplace.ok("destroy", "--auto-approve")
    workplace.secret("held", head="  finalizers: [example.com/hold]\n", x="1")
    workplace.ok("apply", "--auto-approve")
    failed = workplace.run("destroy", "--auto-approve")
    assert failed.code == ExitCode.PARTIAL
    newest, *_ = runs(workplace)
    assert (newest["command"], newest["outcome"], newest["failed"]) == ("destroy", "partial", 1)
    assert "applied in part" in workplace.ok("history").out


def test_get_and_drift_say_when_it_was_and_who(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    for command in ("get", "drift"):
        assert "s ago) by octocat, commit 0123456789ab" in shop.ok(command).out
        last = json.loads(shop.ok(command, "-o", "json").out)["lastRun"]
        assert last["actor"] == "octocat"
    assert "Last applied" not in shop.ok("get", "--set", "other").out
    assert json.loads(shop.ok("get", "--set", "other", "-o", "json").out)["lastRun"] is None


def test_whoever_meets_a_lock_is_told_of_the_last_run(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("more", x="1")
    store = open_store("sqlite:.reconciler/store.db", {})
    with store.session("default", "somebody", 60):
        refused = shop.run("apply", "--auto-approve")
        shown = shop.run("unlock")
    store.close()
    assert refused.code == ExitCode.ERROR
    assert "the set was last applied " in refused.err
    assert "by octocat" in refused.err
    assert "last applied " in shown.out


def test_a_forged_history_is_shown_harmless(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    database = sqlite3.connect(".reconciler/store.db")
    (text,) = database.execute("SELECT runs FROM history").fetchone()
    forged = json.dumps([json.loads(text)[0] | {"actor": "\x1b[2J::error::x\n"}, 7])
    with database:
        database.execute("UPDATE history SET runs = ?", (forged,))
    database.close()
    for command in ("history", "get"):
        assert "\x1b" not in shop.ok(command).out
        assert "\n::error" not in shop.ok(command).out


def test_a_store_of_before_has_no_history_and_gets_one(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    database = sqlite3.connect(".reconciler/store.db")
    with database:
        database.execute("DROP TABLE history")
    database.close()
    assert "0 runs." in shop.ok("history").out
    shop.secret("more", x="1")
    shop.ok("apply", "--auto-approve")
    assert len(runs(shop)) == 1


def test_it_survives_a_new_key(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    before = runs(shop)
    shop.ok("store", "rekey")
    assert runs(shop) == before
