"""Generated values: kept by every store that gives values back, refused by the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import workflow
from reconciler.errors import PlanBlocked
from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plan_options import KeyTarget, PlanOptions
from reconciler.model.store import Capability, Store
from reconciler.model.values import SecretValue
from reconciler.rules.key_pairs import key_pair_fault
from reconciler.workflow import Planned
from tests.stores.words import Subject, Words
from tests.world import secret

ANNOTATIONS = {
    "reconciler/generate.password": "alnum; length=40",
    "reconciler/generate.tls.key": "tls; certificate=tls.crt; cn=db",
}
OPTIONS = PlanOptions(allow_replace=True)
KEEPS = (Capability.READ_VALUES, Capability.METADATA)


def planned(store: Store, resource: Desired, options: PlanOptions = OPTIONS) -> Planned:
    return workflow.plan([resource], workflow.read([resource], store, options), options)


def applied(
    store: Store, resource: Desired, options: PlanOptions = OPTIONS
) -> dict[str, SecretValue]:
    ended = workflow.apply(planned(store, resource, options), store)
    assert [result.message for result in ended.results] == [""] * len(ended.results)
    assert planned(store, resource).plan.pending == ()
    return values_of(store, resource.key)


def values_of(store: Store, key: ObjectKey) -> dict[str, SecretValue]:
    return dict(Words.look(store, key).objects[key].data)


@pytest.fixture
def resource(words: Words, *, immutable: bool) -> Desired:
    annotations, data = ANNOTATIONS, {"user": "me"}
    return secret("s", data, home=words.home, annotations=annotations, immutable=immutable)


@pytest.mark.needs(*KEEPS)
@pytest.mark.parametrize("immutable", [False, True])
def test_values_are_generated_once_and_kept_until_they_are_rotated(
    subject: Subject, store: Store, resource: Desired
) -> None:
    subject.end(subject.sessions[0][0])
    first = applied(store, resource)
    assert len(first["password"].reveal()) == 40
    assert key_pair_fault(first["tls.crt"].reveal(), first["tls.key"].reveal()) is None
    relabelled = replace(resource, annotations={**ANNOTATIONS, "note": "x"})
    assert applied(store, relabelled) == first
    rotating = replace(OPTIONS, rotate=(KeyTarget(resource.key, "tls.key"),))
    second = applied(store, relabelled, rotating)
    assert second["password"] == first["password"]
    assert second["tls.key"] != first["tls.key"]
    assert key_pair_fault(second["tls.crt"].reveal(), second["tls.key"].reveal()) is None


@pytest.mark.parametrize("immutable", [False])
def test_what_cannot_be_kept_is_refused(store: Store, resource: Desired) -> None:
    plan = planned(store, resource)
    if {*KEEPS} <= store.capabilities:
        assert plan.plan.problems == ()
        return
    assert {problem.code for problem in plan.plan.problems} == {"generate-unsupported"}
    with pytest.raises(PlanBlocked):
        workflow.apply(plan, store)


@pytest.mark.needs(*KEEPS, Capability.SERVER_DRY_RUN)
@pytest.mark.parametrize("immutable", [False])
def test_a_dry_run_tries_the_write_and_keeps_nothing(store: Store, resource: Desired) -> None:
    tried = workflow.tried(planned(store, resource), store)
    assert tried.plan.problems == ()
    assert [note.code for change in tried.plan.changes for note in change.notes] == []
    assert Words.look(store, resource.key).objects == {}
