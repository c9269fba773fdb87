"""Applies of several environments: in stages, from manifests and from saved plans."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.model.store import Scope, Snapshot, Store
from reconciler.stores import open_store
from reconciler.workflow.pending import MOST_HELD
from tests.cli.test_several import NAMES, THREE, with_three
from tests.cli.test_terminal import at_a_terminal
from tests.world import held

EVENT = Draft202012Validator(
    json.loads((resources.files("reconciler") / "schemas/event-v1.json").read_text())
)
TYPE = "apiVersion: v1\nkind: Secret\nmetadata: {name: database}\ntype: kubernetes.io/tls\n"
OTHERS = ("us-1", "us-2", "us-3", "us-4")


@pytest.fixture
def three(workplace: Any) -> Any:
    return with_three(workplace)


def applied(workplace: Any) -> list[str]:
    """The environments whose stores hold what their manifests say."""
    return [
        name for name in NAMES if workplace.run("plan", "-e", name, "--detailed-exitcode").code == 0
    ]


def test_plans_are_applied_in_the_order_of_after(three: Any) -> None:
    text = THREE.replace("after: staging", "after: eu-2").replace("after: eu-1", "after: staging")
    three.write("reconciler.yaml", text)
    three.ok("plan", "--all", "--out", "plans")
    out = three.ok("apply", "plans", "--verify").out
    places = [out.index(f"Environment {name}\n") for name in ("staging", "eu-2", "eu-1")]
    assert places == sorted(places)
    assert "eu-2: created Secret/default/database" in out
    assert out.endswith("\n3 environments.\n")
    assert applied(three) == [*NAMES]


def test_a_second_run_does_nothing_twice(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    three.ok("apply", "plans")
    runs = three.ok("history", "--all").out
    result = three.ok("apply", "plans", "--verify")
    assert result.err.count("Applied before: nothing to do.") == 3
    assert three.ok("history", "--all").out == runs


def test_a_failure_stops_what_comes_after_and_a_second_run_goes_on_there(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    with open_store("sqlite:eu-1.db", {}) as store:
        held(store, "shop", "somebody@elsewhere", seconds=600)
        result = three.run("apply", "plans")
    assert result.code == 1
    assert "2 environments: 1 failed (eu-1).\n" in result.out
    assert "Not begun: eu-2, since it comes after eu-1.\n" in result.out
    assert "eu-1:\nError: " in result.err
    assert "somebody@elsewhere" in result.err
    assert applied(three) == ["staging"]
    (three.path / "eu-1.db").unlink()
    result = three.ok("apply", "plans")
    assert "staging: Applied before: nothing to do." in result.err
    assert applied(three) == [*NAMES]


def test_what_has_changed_since_is_stale_and_stops_the_rest(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    three.secret("database", file="eu-1/database.yaml", password="canary-other")
    result = three.run("apply", "plans")
    assert result.code == 4
    assert "1 stale (eu-1)" in result.out
    assert applied(three) == ["staging"]
    three.secret("database", file="staging/database.yaml", password="canary-third")
    again = three.run("apply", "plans")
    assert again.code == 4
    assert "1 stale (staging)" in again.out


def test_what_another_run_has_made_the_same_is_stale_all_the_same(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    three.secret("database", file="staging/database.yaml", password="canary-other")
    three.ok("apply", "-e", "staging", "--auto-approve")
    three.secret("database", file="staging/database.yaml", password="canary-staging")
    three.ok("apply", "-e", "staging", "--auto-approve")
    result = three.run("apply", "plans")
    assert result.code == 4
    assert "1 stale (staging)" in result.out


class Forgetful:
    """A store whose objects are gone after an apply."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._was_written = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def session(self, *args: Any, **named: Any) -> Any:
        self._was_written = True
        return self._store.session(*args, **named)

    def read(self, scope: Scope) -> Snapshot:
        snapshot = self._store.read(scope)
        if not self._was_written:
            return snapshot
        return replace(snapshot, objects={}, vanished=frozenset(snapshot.objects))


