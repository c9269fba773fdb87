"""Connections that are cut, before or after what was asked for has happened."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from reconciler.errors import StoreError, StoreLocked
from reconciler.model.objects import Desired
from reconciler.stores.sae.pace import Patience
from tests.standins.sae import CUT_AFTER, CUT_BEFORE, Call, Standin, Strike
from tests.unit.stores.sae.conftest import Region, failures
from tests.world import secret

EVERY = int(os.environ.get("CUTS_EVERY", "4"))
"""Each so many-th call is cut; 1 takes minutes, and each of them has passed."""

REGISTRY = {".dockerconfigjson": '{"auths": {}}'}
BEFORE = (
    secret("changed", {"a": "1", "gone": "2"}),
    secret("replaced", {"a": "1"}),
    secret("pruned", {"a": "1"}),
)
AFTER = (
    secret("changed", {"a": "two"}),
    secret("replaced", REGISTRY, type="kubernetes.io/dockerconfigjson"),
    secret("created", {"a": "1"}),
    secret("elsewhere", {"a": "1"}, home="shop"),
)
WANTED = {
    "changed": {"a": "two"},
    "replaced": REGISTRY,
    "created": {"a": "1"},
}


@pytest.fixture(autouse=True)
def quick(region: Region) -> None:
    region.patience = Patience(first_delay=0.0)


def data(standin: Standin) -> dict[str, dict[str, str]]:
    found = {name: standin.secret(name) for name in standin.names()}
    return {
        name: {key: base64.b64decode(text).decode() for key, text in kept.data.items()}
        for name, kept in found.items()
        if kept is not None
    }


def applied(region: Region, *desired: Desired) -> bool:
    """Apply; whether all went well."""
    with suppress(StoreError):
        return not failures(region.apply(*desired, parallelism=1))
    return False


def converged(region: Region) -> None:
    region.standin.strike = lambda _: None
    for lock in [name for name in region.standin.namespaces["cn-test"] if "_l_" in name]:
        region.standin.drop(lock)  # that of an apply that could not give it back expires by itself
    region.settle(*AFTER)
    assert data(region.standin) == WANTED
    assert region.standin.names("cn-test:shop") == {"elsewhere"}
    own = Counter(
        name[:13] for name in region.standin.namespaces["cn-test"] if "reconciler_" in name
    )
    kinds = ("reconciler_s_", "reconciler_i_", "reconciler_h_")
    assert own == dict.fromkeys(kinds, 1), "nothing twice, and nothing left"


def calls_of_an_apply(region: Region) -> int:
    region.settle(*BEFORE)
    start = len(region.standin.calls)
    assert applied(region, *AFTER)
    count = len(region.standin.calls) - start
    region.apply(*BEFORE)
    return count


def struck_at(
    number: int, start: int, strike: Strike, *, lasting: bool
) -> Callable[[Call], Strike | None]:
    def befalls(call: Call) -> Strike | None:
        at = call.number - start
        return strike if at == number or (lasting and at > number) else None

    return befalls


@pytest.mark.parametrize(("strike", "merges"), [(CUT_BEFORE, True), (CUT_AFTER, False)])
def test_a_single_cut_anywhere_is_made_good(
    region: Region, strike: Strike, figures: Callable[[str], None], *, merges: bool
) -> None:
    region.standin.merges = merges
    count = calls_of_an_apply(region)
    well = 0
    for number in range(count % EVERY, count, EVERY):
        region.apply(*BEFORE)
        start = len(region.standin.calls)
        region.standin.strike = struck_at(number, start, strike, lasting=False)
        well += applied(region, *AFTER)
        converged(region)
    tried = len(range(count % EVERY, count, EVERY))
    figures(f"{tried} cuts, of which {well} were made good by the apply itself")
    assert well > tried * 3 // 4


@pytest.mark.parametrize(("strike", "merges"), [(CUT_BEFORE, False), (CUT_AFTER, True)])
def test_a_service_that_stays_away_is_caught_up_with(
    region: Region, strike: Strike, no_patience: None, *, merges: bool
) -> None:
    del no_patience
    region.standin.merges = merges
    count = calls_of_an_apply(region)
    bad = 0
    for number in range(count % EVERY, count, EVERY):
        region.apply(*BEFORE)
        start = len(region.standin.calls)
        region.standin.strike = struck_at(number, start, strike, lasting=True)
        bad += not applied(region, *AFTER)
        converged(region)
    assert bad > count // EVERY // 2


def test_a_lock_whose_taking_was_not_answered_is_taken(region: Region) -> None:
    store = region.open()
    with store.session("default", "first", 600):
        pass
    befalls = [CUT_AFTER]
    region.standin.strike = lambda call: (
        befalls.pop() if call.action == "CreateSecret" and befalls else None
    )
    with (
        store.session("default", "anna", 600),
        pytest.raises(StoreLocked, match="anna"),
        region.open().session("default", "ben", 600),
    ):
        pytest.fail("two have the lock")
    with region.open().session("default", "ben", 600):
        pass
