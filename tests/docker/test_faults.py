"""Whatever request fails, before or after it was carried out, the next apply ends the work."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.errors import ReconcilerError, StoreUnavailable
from reconciler.model.objects import Desired
from tests.docker.conftest import IN_HAND, Swarm
from tests.world import Killed, secret, wrapped

SHOP = secret("shop", {"password": "one", "user": "me", "token": "t"}, labels={"tier": "a"})
PLAIN = secret("plain", {"only": "one"})
WHOLE = secret("whole", {"a": "1", "b": "2"}, annotations={"reconciler/docker-layout": "json"})
BEFORE = (SHOP, PLAIN, WHOLE)
AFTER = (
    replace(SHOP, data=wrapped({"password": "two", "user": "me", "new": "n"})),
    replace(PLAIN, data=wrapped({"only": "two"})),
    replace(WHOLE, labels={"x": "y"}, data=wrapped({"a": "1", "b": "3"})),
)
ONLY_LABELS = tuple(replace(one, labels={"tier": "b"}) for one in BEFORE)
ANEW = (replace(SHOP, annotations={"reconciler/docker-layout": "env"}), PLAIN)
WAYS = {
    "create": ((), BEFORE),
    "replace": (BEFORE, AFTER),
    "relabel": (BEFORE, ONLY_LABELS),
    "relayout and prune": (BEFORE, ANEW),
}
LATE = StoreUnavailable("the engine is away")


def requests_of(
    swarm: Swarm, before: Sequence[Desired], after: Sequence[Desired], *, shared: bool
) -> int:
    """How many moments there are in which the apply can be struck."""
    moments: list[str] = []
    prepared(swarm, before, shared=shared)
    swarm.strike = moments.append
    swarm.applied(after)
    swarm.strike = None
    return len(moments)


def prepared(swarm: Swarm, before: Sequence[Desired], *, shared: bool = True) -> None:
    """A swarm that holds `before`, whose values are used, and what somebody else added."""
    swarm.engine.empty()
    if before:
        swarm.applied(before)
        swarm.engine.service("web", "plain", "shop.password")
        if shared:
            foreign(swarm)


def foreign(swarm: Swarm) -> None:
    """A key that somebody else has added to a Secret, with the labels that make it a part."""
    one = swarm.engine.secrets()["shop.user"]
    labels = dict(one["Spec"]["Labels"])
    own = json.loads(labels["reconciler.object"])
    more = {"key": "theirs", "keys": ["theirs"], "record": [], "complete": False}
    labels["reconciler.object"] = json.dumps(own | more)
    body = {"Name": "shop.theirs", "Data": "dGhlaXJz", "Labels": labels}
    swarm.engine.call("POST", "/secrets/create", body)


def at(number: int, fault: BaseException) -> Callable[[str], None]:
    moments = itertools.count()

    def strike(_what: str) -> None:
        if next(moments) == number:
            raise fault

    return strike


@pytest.mark.parametrize("fault", [LATE, Killed()], ids=["away", "killed"])
@pytest.mark.parametrize("way", WAYS)
def test_whatever_request_fails_the_next_apply_ends_the_work(
    swarm: Swarm, way: str, fault: BaseException, figures: Callable[[str], None]
) -> None:
    before, after = WAYS[way]
    shared = after is not ANEW  # what nobody has the value of cannot get another layout
    count = requests_of(swarm, before, after, shared=shared)
    # A fault that passes is tried again at once, so that fewer moments differ.
    for number in range(0, count, 1 if isinstance(fault, Killed) else 4):
        prepared(swarm, before, shared=shared)
        theirs = held(swarm)
        swarm.strike = at(number, fault)
        with suppress(Killed, ReconcilerError):
            swarm.apply(after)
        swarm.strike = None
        unlocked(swarm)
        assert held(swarm) == theirs, number
        swarm.applied(after)
        assert held(swarm) == theirs, number
    figures(f"{count} moments")


def held(swarm: Swarm) -> set[str]:
    """The Docker secret of somebody else, by its id: it may be relabelled, and never made anew."""
    return {one["ID"] for name, one in swarm.engine.secrets().items() if name == "shop.theirs"}


def unlocked(swarm: Swarm) -> None:
    """The lock of what was killed expires by itself; nobody waits for that here."""
    for entry in swarm.engine.call("GET", "/configs"):
        spec = entry["Spec"]
        spec["Labels"]["reconciler.lock-until"] = "0"
        version = entry["Version"]["Index"]
        swarm.engine.call("POST", f"/configs/{entry['ID']}/update", spec, version=version)


def test_the_faults_above_are_not_all_retried(swarm: Swarm) -> None:
    """A fault that stays ends the step, and says so."""
    prepared(swarm, BEFORE)

    def strike(what: str) -> None:
        if "/secrets" in what:
            raise LATE

    swarm.strike = strike
    ended = swarm.apply(AFTER, IN_HAND)
    assert {result.message for result in ended.results} == {"the engine is away"}
