"""What is said of a lock, whatever a store holds in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.locks import LEASE_SECONDS, Lock, moment

NOW = 1_790_000_000.0
HOLDER = "anna@build-1 (process 4242, 1a2b3c4d)"
TAKEN = Lock(
    set_name="shop",
    id="1f0c1e22ab9d",
    holder=HOLDER,
    since=NOW - 100,
    until=NOW + 40,
    read_at=NOW,
)
YEAR_1, YEAR_9999 = -62_135_596_800.0, 253_402_214_400.0

times = st.none() | st.floats(YEAR_1, YEAR_9999) | st.sampled_from([YEAR_1, YEAR_9999, NOW])


@given(
    st.builds(
        Lock,
        set_name=st.text(),
        id=st.text(),
        holder=st.text(st.characters(exclude_categories=())),
        since=times,
        until=times,
        renewed=times,
        read_at=st.floats(0, 4e9),
    )
)
def test_whatever_a_lock_holds_can_be_said(lock: Lock) -> None:
    refusal = lock.refusal()
    texts = (lock.since_text, lock.until_text, lock.clock_text, lock.host, refusal.message)
    assert all(isinstance(text, str) for text in texts)
    assert refusal.holder
    assert lock.is_held or lock.until is not None
    assert len(refusal.holder) <= 201


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_a_time_is_one_that_a_calendar_has_or_none(value: Any) -> None:
    seconds = moment(value)
    assert seconds is None or YEAR_1 <= seconds <= YEAR_9999


@pytest.mark.parametrize(
    "value",
    ["", "soon", "nan", "inf", "-1e400", True, None, [], {}, b"1", 10**400, 1e18, -1e18, "9e99"],
    ids=repr,
)
def test_what_is_no_time(value: Any) -> None:
    assert moment(value) is None


def test_a_refusal_says_who_where_until_when_and_what_to_do() -> None:
    refusal = TAKEN.refusal()
    assert refusal.message == (
        f"the set 'shop' is locked by {HOLDER} since 2026-09-21 14:11:40 UTC; it expires at"
        " 2026-09-21 14:14:00 UTC (in 40 s) unless it is extended"
    )
    assert refusal.holder == HOLDER
    assert "--lock-timeout" in refusal.hint
    assert "reconciler unlock --set shop --force" in refusal.hint


def test_a_lock_without_a_holder_or_times_is_held_by_somebody_unknown() -> None:
    lock = replace(TAKEN, holder="", since=None, until=None)
    assert lock.is_held
    assert lock.refusal().message == (
        "the set 'shop' is locked by somebody unknown; its times cannot be understood, so it"
        " never expires"
    )


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        ({"since": NOW + 3 * 3600, "until": NOW + 3 * 3600 + 60}, "taken 3 h from now"),
        ({"until": NOW + 3 * 3600 + 60}, "extended 3 h from now"),
        ({"renewed": NOW + 600}, "extended 10 min from now"),
        ({"until": YEAR_9999}, "days from now"),
        ({"since": YEAR_9999, "until": YEAR_9999}, "taken"),
        ({"since": NOW + 3, "until": NOW + LEASE_SECONDS + 3}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_clocks_that_disagree_are_named(ahead: dict[str, Any], text: str) -> None:
    lock = replace(TAKEN, **ahead)
    if not text:
        assert lock.clock_text == ""
        return
    assert text in lock.clock_text
    assert "the clocks of build-1 and this machine disagree" in lock.clock_text
    assert lock.clock_text in lock.refusal().message


@pytest.mark.parametrize(
    ("holder", "host"),
    [
        (HOLDER, "build-1"),
        ("anna@build-1", ""),
        ("controller_1234", ""),
        ("", ""),
        ("@ (process 1)", ""),
    ],
)
def test_the_host_is_that_of_a_holder_of_ours(holder: str, host: str) -> None:
    assert replace(TAKEN, holder=holder).host == host
