"""What a set keeps in the service: its record, its lock and its inventory."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler import workflow
from reconciler.errors import (
    ConfigError,
    LockLost,
    ObjectNotFound,
    StalePlan,
    StoreDamaged,
    StoreLocked,
)
from reconciler.model.consumers import Consumer
from reconciler.model.objects import ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from reconciler.model.store import Scope
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from reconciler.stores.sae.pace import Patience
from reconciler.stores.sae.places import place_of
from tests.standins.sae import CUT_BEFORE, NAMESPACE_KEYS, REGION, Standin
from tests.stores.words import Words
from tests.unit.stores.sae.conftest import Region, actions, failures
from tests.world import held, secret

MANY = tuple(secret(f"s{number}", {key: f"{key}{number}" for key in "abc"}) for number in range(90))
ONE = secret("one", {"a": "1"})


def shards(standin: Standin, namespace_id: str = REGION) -> list[str]:
    return [name for name in standin.namespaces[namespace_id] if name.startswith("reconciler_i_")]


def test_n_secrets_cost_a_list_and_n_calls(region: Region) -> None:
    region.settle(*MANY)
    region.standin.put("of-others", {"a": "MQ=="})
    start = len(region.standin.calls)
    store = region.open()
    planned = region.planned(*MANY, store=store, options=PlanOptions())
    own = 1 + len(shards(region.standin))
    made = region.standin.actions()[start:]
    assert made.count("ListSecrets") == 1
    assert made.count("DescribeSecret") == len(MANY) + own
    assert len(made) == 1 + len(MANY) + own
    assert planned.plan.pending == ()
    start = len(region.standin.calls)
    region.planned(*MANY, store=store, options=PlanOptions())
    assert region.standin.actions()[start:] == ["ListSecrets"], "nothing is asked twice"


def test_the_inventory_is_spread_over_small_secrets(region: Region) -> None:
    region.settle(*MANY)
    found = shards(region.standin)
    assert len(found) > 1
    for name in found:
        kept = region.standin.secret(name)
        assert kept is not None
        assert len(next(iter(kept.data.values()))) < 5_000
    region.settle()
    assert shards(region.standin) == [], "an empty part is dropped"
    assert region.standin.names() == set()


def test_many_changes_share_the_writes_of_the_inventory(region: Region) -> None:
    region.standin.latency = 0.01
    region.settle(*MANY[:40])
    written = [
        call
        for call in region.standin.calls
        if "reconciler_i_" in call.parameters.get("SecretName", "") or call.action == "UpdateSecret"
    ]
    assert len(written) < 40, "fewer than one for each Secret"


def test_values_are_not_in_the_inventory(region: Region) -> None:
    region.settle(secret("one", {"a": "canary-8c1d77"}))
    for name, kept in region.standin.namespaces[REGION].items():
        if name != "one":
            for text in kept.data.values():
                assert b"canary" not in base64.b64decode(text)


def test_namespaces_are_mapped_and_found_again(region: Region) -> None:
    mapped = secret("two", {"a": "1"}, home="frontend")
    region.standin.namespaces[f"{REGION}:prod"] = {}
    options = {"sae-namespaces": "frontend=prod"}
    ended = region.apply(ONE, mapped, store=region.open(**options))
    assert failures(ended) == []
    assert region.standin.names(f"{REGION}:prod") == {"two"}
    # No manifest names the namespace any more; the record does.
    store = region.open(**options)
    plan = region.planned(ONE, store=store).plan
    assert actions(plan) == {"two": Action.DELETE}
    assert [change.key.namespace for change in plan.pending] == ["frontend"]
    region.apply(ONE, store=store)
    assert region.standin.namespaces[f"{REGION}:prod"] == {}


def test_a_namespace_that_is_not_there_is_told_before_anything_is_written(region: Region) -> None:
    lost = secret("two", {"a": "1"}, home="nowhere")
    plan = region.plan(ONE, lost)
    assert "namespace-missing" in {note.code for note in plan.notices}
    assert any("nowhere" in note.message for note in plan.notices)
    with pytest.raises(ObjectNotFound, match=f"{REGION}:nowhere"):
        region.apply(ONE, lost)
    assert region.standin.namespaces[REGION] == {}


def test_a_home_elsewhere(region: Region) -> None:
    store = region.open(**{"set-namespace": "shop"})
    region.apply(ONE, store=store)
    own = region.standin.namespaces[f"{REGION}:shop"]
    assert sorted(name[:13] for name in own) == ["reconciler_h_", "reconciler_s_"]
    with pytest.raises(ObjectNotFound, match="nowhere"):
        held(region.open(**{"set-namespace": "nowhere"}))


def test_applications_that_use_a_secret_are_its_consumers(region: Region) -> None:
    region.settle(ONE)
    kept = region.standin.secret("one")
    assert kept is not None
    kept.apps.append("storefront")
    snapshot = region.open().read(Scope("default", frozenset([ONE.key])))
    assert snapshot.consumers == (Consumer("Application", "default", "storefront", ONE.key),)
    plan = region.plan(options=PlanOptions(prune=True, allow_empty=True))
    assert actions(plan) == {"one": Action.DELETE}
    (refusal,) = plan.refusals
    assert "storefront" in refusal.message


def test_of_two_applies_one_is_kept_out(region: Region) -> None:
    region.standin.latency = 0.02
    outcomes: list[object] = []
    ready = threading.Barrier(2)

    def apply(*desired: object) -> None:
        ready.wait()
        try:
            outcomes.append(region.apply(*desired))  # type: ignore[arg-type]
        except (StoreLocked, StalePlan) as kept_out:
            outcomes.append(kept_out)

    other = replace(ONE, data={"a": SecretValue(b"2")})
    threads = [threading.Thread(target=apply, args=(one,)) for one in (ONE, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, StoreLocked | StalePlan) for outcome in outcomes) == 1
    assert region.standin.names() == {"one"}
    own = [name[:13] for name in region.standin.namespaces[REGION] if name != "one"]
    assert sorted(own) == ["reconciler_h_", "reconciler_i_", "reconciler_s_"]


def test_a_lock_that_expired_is_taken_over_and_its_holder_writes_no_more(
    region: Region,
) -> None:
    first, second = region.open(), region.open()
    session = held(first, holder="anna", seconds=60)
    live = session.create(ONE, Words.mark(("data", "a")))
    with pytest.raises(StoreLocked, match="anna"):
        held(second, holder="ben", seconds=60)
    session.renew(-1)
    held(second, holder="ben", seconds=60)
    with pytest.raises(LockLost):
        session.create(secret("two", {"a": "1"}), Words.mark(("data", "a")))
    with pytest.raises(StoreLocked, match="ben"):
        held(first, holder="anna", seconds=60)
    assert second.read(Scope("default", frozenset())).objects == {live.key: live}


def test_what_a_killed_apply_has_created_is_its_sets(region: Region, no_patience: None) -> None:
    del no_patience
    created: list[str] = []

    def strike(call: object) -> object:
        name = getattr(call, "parameters", {}).get("SecretName", "")
        if created:
            return CUT_BEFORE
        if name == "one":
            created.append(name)
        return None

    region.standin.strike = strike  # type: ignore[assignment]
    assert failures(region.apply(ONE))
    region.standin.strike = lambda _: None
    assert region.standin.names() == {"one"}
    plan = region.plan(ONE, options=PlanOptions())
    assert plan.refusals == ()
    assert actions(plan) == {"one": Action.UPDATE}
    # What somebody else has put there in the meantime is theirs.
    region.standin.put("one", {"a": "dGhlaXJz"})
    plan = region.plan(ONE, options=PlanOptions())
    assert [refusal.guard for refusal in plan.refusals] == ["adopt"]


@pytest.mark.parametrize("prefix", ["reconciler_s_", "reconciler_i_"])
@pytest.mark.parametrize("damage", [{"x": "y"}, {"reconciler": "!"}, {"inventory": "bm8="}])
def test_what_somebody_has_changed_is_told_as_damage(
    region: Region, prefix: str, damage: dict[str, str]
) -> None:
    region.settle(ONE)
    (name,) = (name for name in region.standin.namespaces[REGION] if name.startswith(prefix))
    region.standin.put(name, damage)
    with pytest.raises(StoreDamaged, match="is not as it was"):
        region.plan(ONE)


def test_an_apply_whose_lock_was_broken_writes_no_inventory(region: Region) -> None:
    another = region.open()
    manager = region.open().session("default", "anna", 60)
    session = manager.__enter__()
    session.create(ONE, Words.mark(("data", "a")))
    lock = another.read_lock("default")
    assert lock is not None
    another.break_lock(lock)
    with pytest.raises(LockLost, match="nobody"):
        session.renew(60)
    held(another, holder="ben", seconds=60)
    with pytest.raises(LockLost, match="ben"):
        session.renew(60)
    with pytest.raises(LockLost):
        session.create(secret("two", {"a": "1"}), Words.mark(("data", "a")))
    manager.__exit__(None, None, None)
    left = another.read_lock("default")
    assert left is not None
    assert left.holder == "ben"


def test_the_keys_of_namespaces_are_never_asked_for(region: Region) -> None:
    region.settle(ONE, secret("two", {"a": "1"}, home="shop"))
    assert "DescribeNamespaces" not in region.standin.actions()
    assert NAMESPACE_KEYS


def test_calls_keep_to_their_pace(region: Region) -> None:
    slept: list[float] = []
    region.patience = Patience(monotonic=lambda: sum(slept), sleep=slept.append)
    store = region.open(qps="50")
    for _ in range(11):
        store.read(Scope("default", frozenset()))
    assert sum(slept) == pytest.approx(10 / 50)


def test_an_expired_lock_is_never_extended(region: Region) -> None:
    store = region.open()
    held(store, holder="anna", seconds=0)
    before = {kept.id for kept in region.standin.namespaces[REGION].values()}
    held(store, holder="anna", seconds=60)
    (name,) = (name for name in region.standin.namespaces[REGION] if "_l_" in name)
    assert region.standin.namespaces[REGION][name].id not in before


@pytest.mark.parametrize(
    ("url", "options", "text"),
    [
        ("sae:", {}, "no region"),
        ("sae://", {}, "no region"),
        ("sae://Beijing", {}, "no region"),
        ("sae://cn-test/x", {}, "no region"),
        ("sae://cn-test?endpiont=x", {}, "a parameter"),
        ("sae://cn-test?endpoint=a b", {}, "no endpoint"),
        ("sae://cn-test?endpoint=ftp://a", {}, "no endpoint"),
        ("sae://cn-test?endpoint=http://sae.example.com", {}, "in clear"),
        ("sae://cn-test?names=any", {}, "strict or hyphens"),
        ("sae://cn-test", {"sae-namespaces": "shop"}, "does not map"),
        ("sae://cn-test", {"sae-namespaces": "shop=cn-other:a"}, "does not map"),
        ("sae://cn-test", {"sae-namespaces": "a=x,b=x"}, "mapped already"),
        ("sae://cn-test", {"sae-namespaces": "default=a", "set-namespace": "a"}, "would both be"),
        ("sae://cn-test", {"qps": "0"}, "--qps"),
        ("sae://cn-test", {"qps": "many"}, "--qps"),
        ("sae://cn-test", {"qps": "nan"}, "--qps"),
    ],
)
def test_settings_that_cannot_be_used(url: str, options: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url, {}, options=options)
    assert text in caught.value.message


def test_namespaces_go_there_and_back() -> None:
    place = place_of("sae://cn-test", "shop=cn-test:prod, web=cn-test")
    for name, namespace_id in (("shop", "cn-test:prod"), ("web", "cn-test"), ("a", "cn-test:a")):
        assert place.namespace_id(name) == namespace_id
        assert place.namespace(namespace_id) == name
    plain = place_of("sae://cn-test")
    assert (plain.namespace_id("default"), plain.namespace("cn-test")) == ("cn-test", "default")


def test_the_environments_key_stands_in_for_the_sets(region: Region) -> None:
    key = "a key of the tests, and of nobody else"
    environ = {**region.standin.environ, "RECONCILER_FINGERPRINT_KEY": key}
    store = open_store(region.standin.url, environ)
    region.apply(ONE, store=store)
    assert region.planned(ONE, store=store).snapshot.fingerprint_key == key.encode()
    again = open_store(region.standin.url, environ)
    assert actions(region.planned(ONE, store=again).plan) == {}
    assert actions(region.plan(ONE)) == {"one": Action.UPDATE}, "the record is of another key"


def test_a_read_writes_nothing(region: Region) -> None:
    region.settle(ONE)
    start = len(region.standin.calls)
    workflow.read((ONE,), region.open(), PlanOptions(prune=True))
    assert set(region.standin.actions()[start:]) <= {"ListSecrets", "DescribeSecret"}


def test_what_vanished_is_told(region: Region, figures: Callable[[str], None]) -> None:
    del figures
    region.settle(ONE)
    region.standin.drop("one")
    snapshot = region.open().read(Scope("default", frozenset()))
    assert snapshot.vanished == {ObjectKey("Secret", "default", "one")}
    region.settle(ONE)
