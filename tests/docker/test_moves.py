"""Objects leave a set or move to another one, whatever request fails on the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler import workflow
from reconciler.errors import ReconcilerError
from reconciler.model.objects import Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from tests.docker.conftest import IN_HAND, Swarm
from tests.docker.test_faults import BEFORE, LATE, SHOP, at, unlocked
from tests.world import Killed, wrapped

MOVE = replace(IN_HAND, set_name="new", adopt_from="default", prune=False)
RELEASE = PlanOptions(release=True)
NAMES = {"shop.password", "shop.user", "shop.token", "plain", "whole"}
CHANGED = (replace(SHOP, data=wrapped({"password": "two", "user": "me"})), *BEFORE[1:])


def moments_of(swarm: Swarm, desired: Sequence[Desired], options: PlanOptions) -> int:
    moments: list[str] = []
    prepared(swarm)
    swarm.strike = moments.append
    swarm.apply(desired, options)
    swarm.strike = None
    return len(moments)


def prepared(swarm: Swarm) -> None:
    swarm.engine.empty()
    swarm.applied(BEFORE)


def members(swarm: Swarm, set_name: str) -> set[str]:
    options = PlanOptions(set_name=set_name)
    with swarm.opened() as store:
        snapshot = workflow.read((), store, options)
    assert not snapshot.copies
    return {key.name for key in snapshot.objects}


@pytest.mark.parametrize("fault", [LATE, Killed()], ids=["away", "killed"])
def test_a_release_that_fails_anywhere_is_ended_by_the_next_one(
    swarm: Swarm, fault: BaseException
) -> None:
    for number in range(moments_of(swarm, (), RELEASE)):
        prepared(swarm)
        ids = {name: one["ID"] for name, one in swarm.engine.secrets().items()}
        swarm.strike = at(number, fault)
        with suppress(Killed, ReconcilerError):
            swarm.apply((), RELEASE)
        swarm.strike = None
        unlocked(swarm)
        swarm.applied((), RELEASE)
        secrets = swarm.engine.secrets()
        assert {name: one["ID"] for name, one in secrets.items()} == ids
        labels = {name for one in secrets.values() for name in one["Spec"]["Labels"]}
        assert labels == {"tier"}, "what the manifest says stays, and no mark does"
        assert members(swarm, "default") == set()


@pytest.mark.parametrize("desired", [BEFORE, CHANGED], ids=["as it is", "with a replace"])
def test_a_move_that_is_killed_anywhere_is_ended_by_the_next_one(
    swarm: Swarm, desired: Sequence[Desired]
) -> None:
    for number in range(moments_of(swarm, desired, MOVE)):
        prepared(swarm)
        swarm.strike = at(number, Killed())
        with suppress(Killed):
            swarm.apply(desired, MOVE)
        swarm.strike = None
        unlocked(swarm)
        both = members_while_moving(swarm)
        assert not both, "no set may prune what the other one owns"
        swarm.applied(desired, MOVE)
        assert members(swarm, "new") == {"shop", "plain", "whole"}
        assert members(swarm, "default") == set()


def members_while_moving(swarm: Swarm) -> set[str]:
    """What both sets would delete if no manifest named it."""
    deleted = []
    for set_name in ("default", "new"):
        plan = swarm.plan((), replace(IN_HAND, set_name=set_name)).plan
        deleted.append(
            {
                change.key.name
                for change in plan.pending
                if change.action is Action.DELETE and change.precondition
            }
        )
    return deleted[0] & deleted[1]


def test_what_a_service_uses_stays_with_it(swarm: Swarm) -> None:
    """Versions that are left behind and still used are let go as well."""
    prepared(swarm)
    swarm.engine.service("web", "shop.password")
    swarm.applied(CHANGED, replace(IN_HAND, rotate_services=False))
    before = swarm.names()
    assert "shop.password-2" in before
    swarm.applied((), RELEASE)
    assert swarm.names() == before
    assert members(swarm, "default") == set()
    assert [name for name, *_ in swarm.used_by("web")] == ["shop.password"]