def test_drift_right_after_the_apply_stops_what_comes_after(
    three: Any, wrap_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrap_store(Forgetful)
    monkeypatch.delenv("RECONCILER_STORE")
    three.write("reconciler.yaml", THREE.replace("sqlite:staging.db", "altered:staging.db"))
    for args in (("plans",), ("--all", "--auto-approve")):
        three.ok("plan", "--all", "--out", "plans")
        result = three.run("apply", *args, "--verify")
        assert result.code == 2
        assert "1 with changes (staging)" in result.out
        assert "staging:\ndrift right after the apply:" in result.err
        assert "Not begun: eu-1, since it comes after staging." in result.out
        assert not (three.path / "eu-1.db").exists()
        (three.path / "staging.db").unlink()
    alone = three.run("apply", "-e", "staging", "--auto-approve", "--verify")
    assert alone.code == 2
    assert "Secret/default/database" in alone.out.partition("Applied: 1 created.")[2]


def test_a_plan_of_another_store_gets_nothing(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    shutil.copy(three.path / "plans/eu-1.plan", three.path / "plans/staging.plan")
    result = three.run("apply", "plans")
    assert result.code == 4
    assert "the plan was made for another store, eu-1.db" in result.err
    assert not (three.path / "staging.db").exists()
    assert not (three.path / "eu-1.db").exists()


def test_an_environment_without_a_plan_is_a_failure(three: Any) -> None:
    three.write("staging/database.yaml", "kind: [\n")
    assert three.run("plan", "--all", "--out", "plans").code == 1
    result = three.run("apply", "plans")
    assert result.code == 1
    assert "there is no plan plans/staging.plan" in result.err
    assert "Not begun: eu-1, since it comes after staging." in result.out


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("{", "plans/index.json is damaged"),
        ('{"format": "reconciler.plans/v9", "environments": []}', "does not know"),
        (
            (
                '{"format": "reconciler.plans/v1", "environments": [{"environment": "../eu-1",'
                ' "plan": "../eu-1.plan"}]}'
            ),
            "damaged",
        ),
        (
            (
                '{"format": "reconciler.plans/v1", "environments": [{"environment": "us-1",'
                ' "plan": "us-1.plan"}]}'
            ),
            "does not describe: us-1",
        ),
    ],
)
def test_an_index_that_cannot_be_used(three: Any, index: str, message: str) -> None:
    three.write("plans/index.json", index)
    result = three.run("apply", "plans")
    assert result.code == 1
    assert message in result.err


