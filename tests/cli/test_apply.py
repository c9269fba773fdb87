from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.model.objects import Live
from reconciler.stores import open_store
from tests.cli.altered import Wrap
from tests.world import Slow

STORE = ".reconciler/store.db"


def events(text: str) -> list[Any]:
    schema = json.loads((files("reconciler") / "schemas" / "event-v1.json").read_text("utf-8"))
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        jsonschema.validate(event, schema)
    return found


def test_apply_then_in_sync(shop: Any) -> None:
    result = shop.ok("apply", "--auto-approve")
    assert "created Secret/shop/database" in result.out
    assert "Applied: 2 created." in result.out
    assert "No changes. 2 objects in sync." in shop.ok("plan").out


def test_nothing_to_do_needs_no_approval(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    before = shop.files()
    assert "No changes." in shop.ok("apply").out
    assert shop.files() == before


def test_without_a_terminal_nobody_is_asked(shop: Any) -> None:
    before = shop.files()
    result = shop.run("apply", stdin="yes\n")
    assert result.code == 1
    assert "--auto-approve" in result.err
    assert shop.files() == before


def test_manifests_from_standard_input_cannot_be_approved_there(shop: Any) -> None:
    text = (shop.path / "manifests/shop.yaml").read_text()
    assert shop.run("apply", "-", stdin=text).code == 1
    assert "2 created" in shop.ok("apply", "-", "--auto-approve", stdin=text).out


def test_events_as_json_lines(shop: Any) -> None:
    found = events(shop.ok("apply", "--auto-approve", "-o", "json").out)
    assert [event["event"] for event in found if event["event"] != "step-started"] == [
        "step-ended",
        "step-ended",
        "apply-ended",
    ]


def test_an_apply_of_nothing_ends_with_an_event_too(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    (ended,) = events(shop.ok("apply", "--auto-approve", "-o", "json").out)
    assert ended["event"] == "apply-ended"
    assert not any(ended["applied"].values())


def test_parallelism_and_verbose(shop: Any) -> None:
    result = shop.ok("apply", "--auto-approve", "--parallelism", "1", "--verbose")
    assert "Order:" in result.out


def test_a_refused_plan_is_shown_and_not_applied(workplace: Any) -> None:
    workplace.secret("a", head="immutable: true\n", x="1")
    workplace.ok("apply", "--auto-approve")
    before = workplace.files()
    workplace.secret("a", head="immutable: true\n", x="2")
    result = workplace.run("apply", "--auto-approve")
    assert result.code == 3
    assert "--allow-replace" in result.out
    assert {name: data for name, data in workplace.files().items() if name == STORE} == {
        STORE: before[STORE]
    }
    replaced = workplace.ok("apply", "--auto-approve", "--allow-replace")
    assert "1 replaced" in replaced.out
    assert workplace.run("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_is_applied_as_it_is(shop: Any) -> None:
    shop.ok("plan", "--out", "release.plan", "--set", "blue")
    result = shop.ok("apply", "release.plan")
    assert "Applied: 2 created." in result.out
    assert shop.run("plan", "--set", "blue", "--detailed-exitcode").code == 0


def test_a_saved_plan_may_be_empty(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.ok("plan", "--out", "release.plan")
    assert "No changes" in shop.ok("apply", "release.plan").out


@pytest.mark.parametrize("first", [True, False], ids=["first-plan", "later-plan"])
def test_a_stale_plan_says_what_moved(shop: Any, first: bool) -> None:  # noqa: FBT001
    shop.secret("aside", token="t-1")
    if not first:
        shop.ok("apply", "--auto-approve")
        shop.secret("aside", token="t-2")
    shop.ok("plan", "--out", "release.plan")
    shop.secret("aside", token="t-3")
    before = shop.files()
    result = shop.run("apply", "release.plan")
    assert result.code == 4
    assert shop.files() == before
    if not first:
        assert "Secret/default/aside: its manifest changed" in result.err
        assert "Secret/shop/database" not in result.err


def test_a_plan_is_stale_once_the_store_has_moved(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("aside", token="t-1")
    shop.ok("plan", "--out", "release.plan")
    shop.ok("apply", "--auto-approve")
    result = shop.run("apply", "release.plan")
    assert result.code == 4
    assert "Secret/default/aside: created in the store" in result.err


def test_a_stale_plan_can_still_be_shown(shop: Any) -> None:
    shop.ok("plan", "--out", "release.plan")
    shown = shop.ok("show", "release.plan")
    shop.ok("apply", "--auto-approve")
    again = shop.ok("show", "release.plan")
    assert shown.out == again.out
    assert "2 to create" in again.out
    assert "reconciler" in again.err
    for path in (shop.path / "manifests").iterdir():
        path.unlink()
    assert json.loads(shop.ok("show", "release.plan", "-o", "json").out)["summary"]["create"] == 2
    assert "<details open>" in shop.ok("show", "release.plan", "-o", "markdown").out
    assert "Order:" in shop.ok("show", "release.plan", "-v").out


def test_a_plan_for_another_store(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("aside", token="t-1")
    shop.ok("plan", "--out", "release.plan")
    other = shop.run("apply", "release.plan", "--store", "sqlite:other/store.db")
    assert other.code == 4
    assert "another store" in other.err
    assert not (shop.path / "other").exists()


def test_a_saved_plan_is_applied_where_it_was_made(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ok("plan", "manifests", "--out", "p.plan")
    (shop.path / "elsewhere").mkdir()
    monkeypatch.chdir(shop.path / "elsewhere")
    result = shop.run("apply", "../p.plan")
    assert result.code == 1
    assert "made from manifests that are not here: manifests" in result.err
    assert "hint: its paths are relative to the directory in which it was made" in result.err


def test_a_plan_file_goes_alone(shop: Any) -> None:
    shop.ok("plan", "--out", "release.plan")
    result = shop.run("apply", "release.plan", "manifests", "--auto-approve")
    assert result.code == 1
    assert "alone" in result.err


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("-n", "other"), "--namespace"),
        (("--set", "blue"), "--set"),
        (("--target", "Namespace/shop"), "--target"),
        (("--no-prune",), "--prune"),
        (("--adopt",), "--adopt"),
        (("--allow-replace",), "--allow-replace"),
        (("--max-deletes", "5"), "--max-deletes"),
    ],
)
def test_options_that_contradict_a_saved_plan_are_errors(
    shop: Any, args: tuple[str, ...], named: str
) -> None:
    shop.ok("plan", "--out", "release.plan", "--prune", "--set", "green")
    result = shop.run("apply", "release.plan", *args)
    assert result.code == 1
    assert f"made with other options: {named}\n" in result.err
    assert not (shop.path / ".reconciler").exists()


def test_options_that_a_saved_plan_was_made_with_may_be_said_again(shop: Any) -> None:
    shop.ok("plan", "--out", "release.plan", "--prune", "--set", "green", "--max-deletes", "5%")
    again = ("--prune", "--set", "green", "--max-deletes", "5%", "-n", "default", "--no-adopt")
    shop.ok("apply", "release.plan", *again, env={"RECONCILER_ADOPT": "1"})


def test_a_saved_plan_is_tried_on_the_store_too(workplace: Any) -> None:
    # Only the store knows that an object with finalizers cannot simply go.
    held = "  finalizers: [shop.example/hold]\nimmutable: true\n"
    workplace.secret("held", head=held, a="1")
    workplace.ok("plan", "--out", "first.plan", "--allow-weak-plan")
    workplace.ok("apply", "first.plan", "--server-dry-run")
    workplace.secret("fine", a="1")
    workplace.secret("held", head=held, a="2")
    workplace.ok("plan", "--allow-replace", "--out", "second.plan")
    result = workplace.run("apply", "second.plan", "--server-dry-run")
    assert result.code == 1
    assert "error[store-refuses] Secret/default/held" in result.out
    assert "created" not in result.out


@pytest.mark.parametrize(
    "content", ["", "{", '{"format": "reconciler.plan-file/v99"}', "[]", '{"format": 1}']
)
def test_what_is_no_plan_file(shop: Any, content: str) -> None:
    shop.write("broken.plan", content)
    result = shop.run("show", "broken.plan")
    assert result.code == 1
    assert "broken.plan" in result.err
    assert "Traceback" not in result.err


def test_a_truncated_plan_file_is_refused(shop: Any) -> None:
    shop.ok("plan", "--out", "release.plan")
    whole = (shop.path / "release.plan").read_text()
    shop.write("release.plan", whole[: len(whole) // 2])
    assert shop.run("apply", "release.plan").code == 1
    assert not (shop.path / ".reconciler").exists()


def test_a_failed_step_skips_its_dependents_and_the_next_apply_goes_on(workplace: Any) -> None:
    # The store alone knows that an object with finalizers cannot simply go: the delete fails.
    held = workplace.write(
        "manifests/held.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: held, finalizers: [shop.example/hold]}\n",
    )
    workplace.ok("apply", "--auto-approve")
    held.unlink()
    workplace.secret("fine", x="1")
    result = workplace.run("apply", "--auto-approve", "--prune")
    assert result.code == 5
    assert "created Secret/default/fine" in result.out
    assert "Failed: 1" in result.out
    assert "finalizer" in result.out


@pytest.fixture
def tardy(wrap_store: Wrap) -> None:
    """A store whose creates never have their effect."""
    wrap_store(lambda store: Slow(store, *["the token"] * 1000))


@pytest.mark.usefixtures("tardy")
def test_a_change_that_has_no_effect_in_time(workplace: Any) -> None:
    workplace.secret("a", x="1")
    options = ("--auto-approve", "--wait-timeout", "0.15")
    result = workplace.run("apply", *options)
    assert result.code == 5
    assert "waiting to create Secret/default/a: the token\n" in result.out
    assert "failed to create Secret/default/a: the change is made, and has not had" in result.out
    assert "after 0.15 s: the token" in result.out
    workplace.secret("b", x="1")
    quiet = workplace.run("apply", *options, "--quiet")
    assert "waiting" not in quiet.out
    assert "failed to create Secret/default/b" in quiet.out
    workplace.secret("c", x="1")
    machine = events(workplace.run("apply", *options, "-o", "json").out)
    assert [event["event"] for event in machine].count("step-waiting") == 1
    assert machine[1]["what"] == "the token"


@pytest.mark.usefixtures("tardy")
def test_a_change_that_is_not_waited_for_is_warned_of(workplace: Any) -> None:
    options = ("--auto-approve", "--wait-timeout", "0")
    for number, more in enumerate([(), ("--quiet",)]):
        workplace.secret(f"s{number}", x="1")
        result = workplace.ok("apply", *options, *more)
        assert f"created Secret/default/s{number} (wave 0)\n  warning: not waited for" in result.out
        assert "Applied: 1 created. With warnings: 1." in result.out
    workplace.secret("c", x="1")
    machine = events(workplace.ok("apply", *options, "-o", "json").out)
    assert machine[-2]["warnings"] == ["not waited for: the token"]
    assert machine[-1]["warned"] == 1


@pytest.fixture
def meddling(wrap_store: Wrap) -> None:
    """A store with an admission webhook, which labels what is created."""

    def label(live: Live) -> Live:
        return replace(live, labels={**live.labels, "injected": "yes"}, warnings=("odd",))

    wrap_store(lambda store: Slow(store, altered=label))


@pytest.mark.usefixtures("meddling")
def test_what_a_store_makes_of_an_object_is_told_before_and_after(workplace: Any) -> None:
    workplace.secret("a", x="1")
    workplace.ok("apply", "--auto-approve")
    workplace.secret("b", x="2")
    shown = workplace.ok("plan", "--server-dry-run", "--out", "tried.plan")
    assert "the store would add metadata.labels[injected]" in shown.out
    assert "the store warns: odd" in shown.out
    (change,) = [
        one
        for one in json.loads(workplace.ok("plan", "--server-dry-run", "-o", "json").out)["changes"]
        if one["action"] == "create"
    ]
    assert [note["code"] for note in change["notes"]] == ["store-warns", "store-alters"]
    assert "the store would" not in workplace.ok("plan").out
    applied = workplace.ok("apply", "tried.plan")
    assert "  warning: odd" in applied.out
    assert "  warning: the store added metadata.labels[injected]" in applied.out


@pytest.mark.parametrize("text", ["5 minutes", "1e9", "-1", "nan", "366d", "1h30m"])
def test_a_time_to_wait_that_is_none_is_refused_by_name(shop: Any, text: str) -> None:
    refused = shop.run("apply", "--auto-approve", f"--wait-timeout={text}")
    assert refused.code == 1
    assert "'--wait-timeout'" in refused.err
    assert "90s or 5m" in refused.err
    assert shop.ok("get").out.count("shop") == 0


def test_one_apply_of_a_set_at_a_time(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("more", x="1")
    store = open_store(f"sqlite:{STORE}", {})
    manager = store.session("default", "somebody@elsewhere", 60)
    manager.__enter__()
    began = time.monotonic()
    result = shop.run("apply", "--auto-approve")
    assert result.code == 1
    assert "somebody@elsewhere" in result.err
    assert "--lock-timeout" in result.err
    waited = shop.run("apply", "--auto-approve", "--lock-timeout", "0.6")
    assert waited.code == 1
    assert "Waiting" in waited.err
    assert time.monotonic() - began >= 0.6
    began = time.monotonic()
    assert shop.run("apply", "--auto-approve", "--lock-timeout", "1s").code == 1
    assert time.monotonic() - began >= 1
    shop.ok(
        "apply", "--auto-approve", "--set", "another", "--prune", "--target", "Secret/default/more"
    )
    manager.__exit__(None, None, None)
    store.close()


def test_the_lock_is_waited_for(shop: Any, process: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("more", x="1")
    store = open_store(f"sqlite:{STORE}", {})
    with store.session("default", "somebody@elsewhere", 60):
        waiting = process("apply", "--auto-approve", "--lock-timeout", "60")
        assert waiting.stderr.readline().startswith(b"Waiting")
    store.close()
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert b"1 created" in out


def test_a_store_that_cannot_be_read(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    key = Path(".reconciler/store.key")
    key.write_bytes(os.urandom(len(key.read_bytes())))
    for command in ("plan", "apply"):
        result = shop.run(command)
        assert result.code == 1
        assert "key" in result.err
        assert "Traceback" not in result.err
