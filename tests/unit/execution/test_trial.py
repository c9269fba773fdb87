"""Trials: what a store would say, asked without changing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.execution.trial import Trial, TrialResult
from reconciler.model.objects import Desired, Live
from reconciler.model.plans import Action, Precondition
from tests.world import MOMENT, Slow, World, depends_on, namespace, owner, secret, wrapped

A = secret("a", {"k": "v"}, immutable=True)
FINALIZED = replace(A, finalizers=("example.com/hold",))


def tried(world: World, *desired: Desired, store: Any = None) -> TrialResult:
    plan, values, found = world.plan(desired)
    before = world.read(desired)
    result = Trial(
        plan=plan,
        values=values,
        before=found.objects,
        store=store or world.store,
        capabilities=world.store.capabilities,
        fingerprinter=world.fingerprinter,
        parallelism=2,
        moment=MOMENT,
    ).run()
    assert world.read(desired) == before
    return result


@pytest.mark.parametrize(
    ("before", "wanted", "action", "refused"),
    [
        (None, A, Action.CREATE, ""),
        (None, replace(A, type="kubernetes.io/tls"), Action.CREATE, "tls.crt"),
        (replace(A, labels={"a": "b"}), A, Action.UPDATE, ""),
        (A, replace(A, labels={"a": "no spaces"}), Action.UPDATE, "labels"),
        (A, replace(A, data=wrapped({"k": "w"})), Action.REPLACE, ""),
        (A, replace(A, type="kubernetes.io/tls"), Action.REPLACE, "tls.crt"),
        (A, None, Action.DELETE, ""),
        (FINALIZED, None, Action.DELETE, "finalizers"),
    ],
)
def test_a_trial_says_what_the_store_says(
    world: World, before: Any, wanted: Any, action: Action, refused: str
) -> None:
    if before:
        world.apply([before])
    result = tried(world, *([wanted] if wanted else []))
    assert result.untried == ()
    assert [change.action for change, _ in result.refused] == [action] * bool(refused)
    assert all(refused in error.message for _, error in result.refused)


def test_what_waits_for_another_is_not_tried(world: World) -> None:
    shop = namespace("shop")
    inside = secret("b", home="shop")
    owned = secret("c", owners=(owner(A),))
    result = tried(world, shop, inside, A, owned, secret("d", annotations=depends_on(shop)))
    assert {key.name for key in result.untried} == {"b", "c", "d"}
    assert result.refused == ()


def test_deletes_wait_for_nothing_in_a_trial(world: World) -> None:
    shop, inside = namespace("shop"), secret("b", {"k": "v"}, home="shop")
    world.apply([shop, inside])
    assert tried(world) == TrialResult((), ())


def test_dropping_a_kept_copy_is_nothing_to_try(world: World) -> None:
    world.apply([A])
    live = world.get(A)
    assert live is not None
    world.hand.delete(A.key, Precondition(live.uid, live.resource_version), keep_copy=True)
    assert tried(world) == TrialResult((), ())
    assert world.look(A.key).copies


def _admitted(live: Live) -> Live:
    labels = {**live.labels, "injected": "yes"}
    return replace(live, labels=labels, warnings=("odd", "odd", "not-a-secret-value is odd"))


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.REPLACE])
def test_what_a_store_would_make_of_an_object_is_noted(world: World, action: Action) -> None:
    wanted = secret("a", {"k": "not-a-secret-value"}, type="example.com/a")
    if action is Action.UPDATE:
        world.apply([replace(wanted, labels={"a": "b"})])
    elif action is Action.REPLACE:
        world.apply([replace(wanted, type="example.com/b")])
    result = tried(world, wanted, store=Slow(world.store, altered=_admitted))
    assert result.refused == ()
    notes = result.notes[wanted.key]
    assert [note.code for note in notes] == ["store-warns", "store-warns", "store-alters"]
    assert notes[0].message == "the store warns: odd"
    assert "withheld" in notes[1].message
    assert notes[2].message == (
        "the store would add metadata.labels[injected], which it is not sent"
    )


def test_who_does_as_told_is_noted_in_nothing(world: World) -> None:
    world.apply([A, secret("b", {"k": "v"})])
    wanted = [replace(A, data=wrapped({"k": "w"})), secret("b", {"k": "w"}), secret("c")]
    assert tried(world, *wanted).notes == {}
