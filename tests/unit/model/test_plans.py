from __future__ import annotations

from reconciler.model.objects import ObjectKey
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.model.plans import Action, Change, Plan, StoreIdentity

STORE = StoreIdentity("sqlite", "one", "here")


def test_pending_changes_and_counts_leave_out_nothing_but_what_is_in_sync() -> None:
    actions = [Action.NO_OP, Action.CREATE, Action.NO_OP, Action.DELETE]
    changes = tuple(
        Change(key=ObjectKey("Secret", "n", str(number)), action=action)
        for number, action in enumerate(actions)
    )
    plan = Plan(store=STORE, options=PlanOptions(), changes=changes)
    assert plan.pending == (changes[1], changes[3])
    assert plan.counts == {Action.NO_OP: 2, Action.CREATE: 1, Action.DELETE: 1}


def test_a_store_is_the_same_wherever_it_is() -> None:
    assert (
        StoreIdentity("sqlite", "one", "there") == STORE != StoreIdentity("sqlite", "two", "here")
    )


def test_keys_and_limits_read_as_they_are_written() -> None:
    assert str(ObjectKey("Secret", "shop", "a")) == "Secret/shop/a"
    assert str(ObjectKey("Namespace", "", "shop")) == "Namespace/shop"
    assert [str(DeleteLimit(3, percent=flag)) for flag in (True, False)] == ["3%", "3"]
