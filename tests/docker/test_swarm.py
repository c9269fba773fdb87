"""What a swarm does otherwise than an API server, and the errors of an engine in words."""

from __future__ import annotations

import gc
import json
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import stores, workflow
from reconciler.errors import ReconcilerError, StalePlan, StoreError, StoreUnavailable
from reconciler.execution.retries import RetryPolicy
from reconciler.model.drift import FieldState, ObjectState
from reconciler.model.events import Outcome, StepEnded
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Reason
from tests import engines
from tests.docker.conftest import IN_HAND, KEY, Swarm
from tests.world import secret, wrapped

DB = secret("db", {"password": "one"}, labels={"app": "shop"})
CAREFUL = PlanOptions()


def test_driver_and_templating_go_to_the_engine(swarm: Swarm) -> None:
    annotations = {
        "reconciler/docker-templating": "golang",
        "reconciler/docker-name": "own.name",
        "reconciler/docker-layout": "env",
    }
    swarm.applied([secret("db", {"a": "1", "b": "2"}, home="shop", annotations=annotations)])
    (entry,) = swarm.engine.secrets().values()
    assert entry["Spec"]["Name"] == "own.name"
    assert entry["Spec"]["Templating"] == {"Name": "golang"}


def test_labels_stand_as_they_are_and_the_rest_in_labels_of_its_own(swarm: Swarm) -> None:
    swarm.applied([replace(DB, annotations={"note": "n"}, immutable=True)])
    labels = swarm.engine.secrets()["db"]["Spec"]["Labels"]
    own = {name for name in labels if name.startswith("reconciler.")}
    assert {name: text for name, text in labels.items() if name not in own} == {"app": "shop"}
    assert own == {"reconciler.set", "reconciler.secret", "reconciler.object"}
    assert labels["reconciler.secret"] == "default/db"


def test_labels_alone_are_updated_in_place(swarm: Swarm) -> None:
    swarm.applied([DB])
    before = swarm.engine.secrets()["db"]["ID"]
    wanted = replace(DB, labels={"app": "other"})
    assert swarm.plan([wanted], CAREFUL).plan.changes[0].action is Action.UPDATE
    swarm.applied([wanted], CAREFUL)
    after = swarm.engine.secrets()["db"]
    assert after["ID"] == before
    assert after["Spec"]["Labels"]["app"] == "other"


def test_what_somebody_else_made_is_unknowable_and_adopted_by_replacing_it(swarm: Swarm) -> None:
    body = {"Name": "DB", "Data": "dGhlaXJz", "Labels": {"by": "hand"}}
    swarm.engine.call("POST", "/secrets/create", body)
    planned = swarm.plan([DB], CAREFUL)
    (change,) = planned.plan.changes
    assert change.reasons == (Reason.ADOPT, Reason.UNREAD, Reason.METADATA, Reason.VALUES)
    assert {refusal.guard for refusal in planned.plan.refusals} == {"adopt", "replace"}
    with swarm.opened() as store:
        report = workflow.drift([DB], workflow.read([DB], store, CAREFUL), CAREFUL)
    (one,) = report.objects
    assert one.state is ObjectState.UNKNOWABLE
    assert {field.state for field in one.fields} == {FieldState.UNKNOWABLE}

    swarm.applied([DB], replace(IN_HAND, adopt=True))
    (entry,) = swarm.engine.secrets().values()
    assert entry["Spec"]["Name"] == "db"
    assert entry["Spec"]["Labels"]["by"] == "hand"


@pytest.mark.parametrize("gone", ["db.a", "db.b", "db.c"])
def test_a_part_that_somebody_removes_is_missed(swarm: Swarm, gone: str) -> None:
    wanted = [secret("db", {"a": "1", "b": "2", "c": "3"})]
    swarm.applied(wanted)
    swarm.engine.call("DELETE", f"/secrets/{gone}")
    with swarm.opened() as store:
        report = workflow.drift(wanted, workflow.read(wanted, store, CAREFUL), CAREFUL)
    assert report.drifted
    swarm.applied(wanted)
    assert swarm.names() == {"db.a", "db.b", "db.c"}


def test_a_name_that_is_taken_is_told(swarm: Swarm) -> None:
    other = secret("other", {"k": "v"}, annotations={"reconciler/docker-name": "db"})
    swarm.applied([other])
    ended = swarm.apply([DB], replace(IN_HAND, prune=False))
    assert "the name db already" in ended.results[0].message
    assert "reconciler/docker-name" in ended.results[0].hint


