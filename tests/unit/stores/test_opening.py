from __future__ import annotations

import base64
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.errors import ConfigError, StoreDamaged, StoreError
from reconciler.model.objects import NAMESPACE, SERVICE_ACCOUNT, ObjectKey
from reconciler.model.opening import DEFAULT_STORE
from reconciler.model.store import Session
from reconciler.stores import open_store
from reconciler.stores.sqlite import birth, header
from reconciler.stores.sqlite.masterkey import MasterKey
from reconciler.stores.sqlite.sealing import Sealer
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]
KEY = bytes(range(32))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("url", ["redis:host", "store.db", "", "/a/b", "SQLITE:a"])
def test_an_unknown_scheme_is_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url, {})
    assert "sqlite:" in caught.value.hint
    assert DEFAULT_STORE in caught.value.hint


@pytest.mark.parametrize("url", ["sqlite:", "sqlite", "sqlite:there/"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_store(url, {})


def test_the_path_is_relative_to_the_directory_at_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Words
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store(DEFAULT_STORE, {})
    monkeypatch.chdir("/")
    held(store)
    assert (tmp_path / ".reconciler" / "store.db").exists()
    assert words.look(store).identity.location == ".reconciler/store.db"
    store.close()


def test_reading_a_store_that_is_not_there_makes_nothing(
    opened: Opener, words: Words, place: Path
) -> None:
    store = opened()
    snapshot = words.look(store, words.key("s"))
    assert snapshot.identity.scheme == "sqlite"
    assert snapshot.identity.id == ""
    assert snapshot.fingerprint_key is None
    assert words.key("s") not in snapshot.objects
    assert not place.exists()


def test_a_store_reads_before_it_is_made_as_after(opened: Opener, words: Words) -> None:
    store = opened()
    keys = [ObjectKey(NAMESPACE, "", "default"), words.key("default", SERVICE_ACCOUNT)]
    before = words.look(store, *keys)
    held(store)
    after = words.look(store, *keys)
    assert set(after.objects) == set(keys)
    assert {key: words.as_seen(live) for key, live in before.objects.items()} == {
        key: words.as_seen(live) for key, live in after.objects.items()
    }
    assert before.bystanders == after.bystanders
    assert len(after.bystanders) == 6


def test_writing_to_a_store_that_was_removed_makes_none(
    store: EmbeddedStore, session: Session, words: Words, place: Path
) -> None:
    store.close()
    shutil.rmtree(place)
    with pytest.raises(StoreError, match="does not exist"):
        session.create(words.secret("s"), words.mark())
    with pytest.raises(StoreError, match="does not exist"):
        assert session.fingerprint_key
    assert not place.exists()


def test_trying_a_write_makes_no_store(opened: Opener, words: Words, place: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        opened().try_create(words.secret("s"), words.mark())
    assert not place.exists()


def test_directory_and_files_are_the_owners_alone(
    store: EmbeddedStore, session: Session, words: Words, place: Path
) -> None:
    old = os.umask(0)
    try:
        session.create(words.secret("s", {"a": b"1"}), words.mark())
    finally:
        os.umask(old)
    assert mode(place) == 0o700
    files = {path.name: mode(path) for path in place.iterdir()}
    assert files == dict.fromkeys(
        [".gitignore", "store.db", "store.db-wal", "store.db-shm", "store.key"], 0o600
    )
    assert words.look(store).notices == ()
    store.close()
    assert {path.name for path in place.iterdir()} == {".gitignore", "store.db", "store.key"}


def test_a_directory_of_others_is_left_as_it_is_and_noticed(
    opened: Opener, words: Words, place: Path
) -> None:
    place.mkdir(mode=0o755)
    store = opened()
    held(store)
    assert mode(place) == 0o755
    (place / "store.key").chmod(0o640)
    (note,) = words.look(store).notices
    assert note.code == "store-open-to-others"
    assert "made" in note.message
    assert "store.key" in note.message
    assert "store.db-wal" not in note.message


def test_reading_leaves_no_file_behind(
    store: EmbeddedStore, session: Session, words: Words, place: Path
) -> None:
    session.create(words.secret("s", {"a": b"1"}), words.mark())
    store.close()
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    assert words.key("s") in words.look(store).objects
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == before


@pytest.mark.parametrize("text", [base64.b64encode(KEY).decode(), KEY.hex(), KEY.hex().upper()])
@pytest.mark.parametrize("name", ["RECONCILER_STORE_KEY", "RECONCILER_STORE_KEY_FILE"])
def test_the_key_can_be_given(
    opened: Opener, words: Words, place: Path, text: str, name: str
) -> None:
    file = place.parent / "given"
    file.write_text(text + "\n")
    store = opened(**{name: str(file) if name.endswith("FILE") else text})
    session = held(store)
    session.create(words.secret("s", {"a": b"1"}), words.mark())
    assert not (place / "store.key").exists()
    again = opened(RECONCILER_STORE_KEY=KEY.hex())
    assert words.key("s") in words.look(again).objects


@pytest.mark.parametrize(
    "environ",
    [
        {"RECONCILER_STORE_KEY": "c2hvcnQtY2FuYXJ5"},
        {"RECONCILER_STORE_KEY": "zz" * 32},
        {"RECONCILER_STORE_KEY": KEY.hex(), "RECONCILER_STORE_KEY_FILE": "/some/file"},
        {"RECONCILER_STORE_KEY_FILE": "/nowhere/at/all"},
        {"RECONCILER_FINGERPRINT_KEY": "c2hvcnQtY2FuYXJ"},
    ],
)
def test_a_key_that_cannot_be_used_is_refused_and_not_shown(
    url: str, environ: dict[str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url, environ)
    shown = caught.value.message + caught.value.hint
    assert any(name in shown for name in environ)
    assert not any(value in shown for name, value in environ.items() if "FILE" not in name)


def test_the_fingerprint_key_can_be_given(opened: Opener, words: Words) -> None:
    store = opened(RECONCILER_FINGERPRINT_KEY="sixteen letters!")
    assert words.look(store).fingerprint_key == b"sixteen letters!"
    session = held(store, holder="me")
    assert words.look(store).fingerprint_key == session.fingerprint_key == b"sixteen letters!"
    assert held(opened(), holder="me").fingerprint_key != b"sixteen letters!"


def test_another_key_opens_nothing_and_changes_nothing(
    store: EmbeddedStore, session: Session, opened: Opener, words: Words, place: Path
) -> None:
    live = session.create(words.secret("s", {"a": b"1"}), words.mark())
    store.close()
    before = {path: path.read_bytes() for path in place.iterdir()}
    wrong = opened(RECONCILER_STORE_KEY=KEY.hex())
    for call in (
        lambda: words.look(wrong),
        lambda: held(wrong),
        lambda: wrong.try_create(words.secret("t"), words.mark()),
        lambda: wrong.try_delete(live),
    ):
        with pytest.raises(StoreDamaged, match=r"key does not fit the store .*store\.db"):
            call()
    wrong.close()
    assert {path: path.read_bytes() for path in place.iterdir()} == before


@pytest.mark.parametrize("content", [None, "", "not a key", KEY.hex()])
def test_a_missing_or_damaged_key_file_is_told_and_not_replaced(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, content: str | None
) -> None:
    store.close()
    file = place / "store.key"
    file.unlink()
    if content is not None:
        file.write_text(content)
    for call in (lambda: words.look(opened()), lambda: held(opened())):
        with pytest.raises(StoreDamaged, match="key"):
            call()
    assert (file.read_text() if file.exists() else None) == content


def test_all_who_create_the_store_at_once_get_the_same_one(opened: Opener, words: Words) -> None:
    stores = [opened() for _ in range(8)]
    start = threading.Barrier(len(stores))

    def begin(number: int) -> None:
        start.wait()
        session = held(stores[number], f"set-{number}")
        session.create(words.secret(f"s{number}", {"a": b"1"}), words.mark())

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(begin, range(len(stores))))
    snapshots = [words.look(store) for store in stores]
    assert len({snapshot.identity.id for snapshot in snapshots}) == 1
    assert all(len(snapshot.objects) == len(stores) for snapshot in snapshots)


def test_what_killed_processes_have_left_is_removed_by_the_next_writer(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path
) -> None:
    store.close()
    ends = ("", "-journal", "-wal", "-shm")
    left = [place / f".store.db.abcd_123.tmp{end}" for end in ends]
    left += [place / f".store.key{end}.abcd_123.tmp" for end in ("", ".new")]
    theirs = [place / name for name in (".store.db.original", ".other.key.abcd_123.tmp", "a.tmp")]
    for path in (*left, *theirs):
        path.write_text("x")
    words.look(opened())
    assert all(path.exists() for path in (*left, *theirs))
    held(opened(), holder="me", seconds=0)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in theirs)


@pytest.mark.parametrize("pages", [1, 3])
def test_a_store_that_was_never_finished_can_be_deleted_and_made_anew(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, pages: int
) -> None:
    """As a full disk left it before stores were made whole: some pages, and no log."""
    store.close()
    file = place / "store.db"
    file.write_bytes(file.read_bytes()[: pages * 4096])
    for call in (lambda: words.look(opened()), lambda: held(opened(), holder="me", seconds=0)):
        with pytest.raises(StoreDamaged) as caught:
            call()
        assert "delete it if no apply to it has ever succeeded" in caught.value.hint
    file.unlink()
    held(opened(), holder="me", seconds=0)
    assert words.look(opened()).identity.id


def test_a_store_needs_no_log_when_it_gets_its_name(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    birth.make(file, Sealer(KEY))
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]
    content = file.read_bytes()
    assert content[18:20] == b"\2\2"  # a write-ahead log from now on
    assert len(content) == int.from_bytes(content[16:18]) * int.from_bytes(content[28:32])
    connection = sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize("number", [1, 3])
def test_a_store_of_another_version_is_left_alone(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, number: int
) -> None:
    store.close()
    sealer = Sealer(MasterKey(place / "store.key").candidates()[0])
    connection = sqlite3.connect(place / "store.db")
    (store_id,) = connection.execute("SELECT id FROM store").fetchone()
    check = sealer.seal(b"x", header._check_bound(store_id, number))
    connection.execute("UPDATE store SET format = ?, key_check = ?", (number, check))
    connection.execute("ALTER TABLE store ADD COLUMN novelty")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=f"format {number}"):
        words.look(opened())
    with pytest.raises(StoreError, match=f"format {number}"):
        held(opened())
