import re
from datetime import timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.listing import ListedObject
from reconciler.views import json, text
from reconciler.views.text.listings import age_text
from tests.unit.views import samples
from tests.unit.views.listing_samples import EXAMPLE, LISTINGS, NOW, listing

COLUMNS = ["OBJECT", "TYPE", "IMMUTABLE", "KEYS", "AGE", "CONSUMERS"]


def table(*objects: ListedObject) -> list[str]:
    return text.listing(listing(*objects), now=NOW, colour=False).split("\n\n")[1].split("\n")


def cells(one: ListedObject) -> list[str]:
    header, row = table(one)
    starts = [header.index(column) for column in COLUMNS]
    return [row[start:end].rstrip() for start, end in zip(starts, [*starts[1:], None], strict=True)]


def ago(**parts: int) -> str:
    return age_text((NOW - timedelta(**parts)).isoformat(), NOW)


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        ({"seconds": 0}, "0s"),
        ({"seconds": 119}, "119s"),
        ({"seconds": 120}, "2m"),
        ({"minutes": 9, "seconds": 59}, "9m59s"),
        ({"minutes": 10, "seconds": 59}, "10m"),
        ({"minutes": 179}, "179m"),
        ({"hours": 3}, "3h"),
        ({"hours": 3, "minutes": 12}, "3h12m"),
        ({"hours": 7, "minutes": 59}, "7h59m"),
        ({"hours": 8, "minutes": 59}, "8h"),
        ({"hours": 47}, "47h"),
        ({"hours": 48}, "2d"),
        ({"days": 7, "hours": 23}, "7d23h"),
        ({"days": 8, "hours": 23}, "8d"),
        ({"days": 729}, "729d"),
        ({"days": 730}, "2y"),
        ({"days": 740}, "2y10d"),
        ({"days": 8 * 365}, "8y"),
        ({"seconds": -3600}, "0s"),
    ],
)
def test_ages_are_told_as_kubectl_does(age: dict[str, int], shown: str) -> None:
    assert ago(**age) == shown


def test_times_are_read_in_every_form_of_rfc_3339_and_without_an_offset() -> None:
    assert age_text("2026-11-22T07:55:00.123456789+01:00", NOW) == "4m59s"
    assert age_text("2026-11-22T06:55:00Z", NOW) == "5m"
    assert age_text("2026-11-22T06:55:00", NOW) == "5m"
    assert [age_text(unknown, NOW) for unknown in ("", "yesterday")] == ["-", "-"]


def test_a_row_says_what_is_there() -> None:
    everything = ListedObject(
        key=samples.secret("db"),
        type="Opaque",
        immutable=True,
        data_keys=("dsn", "password"),
        created="2026-11-22T06:55:00Z",
        consumers=(samples.secret("a"), samples.secret("b")),
    )
    assert cells(everything) == [
        "Secret/shop/db",
        "Opaque",
        "yes",
        "dsn, password",
        "5m",
        "Secret/shop/a, Secret/shop/b",
    ]
    assert cells(ListedObject(key=samples.NAMESPACE)) == ["Namespace/shop", *["-"] * 5]


def test_columns_are_aligned() -> None:
    header, *rows = table(*EXAMPLE.objects)
    for column in COLUMNS[1:]:
        start = header.index(column)
        assert {row[start - 2 : start] for row in rows} == {"  "}
        assert all(row[start] != " " for row in rows)


def test_keys_that_do_not_fit_are_counted() -> None:
    keys = tuple(f"key-{number:02}" for number in range(30))
    shown = cells(ListedObject(key=samples.secret("a"), data_keys=keys))[3]
    assert shown == "key-00, key-01, key-02, key-03, key-04, +25 more"


@given(st.text(min_size=1, max_size=120))
def test_no_escape_is_cut_in_two(found: str) -> None:
    shown = cells(ListedObject(key=samples.secret("a"), type=found))[1]
    assert len(shown) <= 40
    if "…" in shown:
        beginning, _, end = shown.rpartition("…")
        assert end in {"", '"'}
        assert re.fullmatch(r'"?(\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\[nrtbf\\"]|[^\\]|\\)*', beginning)
        assert not re.search(r"(?<!\\)\\(u[0-9a-f]{0,3}|U[0-9a-f]{0,7})$", beginning)


@pytest.mark.parametrize(
    ("found", "cell"),
    [
        ("a  yes  b", '"a  yes  b"'),
        ("a, b", '"a, b"'),
        ('"a"', r'"\"a\""'),
        ("-", '"-"'),
        ("a-b", "a-b"),
        ("a\nb", r"a\nb"),
        ("\x1b" * 30, r"\u001b" * 6 + "…"),
    ],
)
def test_a_cell_cannot_pass_for_others(found: str, cell: str) -> None:
    assert cells(ListedObject(key=samples.secret("a"), type=found))[1] == cell


def test_names_are_never_cut() -> None:
    key = samples.secret("x" * 200)
    _, row = table(ListedObject(key=key))
    assert row.split(" ")[0] == str(key)


def test_colour_changes_nothing_but_colour() -> None:
    for one in LISTINGS.values():
        plain = text.listing(one, now=NOW, colour=False)
        coloured = text.listing(one, now=NOW, colour=True)
        assert "\x1b" in coloured
        assert click.unstyle(coloured) == plain


def test_json_has_times_and_no_ages() -> None:
    document = json.listing(EXAMPLE)
    assert '"created": "2026-11-22T03:48:00Z"' in document
    assert "3h12m" not in document