def test_the_key_tells_whether_a_value_changed_and_is_never_in_the_swarm(swarm: Swarm) -> None:
    swarm.applied([DB])
    held = json.dumps([swarm.engine.secrets(), swarm.engine.call("GET", "/configs")])
    assert KEY["RECONCILER_FINGERPRINT_KEY"] not in held
    other = {"RECONCILER_FINGERPRINT_KEY": "another key of somebody else's"}
    planned = swarm.plan([DB], IN_HAND, other)
    assert "fingerprint-key-differs" in [note.code for note in planned.plan.notices]
    assert not any(field.drift for field in planned.plan.changes[0].fields)
    careful = replace(IN_HAND, allow_replace=False)
    assert {one.guard for one in swarm.plan([DB], careful, other).plan.refusals} == {"replace"}


def test_without_a_key_values_are_stretched_with_a_salt(swarm: Swarm) -> None:
    planned = swarm.plan([DB], IN_HAND, {})
    assert planned.salt
    assert swarm.apply([DB], IN_HAND, {}).count(Outcome.APPLIED) == 1
    again = swarm.plan([DB], IN_HAND, {})
    assert again.plan.pending == ()
    assert [note.code for note in again.plan.notices] == ["fingerprints-public"]
    changed = replace(DB, data=wrapped({"password": "two"}))
    assert swarm.plan([changed], IN_HAND, {}).plan.changes[0].action is Action.REPLACE


def test_an_object_that_moved_after_the_plan_is_left_alone(swarm: Swarm) -> None:
    swarm.applied([DB])
    wanted = [replace(DB, labels={"app": "other"})]
    with swarm.opened() as store:
        planned = workflow.plan(wanted, workflow.read(wanted, store, CAREFUL), CAREFUL)
        entry = swarm.engine.secrets()["db"]
        spec = entry["Spec"]
        spec["Labels"]["by"] = "hand"
        version = entry["Version"]["Index"]
        swarm.engine.call("POST", f"/secrets/{entry['ID']}/update", spec, version=version)
        with pytest.raises(StalePlan):
            workflow.apply(planned, store)
    assert swarm.engine.secrets()["db"]["Spec"]["Labels"]["app"] == "shop"


def failing(url: str) -> ReconcilerError:
    with closing(stores.open_store(url, KEY)) as store, pytest.raises(StoreError) as caught:
        workflow.read([DB], store, CAREFUL)
    return caught.value


# docker-py leaves a socket open that could not be connected; it is collected here.
def test_an_engine_that_is_not_there_is_told(tmp_path: Path) -> None:
    error = failing(f"docker:unix://{tmp_path}/nothing.sock")
    gc.collect()
    assert isinstance(error, StoreUnavailable)
    assert "does not answer" in error.message
    assert "docker version" in error.hint


def test_an_engine_that_is_no_manager_is_told() -> None:
    engine = engines.started(swarm=False)
    try:
        error = failing(engine.url)
    finally:
        engine.stop()
    assert not isinstance(error, StoreUnavailable)
    assert "not a manager of a swarm" in error.message
    assert "docker swarm init" in error.hint


def test_a_driver_whose_plugin_is_missing_is_told(swarm: Swarm) -> None:
    """The engine looks for it during half a minute."""
    ended = swarm.apply([secret("db", {}, annotations={"reconciler/docker-driver": "nowhere"})])
    assert "cannot use the secrets driver 'nowhere'" in ended.results[0].message
    assert "docker plugin inspect nowhere" in ended.results[0].hint


# urllib3 drops the connections that broke without closing them.
def test_an_engine_that_is_killed_in_the_middle_of_an_apply() -> None:
    """It comes back a moment later; the apply goes on, and nothing is made twice."""
    engine = engines.started()
    try:
        _killed_in_the_middle(Swarm(engine))
    finally:
        engine.stop()


def _killed_in_the_middle(swarm: Swarm) -> None:
    wanted = [secret(f"s{number}", {"a": "1", "b": "2"}) for number in range(12)]
    ended: list[StepEnded] = []
    comeback = threading.Thread(target=swarm.engine.start)

    def emit(event: object) -> None:
        if isinstance(event, StepEnded):
            ended.append(event)
            if len(ended) == 3:
                swarm.engine.kill()
                comeback.start()

    with swarm.opened() as store:
        planned = workflow.plan(wanted, workflow.read(wanted, store, CAREFUL), CAREFUL)
        patience = RetryPolicy(attempts=30, first_delay=1.0, longest_delay=1.0)
        result = workflow.apply(planned, store, parallelism=2, emit=emit, retries=patience)
    comeback.join()
    assert result.count(Outcome.APPLIED) >= 3
    swarm.applied(wanted, CAREFUL)
    assert len(swarm.names()) == 24