def test_a_choice_of_saved_plans(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    three.ok("apply", "plans", "-e", "eu-*")
    assert applied(three) == ["eu-1", "eu-2"]
    assert "no such environment: 'us'" in three.run("apply", "plans", "-e", "us").err
    assert three.run("apply", "plans", "manifests").code == 1


def test_manifests_are_planned_shown_and_applied(three: Any) -> None:
    result = three.ok("apply", "--all", "--auto-approve", "--verify")
    assert result.out.count("Environment ") == 3
    assert applied(three) == [*NAMES]
    assert three.ok("apply", "--all", "--auto-approve").out.count("Applied: nothing.") == 3


def test_plans_that_are_too_many_to_be_held_are_formed_again(
    workplace: Any, wrap_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first environment takes all the room, and its apply is not reached.

    What is wrong with a manifest by the time of its turn is said with its place.
    """
    workplace.write(
        "reconciler.yaml",
        "environments:\n"
        "  large: {store: 'sqlite:large.db', manifests: large, after: broken}\n"
        "  small: {store: 'altered:small.db', manifests: small}\n"
        "  late: {store: 'sqlite:late.db', manifests: late, after: small}\n"
        "  broken: {store: 'sqlite:broken.db', manifests: broken}\n"
        + "".join(
            f"  {name}: {{store: 'sqlite:{name}.db', manifests: {name}}}\n" for name in OTHERS
        ),
    )
    one = "apiVersion: v1\nkind: Secret\nmetadata: {{name: s-{0}}}\nstringData: {{x: canary}}\n"
    text = "---\n".join(one.format(number) for number in range(MOST_HELD))
    workplace.write("large/all.yaml", text)
    workplace.write("small/one.yaml", one.format("small").replace("canary", "changeme"))
    for name in ("late", *OTHERS):  # the manifests of few environments are kept
        workplace.write(f"{name}/one.yaml", one.format(name))
    workplace.write("broken/one.yaml", TYPE)

    def spoil(store: Store) -> Any:
        """Opened for the plan, for the apply, and to verify it."""
        opened.append(store)
        if len(opened) > 1:
            workplace.write("late/one.yaml", TYPE.replace("kubernetes.io/tls", "[canary]"))
        return store

    opened: list[Store] = []
    wrap_store(spoil)
    monkeypatch.delenv("RECONCILER_STORE")
    args = ("--auto-approve", "--max-failures", "1", "--env-parallelism", "1", "-q")
    result = workplace.run("apply", "--all", *args)
    assert result.code == 1
    assert len(opened) == 2
    assert "Not begun: large, since it comes after broken." in result.out
    assert "late/one.yaml:4:" in result.err
    assert "canary" not in result.out + result.err
    assert result.err.count("warning[") == 1
    assert workplace.ok("plan", "-e", "small", "--detailed-exitcode").code == 0


def test_without_approval_nothing_is_applied(three: Any) -> None:
    result = three.run("apply", "--all")
    assert result.code == 1
    assert "cannot ask for approval" in result.err
    assert applied(three) == []
    code, seen = at_a_terminal(three, "apply", "--all", answer=b"no\n")
    assert code == 1
    assert seen.count(b"Make these changes?") == 1
    code, seen = at_a_terminal(three, "apply", "--all", answer=b"yes\n")
    assert code == 0, seen
    assert applied(three) == [*NAMES]


def test_an_environment_that_cannot_be_planned_stops_only_what_comes_after(three: Any) -> None:
    text = THREE.replace(", after: staging", "")
    three.write("reconciler.yaml", text)
    three.write("staging/database.yaml", TYPE)
    result = three.run("apply", "--all", "--auto-approve", "--max-failures", "1")
    assert result.code == 1
    assert applied(three) == ["eu-1", "eu-2"]


def test_json_names_the_environment_of_each_event(three: Any) -> None:
    three.write("eu-2/database.yaml", TYPE)
    result = three.run("apply", "--all", "--auto-approve", "-o", "json")
    assert result.code == 1
    events = [json.loads(line) for line in result.out.splitlines()]
    for event in events:
        EVENT.validate(event)
    assert [event["environment"] for event in events if event["event"] == "apply-ended"] == [
        "staging",
        "eu-1",
    ]
    assert events[-1] == {
        "format": "reconciler.event/v1",
        "event": "environments-ended",
        "environments": [
            {"environment": "staging", "exitCode": 0, "notBegun": None},
            {"environment": "eu-1", "exitCode": 0, "notBegun": None},
            {"environment": "eu-2", "exitCode": 1, "notBegun": None},
        ],
        "exitCode": 1,
    }


def test_no_value_is_shown(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    result = three.ok("apply", "plans", "--verify", "-v")
    kept = [file.read_bytes() for file in (three.path / "plans").iterdir()]
    for text in (result.out.encode(), result.err.encode(), *kept):
        assert b"canary" not in text


def test_killed_between_two_environments_and_run_again(three: Any, process: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    with open_store("sqlite:eu-1.db", {}) as store:
        held(store, "shop", "somebody@elsewhere", seconds=600)
        running = process("apply", "plans", "--lock-timeout", "300")
        while b"Waiting" not in (line := running.stderr.readline()):
            assert line, "ended too early"
        running.send_signal(signal.SIGKILL)
        running.communicate()
    assert applied(three) == ["staging"]
    (three.path / "eu-1.db").unlink()
    result = three.ok("apply", "plans")
    assert "staging: Applied before: nothing to do." in result.err
    assert applied(three) == [*NAMES]


@pytest.mark.parametrize("milliseconds", [0, 40, 120, 250])
def test_killed_at_any_moment_and_run_again(three: Any, process: Any, milliseconds: int) -> None:
    """What was killed in the middle of an environment is stale there; a new plan finishes it."""
    for name in NAMES:
        for number in range(30):
            three.secret(f"s{number}", file=f"{name}/{number}.yaml", x=f"canary-{number}")
    three.ok("plan", "--all", "--out", "plans")
    running = process("apply", "plans", "--parallelism", "1")
    while b"created" not in (line := running.stdout.readline()):
        assert line, "ended too early"
    time.sleep(milliseconds / 1000)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    before = applied(three)
    for name in NAMES:
        three.run("unlock", "-e", name, "--force", "--auto-approve")
    code = three.run("apply", "plans").code
    assert code in {0, 4}
    if code:
        assert set(before) <= set(applied(three))
        three.ok("plan", "--all", "--out", "plans")
        three.ok("apply", "plans")
    assert applied(three) == [*NAMES]


def test_an_interrupt_finishes_what_is_under_way_and_begins_no_more(
    three: Any, process: Any
) -> None:
    for number in range(60):
        three.secret(f"s{number}", file=f"staging/{number}.yaml", x=f"canary-{number}")
    three.ok("plan", "--all", "--out", "plans")
    running = process("apply", "plans", "--parallelism", "1")
    while b"created" not in (line := running.stdout.readline()):
        assert line, "ended too early"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert running.returncode in {5, 130}, err
    assert b"Stopping" in err
    assert b"Not begun: eu-2, since the run was interrupted." in out
    assert applied(three) == []


def test_one_environment_can_be_verified_too(three: Any) -> None:
    assert (
        "Applied: 1 created." in three.ok("apply", "-e", "eu-1", "--auto-approve", "--verify").out
    )
