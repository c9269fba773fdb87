"""Runs that are divided among jobs: `--shard`, and `--stage` for their applies."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli.test_several import SCHEMA

NAMES = ("staging", "eu-1", "eu-2", "eu-3", "eu-4", "eu-5", "eu-6")
SHARDS = {
    "1/3": ("eu-5", "eu-6"),
    "2/3": ("staging", "eu-1", "eu-2"),
    "3/3": ("eu-3", "eu-4"),
}
"""What nobody changes without moving the environments of pipelines that are under way."""


def with_fleet(workplace: Any) -> Any:
    """Six environments that come after another one."""
    lines = ["defaults: {set: shop}", "environments:"]
    for name in NAMES:
        after = ", after: staging" if name != "staging" else ""
        lines.append(f"  {name}: {{store: 'sqlite:{name}.db', manifests: {name}{after}}}")
        workplace.secret("database", file=f"{name}/database.yaml", password=f"canary-{name}")
    workplace.write("reconciler.yaml", "\n".join(lines) + "\n")
    return workplace


@pytest.fixture
def fleet(workplace: Any) -> Any:
    return with_fleet(workplace)


def shown(workplace: Any, *args: str, **extra: Any) -> Any:
    document = json.loads(workplace.ok(*args, "-o", "json", **extra).out)
    SCHEMA.validate(document)
    return document


def names_in(document: Any) -> tuple[str, ...]:
    return tuple(each["environment"] for each in document["environments"])


@pytest.mark.parametrize("command", ["validate", "plan", "drift", "get", "history"])
def test_each_shard_has_its_own_environments_and_names_the_whole_run(
    fleet: Any, command: str
) -> None:
    fleet.ok("apply", "--all", "--auto-approve")
    whole = shown(fleet, command, "--all")
    digests = set()
    for shard, names in SHARDS.items():
        document = shown(fleet, command, "--all", "--shard", shard)
        assert names_in(document) == names
        assert document["environments"] == [
            each for each in whole["environments"] if each["environment"] in names
        ]
        assert document["shard"]["environments"] == [*NAMES]
        assert f"{document['shard']['index']}/{document['shard']['of']}" == shard
        digests.add(document["shard"]["digest"])
    assert len(digests) == 1
    assert "shard" not in whole


@pytest.mark.parametrize("output", ["text", "markdown", "html"])
@pytest.mark.parametrize(("shard", "own"), [(2, 4), (1, 1)])
def test_people_see_which_shard_it_is(fleet: Any, output: str, shard: int, own: int) -> None:
    """With an overview, as of five environments, or without one."""
    out = fleet.ok("plan", "--all", "--shard", f"{shard}/5", "-o", output).out
    assert f"Shard {shard}/5, {own} of 7 environments." in out.replace("`", "")


def test_rbac_prints_the_roles_of_a_shard(fleet: Any) -> None:
    text = (fleet.path / "reconciler.yaml").read_text()
    fleet.write("reconciler.yaml", text.replace("sqlite:", "kubernetes:"))
    out = fleet.ok("rbac", "--for", "plan", "--all", "--shard", "3/3").out
    assert "# Environment eu-3\n" in out
    assert "# Environment eu-1\n" not in out


def test_a_choice_does_not_move_an_environment_to_another_shard(fleet: Any) -> None:
    document = shown(fleet, "plan", "-e", "eu-[1-5]", "--shard", "2/3")
    assert names_in(document) == ("eu-1", "eu-2")
    assert document["shard"]["environments"] == ["eu-1", "eu-2", "eu-3", "eu-4", "eu-5"]


def test_a_shard_with_nothing_to_do_says_so_and_leaves_its_reports(fleet: Any) -> None:
    formats = ("json", "sarif", "junit", "code-quality", "prometheus", "markdown", "text", "github")
    reports = [f"--report={name}={name}.out" for name in formats]
    chosen = ("-e", "eu-[12]")
    result = fleet.ok("drift", *chosen, "--shard", "1/3", *reports)
    assert "Shard 1/3: none of 2 chosen environments, so there is nothing to do." in result.err
    assert result.out == "Shard 1/3, 0 of 2 environments.\n"
    texts = {name: (fleet.path / f"{name}.out").read_text() for name in formats}
    SCHEMA.validate(json.loads(texts["json"]))
    assert json.loads(texts["sarif"])["runs"] == json.loads(texts["code-quality"]) == []
    assert len(ET.fromstring(texts["junit"])) == 0  # noqa: S314 - our own
    fleet.ok("plan", *chosen, "--shard", "1/3", "--out", "plans")
    assert "so there is nothing to do" in fleet.ok("apply", "plans").err
    fleet.ok("apply", *chosen, "--shard", "1/3", "--auto-approve")
    assert not [*fleet.path.glob("*.db")]


def test_how_much_of_the_run_a_shard_is(fleet: Any) -> None:
    said = fleet.ok("plan", "--all", "--shard", "2/3").err
    assert "Shard 2/3: 3 of 7 chosen environments.\n" in said
    assert "Shard" not in fleet.ok("plan", "--all", "--shard", "2/3", "--quiet").err
    assert "Shard" not in fleet.ok("plan", "--all").err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0/3", "shards count from 1: write 1/N to N/N, and not 0/3"),
        ("4/3", "shards count from 1: write 1/N to N/N, and not 4/3"),
        ("1/10001", "a run has at most 10000 shards"),
        ("two", "write I/N, such as 2/3"),
        ("-1/3", "write I/N, such as 2/3"),
        ("٢/3", "write I/N, such as 2/3"),
        ("", "--shard: the value is empty"),
    ],
)
def test_what_is_no_shard(fleet: Any, text: str, message: str) -> None:
    result = fleet.run("plan", "--all", "--shard", text)
    assert result.code == 1
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize(
    ("variables", "shard"),
    [
        ({"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "3"}, "2/3"),
        ({"JOB_COMPLETION_INDEX": "0", "RECONCILER_SHARDS": "3"}, "1/3"),
        ({"JOB_COMPLETION_INDEX": "2", "RECONCILER_SHARDS": "3", "CI_NODE_TOTAL": "1"}, "3/3"),
    ],
)
def test_a_job_says_which_shard_it_is(fleet: Any, variables: Any, shard: str) -> None:
    document = shown(fleet, "plan", "--all", "--shard", "auto", env=variables)
    assert names_in(document) == SHARDS[shard]
    document = shown(fleet, "plan", "--all", env=variables | {"RECONCILER_SHARD": "auto"})
    assert names_in(document) == SHARDS[shard]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "the job has neither CI_NODE_INDEX nor JOB_COMPLETION_INDEX"),
        ({"CI_NODE_TOTAL": "1"}, "the job has neither CI_NODE_INDEX nor JOB_COMPLETION_INDEX"),
        (
            {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "2", "JOB_COMPLETION_INDEX": "1"},
            "the job has both CI_NODE_INDEX and JOB_COMPLETION_INDEX",
        ),
        ({"JOB_COMPLETION_INDEX": "1"}, "RECONCILER_SHARDS is not set"),
        (
            {"JOB_COMPLETION_INDEX": "3", "RECONCILER_SHARDS": "3"},
            "JOB_COMPLETION_INDEX is '3' and RECONCILER_SHARDS is '3'",
        ),
        ({"JOB_COMPLETION_INDEX": "-1", "RECONCILER_SHARDS": "3"}, "write I/N"),
        ({"CI_NODE_INDEX": "x", "CI_NODE_TOTAL": "3"}, "CI_NODE_INDEX is 'x'"),
    ],
)
def test_variables_of_no_such_job(fleet: Any, variables: Any, message: str) -> None:
    result = fleet.run("plan", "--all", "--shard", "auto", env=variables)
    assert result.code == 1
    assert message in result.err
    assert "environment staging" not in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    ("args", "variables"),
    [
        (("plan", "--shard", "1/2"), {}),
        (("plan",), {"RECONCILER_SHARD": "1/2"}),
        (("apply", "--auto-approve"), {"RECONCILER_SHARD": "auto"}),
        (("apply", "--auto-approve", "--stage", "1"), {}),
        (("drift",), {"RECONCILER_SHARD": "1/1"}),
    ],
)
def test_a_single_environment_has_no_parts(fleet: Any, args: Any, variables: Any) -> None:
    for config in (("-e", "eu-1"), ("--config", "/dev/null")):
        result = fleet.run(*args, *config, env=variables)
        assert result.code == 1
        assert "are for several environments, and the command works on a single one" in result.err
    assert not [*fleet.path.glob("*.db")]
    assert "Usage" in fleet.ok("plan", "--help", env={"RECONCILER_SHARD": "auto"}).out


def test_two_environments_in_one_place_are_refused_by_every_shard(fleet: Any) -> None:
    """Also where they are in different shards, which would then write to one set."""
    text = "defaults: {manifests: eu-1}\nenvironments: {eu-1: {set: a}, eu-5: {set: b}}\n"
    fleet.write("reconciler.yaml", text)
    for shard in SHARDS:
        result = fleet.run("plan", "--all", "--shard", shard, "--set", "blue")
        assert result.code == 1
        assert "several environments would have the same store and set" in result.err


def stores(workplace: Any) -> set[str]:
    return {path.stem for path in workplace.path.glob("*.db")}


def test_shards_are_applied_one_stage_at_a_time(fleet: Any) -> None:
    refused = ("apply", "--all", "--shard", "2/3", "--auto-approve")
    for args in (refused, (*refused[:3], "1/3", "--auto-approve")):
        result = fleet.run(*args)
        assert result.code == 1
        assert "one stage at a time, and the run has 2 stages: 1, 2\n" in result.err
        assert "add --stage 1; when all shards of it have ended well" in result.err
    assert stores(fleet) == set()
    for shard in SHARDS:
        fleet.ok("apply", "--all", "--shard", shard, "--stage", "1", "--auto-approve")
    assert stores(fleet) == {"staging"}
    said = fleet.ok("apply", "--all", "--shard", "2/3", "--auto-approve", "--stage", "2").err
    assert "Shard 2/3, stage 2: 2 of 7 chosen environments." in said
    assert stores(fleet) == {"staging", "eu-1", "eu-2"}
    fleet.ok("apply", "-e", "eu-*", "--shard", "1/3", "--auto-approve")
    fleet.ok("apply", "--all", "--auto-approve", env={"RECONCILER_STAGE": "2"})
    assert stores(fleet) == {*NAMES}


def test_saved_plans_of_a_shard_are_applied_one_stage_at_a_time(fleet: Any) -> None:
    for shard in SHARDS:
        said = fleet.ok("plan", "--all", "--shard", shard, "--out", f"plans-{shard[0]}").err
        assert f"reconciler apply plans-{shard[0]} --stage 1\n" in said
    # Without the other shards' plans, this looks like a single stage.
    result = fleet.run("apply", "plans-1")
    assert result.code == 1
    assert "one stage at a time" in result.err
    result = fleet.run("apply", "plans-1", "--shard", "1/4", "--stage", "2")
    assert "plans-1 has the plans of shard 1/3, not of shard 1/4" in result.err
    assert stores(fleet) == set()
    for stage, after in (("1", {"staging"}), ("2", {*NAMES})):
        for shard in SHARDS:
            again = ("--shard", shard) if stage == "2" else ()
            fleet.ok("apply", f"plans-{shard[0]}", "--stage", stage, "--verify", *again)
        assert stores(fleet) == after


def test_a_choice_of_one_stage_needs_no_number(fleet: Any) -> None:
    fleet.ok("plan", "--all", "--shard", "1/3", "--out", "plans")
    fleet.ok("apply", "plans", "-e", "staging")  # whose plan is in another shard
    assert stores(fleet) == set()
    fleet.ok("apply", "plans", "-e", "eu-*")
    assert stores(fleet) == {"eu-5", "eu-6"}


def test_the_plans_of_a_whole_run_can_be_applied_in_shards(fleet: Any) -> None:
    assert fleet.ok("plan", "--all", "--out", "plans").err.endswith("reconciler apply plans\n")
    assert "one stage at a time" in fleet.run("apply", "plans", "--shard", "2/3").err
    fleet.ok("apply", "plans", "--shard", "2/3", "--stage", "1")
    fleet.ok("apply", "plans", "--shard", "2/3", "--stage", "2")
    assert stores(fleet) == {"staging", "eu-1", "eu-2"}


def test_there_is_no_such_stage(fleet: Any) -> None:
    result = fleet.run("apply", "--all", "--stage", "3", "--auto-approve")
    assert result.code == 1
    assert "--stage: there is no stage 3: the environments have 2 stages" in result.err


@pytest.mark.parametrize(
    "change",
    [
        {"index": 0},
        {"index": 4},
        {"index": True},
        {"index": "1"},
        {"of": None},
        {"environments": "staging"},
        {"environments": [1]},
    ],
)
def test_a_damaged_index_of_a_shard(fleet: Any, change: Any) -> None:
    fleet.ok("plan", "--all", "--shard", "1/3", "--out", "plans")
    path = fleet.path / "plans/index.json"
    index = json.loads(path.read_text())
    index["shard"] |= change
    path.write_text(json.dumps(index))
    result = fleet.run("apply", "plans", "--stage", "2")
    assert result.code == 1
    assert "plans/index.json is damaged" in result.err


def test_an_index_names_a_run_over_other_environments(fleet: Any) -> None:
    fleet.ok("plan", "--all", "--shard", "1/3", "--out", "plans")
    text = (fleet.path / "reconciler.yaml").read_text()
    fleet.write("reconciler.yaml", "\n".join(text.splitlines()[:4] + text.splitlines()[5:]))
    result = fleet.run("apply", "plans", "--stage", "2")
    assert result.code == 1
    assert "does not describe: eu-2" in result.err
