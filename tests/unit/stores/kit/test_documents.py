"""What a store without labels records of a set, over a place that is no store of the project."""

from __future__ import annotations

import hashlib
import itertools
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import (
    LockLost,
    ObjectExists,
    ObjectMoved,
    ObjectNotFound,
    StoreDamaged,
    StoreLocked,
    StoreUnavailable,
)
from reconciler.model.objects import Applied
from reconciler.stores.kit.documents import Documents, Listed, Sets
from reconciler.stores.kit.entries import Copy, Entry
from reconciler.stores.kit.inventory import Inventory, parts_of, read_part
from reconciler.stores.kit.leases import Lease, break_lock, read_lock

PART_BYTES = 300
A, B, TYPE = ("data", "a"), ("data", "b"), ("type",)


class Table:
    """A place for documents in memory. ``lose`` says whose answers are lost, after the effect."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Listed, bytes]] = {}
        self.lose: Callable[[str, str], bool] = lambda *_: False
        self.writes: list[str] = []
        self._numbers = itertools.count(1)
        self._turn = threading.Lock()

    def list(self, about: str) -> Mapping[str, Listed]:
        del about
        with self._turn:
            return {name: row for name, (row, _) in self.rows.items()}

    def read(self, document: Listed, about: str) -> bytes | None:
        del about
        row, content = self.rows.get(document.name, (None, b""))
        return content if row is not None and row.id == document.id else None

    def create(self, name: str, content: bytes, about: str) -> Listed:
        with self._turn:
            if name in self.rows:
                raise ObjectExists(about)
            row = Listed(name, next(self._numbers), next(self._numbers))
            self.rows[name] = row, content
        self._written("create", name, about)
        return row

    def update(self, document: Listed, content: bytes, about: str) -> None:
        with self._turn:
            row, _ = self.rows.get(document.name, (None, b""))
            if row is None or row.id != document.id:
                raise ObjectNotFound(about)
            self.rows[document.name] = replace(row, updated=next(self._numbers)), content
        self._written("update", document.name, about)

    def delete(self, document: Listed, about: str) -> None:
        with self._turn:
            row, _ = self.rows.get(document.name, (None, b""))
            if row is not None and row.id == document.id:
                del self.rows[document.name]
        self._written("delete", document.name, about)

    def spoil(self, prefix: str, content: bytes) -> None:
        (name,) = (name for name in self.rows if name.startswith(prefix))
        row, _ = self.rows[name]
        self.rows[name] = row, content

    def _written(self, how: str, name: str, about: str) -> None:
        self.writes.append(f"{how} {name}")
        if self.lose(how, name):
            raise StoreUnavailable(about)


@pytest.fixture
def table() -> Table:
    return Table()


def no_guard() -> None:
    """Whoever tests an inventory alone has no lock."""


def inventory(
    table: Documents,
    set_name: str = "shop",
    guard: Callable[[], None] = no_guard,
    *,
    part_bytes: int = PART_BYTES,
) -> Inventory:
    made = Inventory(table, set_name, guard, part_bytes=part_bytes)
    made.load(table.list("the documents"))
    return made


def entry(number: int = 1, **more: Any) -> Entry:
    fingerprint = hashlib.sha256(str(number).encode()).hexdigest()[:32]
    return replace(Entry(id=number, fields={A: fingerprint, TYPE: "0" * 32}), **more)


def test_a_record_is_made_once_whoever_makes_it(table: Table) -> None:
    first, second = Sets(table, "home"), Sets(table, "home")
    assert first.record("shop") is None
    record = first.made("shop")
    assert second.made("shop") == record
    assert Sets(table, "home").record("shop") == record
    assert first.made("another set").fingerprint_key != record.fingerprint_key
    assert repr(record.fingerprint_key) not in repr(record)


def test_a_record_that_another_process_creates_at_the_same_moment_is_used(table: Table) -> None:
    theirs = Sets(table, "home").made("shop")
    listed = iter([{}, table.list("")])

    class Late(Table):
        def list(self, about: str) -> Mapping[str, Listed]:
            del about
            return next(listed)

    late = Late()
    late.rows = table.rows
    assert Sets(late, "home").made("shop") == theirs


def test_namespaces_are_added_to_the_record_and_the_home_is_not(table: Table) -> None:
    sets = Sets(table, "home")
    sets.note_namespaces("shop", {"home"})
    sets.note_namespaces("shop", {"web", "home"})
    sets.note_namespaces("shop", {"web"})
    sets.note_namespaces("shop", {"db"})
    record = Sets(table, "home").record("shop")
    assert record is not None
    assert record.namespaces == {"web", "db"}
    assert [write.split()[0] for write in table.writes] == ["create", "update", "update"]


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[]", b"{}", b"[" * 100_000, b'{"id": "x"}'])
@pytest.mark.parametrize("compress", [False, True])
def test_a_document_that_somebody_changed_is_damaged(
    table: Table, content: bytes, *, compress: bool
) -> None:
    Sets(table, "home").made("shop")
    inventory(table).put("one", entry())
    table.spoil("reconciler_s_", content)
    table.spoil("reconciler_i_", zlib.compress(content) if compress else content)
    with pytest.raises(StoreDamaged, match="is not as it was written"):
        Sets(table, "home").record("shop")
    with pytest.raises(StoreDamaged, match="is not as it was written"):
        inventory(table)


def test_of_two_holders_one_gets_the_lock(table: Table) -> None:
    anna, ben = Lease(table, "shop", "anna"), Lease(table, "shop", "ben")
    assert anna.take(60)
    assert not anna.take(60), "extended"
    with pytest.raises(StoreLocked, match="anna"):
        ben.take(60)
    ben.give_back()
    assert not Lease(table, "shop", "anna").take(60), "the same holder, from another object"
    assert Lease(table, "another set", "ben").take(60)
    anna.give_back()
    assert read_lock(table, "shop") is None
    assert ben.take(60)
    with pytest.raises(LockLost, match="ben"):
        anna.renew(60)


def test_an_expired_lock_is_taken_over_and_never_extended(table: Table) -> None:
    anna, ben = Lease(table, "shop", "anna"), Lease(table, "shop", "ben")
    anna.take(60)
    anna.guard()
    anna.renew(-1)
    with pytest.raises(LockLost):
        anna.guard()
    with pytest.raises(LockLost):
        anna.renew(60)
    assert ben.take(60)
    anna.give_back()
    lock = read_lock(table, "shop")
    assert lock is not None
    assert lock.holder == "ben"


def test_a_broken_lock_is_noticed_and_only_that_lock_is_broken(table: Table) -> None:
    anna, ben = Lease(table, "shop", "anna"), Lease(table, "shop", "ben")
    anna.take(60)
    lock = read_lock(table, "shop")
    assert lock is not None
    break_lock(table, lock)
    break_lock(table, lock)
    ben.take(60)
    with pytest.raises(ObjectMoved):
        break_lock(table, lock)
    with pytest.raises(LockLost):
        anna.renew(60)
    with pytest.raises(LockLost):
        anna.guard()
    with pytest.raises(StoreLocked):
        anna.take(60)
    with pytest.raises(LockLost):
        anna.guard()


def test_a_lock_whose_answer_was_lost_is_held(table: Table) -> None:
    table.lose = lambda how, _: how == "create"
    anna = Lease(table, "shop", "anna")
    assert anna.take(60)
    anna.renew(60)


def test_entries_are_read_back_as_they_were_written(table: Table) -> None:
    copy = Copy(
        name="c", id=7, created=1, updated=2, fields=None, generate_name="", immutable=False
    )
    entries = {
        "settled": entry(1),
        "pending create": Entry(pending={A: "1" * 32}),
        "pending update": entry(2, pending={B: "2" * 32}),
        "no field": Entry(id=3, fields={}),
        "copied": entry(4, copy=copy),
        "copied with fields": entry(5, copy=replace(copy, fields={A: "3" * 32}, immutable=True)),
        "more": entry(6, generate_name="more-", immutable=True, released=True),
        "text id": Entry(id="an id", fields={A: "4" * 32}),
    }
    written = inventory(table)
    for name, each in entries.items():
        written.put(name, each)
    assert written.entries() == inventory(table).entries() == entries
    assert inventory(table).entry("nobody's") == Entry()


def test_parts_stay_small_and_are_deleted_when_empty(table: Table) -> None:
    written = inventory(table)
    for number in range(40):
        written.put(f"s{number}", entry(number + 1))
    assert len(table.rows) > 4
    assert max(len(content) for _, content in table.rows.values()) < 2 * PART_BYTES
    for number in range(20):
        written.put(f"s{number}", Entry(), wait=False)
    assert len(inventory(table).entries()) == 40, "not written yet"
    written.flush()
    assert set(inventory(table).entries()) == {f"s{number}" for number in range(20, 40)}
    for number in range(20, 40):
        written.put(f"s{number}", Entry())
    assert table.rows == {}


def test_room_in_a_part_is_used_again(table: Table) -> None:
    written = inventory(table)
    for number in range(40):
        written.put(f"s{number}", entry(number + 1))
    before = set(table.rows)
    for number in range(40):
        written.put(f"s{number}", Entry())
        written.put(f"t{number}", entry(number + 1))
    assert set(table.rows) <= before


def test_an_entry_that_did_not_change_is_not_written(table: Table) -> None:
    written = inventory(table)
    written.put("one", entry())
    count = len(table.writes)
    written.put("one", entry())
    written.put("nobody's", Entry())
    assert len(table.writes) == count


def test_threads_share_writes(table: Table) -> None:
    gate = threading.Event()
    table.lose = lambda *_: not gate.wait(10)
    written = inventory(table, part_bytes=100_000)
    threads = [
        threading.Thread(target=written.put, args=(f"s{number}", entry(number)))
        for number in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(inventory(table).entries()) == 8
    assert len(table.writes) <= 8


def test_a_write_that_failed_is_made_up_for_by_the_next_one(table: Table) -> None:
    written = inventory(table)
    table.lose = lambda how, _: how == "create"
    with pytest.raises(StoreUnavailable):
        written.put("one", entry(1))
    table.lose = lambda *_: False
    written.put("two", entry(2))
    assert set(inventory(table).entries()) == {"one", "two"}
    assert len(table.rows) == 1


def test_a_part_that_somebody_deleted_is_written_again(table: Table) -> None:
    written = inventory(table)
    written.put("one", entry(1))
    table.rows.clear()
    written.put("two", entry(2))
    assert set(inventory(table).entries()) == {"one", "two"}


def test_nothing_is_written_without_the_lock(table: Table) -> None:
    lease = Lease(table, "shop", "anna")
    lease.take(0)
    written = inventory(table, guard=lease.guard)
    time_is_up = threading.Event()
    while not time_is_up.is_set():
        try:
            lease.guard()
        except LockLost:
            time_is_up.set()
    with pytest.raises(LockLost):
        written.put("one", entry())
    assert [name for name in table.rows if "_i_" in name] == []


def test_sets_do_not_mix(table: Table) -> None:
    inventory(table).put("one", entry(1))
    inventory(table, "another set").put("one", entry(2))
    assert inventory(table).entries() == {"one": entry(1)}
    own, others = parts_of("shop", table.list(""))
    assert [read_part(table, part) for part in others] == [("another set", {"one": entry(2)})]
    (part,) = own
    table.delete(part, "")
    assert read_part(table, part) == ("", {})
    # Another set whose name has the same digest.
    row, content = table.rows.pop(others[0].name)
    table.rows[part.name] = replace(row, name=part.name), content
    assert inventory(table).entries() == {}


@pytest.mark.parametrize(
    ("recorded", "current", "applied"),
    [
        (Entry(), {A: "1"}, None),
        (Entry(id=1, fields={A: "1", TYPE: "t"}), {}, {A: "1", TYPE: "t"}),
        (Entry(id=2, fields={A: "1", TYPE: "t"}), {A: "1"}, None),
        # A create that may have happened.
        (Entry(pending={A: "1", TYPE: "t"}), {A: "1"}, {A: "1"}),
        (Entry(pending={A: "1", B: "2", TYPE: "t"}), {A: "1"}, None),
        (Entry(pending={A: "1", TYPE: "t"}), {A: "others'"}, None),
        (Entry(pending={TYPE: "t"}), {}, None),
        # An update that may have happened: each value says so for itself.
        (Entry(id=1, fields={A: "1", TYPE: "t"}, pending={A: "2"}), {A: "1"}, {A: "1"}),
        (Entry(id=1, fields={A: "1", TYPE: "t"}, pending={A: "2"}), {A: "2"}, {A: "2"}),
        (Entry(id=1, pending={A: "2"}), {A: "1"}, None),
        (Entry(id=1, pending={A: "2"}), {A: "2"}, {A: "2"}),
    ],
)
def test_the_values_decide_whether_a_pending_write_has_happened(
    recorded: Entry, current: dict[tuple[str, ...], str], applied: dict[tuple[str, ...], str] | None
) -> None:
    expected = None if applied is None else Applied(set_name="shop", fields=applied)
    assert recorded.applied("shop", 1, current) == expected


@pytest.mark.parametrize(
    ("recorded", "current", "completed"),
    [
        (Entry(), {A: "1"}, None),
        (Entry(id=1, fields={A: "1", TYPE: "t"}), {A: "1", B: "others'"}, {A: "1", TYPE: "t"}),
        (Entry(id=1, fields={A: "1", TYPE: "t"}), {A: "2"}, None),
        (Entry(id=2, fields={A: "1", TYPE: "t"}), {A: "1"}, None),
        (Entry(pending={A: "1", TYPE: "t"}), {A: "1"}, {A: "1", TYPE: "t"}),
        (Entry(pending={A: "1", TYPE: "t"}), {A: "others'"}, None),
        (Entry(id=1, fields={A: "1", B: "2"}, pending={A: "3"}), {A: "3"}, {A: "3"}),
        (Entry(id=1, fields={A: "1", B: "2"}, pending={A: "3"}), {A: "3", B: "2"}, None),
        (Entry(id=1, fields={A: "1"}, pending={A: "1", B: "2"}), {A: "1"}, None),
    ],
)
def test_a_write_is_complete_where_all_its_values_are_there_and_no_removed_key_is(
    recorded: Entry,
    current: dict[tuple[str, ...], str],
    completed: dict[tuple[str, ...], str] | None,
) -> None:
    assert recorded.completed(1, current) == completed
