"""Each store's reader of locks, given what a server or a file can hold in their place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import StoreDamaged, StoreLocked, StoreUnavailable
from reconciler.model.locks import Lock
from reconciler.stores.docker import head
from reconciler.stores.kubernetes import faults
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.engine.exchange import Reply
from reconciler.stores.kubernetes.leases import Lease
from reconciler.stores.sqlite import locks
from reconciler.stores.sqlite.opening import rekey
from reconciler.stores.sqlite.store import EmbeddedStore
from reconciler.stores.sqlite.tables import SCHEMA
from tests.unit.stores.conftest import Opener
from tests.world import held

NOW = 1_790_000_000.0
ODD_TIMES: tuple[Any, ...] = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z"),
    *("2026-01-01T00:00:00", "2026-01-01", "-1", "1e999", "nan", "soon", "", "9" * 400),
    *(0, -1, 10**400, 1e308, float("inf"), -(2**63), 2**63 - 1, True, None, [], {}),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(ODD_TIMES)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    # A server's JSON and a database's text have no lone surrogates.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda some: st.lists(some, max_size=2) | st.dictionaries(st.text(max_size=3), some),
    max_leaves=4,
)
LABELS = st.dictionaries(
    st.sampled_from([head.HOLDER, head.SINCE, head.UNTIL, head.SALT, "other"]),
    st.sampled_from([str(time) for time in ODD_TIMES]) | st.text(),
)


def told(lock: Lock | None) -> None:
    """All that can be said of it is said."""
    if lock is not None:
        assert lock.refusal().message
        assert lock.until_text
        assert lock.id


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(next(text for text in SCHEMA if "TABLE locks" in text))
        yield connection


columns = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.floats(allow_nan=False)
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from(["soon", "9e999", b"\xff", 1e300, -1e300, 253_402_300_800.0])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holder=columns, since=columns, until=columns, as_text=st.booleans())
def test_the_embedded_store_reads_whatever_a_row_holds(
    table: sqlite3.Connection, holder: Any, since: Any, until: Any, *, as_text: bool
) -> None:
    table.execute("DELETE FROM locks")
    place = "CAST(? AS TEXT)" if as_text else "?"  # of bytes that are no UTF-8, too
    row = (holder, since, until)
    table.execute(f"INSERT INTO locks VALUES ('shop', {place}, {place}, {place})", row)  # noqa: S608
    row_lock = locks.RowLock(table, "shop", NOW)
    lock = row_lock.read()
    assert lock is not None
    told(lock)
    if lock.is_held:
        with pytest.raises(StoreLocked):
            locks.refuse_locked(table, NOW)
        with pytest.raises(StoreLocked):
            row_lock.take("anna@build-1", 60)
    row_lock.remove(lock)
    assert row_lock.read() is None


@given(LABELS)
def test_the_docker_store_reads_whatever_labels_say(labels: Mapping[str, str]) -> None:
    told(head._lock("shop", head.Head("id", 1, {"Name": "name", "Labels": labels}), NOW))


@pytest.mark.parametrize("salt", ["", "zz", "00", "é", "00" * 33])
def test_a_salt_that_somebody_has_changed_is_told_as_damage(salt: str) -> None:
    set_head = head.Head("id", 1, {"Name": "the-config", "Labels": {head.SALT: salt}})
    with pytest.raises(StoreDamaged, match="the-config"):
        _ = set_head.salt


class Answers:
    """A server that answers each GET with the same document."""

    def __init__(self, document: Any, headers: Mapping[str, str]) -> None:
        lists = {name.lower(): [text] for name, text in headers.items()}
        self.reply = Reply(200, lists, json.dumps(document).encode())

    def request(self, *_: Any, **__: Any) -> Reply:
        return self.reply

    def cut(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """Nothing is kept."""


def lease_of(document: Any, headers: Mapping[str, str] | None = None) -> Lock | None:
    answers = Answers(document, headers or {})
    return Lease(Connection("http://server", answers), "default", "reconciler-shop", "shop").read()


def is_json(value: Any) -> bool:
    """Whether a server can send it: Python's writer knows numbers that JSON does not have."""
    try:
        orjson.loads(json.dumps(value))
    except orjson.JSONDecodeError:
        return False
    return True


