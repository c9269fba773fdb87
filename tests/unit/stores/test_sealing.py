from __future__ import annotations

import base64
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.errors import StoreDamaged, StoreError
from reconciler.model.objects import Live, ObjectKey
from reconciler.model.patches import Operation
from reconciler.model.store import Session
from reconciler.model.values import SecretValue
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]
CANARY = b"canary-51e9-plain-value"
FLIPS = 400
SQLITE_HEADER = 100


def change(place: Path, *statements: str) -> None:
    connection = sqlite3.connect(place / "store.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.fixture
def two(store: EmbeddedStore, session: Session, words: Words) -> tuple[Live, Live]:
    """Two objects of the same shape, in a store that is closed."""
    lives = tuple(
        session.create(words.secret(name, {"a": name.encode(), "b": CANARY}), words.mark())
        for name in ("s1", "s2")
    )
    store.close()
    return lives[0], lives[1]


def swap(column: str) -> str:
    return (
        "UPDATE objects SET (COLUMN) = (SELECT COLUMN FROM objects AS other"
        " WHERE other.name <> objects.name AND other.kind = 'Secret') WHERE kind = 'Secret'"
    ).replace("COLUMN", column)


CHANGES = {
    "values of two objects swapped": swap("data"),
    "bodies of two objects swapped": swap("body"),
    "bodies and values swapped": swap("body, data"),
    "values of two keys swapped": (
        # The nonce and tag take 28 bytes; the value of "a" has 2.
        "UPDATE objects SET data = CAST(substr(data, 31) || substr(data, 1, 30) AS BLOB)"
        " WHERE name = 's1'"
    ),
    "a value dropped": "UPDATE objects SET data = substr(data, 31) WHERE name = 's1'",
    "a value added": (
        "UPDATE objects SET data = CAST(data || substr(data, 1, 30) AS BLOB) WHERE name = 's1'"
    ),
    "an old version's number": "UPDATE objects SET version = version - 1 WHERE name = 's1'",
    "another uid": "UPDATE objects SET uid = 'x' || substr(uid, 2) WHERE name = 's1'",
    "another name": "UPDATE objects SET name = 's3' WHERE name = 's1'",
    "another namespace": "UPDATE objects SET namespace = 'kube-public' WHERE name = 's1'",
    "another type": "UPDATE objects SET type = 'other' WHERE name = 's1'",
    "another set": "UPDATE objects SET set_name = 'other' WHERE name = 's1'",
    "no set": "UPDATE objects SET set_name = NULL WHERE name = 's1'",
    "a name that is a number": "UPDATE objects SET name = x'01' WHERE name = 's1'",
    "an object removed": "DELETE FROM objects WHERE name = 's1'",
    "an object doubled as a copy": "INSERT INTO copies SELECT * FROM objects WHERE name = 's1'",
    "another store id": "UPDATE store SET id = 'x' || substr(id, 2)",
    "another fingerprint key": "UPDATE store SET fingerprint_key = zeroblob(60)",
    "another format": "UPDATE store SET format = 3",
    "other totals": "UPDATE store SET totals = zeroblob(140)",
    "something that vanished": "INSERT INTO vanished VALUES ('default', 'Secret', 'a', 'b')",
    "values that are none": "UPDATE objects SET data = 12 WHERE name = 's1'",
    "no header": "DELETE FROM store",
    "two headers": "INSERT INTO store SELECT * FROM store",
    "no table": "DROP TABLE objects",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_what_somebody_changed_in_the_file_is_noticed(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path, statement: str
) -> None:
    store = opened()
    assert words.look(store).objects == {live.key: live for live in two}
    change(place, statement)
    with pytest.raises(StoreDamaged, match=r"store\.db") as caught:
        words.look(store)
    assert CANARY.decode() not in str(caught.value) + caught.value.hint


def test_damage_names_the_object_and_the_key(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    change(place, "UPDATE objects SET data = zeroblob(length(data)) WHERE name = 's1'")
    with pytest.raises(StoreDamaged, match=r"Secret/default/s1.*'a'"):
        words.look(opened())
    live = two[0]
    with pytest.raises(StoreDamaged, match="Secret/default/s1"):
        held(opened(), seconds=0).update(live.key, (), words.mark(), words.as_seen(live))


def test_an_old_row_put_back_in_place_of_a_new_one_does_not_pass_for_it(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    store = opened()
    session = held(store, seconds=0)
    change(place, "CREATE TABLE kept AS SELECT * FROM objects WHERE name = 's1'")
    live = two[0]
    patch = (Operation("replace", "/data/a", SecretValue(b"xx")),)
    session.update(live.key, patch, words.mark(), words.as_seen(live))
    store.close()
    change(
        place,
        "UPDATE objects SET (body, data) = (SELECT body, data FROM kept) WHERE name = 's1'",
    )
    with pytest.raises(StoreDamaged, match="Secret/default/s1"):
        words.look(store)


def test_whole_rows_of_an_older_file_are_noticed(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    live, other = two
    store = opened()
    session = held(store, seconds=0)
    change(place, "CREATE TABLE kept AS SELECT * FROM objects WHERE name = 's1'")
    patch = (Operation("replace", "/data/a", SecretValue(b"xx")),)
    now = session.update(live.key, patch, words.mark(), words.as_seen(live))
    session.delete(other.key, words.as_seen(other), keep_copy=True)
    store.close()
    whole = (place / "store.db").read_bytes()
    assert words.look(store).objects == {live.key: now}
    for statements in (
        ["DELETE FROM objects WHERE name = 's1'", "INSERT INTO objects SELECT * FROM kept"],
        ["DELETE FROM vanished"],
        ["DELETE FROM copies"],
        ["UPDATE vanished SET name = 's4'"],
        ["INSERT INTO objects SELECT * FROM copies", "DELETE FROM copies"],
    ):
        change(place, *statements)
        with pytest.raises(StoreDamaged, match=r"store\.db is damaged"):
            words.look(opened())
        (place / "store.db").write_bytes(whole)


def test_an_old_object_under_a_new_total_is_noticed_after_writes_too(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    change(place, "DELETE FROM objects WHERE name = 's1'")
    store = opened()
    session = held(store, seconds=0)
    live = two[1]
    patch = (Operation("replace", "/data/a", SecretValue(b"xx")),)
    session.update(live.key, patch, words.mark(), words.as_seen(live))
    session.create(words.secret("s4"), words.mark())
    with pytest.raises(StoreDamaged, match="it should hold"):
        words.look(store)


def test_objects_that_are_not_wanted_are_checked_and_not_opened(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    change(place, "UPDATE objects SET body = zeroblob(40), data = x'' WHERE name = 's1'")
    assert two[0].key in words.look(opened(), set_name="other").bystanders
    change(place, "UPDATE objects SET owner_uids = '[\"x\"]' WHERE name = 's1'")
    with pytest.raises(StoreDamaged):
        words.look(opened(), set_name="other")


def damaged(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Flip one bit: of each byte of SQLite's header, then of bytes anywhere."""
    how = random.Random(seed)  # noqa: S311 - the same flips every time
    for place in [*range(SQLITE_HEADER), *(how.randrange(len(data)) for _ in range(count))]:
        yield data[:place] + bytes([data[place] ^ (1 << how.randrange(8))]) + data[place + 1 :]


def test_a_flipped_bit_is_noticed_or_harmless(
    store: EmbeddedStore, session: Session, opened: Opener, words: Words, place: Path
) -> None:
    for number in range(20):
        session.create(words.secret(f"s{number}", {"a": b"1" * 300, "b": CANARY}), words.mark())
    kept = session.create(words.secret("kept", {"a": CANARY}), words.mark())
    session.delete(kept.key, words.as_seen(kept), keep_copy=True)
    whole = words.look(store)
    store.close()
    file = place / "store.db"
    data = file.read_bytes()
    noticed = 0
    for flipped in damaged(data, 7, FLIPS):
        file.write_bytes(flipped)
        try:
            found = words.look(opened())
        except StoreDamaged:
            noticed += 1
        else:
            assert found == whole
    assert noticed > FLIPS / 10
    file.write_bytes(data)
    assert words.look(opened()) == whole


def test_an_object_that_only_the_index_has_lost_is_not_said_to_be_gone(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    live = two[0]
    connection = sqlite3.connect(place / "store.db")
    (root,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name LIKE 'sqlite_autoindex_objects%'"
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    file = place / "store.db"
    whole = bytearray(file.read_bytes())
    # An index is sorted by its keys, so one that begins otherwise is not found.
    at = whole.index(b"Secretdefaults1", (root - 1) * size, root * size)
    whole[at] ^= 4
    file.write_bytes(whole)
    session = held(opened(), seconds=0)
    calls: tuple[Callable[[], object], ...] = (
        lambda: session.update(live.key, (), words.mark(), words.as_seen(live)),
        lambda: session.delete(live.key, words.as_seen(live)),
    )
    for call in calls:
        with pytest.raises(StoreDamaged, match="index"):
            call()


def test_writing_to_a_damaged_store_raises_no_foreign_error(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path
) -> None:
    file = place / "store.db"
    data = file.read_bytes()
    noticed = 0
    for flipped in damaged(data, 11, FLIPS // 4):
        file.write_bytes(flipped)
        store = opened()
        try:
            session = held(store, seconds=0)
            session.create(words.secret("new", {"a": b"1"}), words.mark())
            session.delete(two[0].key, words.as_seen(two[0]), keep_copy=True)
            store.close()
        except StoreError:  # some damage looks like a file that may not be written
            noticed += 1
        finally:
            store.close()
    assert noticed


@pytest.mark.parametrize("size", [0, 1, 50, 100, 4096, 5000, 12288, -4096, -1])
def test_a_truncated_file_is_noticed_and_left_alone(
    two: tuple[Live, Live], opened: Opener, words: Words, place: Path, size: int
) -> None:
    file = place / "store.db"
    short = file.read_bytes()[:size]
    file.write_bytes(short)
    store = opened()
    for call in (
        lambda: words.look(store, two[0].key),
        lambda: held(store),
        lambda: store.try_create(words.secret("new"), words.mark()),
    ):
        with pytest.raises(StoreDamaged, match=r"store\.db"):
            call()
    store.close()
    assert file.read_bytes() == short


def test_no_file_holds_a_value(
    store: EmbeddedStore, session: Session, words: Words, place: Path
) -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": CANARY.decode()}
    secret = words.secret("s", {"canary-key-name": CANARY}, annotations=annotations)
    live = session.create(secret, words.mark())
    patch = (Operation("replace", "/data/canary-key-name", SecretValue(CANARY * 2)),)
    live = session.update(live.key, patch, words.mark(), words.as_seen(live))
    for closed in (False, True):
        if closed:
            session.delete(live.key, words.as_seen(live), keep_copy=True)
            store.close()
        for path in place.iterdir():
            content = path.read_bytes()
            assert content
            for form in (CANARY, base64.b64encode(CANARY), CANARY.hex().encode()):
                assert form not in content, path
    assert ObjectKey(*live.key) in words.look(store).copies


def test_the_same_value_never_looks_the_same(session: Session, words: Words, place: Path) -> None:
    for name in ("s1", "s2"):
        session.create(words.secret(name, {"a": b"same", "b": b"same"}), words.mark())
    connection = sqlite3.connect(place / "store.db")
    rows = connection.execute("SELECT data FROM objects WHERE kind = 'Secret'").fetchall()
    connection.close()
    sealed = {data[start : start + 32] for (data,) in rows for start in (0, 32)}
    assert {len(data) for (data,) in rows} == {64}
    assert len({part[:12] for part in sealed}) == 4
    assert len({part[12:] for part in sealed}) == 4
