"""Objects leave a set or move to another one, with connections cut anywhere on the way."""

from __future__ import annotations

import base64
import random
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.errors import StoreError
from reconciler.model.events import Outcome
from reconciler.model.objects import Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from tests.standins.sae import CUT_AFTER, CUT_BEFORE, Standin, Strike
from tests.unit.stores.sae.conftest import Region
from tests.unit.stores.sae.test_cuts import EVERY, REGISTRY, struck_at
from tests.world import IN_HAND, secret

BEFORE = (secret("same", {"a": "1"}), secret("changed", {"a": "1", "gone": "2"}))
AFTER = (BEFORE[0], secret("changed", {"a": "two"}))
MADE_ANEW = (BEFORE[0], secret("changed", REGISTRY, type="kubernetes.io/dockerconfigjson"))
MOVE = replace(IN_HAND, set_name="new", adopt_from="default", adopt=False, prune=False)
RELEASE = PlanOptions(release=True)

pytestmark = pytest.mark.usefixtures("no_patience")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


def begun(standin: Standin) -> Region:
    """A service that holds `BEFORE`, of the set `default`, and nothing else."""
    standin.strike = lambda _: None
    for name in list(standin.namespaces["cn-test"]):
        standin.drop(name)
    region = Region(standin)
    region.settle(*BEFORE)
    return region


def done(region: Region, *desired: Desired, options: PlanOptions) -> bool:
    with suppress(StoreError):
        ended = region.apply(*desired, options=options, parallelism=1)
        return ended.count(Outcome.APPLIED) == len(ended.results)
    return False


def unstruck(region: Region) -> None:
    region.standin.strike = lambda _: None
    for lock in [name for name in region.standin.namespaces["cn-test"] if "_l_" in name]:
        region.standin.drop(lock)


def claimed(region: Region, set_name: str) -> set[str]:
    """What the set would prune."""
    plan = region.plan(options=replace(IN_HAND, set_name=set_name))
    return {
        change.key.name
        for change in plan.pending
        if change.action is Action.DELETE and change.precondition
    }


def calls_of(standin: Standin, *desired: Desired, options: PlanOptions) -> int:
    region = begun(standin)
    start = len(standin.calls)
    assert done(region, *desired, options=options)
    return len(standin.calls) - start


@pytest.mark.parametrize(("strike", "merges"), [(CUT_BEFORE, True), (CUT_AFTER, False)])
@pytest.mark.parametrize("desired", [BEFORE, AFTER, MADE_ANEW], ids=["same", "update", "replace"])
def test_a_move_that_is_cut_anywhere_is_ended_by_the_next_one(
    standin: Standin, desired: tuple[Desired, ...], strike: Strike, *, merges: bool
) -> None:
    standin.merges = merges
    count = calls_of(standin, *desired, options=MOVE)
    for number in range(count % EVERY, count, EVERY):
        region = begun(standin)
        standin.strike = struck_at(number, len(standin.calls), strike, lasting=True)
        done(region, *desired, options=MOVE)
        unstruck(region)
        assert not claimed(region, "default") & claimed(region, "new"), number
        assert done(region, *desired, options=MOVE), number
        assert not region.plan(*desired, options=MOVE).pending
        assert claimed(region, "new") == {"same", "changed"}
        assert claimed(region, "default") == set()
        assert standin.names() == {"same", "changed"}
        assert not any("_c_" in name for name in standin.namespaces["cn-test"]), "no copy is left"
        for wanted in desired:
            kept = standin.secret(wanted.name)
            assert kept is not None
            found = {key: base64.b64decode(text) for key, text in kept.data.items()}
            assert found == {key: value.reveal() for key, value in wanted.data.items()}


@pytest.mark.parametrize("strike", [CUT_BEFORE, CUT_AFTER])
def test_a_release_that_is_cut_anywhere_is_ended_by_the_next_one(
    standin: Standin, strike: Strike
) -> None:
    count = calls_of(standin, options=RELEASE)
    for number in range(count):
        region = begun(standin)
        standin.strike = struck_at(number, len(standin.calls), strike, lasting=True)
        done(region, options=RELEASE)
        unstruck(region)
        assert done(region, options=RELEASE), number
        assert not region.plan(options=RELEASE).pending
        assert standin.names() == {"same", "changed"}
        assert claimed(region, "default") == set()


def test_what_another_set_remembers_of_an_object_that_is_gone_is_not_touched(
    standin: Standin,
) -> None:
    region = begun(standin)
    standin.drop("same")
    options = replace(IN_HAND, set_name="new", adopt_from="default")
    assert done(region, BEFORE[0], options=options)
    plan = region.plan(BEFORE[1], options=PlanOptions())
    assert claimed(region, "default") == {"changed"}
    assert plan.pending == ()
