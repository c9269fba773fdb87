"""`unlock`: who holds the lock of a set, and what becomes of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from reconciler.model.store import Store
from reconciler.stores import open_store
from tests.cli.test_terminal import at_a_terminal
from tests.world import held

STORE = ".reconciler/store.db"
HOLDER = "anna@build-1 (process 4242, 1a2b3c4d)"
BREAK = ("unlock", "--force", "--auto-approve")


@pytest.fixture
def store(shop: Any) -> Iterator[Store]:
    shop.ok("apply", "--auto-approve")
    with closing(open_store(f"sqlite:{STORE}", {})) as opened:
        yield opened


def forge(since: Any, until: Any, holder: str = HOLDER) -> None:
    with closing(sqlite3.connect(STORE)) as connection:
        row = ("default", holder, since, until)
        connection.execute("REPLACE INTO locks VALUES (?, ?, ?, ?)", row)
        connection.commit()


def id_in(text: str) -> str:
    found = re.search(r"^  id +([0-9a-f]{12})$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def test_without_a_lock_it_says_so(shop: Any) -> None:
    assert shop.ok("unlock").out == "The set 'default' is not locked.\n"
    assert not (shop.path / ".reconciler").exists()
    shop.ok("apply", "--auto-approve")
    for options in ((), ("--force",), ("--force", "--auto-approve")):
        assert shop.ok("unlock", *options).out == "The set 'default' is not locked.\n"


def test_an_expired_lock_is_removed_without_a_question(shop: Any, store: Store) -> None:
    held(store, "default", HOLDER, seconds=-1)
    result = shop.ok("unlock")
    assert "its lock has expired" in result.out
    assert "anna@build-1" in result.out
    assert "Removed the lock of the set 'default'." in result.out
    assert store.read_lock("default") is None


def test_a_live_lock_is_shown_and_left_alone(shop: Any, store: Store) -> None:
    held(store, "default", HOLDER, seconds=60)
    result = shop.run("unlock")
    assert result.code == 3
    assert re.fullmatch(
        r"The set 'default' is locked\.\n\n"
        r"  holder   anna@build-1 \(process 4242, 1a2b3c4d\)\n"
        r"  host     build-1\n"
        r"  taken    \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(\d+ s ago\)\n"
        r"  expires  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(in \d+ s\)\n"
        r"  id       [0-9a-f]{12}\n"
        r"  set      last applied [-0-9: ]+ UTC \(\d+ s ago\) by \S+\n\n"
        r"Refused: .*--force --id [0-9a-f]{12}\n",
        result.out,
    )
    assert store.read_lock("default") is not None
    assert shop.run("apply", "--auto-approve", "--prune").code == 0  # nothing to do


def test_a_live_lock_is_broken_by_force(shop: Any, store: Store) -> None:
    held(store, "default", HOLDER, seconds=600)
    shop.secret("more", x="1")
    refused = shop.run("apply", "--auto-approve")
    assert refused.code == 1
    for text in ("anna@build-1", "expires at", "reconciler unlock --set default --force"):
        assert text in refused.err
    assert "Removed" in shop.ok(*BREAK).out
    shop.ok("apply", "--auto-approve")


def test_only_the_lock_with_that_id_is_broken(shop: Any, store: Store) -> None:
    with store.session("default", HOLDER, 600):
        shown = id_in(shop.run("unlock").out)
    held(store, "default", "ben", seconds=600)
    result = shop.run(*BREAK, "--id", shown)
    assert result.code == 3
    assert "--id" in result.out
    assert store.read_lock("default") is not None
    shop.ok(*BREAK, "--id", id_in(result.out))
    assert store.read_lock("default") is None


def test_without_a_terminal_nobody_is_asked(shop: Any, store: Store) -> None:
    held(store, "default", HOLDER, seconds=600)
    result = shop.run("unlock", "--force", stdin="yes\n")
    assert result.code == 1
    assert "--auto-approve" in result.err
    assert store.read_lock("default") is not None


@pytest.mark.parametrize(("answer", "code"), [(b"yes\n", 0), (b"y\n", 1), (b"\x04", 1)])
def test_at_a_terminal_it_asks(shop: Any, store: Store, answer: bytes, code: int) -> None:
    held(store, "default", HOLDER, seconds=600)
    ended, seen = at_a_terminal(shop, "unlock", "--force", answer=answer)
    assert ended == code, seen
    assert b"Only 'yes' is accepted" in seen
    assert (store.read_lock("default") is None) is (code == 0)


def test_sets_are_unlocked_apart(shop: Any, store: Store) -> None:
    held(store, "default", HOLDER, seconds=600)
    held(store, "blue", "ben", seconds=600)
    shop.ok(*BREAK, "--set", "blue")
    assert store.read_lock("blue") is None
    assert store.read_lock("default") is not None


FORGED = {
    "text": ("soon", "later"),
    "bytes": (b"\xff", b"\xff"),
    "infinite": (float("inf"), float("inf")),
    "year 9999": (253_402_214_400.0, 253_402_214_400.0),
    "year 10000": (253_402_300_800.0, 253_402_300_800.0),
    "year 0": (-1e11, 1e12),
}


@pytest.mark.parametrize("times", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("holder", ["", "\x1b[2Jroot\n\u202e::error::", "ünïcode", "x" * 100_000])
def test_whatever_a_lock_holds_every_command_tells_and_one_breaks_it(
    shop: Any, store: Store, times: tuple[Any, Any], holder: str
) -> None:
    shop.secret("more", x="1")
    forge(*times, holder)
    for command in (("apply", "--auto-approve"), ("store", "rekey"), ("unlock",)):
        result = shop.run(*command)
        assert result.code in {1, 3}, result
        assert "unexpected" not in result.err
        said = result.out + result.err
        assert "locked" in said
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert len(said) < 5000
    assert shop.run("unlock", "--force", "--auto-approve").code == 0
    assert store.read_lock("default") is None
    shop.ok("apply", "--auto-approve")


def test_a_lock_from_the_future_names_the_clocks(shop: Any, store: Store) -> None:
    held(store, "default", HOLDER, seconds=0)
    lock = store.read_lock("default")
    assert lock is not None
    ahead = lock.read_at + 3 * 3600
    forge(ahead, ahead + 60)
    shop.secret("more", x="1")
    for command in (("unlock",), ("apply", "--auto-approve")):
        result = shop.run(*command)
        assert "taken 3 h from now by the clock of this machine" in result.out + result.err
        assert "the clocks of build-1 and this machine disagree" in result.out + result.err
