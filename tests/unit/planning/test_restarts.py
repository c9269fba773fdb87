"""Which workloads a plan restarts, in which order, and what makes such a plan stale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plans import Action, Change, Plan, Precondition, Reason
from reconciler.model.store import Capability, Snapshot, Workload
from reconciler.planning import planner
from reconciler.planning.restarts import debts
from reconciler.planning.staleness import stale_reasons
from tests.world import FINGERPRINTS, in_sync, planned, secret, snapshot, wrapped

DB, API = secret("db", {"password": "one", "host": "a"}), secret("api", {"token": "one"})
NEW_DB = replace(DB, data=wrapped({"password": "two", "host": "a"}))
NEW_API = replace(API, data=wrapped({"token": "two"}))
WEB = ObjectKey("Deployment", "default", "web")
FREE = Workload("uid-1")


def user(
    of: Desired = DB,
    by: ObjectKey = WEB,
    key: str = "password",
    way: Way = Way.VARIABLE,
    **more: Any,
) -> Consumer:
    return Consumer(by.kind, by.namespace, by.name, of.key, key, way=way, **more)


def store(*users: Consumer, hindrance: str = "", **more: Any) -> Snapshot:
    workloads = {
        ObjectKey(one.kind, one.namespace, one.name): Workload("uid-1", hindrance) for one in users
    }
    given = {"consumers": users, "workloads": workloads, **more}
    return snapshot(*in_sync(DB, API), **given)


def plan(*desired: Desired, snapshot: Snapshot, **options: Any) -> Plan:
    return planned(desired, snapshot, **{"restart_workloads": True, **options})[0]


def restarts(made: Plan) -> list[Change]:
    return [change for change in made.changes if change.action is Action.RESTART]


def told(made: Plan) -> str:
    return "\n".join(note.message for change in made.changes for note in change.notes)


@pytest.mark.parametrize("way", [*Way])
def test_workloads_whose_pods_would_keep_the_old_value_are_restarted(way: Way) -> None:
    made = plan(NEW_DB, API, snapshot=store(user(way=way)))
    wanted = way in {Way.VARIABLE, Way.SUB_PATH}
    assert [change.key for change in restarts(made)] == [WEB] * wanted
    for change in restarts(made):
        assert change.reasons == (Reason.STALE_PODS,)
        assert change.restarted_for == (DB.key,)
        assert change.precondition == Precondition("uid-1", "")
    assert restarts(plan(NEW_DB, API, snapshot=store(user(way=way)), restart_workloads=False)) == []


@pytest.mark.parametrize(
    "users",
    [
        (user(key="host"),),
        (user(API, key="token"),),
        (),
    ],
)
def test_what_a_change_does_not_touch_is_not_restarted(users: tuple[Consumer, ...]) -> None:
    made = plan(NEW_DB, API, snapshot=store(*users))
    assert restarts(made) == []
    assert told(made) == ""
    labelled = replace(DB, labels={"a": "b"})
    assert restarts(plan(labelled, API, snapshot=store(user(key="")))) == []


def test_a_workload_is_restarted_once_for_all_its_secrets() -> None:
    users = (user(), user(key=""), user(API, key="token"))
    (change,) = restarts(plan(NEW_DB, NEW_API, snapshot=store(*users)))
    assert change.restarted_for == (API.key, DB.key)


def test_what_runs_counts_and_not_what_the_manifests_would_run() -> None:
    elsewhere = (user(API, key="token", manifest="web.yaml:1"),)
    asked = plan(NEW_DB, API, snapshot=store(user())).options
    made, _ = planner.plan(
        [NEW_DB, API],
        store(user()),
        asked,
        FINGERPRINTS,
        consumers=elsewhere,
    )
    assert [change.key for change in restarts(made)] == [WEB]


def test_what_cannot_be_restarted_is_said() -> None:
    hindered = plan(NEW_DB, API, snapshot=store(user(), hindrance="it is paused"))
    assert restarts(hindered) == []
    assert told(hindered) == "Deployment/default/web is not restarted: it is paused"
    unable = plan(NEW_DB, API, snapshot=store(user(), workloads={}))
    assert restarts(unable) == []
    assert "Deployment/default/web is not restarted: this store cannot" in told(unable)


@pytest.mark.parametrize("immutable", [True, False])
def test_a_restart_does_not_help_against_the_cache_of_an_immutable_secret(
    *, immutable: bool
) -> None:
    before = replace(DB, immutable=immutable)
    after = replace(NEW_DB, immutable=immutable, type="example.com/other")
    found = store(user(), objects={one.key: one for one in in_sync(before, API)})
    made = plan(after, API, snapshot=found, allow_replace=True)
    assert bool(restarts(made)) is not immutable
    assert ("its new Pods could be given the old value" in told(made)) is immutable


def test_restarts_come_one_by_one_after_the_writes_and_before_the_deletes() -> None:
    api, cron = ObjectKey("DaemonSet", "default", "api"), ObjectKey("StatefulSet", "default", "z")
    users = (user(), user(DB, cron), user(API, api, "token"))
    gone = secret("gone", {"k": "v"})
    found = store(*users, objects={one.key: one for one in in_sync(DB, API, gone)})
    steps = plan(NEW_DB, NEW_API, snapshot=found, prune=True).steps
    assert [(step.key, step.wave, step.after) for step in steps] == [
        (API.key, 0, ()),
        (DB.key, 0, ()),
        (api, 1, (API.key,)),
        (WEB, 2, (DB.key, api)),
        (cron, 3, (DB.key, WEB)),
        (gone.key, 4, (cron,)),
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (store(user()), store(user(), user(by=ObjectKey("DaemonSet", "default", "x"))), "needs a"),
        (store(user()), store(), "needs no restart any more"),
        (store(user()), store(user(), workloads={WEB: Workload("uid-2")}), "made anew"),
        (store(user()), store(user(), hindrance="it is paused"), "needs no restart any more"),
        (store(user()), store(user(key="")), ""),
    ],
)
def test_restarts_are_part_of_what_makes_a_plan_stale(
    before: Snapshot, after: Snapshot, says: str
) -> None:
    first, second = (plan(NEW_DB, API, snapshot=found) for found in (before, after))
    lines = stale_reasons(first, second, same_key=True, derived_key=False)
    assert len(lines) == bool(says)
    assert says in "".join(lines)


def test_a_restart_for_other_secrets_is_another_restart() -> None:
    both = (user(), user(API, key="token"))
    owing = store(*both, owed={WEB: (API.key,)})
    first, second = (plan(NEW_DB, API, snapshot=found) for found in (store(*both), owing))
    (line,) = stale_reasons(first, second, same_key=True, derived_key=False)
    assert line == "Deployment/default/web: to be restarted for other Secrets"


def test_what_an_earlier_apply_owes_is_restarted_by_the_next_one() -> None:
    found = store(user(), owed={WEB: (DB.key,)})
    (change,) = restarts(plan(DB, API, snapshot=found))
    assert (change.reasons, change.restarted_for) == ((Reason.OWED,), (DB.key,))
    (change,) = restarts(plan(NEW_DB, API, snapshot=found))
    assert change.reasons == (Reason.STALE_PODS, Reason.OWED)
    without = plan(DB, API, snapshot=found, restart_workloads=False)
    assert restarts(without) == []
    (notice,) = [note for note in without.notices if note.code == "restart-owed"]
    assert "--restart-workloads does" in notice.message
    assert "Secret/default/db" in notice.message


@pytest.mark.parametrize(
    "snapshot",
    [
        store(user(API, key="token"), owed={WEB: (DB.key,)}),
        store(user(way=Way.VOLUME), owed={WEB: (DB.key,)}),
        store(user(), owed={WEB: (DB.key,)}, hindrance="it is paused"),
        store(user(), owed={WEB: (DB.key,)}, workloads={}),
        store(user(), owed={WEB: (ObjectKey("Secret", "default", "elsewhere"),)}),
    ],
)
def test_a_debt_counts_only_where_the_workload_keeps_a_value_of_the_set(snapshot: Snapshot) -> None:
    assert restarts(plan(DB, API, snapshot=snapshot)) == []


def test_debts_outside_of_the_targets_stay() -> None:
    found = store(user(), user(API, key="token"), owed={WEB: (DB.key,)})
    made = plan(DB, API, snapshot=found, targets=(API.key,))
    assert restarts(made) == []
    assert debts(made.changes, found) == {WEB: (DB.key,)}


def test_debts_are_noted_with_what_is_planned_and_without_what_is_gone() -> None:
    other, gone = (ObjectKey("Deployment", "default", name) for name in ("other", "gone"))
    found = store(
        user(),
        workloads={WEB: FREE, other: FREE},
        owed={other: (DB.key,), gone: (DB.key,)},
    )
    made = plan(NEW_DB, API, snapshot=found)
    assert debts(made.changes, found) == {WEB: (DB.key,), other: (DB.key,)}
    hidden = replace(found, unseen=frozenset({"default"}))
    assert debts(made.changes, hidden) == dict.fromkeys((WEB, other, gone), (DB.key,))


def test_a_store_in_which_nothing_runs_says_that_it_cannot_list_restarts() -> None:
    found = store(capabilities=frozenset(Capability) - {Capability.RESTARTS})
    made = plan(NEW_DB, API, snapshot=found)
    assert [note.code for note in made.notices] == ["restarts-unlisted"]
