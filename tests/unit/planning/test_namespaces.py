"""Namespaces that objects name and no manifest declares."""

from __future__ import annotations

from reconciler.model.events import Outcome
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from tests.world import World, in_sync, live, namespace, planned, secret, snapshot

SHOP = namespace("shop")
INSIDE = secret("a", home="shop")


def actions(*desired: object, **options: bool) -> dict[str, Action]:
    plan, _ = planned([INSIDE], *desired, create_namespaces=True, **options)  # type: ignore[arg-type]
    assert plan.problems == ()
    return {str(change.key): change.action for change in plan.pending}


def test_a_missing_namespace_is_created_first() -> None:
    assert actions() == {"Namespace/shop": Action.CREATE, "Secret/shop/a": Action.CREATE}
    plan, _ = planned([INSIDE], create_namespaces=True)
    assert [str(step.key) for step in plan.steps] == ["Namespace/shop", "Secret/shop/a"]


def test_a_namespace_of_others_is_neither_adopted_nor_changed() -> None:
    assert actions(snapshot(live(SHOP, None))) == {"Secret/shop/a": Action.CREATE}


def test_a_namespace_that_the_set_has_made_stays() -> None:
    assert actions(snapshot(*in_sync(SHOP, INSIDE)), prune=True) == {}


def test_a_declared_namespace_is_as_it_is_declared() -> None:
    labelled = namespace("shop", labels={"team": "orders"})
    plan, _ = planned([labelled, INSIDE], create_namespaces=True)
    (change, _) = plan.pending
    assert ("metadata", "labels", "team") in [field.path for field in change.fields]


def test_what_was_applied_is_in_sync(world: World) -> None:
    options = PlanOptions(create_namespaces=True, prune=True)
    assert world.apply([INSIDE], options).count(Outcome.APPLIED) == 2
    assert world.plan([INSIDE], options)[0].pending == ()
