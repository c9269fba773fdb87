"""What holds of every plan, whatever it is for."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler import planfile
from reconciler.model.drift import FieldState
from reconciler.model.fields import DATA, field_of, owner_key
from reconciler.model.lifecycle import VERSION_OF, lifecycle
from reconciler.model.objects import SECRET, Desired, Live, ObjectKey
from reconciler.model.plans import Action, Plan
from reconciler.model.values import SecretValue
from reconciler.planning.drift import drift as drift_of
from reconciler.planning.references import references_of
from reconciler.views import json, markdown, text
from tests.laws.conftest import NewWorld
from tests.laws.strategies import DATA as DATA_MAPS
from tests.laws.strategies import LABELS, desired_sets, meddlings
from tests.world import (
    FINGERPRINTS,
    IN_HAND,
    World,
    live,
    planned,
    record,
    snapshot,
    stale_lines,
    uid_of,
    wrapped,
)

OPTIONS: dict[str, Any] = {
    field.name: getattr(IN_HAND, field.name) for field in dataclasses.fields(IN_HAND)
}


def as_live(desired: Desired) -> Live:
    """`one` after an apply: named, and with its owners' uids."""
    key = (
        desired.key if desired.name else desired.key._replace(name=f"{desired.generate_name}abcde")
    )
    owners = tuple(
        replace(owner, uid=uid_of(owner_key(owner, desired.namespace))) for owner in desired.owners
    )
    claimed = record(replace(desired, owners=owners))
    steering = lifecycle(desired)
    theirs = [path for path in claimed.fields if path[0] == DATA and steering.ignores(path[1])]
    applied = replace(
        claimed, fields={path: claimed.fields[path] for path in claimed.fields.keys() - {*theirs}}
    )
    return live(replace(desired, key=key, owners=owners), applied, uid=uid_of(key))


@given(desired=desired_sets())
@settings(max_examples=60)
def test_what_is_as_desired_makes_no_change(desired: list[Desired]) -> None:
    plan, values = planned(desired, snapshot(*map(as_live, desired)), **OPTIONS)
    assert plan.pending == plan.steps == plan.refusals == plan.problems == ()
    assert values.numbered == {}


def _shuffled(one: Any, data: st.DataObject) -> Any:
    """The same object with its maps in another order."""
    changed = {
        name: dict(data.draw(st.permutations(list(getattr(one, name).items()))))
        for name in ("labels", "annotations", "data", "settings")
    }
    return replace(one, **changed)


@given(data=st.data(), desired=desired_sets(), before=desired_sets())
@settings(max_examples=60)
def test_no_order_of_the_input_shows_in_a_plan(
    data: st.DataObject, desired: list[Desired], before: list[Desired]
) -> None:
    lives = [as_live(resource) for resource in before]
    first = planned(desired, snapshot(*lives), **OPTIONS)
    other = [_shuffled(one, data) for one in data.draw(st.permutations(desired))]
    others = [_shuffled(one, data) for one in data.draw(st.permutations(lives))]
    second = planned(other, snapshot(*others), **OPTIONS)
    assert first == second
    # Numbers do not count when references are compared, so that plans can be; here they do.
    assert planfile.saved_plan(first[0], (), "", FINGERPRINTS).plan == second[0]
    assert _numbers(first[0]) == _numbers(second[0])


def _numbers(plan: Plan) -> list[Any]:
    return [
        (change.key, field.path, getattr(side, "number", None))
        for change in plan.changes
        for field in change.fields
        for side in (field.before, field.after)
    ]


@given(desired=desired_sets(), before=desired_sets())
@settings(max_examples=100)
def test_what_is_needed_is_made_earlier_and_deleted_later(
    desired: list[Desired], before: list[Desired]
) -> None:
    found = snapshot(*map(as_live, before))
    plan, _ = planned(desired, found, **OPTIONS)
    assume(not plan.problems)
    waves = {step.key: step.wave for step in plan.steps}
    pending = {change.key: change.action for change in plan.pending}
    assert waves.keys() == pending.keys()
    assert set(waves.values()) == set(range(len(set(waves.values()))))
    for step in plan.steps:
        assert all(waves[key] < step.wave for key in step.after)
    for key, needed in _needs(desired, plan):
        if key in waves and needed in waves:
            assert waves[needed] < waves[key]
    deleted = {key for key, action in pending.items() if action is Action.DELETE}
    for key in deleted:
        for reference in references_of(found.objects[key]):
            if reference.target in deleted:
                assert waves[key] < waves[reference.target]
    written = waves.keys() - deleted
    assert all(waves[one] < waves[other] for one in written for other in deleted)


DRIFTED = {FieldState.CHANGED, FieldState.REMOVED, FieldState.ADDED}


@given(desired=desired_sets(), applied=desired_sets(), data=st.data())
@settings(max_examples=150)
def test_a_plan_and_a_drift_check_never_disagree(
    desired: list[Desired], applied: list[Desired], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from([FINGERPRINTS.key, b"another key of 32 bytes, or more"]))
    lives = [data.draw(meddled(as_live(resource))) for resource in applied]
    there = snapshot(*lives, fingerprint_key=key)
    plan, _ = planned(desired, there, **{**OPTIONS, "targets": ()})
    states = {
        drift.key: {field.path: field.state for field in drift.fields}
        for drift in drift_of(desired, there, IN_HAND.set_name).objects
    }
    for change in plan.changes:
        if change.action not in {Action.UPDATE, Action.REPLACE, Action.NO_OP}:
            continue
        told = {field_of(field.path): field.drift for field in change.fields}
        checked = states[change.key]
        assert told == {path: checked.get(path) in DRIFTED for path in told}
        differing = {path for path, state in checked.items() if state in DRIFTED}
        if change.action is Action.NO_OP:
            assert differing <= {*change.kept}


