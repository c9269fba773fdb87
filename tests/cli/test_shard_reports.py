"""The reports of shards, put together by `reconciler report DIRECTORY`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_several import SCHEMA
from tests.cli.test_shards import NAMES, SHARDS, with_fleet

FORMATS = ("text", "json", "markdown", "github", "code-quality", "sarif")


@pytest.fixture
def fleet(workplace: Any) -> Any:
    """The reports of three shards beside their plans, as artifacts are downloaded."""
    with_fleet(workplace)
    workplace.ok("apply", "--all", "--auto-approve", "--quiet")
    for name in ("staging", "eu-5"):
        workplace.secret("database", file=f"{name}/database.yaml", password=f"another-{name}")
    (workplace.path / "eu-3.db").unlink()
    for shard in SHARDS:
        folder = f"shards/shard-{shard[0]}"
        (workplace.path / folder).mkdir(parents=True)
        reports = ("--report", f"json={folder}/plan.json", "--report", f"sarif={folder}/s.json")
        workplace.run("plan", "--all", "--shard", shard, "--out", f"{folder}/plans", *reports)
    return workplace


def file(fleet: Any, shard: int) -> Path:
    path: Path = fleet.path / f"shards/shard-{shard}/plan.json"
    return path


@pytest.mark.parametrize("output", [*FORMATS, "gitlab-terraform"])
def test_all_shards_of_a_plan_are_what_a_whole_run_shows(fleet: Any, output: str) -> None:
    whole = fleet.run("plan", "--all", "-o", output, "--report", "json=whole.json")
    if output in {"text", "markdown", "json"}:  # whether values are equal, only the run can say
        whole = fleet.ok("report", "whole.json", "-o", output)
    merged = fleet.ok("report", "shards", "-o", output)
    assert merged.out == whole.out
    assert merged.err == ""
    paths = [str(file(fleet, shard)) for shard in (3, 1, 2)]
    assert fleet.ok("report", *paths, "-o", output).out == whole.out


@pytest.mark.parametrize("output", [*FORMATS, "junit"])
def test_all_shards_of_a_drift_check_are_what_a_whole_run_shows(fleet: Any, output: str) -> None:
    shutil.rmtree(fleet.path / "shards")
    for shard in SHARDS:
        fleet.run("drift", "--all", "--shard", shard, f"--report=json=drift/{shard[0]}.json")
    whole = fleet.run("drift", "--all", "-o", output)
    merged = fleet.ok("report", "drift", "-o", output)
    assert merged.out == whole.out


@pytest.mark.parametrize("output", [*FORMATS, "gitlab-terraform"])
def test_a_missing_shard_is_named_in_every_format(fleet: Any, output: str) -> None:
    file(fleet, 3).unlink()
    result = fleet.run("report", "shards", "-o", output)
    assert result.code == 1
    assert result.err == "Shard 3/3 is missing: there is no report of it.\n"
    if output == "json":
        document = json.loads(result.out)
        SCHEMA.validate(document)
        assert [each["environment"] for each in document["environments"]] == [*NAMES]
        assert document["exitCode"] == 1
        (*_, lost) = [each for each in document["environments"] if each["plan"] is None]
        assert lost["error"]["message"].startswith("shard 3/3 is missing")
    if output in {"text", "markdown", "github"}:
        assert "shard 3/3 is missing" in result.out.replace("`", "")
    if output in {"text", "markdown"}:
        assert "7 environments: 2 failed (eu-3, eu-4)." in result.out.replace("`", "")


def test_a_missing_shard_without_environments_is_missing_too(fleet: Any) -> None:
    for shard in SHARDS:
        args = ("-e", "eu-[12]", "--shard", shard, f"--report=json=two/{shard[0]}.json")
        fleet.ok("plan", *args)
    assert fleet.ok("report", "two").out == fleet.ok("plan", "-e", "eu-[12]").out
    (fleet.path / "two/1.json").unlink()
    result = fleet.run("report", "two")
    assert result.code == 1
    assert "Shard 1/3 is missing" in result.err


def test_a_single_file_is_shown_by_itself_and_says_what_it_is(fleet: Any) -> None:
    path = str(file(fleet, 1))
    for output in ("text", "markdown"):
        shown = fleet.ok("report", path, "-o", output).out
        assert shown.replace("`", "").endswith("Shard 1/3, 2 of 7 environments.\n")
        assert shown == fleet.ok("plan", "--all", "--shard", "1/3", "-o", output).out
    assert json.loads(fleet.ok("report", path, "-o", "json").out) == json.loads(
        file(fleet, 1).read_text()
    )
    for shard in (2, 3):
        file(fleet, shard).unlink()
    result = fleet.run("report", "shards")
    assert result.code == 1
    assert result.err.count("is missing") == 2


def test_a_shard_that_comes_twice_is_named(fleet: Any) -> None:
    shutil.copy(file(fleet, 2), fleet.path / "shards/retried.json")
    result = fleet.run("report", "shards")
    assert result.code == 1
    assert "some shards occur more than once" in result.err
    assert "shard 2/3: shards/retried.json, shards/shard-2/plan.json\n" in result.err


def other_run(fleet: Any, *args: str) -> str:
    fleet.ok("plan", *args, "--report", "json=shards/other.json")
    return "shards/other.json"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--all", "--shard", "1/4"), "shards/other.json (shard 1/4)"),
        (("-e", "eu-[1256]", "--shard", "1/3"), "4 environments, digest "),
        (
            (
                "-e",
                "eu-[1256]",
            ),
            "not divided: shards/other.json\n",
        ),
    ],
)
def test_a_report_of_another_run_is_named(fleet: Any, args: Any, told: str) -> None:
    other_run(fleet, *args)
    result = fleet.run("report", "shards")
    assert result.code == 1
    assert "these are reports of different runs" in result.err
    assert told in result.err
    assert (
        "shards/shard-1/plan.json (shard 1/3), shards/shard-2/plan.json (shard 2/3)" in result.err
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda each: each["environments"].pop(), "shard 1/3 without eu-6"),
        (lambda each: each["environments"].reverse(), "shard 1/3 in another order"),
        (lambda each: each["shard"].update(index=2), "shard 2/3 with eu-5, eu-6"),
        (lambda each: each["shard"].update(index=4), "a shard of at most 10000 is expected"),
        (lambda each: each["shard"].update(of=10_001), "a shard of at most 10000 is expected"),
        (lambda each: each["shard"].update(digest="0" * 64), "this contradicts the rest"),
        (lambda each: each["shard"]["environments"].append("eu-1"), "each name is expected once"),
        (lambda each: each["shard"]["environments"].append("\x1b[31m"), "the name of an environ"),
        (lambda each: each["shard"].update(environments="eu-1"), "shard.environments"),
        (lambda each: each["shard"].update(more=1), "shard"),
    ],
)
def test_a_forged_shard_is_refused(fleet: Any, change: Any, told: str) -> None:
    document = json.loads(file(fleet, 1).read_text())
    change(document)
    file(fleet, 1).write_text(json.dumps(document))
    result = fleet.run("report", "shards")
    assert result.code == 1
    assert result.out == ""
    assert "shards/shard-1/plan.json" in result.err
    assert told in result.err
    assert "\x1b" not in result.err


def test_a_report_claims_a_run_over_very_many_environments_in_very_many_shards(fleet: Any) -> None:
    """Such a claim costs no more than its length."""
    from reconciler.model.shards import Shard, Share

    names = tuple(f"e{number}" for number in range(20_000))
    share = Share(Shard(1, 10_000), names)
    document = {
        "format": "reconciler.environments/v1",
        "subject": "plan",
        "configuration": "",
        "shard": {"index": 1, "of": 10_000, "environments": names, "digest": share.digest},
        "environments": [
            {
                "environment": name,
                "exitCode": 1,
                "error": {"message": "m", "details": [], "hint": ""},
                "plan": None,
            }
            for name in share.own
        ],
        "exitCode": 1 if share.own else 0,
    }
    fleet.write("many/one.json", json.dumps(document))
    result = fleet.run("report", "many", "--quiet")
    assert result.code == 1
    assert result.err.count("is missing") == 9_999


def test_a_directory_stands_for_its_reports_and_for_nothing_else(fleet: Any) -> None:
    fleet.write("shards/counts.json", '{"create": 1}')
    fleet.write("shards/quality.json", "[]")
    fleet.write("shards/notes.txt", "kind: [")
    (fleet.path / "shards/link.json").symlink_to(file(fleet, 2))
    fleet.ok("report", "shards")
    assert "format: " in fleet.run("report", "shards/counts.json").err
    fleet.write("shards/later.json", '{"format": "reconciler.environments/v9"}')
    fleet.write("shards/torn.json", '{"format": "reconciler.environments/v1", "envir')
    result = fleet.run("report", "shards")
    assert result.code == 1
    assert "shards/later.json: format: one of" in result.err
    assert "shards/torn.json: " in result.err
    (fleet.path / "empty").mkdir()
    assert (
        "empty: this directory has no plan and no drift report" in fleet.run("report", "empty").err
    )


def test_a_directory_of_single_plans_is_one_report(fleet: Any) -> None:
    for name in ("eu-1", "eu-2"):
        (fleet.path / f"single/{name}").mkdir(parents=True)
        fleet.ok("plan", "-e", name, "--report", f"json=single/{name}/plan.json")
    result = fleet.ok("report", "single")
    assert "2 plans" in result.out
