"""The digest by which a run of a plan is known again, by later versions too."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.objects import ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    Plan,
    Precondition,
    StoreIdentity,
)
from reconciler.planning.digests import plan_digest

CREATED = Change(
    key=ObjectKey("Secret", "shop", "it's new"),
    action=Action.CREATE,
    fields=(
        FieldChange(("data", "password"), FieldAction.ADDED, None, None),
        FieldChange(("metadata", "labels", 'a"b'), FieldAction.ADDED, None, "x"),
    ),
)
CHANGED = Change(
    key=ObjectKey("Secret", "shop", "old"),
    action=Action.UPDATE,
    fields=(FieldChange(("type",), FieldAction.CHANGED, "a", "b"),),
    precondition=Precondition("uid", "7"),
)
PLAN = Plan(
    store=StoreIdentity("sqlite", "store"),
    options=PlanOptions(set_name="shop"),
    changes=(CREATED, CHANGED),
)


def test_a_digest_is_that_of_earlier_versions() -> None:
    assert plan_digest(PLAN) == "02c58846bd30"


def test_a_digest_tells_what_happens_and_not_with_which_value() -> None:
    (field,) = CHANGED.fields
    other_value = replace(CHANGED, fields=(field._replace(after="c"),))
    assert plan_digest(replace(PLAN, changes=(CREATED, other_value))) == plan_digest(PLAN)
    for other in (
        replace(CHANGED, fields=()),
        replace(CHANGED, fields=(field._replace(action=FieldAction.ADDED),)),
        replace(CHANGED, precondition=Precondition("uid", "8")),
        replace(CHANGED, action=Action.REPLACE),
    ):
        assert plan_digest(replace(PLAN, changes=(CREATED, other))) != plan_digest(PLAN)
