"""A lock on the service that somebody else has written."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import StoreLocked
from reconciler.stores.kit import leases
from tests.standins.sae import REGION
from tests.unit.stores.sae.conftest import Region
from tests.world import held

FORGED = {
    "no key": {},
    "another key": {"x": "y"},
    "no base64": {"reconciler": "!"},
    **{
        name: {"reconciler": base64.b64encode(text.encode()).decode()}
        for name, text in {
            "no JSON": "{",
            "no object": "[]",
            "nothing": "{}",
            "deep": "[" * 100_000,
            "long number": '{"holder": "x", "until": ' + "9" * 4000 + "}",
            "infinite": '{"holder": "x", "since": Infinity, "until": 1e999}',
            "no number": '{"holder": "x", "since": NaN, "until": NaN}',
            "other types": '{"holder": {"a": [1]}, "since": [], "until": true}',
            "year 10000": '{"holder": "x", "since": 0, "until": 253402300800}',
            "surrogate": '{"holder": "\\ud800"}',
        }.items()
    },
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_a_lock_that_cannot_be_understood_is_held_and_can_be_broken(
    region: Region, data: dict[str, str]
) -> None:
    store = region.open()
    held(store, holder="anna")
    (name,) = (name for name in region.standin.namespaces[REGION] if "_l_" in name)
    region.standin.put(name, data)
    another = region.open()
    with pytest.raises(StoreLocked, match="cannot be understood") as caught:
        held(another, holder="ben")
    assert "reconciler unlock --set default --force" in caught.value.hint
    lock = another.read_lock("default")
    assert lock is not None
    another.break_lock(lock)
    held(another, holder="ben")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some, max_size=2) | st.dictionaries(st.text(max_size=3), some),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["holder", "since", "until", "x"]), json_values))
def test_whatever_the_document_holds_is_read(document: dict[str, Any]) -> None:
    lock = leases._lock("shop", 7, json.dumps(document).encode())
    assert lock.refusal().message
    assert lock.until_text