json_values = values.filter(is_json)
specs = st.dictionaries(
    st.sampled_from(["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "x"]),
    json_values,
)


@given(json_values | st.fixed_dictionaries({"metadata": json_values, "spec": specs | json_values}))
def test_a_cluster_is_read_whatever_the_lease_says(document: Any) -> None:
    told(lease_of(document))


@pytest.mark.parametrize(
    ("spec", "held"),
    [
        (None, None),
        ({}, None),
        ({"holderIdentity": ""}, None),
        ({"holderIdentity": "anna"}, True),
        ({"leaseDurationSeconds": 60, "renewTime": "2020-01-01T00:00:00"}, True),
        ({"holderIdentity": "anna", "renewTime": "2020-01-01T00:00:00.000000Z"}, True),
        ({"holderIdentity": "anna", "leaseDurationSeconds": 60}, True),
        (
            {
                "holderIdentity": "anna",
                "leaseDurationSeconds": 60,
                "renewTime": "2020-01-01T00:00:00.000000Z",
            },
            False,
        ),
        ({"leaseDurationSeconds": 60, "renewTime": "9999-12-31T00:00:00.000000Z"}, True),
        ({"leaseDurationSeconds": 60, "renewTime": "0001-01-01T00:00:00.000000Z"}, False),
    ],
    ids=str,
)
def test_which_leases_are_held(spec: Any, *, held: bool | None) -> None:
    lock = lease_of({"metadata": {"uid": "1", "resourceVersion": "2"}, "spec": spec})
    assert (None if lock is None else lock.is_held) is held


@pytest.mark.parametrize(
    "date",
    [
        *("Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 1200 00:00:00 GMT", "soon", ""),
        *("Mon, 99999999999999999999 Jan 2026 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 -0000"),
        "Mon, 01 Jan 2026 00:00:00 +9999999999",
    ],
)
def test_a_date_that_a_server_cannot_mean_is_passed_over(date: str) -> None:
    lock = lease_of({"spec": {"holderIdentity": "anna"}}, {"Date": date})
    assert lock is not None
    assert lock.clock == "this machine"
    told(lock)


@given(json_values)
def test_a_pause_that_nobody_can_wait_for_is_passed_over(asked: Any) -> None:
    body = json.dumps({"details": {"retryAfterSeconds": asked}}).encode()
    for reply in (Reply(503, {}, body), Reply(503, {"retry-after": [str(asked)]}, b"")):
        fault = faults.refusal("a lock", reply)
        assert isinstance(fault, StoreUnavailable)
        assert fault.retry_after is None or fault.retry_after >= 0


def test_a_lock_is_judged_by_the_servers_clock_where_it_differs() -> None:
    spec = {
        "holderIdentity": "anna@build-1 (process 1, 0)",
        "leaseDurationSeconds": 60,
        "renewTime": "2031-01-01T00:10:00.000000Z",
    }
    lock = lease_of({"spec": spec}, {"Date": "Wed, 01 Jan 2031 00:00:00 GMT"})
    assert lock is not None
    assert "extended 10 min from now by the clock of the API server" in lock.clock_text
    assert "the clocks of build-1 and the API server disagree" in lock.clock_text


def test_a_lock_that_nobody_can_understand_keeps_others_out_until_it_is_broken(
    opened: Opener, place: Path, url: str
) -> None:
    store = opened()
    held(store, seconds=0)
    for forged in ("soon", 9e999, b"\xff", 253402300800.0):
        forge(place, "REPLACE INTO locks VALUES ('default', x'ff', ?1, ?1)", forged)
        for call in refused_calls(store, url):
            with pytest.raises(StoreLocked, match="cannot be understood") as caught:
                call()
            assert "reconciler unlock --set default --force" in caught.value.hint
        lock = store.read_lock("default")
        assert lock is not None
        store.break_lock(lock)
        held(store, holder="anna", seconds=0)


def refused_calls(store: EmbeddedStore, url: str) -> tuple[Callable[[], object], ...]:
    return (lambda: held(store, holder="anna"), lambda: rekey(url, {}))


def test_a_row_that_is_no_sets_lock_keeps_nobody_out(opened: Opener, place: Path, url: str) -> None:
    held(opened(), seconds=0)
    forge(place, "INSERT INTO locks VALUES (NULL, 'x', 0, 9e9), (x'ff', 'x', 0, 9e9)")
    rekey(url, {})


def forge(place: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(place / "store.db")) as connection:
        connection.execute(statement, values)
        connection.commit()
