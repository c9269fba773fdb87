from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ConfigError, StoreDamaged, StoreError, StoreLocked
from reconciler.model.objects import SERVICE_ACCOUNT
from reconciler.model.store import Session
from reconciler.stores.sqlite.opening import rekey
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]
OLD, NEW = bytes(range(32)).hex(), bytes(range(32, 64)).hex()
CANARY = b"canary-8812-value" * 400


def fill(store: EmbeddedStore, words: Words) -> None:
    session = held(store, seconds=0)
    for number in range(20):
        session.create(words.secret(f"s{number}", {"a": CANARY, "b": b"2"}), words.mark())
    kept = session.create(words.secret("kept", {"a": CANARY}), words.mark())
    session.delete(kept.key, words.as_seen(kept), keep_copy=True)


def put_key(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def sealed_parts(place: Path) -> list[bytes]:
    connection = sqlite3.connect(place / "store.db")
    found = [
        part
        for table in ("objects", "copies")
        for row in connection.execute(f"SELECT body, data FROM {table}")  # noqa: S608
        for part in row
        if part
    ]
    found += connection.execute("SELECT key_check, fingerprint_key FROM store").fetchone()
    connection.close()
    return found


def test_a_new_key_beside_the_store_reads_everything_as_before(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, url: str
) -> None:
    fill(store, words)
    before = words.look(store)
    old_key = (place / "store.key").read_text()
    old_parts = sealed_parts(place)

    done = rekey(url, {})

    assert (done.objects, done.values) == (8 + 20 + 1, 20 * 2 + 1)
    assert done.key_file == str(place / "store.key")
    assert (place / "store.key").read_text() != old_key
    assert (place / "store.key").stat().st_mode & 0o777 == 0o600
    assert not (place / "store.key.new").exists()
    assert words.look(opened()) == before
    assert words.look(store) == before
    for path in place.iterdir():
        content = path.read_bytes()
        assert not any(part[-64:] in content for part in old_parts), path


def test_the_old_key_opens_nothing_afterwards(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, url: str
) -> None:
    fill(store, words)
    old = (place / "store.key").read_text().strip()
    rekey(url, {})
    with pytest.raises(StoreDamaged):
        words.look(opened(RECONCILER_STORE_KEY=old))


def test_a_writer_that_was_open_meanwhile_writes_under_the_new_key(
    session: Session, opened: Opener, words: Words, url: str
) -> None:
    session.create(words.secret("before", {"a": b"1"}), words.mark())
    rekey(url, {})
    live = session.create(words.secret("after", {"a": b"1"}), words.mark())
    assert words.look(opened()).objects[live.key] == live


def test_a_given_key_is_changed_for_another_given_one(
    opened: Opener, words: Words, place: Path, url: str
) -> None:
    store = opened(RECONCILER_STORE_KEY=OLD)
    fill(store, words)
    before = words.look(store)
    with pytest.raises(ConfigError, match="no new one"):
        rekey(url, {"RECONCILER_STORE_KEY": OLD})
    done = rekey(url, {"RECONCILER_STORE_KEY": OLD, "RECONCILER_STORE_NEW_KEY": NEW})
    assert done.key_file == ""
    assert words.look(opened(RECONCILER_STORE_KEY=NEW)) == before
    with pytest.raises(StoreDamaged, match="does not fit"):
        store.try_create(words.secret("late", {"a": b"1"}), words.mark())
    assert words.look(opened(RECONCILER_STORE_KEY=NEW)) == before
    assert not list(place.glob("*.key*"))


def test_a_new_key_can_be_given_for_the_one_beside_the_store(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, url: str
) -> None:
    fill(store, words)
    file = place.parent / "new"
    file.write_text(NEW)
    rekey(url, {"RECONCILER_STORE_NEW_KEY_FILE": str(file)})
    assert words.look(opened()) == words.look(opened(RECONCILER_STORE_KEY=NEW))


def test_it_waits_for_no_lock(store: EmbeddedStore, words: Words, place: Path, url: str) -> None:
    fill(store, words)
    held(store, "shop", "anna")
    key = (place / "store.key").read_text()
    with pytest.raises(StoreLocked, match="anna"):
        rekey(url, {})
    assert (place / "store.key").read_text() == key
    assert not (place / "store.key.new").exists()


def test_a_store_that_is_not_there_is_not_made(place: Path, url: str) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        rekey(url, {})
    assert not place.exists()


def test_a_crash_before_the_store_is_written_leaves_the_old_key_in_use(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, url: str
) -> None:
    fill(store, words)
    before = words.look(store)
    key = (place / "store.key").read_text()
    put_key(place / "store.key.new", NEW)
    assert words.look(opened()) == before
    held(opened(), seconds=0)
    assert (place / "store.key").read_text() == key
    rekey(url, {})
    assert words.look(opened()) == before
    assert not (place / "store.key.new").exists()


def test_a_crash_before_the_key_file_is_renamed_is_finished_by_the_next_writer(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, url: str
) -> None:
    fill(store, words)
    before = words.look(store)
    old = (place / "store.key").read_text()
    rekey(url, {})
    new = (place / "store.key").read_text()
    put_key(place / "store.key.new", new)
    put_key(place / "store.key", old)

    assert words.look(opened()) == before
    assert (place / "store.key").read_text() == old

    held(opened(), seconds=0)
    assert (place / "store.key").read_text() == new
    assert not (place / "store.key.new").exists()
    assert words.look(opened()) == before


def test_what_was_there_unasked_stays_so(
    store: EmbeddedStore, opened: Opener, words: Words, url: str
) -> None:
    rekey(url, {})
    live = held(opened(), seconds=0).create(
        words.account("default", labels={"a": "b"}), words.mark()
    )
    assert words.look(store).objects[words.key("default", SERVICE_ACCOUNT)] == live
