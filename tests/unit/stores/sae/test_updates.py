"""Updates, of which nobody knows whether the service replaces or merges: both are right."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from tests.standins.sae import CUT_BEFORE, Call, Standin, Strike
from tests.unit.stores.sae.conftest import Region, actions, failures, without_data
from tests.world import secret


def raw(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(params=[False, True], ids=["replacing", "merging"])
def standin(request: pytest.FixtureRequest) -> Iterator[Standin]:
    standin = Standin(merges=request.param)
    yield standin
    standin.stop()


ONE = secret("one", {"keep": "1", "change": "2", "drop": "3"})
CHANGED = secret("one", {"keep": "1", "change": "two", "new": "4"})


def data(region: Region, name: str = "one") -> dict[str, str]:
    kept = region.standin.secret(name)
    assert kept is not None
    return {key: base64.b64decode(text).decode() for key, text in kept.data.items()}


def test_an_update_ends_with_what_is_wanted_either_way(region: Region) -> None:
    region.settle(ONE)
    before = region.standin.secret("one")
    region.settle(CHANGED)
    assert data(region) == {"keep": "1", "change": "two", "new": "4"}
    after = region.standin.secret("one")
    assert after is not None
    assert before is not None
    assert (after.id != before.id) is region.standin.merges
    assert len(region.standin.namespaces["cn-test"]) == 4, "record, history, inventory, Secret"


def test_a_secret_that_was_made_anew_is_told_of(region: Region) -> None:
    region.settle(ONE)
    ended = region.apply(CHANGED)
    told = [text for result in ended.results for text in result.warnings]
    assert bool(told) is region.standin.merges
    assert all("deleted and created anew" in text for text in told)


def test_what_others_added_is_kept_in_its_spelling(region: Region) -> None:
    region.settle(ONE)
    kept = region.standin.secret("one")
    assert kept is not None
    region.standin.put("one", {**kept.data, "plain": "no base64!", "unpadded": "YQ"})
    region.settle(CHANGED)
    kept = region.standin.secret("one")
    assert kept is not None
    assert kept.data["plain"] == "no base64!"
    assert kept.data["unpadded"] == "YQ"
    assert "drop" not in kept.data


def test_a_secret_that_applications_use_is_not_made_anew(region: Region) -> None:
    region.settle(ONE)
    kept = region.standin.secret("one")
    assert kept is not None
    kept.apps.append("storefront")
    ended = region.apply(CHANGED)
    if not region.standin.merges:
        assert failures(ended) == []
        return
    (message,) = failures(ended)
    assert "drop could not be removed" in message
    assert "storefront" in message
    assert data(region) == {"keep": "1", "change": "two", "new": "4", "drop": "3"}
    assert region.standin.secret("one") is kept
    # The key is the set's still, and goes when nobody uses the Secret any more.
    kept.apps.clear()
    assert actions(region.plan(CHANGED)) == {"one": Action.UPDATE}
    region.settle(CHANGED)
    assert data(region) == {"keep": "1", "change": "two", "new": "4"}


@pytest.mark.parametrize("which", ["CreateSecret", "DeleteSecret"])
def test_a_making_anew_that_fails_on_the_way_is_taken_up_again(
    region: Region, no_patience: None, which: str
) -> None:
    del no_patience
    region.settle(ONE)
    before = region.standin.secret("one")
    assert before is not None
    seen: list[str] = []

    def strike(call: Call) -> Strike | None:
        name = call.parameters.get("SecretName", call.parameters.get("SecretId", ""))
        seen.append(f"{call.action} {name}")
        is_it = call.action == which and name in {"one", str(before.id)}
        return CUT_BEFORE if is_it and region.standin.merges else None

    region.standin.strike = strike
    ended = region.apply(CHANGED)
    region.standin.strike = lambda _: None
    assert bool(failures(ended)) is region.standin.merges, seen
    if region.standin.merges and which == "CreateSecret":
        assert "a copy is kept" in failures(ended)[0]
        assert region.standin.secret("one") is None
    region.settle(CHANGED)
    assert data(region) == {"keep": "1", "change": "two", "new": "4"}
    assert len(region.standin.namespaces["cn-test"]) == 4


def test_a_change_of_type_replaces_and_keeps_a_copy_meanwhile(
    region: Region, no_patience: None
) -> None:
    del no_patience
    region.settle(ONE, secret("two", {"a": "1"}))
    settings = {".dockerconfigjson": '{"auths": {}}'}
    typed = secret("one", settings, type="kubernetes.io/dockerconfigjson")
    kinds = {"CreateSecret"}
    region.standin.strike = lambda call: (
        Strike(status=400, code="QuotaExceeded.SecretDataKey")
        if call.action in kinds and call.parameters["SecretType"] != "Opaque"
        else None
    )
    two = secret("two", {"a": "1"})
    ended = region.apply(typed, two)
    assert "the old object was put back" in failures(ended)[0]
    assert data(region) == {"keep": "1", "change": "2", "drop": "3"}
    region.settled(ONE, two)
    region.standin.strike = lambda call: (
        CUT_BEFORE
        if call.action in kinds and not call.parameters["SecretName"].startswith("reconciler_")
        else None
    )
    ended = region.apply(typed, two)
    assert "the store keeps a copy of it" in failures(ended)[0]
    assert region.standin.secret("one") is None
    region.standin.strike = lambda _: None
    plan = region.plan(typed, two)
    assert actions(plan) == {"one": Action.CREATE}
    region.settle(typed, two)
    kept = region.standin.secret("one")
    assert kept is not None
    assert kept.type == "kubernetes.io/dockerconfigjson"


def test_an_immutable_secret_is_replaced_and_not_updated(region: Region) -> None:
    sealed = replace(ONE, immutable=True)
    region.settle(sealed)
    options = PlanOptions()
    plan = region.plan(replace(CHANGED, immutable=True), options=options)
    assert actions(plan) == {"one": Action.REPLACE}
    assert plan.refusals
    region.settle(replace(CHANGED, immutable=True))
    assert data(region) == {"keep": "1", "change": "two", "new": "4"}


def test_what_somebody_writes_in_between_is_told(region: Region) -> None:
    region.settle(ONE)
    store = region.open()
    region.standin.strike = lambda call: _meddle(region, call)
    ended = region.apply(CHANGED, store=store)
    assert "gives other data back" in failures(ended)[0]
    region.standin.strike = lambda _: None
    region.settle(CHANGED)
    assert data(region)["change"] == "two"


def _meddle(region: Region, call: Call) -> None:
    """Write what the update writes, and more, just before it is looked at."""
    kept = region.standin.secret("one")
    if kept is not None and call.action == "DescribeSecret":
        about = [
            each.action
            for each in region.standin.calls[-2:]
            if each.parameters.get("SecretId") == str(kept.id)
        ]
        if "UpdateSecret" in about and call.parameters["SecretId"] == str(kept.id):
            region.standin.put("one", {**kept.data, "change": raw("theirs")})


def test_a_removed_key_alone(region: Region) -> None:
    region.settle(ONE)
    region.settle(without_data(ONE, "drop"))
    assert data(region) == {"keep": "1", "change": "2"}


def test_a_secret_that_is_right_already_is_not_written(region: Region) -> None:
    region.settle(ONE)
    kept = region.standin.secret("one")
    assert kept is not None
    region.standin.put("one", {key: kept.data[key] for key in ("keep", "change")})
    calls = len(region.standin.calls)
    region.settle(without_data(ONE, "drop"))
    since = region.standin.calls[calls:]
    assert ("UpdateSecret", str(kept.id)) not in {
        (call.action, call.parameters.get("SecretId")) for call in since
    }