@st.composite
def meddled(draw: st.DrawFn, live: Live) -> Live:
    """What became of a live object, in part."""
    changed: dict[str, Any] = {}
    if draw(st.booleans()):
        changed["labels"] = draw(LABELS)
    if live.kind == SECRET and draw(st.booleans()):
        changed["data"] = wrapped(draw(DATA_MAPS))
    return replace(live, **changed)


VERSION_MARK = ("metadata", "annotations", VERSION_OF)


def _needs(desired: Sequence[Desired], plan: Plan) -> set[tuple[ObjectKey, ObjectKey]]:
    """Who needs whom, by however many others that perhaps do not change."""
    made = {change.key for change in plan.changes}
    # A version has another name than its manifest.
    moved = {
        change.key._replace(name=change.key.name.rpartition("-")[0]): change.key
        for change in plan.changes
        if VERSION_MARK in change.claims
    }
    pairs = {
        (key, moved.get(reference.target, reference.target))
        for resource in desired
        for key in made
        if key == moved.get(resource.key, resource.key)
        or (
            not resource.name
            and key.name.startswith(resource.generate_name)
            and key.namespace == resource.namespace
            and key.kind == resource.kind
        )
        for reference in references_of(resource)
    }
    while True:
        more = {(one, last) for one, middle in pairs for other, last in pairs if other == middle}
        if more <= pairs:
            return pairs
        pairs |= more


PLANTED = "plant3d-cred/ential?"


def _forms(value: str) -> list[str]:
    content = value.encode()
    return [value, base64.b64encode(content).decode(), content.hex()]


@st.composite
def planted_sets(draw: st.DrawFn) -> list[Desired]:
    """Manifests whose values are recognisable, and whose annotations repeat them."""
    found = []
    for number, one in enumerate(draw(desired_sets())):
        if one.kind != "Secret":
            continue
        value = f"{PLANTED}{number}"
        wrapping = draw(st.sampled_from(["", "\n", "  "]))
        told = draw(st.sampled_from([value, *_forms(value)[:2], f"see {value}!"]))
        copied = f'{{"data": {{"password": "{base64.b64encode(value.encode()).decode()}"}}}}'
        found.append(
            replace(
                one,
                data={**one.data, "password": SecretValue(f"{value}{wrapping}".encode())},
                annotations={
                    **one.annotations,
                    "note": told,
                    "kubectl.kubernetes.io/last-applied-configuration": copied,
                },
            )
        )
    return found


def _leaves(node: Any) -> Iterator[Any]:
    yield node
    if dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from _leaves(getattr(node, field.name))
    elif isinstance(node, dict):
        for name, child in node.items():
            yield name
            yield from _leaves(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _leaves(child)


@given(data=st.data(), desired=planted_sets(), before=planted_sets())
@settings(max_examples=60)
def test_no_plan_in_any_form_holds_a_value(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    desired: list[Desired],
    before: list[Desired],
) -> None:
    lives = [as_live(resource) for resource in before]
    copied = data.draw(st.lists(st.sampled_from(lives), unique_by=id)) if lives else []
    found = snapshot(*(live for live in lives if live not in copied), copies=copied)
    desired = [resource for resource in desired if resource.namespace == "default"]
    plan, _ = planned(desired, found, **OPTIONS)
    assert not any(isinstance(leaf, SecretValue) for leaf in _leaves(plan))
    path = tmp_path_factory.mktemp("plans") / "plan"
    saved = planfile.saved_plan(plan, ("manifests",), "", FINGERPRINTS)
    planfile.save(saved, path, FINGERPRINTS.key)
    shown = [
        repr(plan),
        path.read_text(),
        json.plan(plan),
        text.plan(plan, colour=True, verbose=True),
        markdown.plan(plan),
    ]
    for one in shown:
        assert not [form for form in _forms(PLANTED)[:1] if form in one]
        assert not [form[:-4] for form in _forms(PLANTED)[1:] if form[:-4] in one]


def _fresh(world: World, desired: Sequence[Desired]) -> Plan:
    return world.plan(desired)[0]


@given(data=st.data())
@settings(max_examples=60)
def test_a_saved_plan_does_the_same_later_or_is_refused(
    new_world: NewWorld, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path: Path = tmp_path_factory.mktemp("plans") / "plan"
    with new_world() as world:
        first = data.draw(desired_sets(), label="first")
        world.apply(first)
        desired = data.draw(desired_sets(), label="desired")
        fingerprinter = replace(FINGERPRINTS, key=world.hand.fingerprint_key)
        plan = _fresh(world, desired)
        saved = planfile.saved_plan(plan, ("x",), "", fingerprinter)
        planfile.save(saved, path, fingerprinter.key)
        saved = planfile.load(path).saved
        assert saved.plan == plan
        assert stale_lines(saved, _fresh(world, desired), fingerprinter) == ()
        for act in data.draw(meddlings(first), label="meddling"):
            act(world)
        wanted = data.draw(st.just(desired) | desired_sets(), label="wanted")
        fresh = _fresh(world, wanted)
        is_same = (plan.pending, plan.refusals) == (fresh.pending, fresh.refusals)
        lines = stale_lines(saved, fresh, fingerprinter)
        assert (lines == ()) is is_same
