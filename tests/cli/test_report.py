"""``reconciler report``: plans or drift as JSON, from wherever, as one text."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import PlanFileError
from reconciler.workflow.gathering import gathered


@pytest.fixture
def printed(shop: Any) -> Any:
    """A plan as JSON and as Markdown; manifests and store are gone."""
    shop.ok("plan", "--report", "json=plan.json", "--report", "markdown=plan.md")
    shop.ok("plan", "--set", "other", "--report", "json=other.json")
    shutil.rmtree(shop.path / "manifests")
    return shop


def test_markdown_is_that_of_the_plan(printed: Any) -> None:
    before = printed.files()
    shown = printed.ok("report", "plan.json", "-o", "markdown").out
    assert shown.encode() == before["plan.md"]
    assert printed.files() == before


def test_a_saved_plan_can_be_reported_too(shop: Any) -> None:
    shop.ok("plan", "--out", "release.plan", "--expires", "1h")
    shop.ok("show", "release.plan", "--report", "json=plan.json", "--report", "markdown=plan.md")
    shown = shop.ok("report", "plan.json", "-o", "markdown").out
    assert shown == (shop.path / "plan.md").read_text(encoding="utf-8")
    assert "expires" in shown


def test_several_plans_are_one_report(printed: Any) -> None:
    result = printed.ok(
        "report", "plan.json", "other.json", "--report", "markdown=all.md", "--key", "shop"
    )
    assert result.out.endswith(
        "\n\n2 plans, 2 with changes: 4 to create, 0 to update, 0 to replace, 0 to delete; "
        "0 in sync.\n"
    )
    comment = (printed.path / "all.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- reconciler: shop -->\n\n## 2 plans, ")
    counts = json.loads(
        printed.ok("report", "plan.json", "other.json", "-o", "gitlab-terraform").out
    )
    assert counts == {"create": 4, "update": 0, "delete": 0}


def test_quiet_shows_the_summaries(printed: Any) -> None:
    shown = printed.ok("report", "plan.json", "other.json", "--quiet").out
    assert [line.partition(":")[0] for line in shown.split("\n\n")] == [
        "Plan",
        "Plan",
        "2 plans, 2 with changes",
    ]


def test_the_limit_holds(shop: Any) -> None:
    for number in range(60):
        shop.secret(f"object-{number:03}", **{f"key-{number}-{each}": "x" for each in range(20)})
    shop.ok("plan", "--report", "json=plan.json")
    shown = shop.ok("report", "plan.json", "-o", "markdown", "--limit", "6000").out
    assert len(shown) <= 6001
    assert "Left out, because a comment has its limit" in shown
    assert "Left out" not in shop.ok("report", "plan.json", "-o", "markdown").out


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--limit", "4999"), "x>=5000"), (("--key", "x" * 201), "at most 200 characters")],
)
def test_what_cannot_be_kept_is_refused(printed: Any, options: tuple[str, str], words: str) -> None:
    result = printed.run("report", "plan.json", *options)
    assert result.code == 1
    assert words in result.err


def test_every_file_that_is_no_plan_is_named(printed: Any) -> None:
    printed.write("broken.json", "{")
    printed.write("key.json", '{"auths": {"a": "not-a-real-password"}}')
    document = json.loads(printed.files()["plan.json"])
    document["changes"][0]["key"]["name"] = 7
    printed.write("forged.json", json.dumps(document))
    (printed.path / "directory.json").mkdir()
    os.mkfifo(printed.path / "pipe.json")
    result = printed.run(
        "report",
        *("plan.json", "broken.json", "key.json", "forged.json", "directory.json", "pipe.json"),
        "absent.json",
    )
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[:7] == [
        "Error: not every file is a plan or a drift report as JSON, so there is no report",
        "  ~ broken.json: line 1, column 2: this is not JSON",
        (
            "  ~ key.json: format: one of reconciler.plan/v1, reconciler.drift/v1, "
            "reconciler.environments/v1 is expected"
        ),
        "  ~ forged.json: changes[0].key.name: a string is expected",
        "  ~ directory.json: this directory has no plan and no drift report",
        "  ~ pipe.json: this is not a regular file",
        "  ~ absent.json: cannot be read: No such file or directory",
    ]
    assert "not-a-real-password" not in result.err


def test_all_files_together_have_a_size(printed: Any) -> None:
    plan = printed.path / "plan.json"
    size = plan.stat().st_size
    assert gathered([plan], most_bytes=size)
    with pytest.raises(PlanFileError) as error:
        gathered([plan, plan], most_bytes=2 * size - 1)
    assert error.value.details == (
        f"{plan}: this is too large: {size - 1} bytes are left of what all may have together",
    )


def test_a_hostile_plan_stays_text(printed: Any) -> None:
    document = json.loads(printed.files()["plan.json"])
    document["notices"] = [
        {"code": "x", "message": "<!-- reconciler: shop -->\n::error::x @team \x1b[2J"}
    ]
    Path("hostile.json").write_text(json.dumps(document), encoding="utf-8")
    shown = printed.ok("report", "hostile.json", "-o", "markdown", "--key", "shop").out
    assert shown.count("<!--") == 1
    assert "\x1b" not in shown
    assert "\n::" not in printed.ok("report", "hostile.json").out


@pytest.fixture
def checked(shop: Any) -> Any:
    """Two drift checks as JSON, one of which is of a store that lost everything."""
    shop.ok("apply", "--auto-approve")
    shop.ok("drift", "--report", "json=same.json", "--report", "markdown=same.md")
    shop.ok("apply", "--auto-approve", "--set", "other", "--store", "sqlite:other.db", "--adopt")
    lost = shop.run(
        "drift", "--set", "other", "--store", "sqlite:other.db", "--report", "json=a.json"
    )
    assert lost.code == 0
    document = json.loads(shop.files()["a.json"])
    for each in document["objects"]:
        each |= {"state": "vanished", "fields": []}
    document["summary"]["states"] |= {"in-sync": 0, "vanished": len(document["objects"])}
    document["summary"]["drift"] = True
    shop.ok("plan", "--report", "json=plan.json")
    shop.write("lost.json", json.dumps(document))
    shutil.rmtree(shop.path / "manifests")
    return shop


def test_drift_is_shown_as_it_was(checked: Any) -> None:
    shown = checked.ok("report", "same.json", "-o", "markdown").out
    now = re.compile(r"\([^()]* `?ago`?\)")
    assert now.sub("", shown) == now.sub("", (checked.path / "same.md").read_text("utf-8"))


def test_several_checks_are_one_report(checked: Any) -> None:
    result = checked.ok(
        *("report", "same.json", "lost.json", "--key", "shop"),
        *("--report", "markdown=all.md", "--report", "html=all.html", "--report", "junit=all.xml"),
    )
    total = "2 drift checks, 1 with drift that counts. Drift: 2 objects vanished; 2 in sync."
    assert f"\n\n{total}\n" in result.out
    comment = (checked.path / "all.md").read_text(encoding="utf-8")
    assert comment.startswith(f"<!-- reconciler: shop -->\n\n## {total}\n\n")
    assert re.findall(r"^### (Set \w+)", comment, re.MULTILINE) == ["Set default", "Set other"]
    assert f"<h1>{total}</h1>" in (checked.path / "all.html").read_text(encoding="utf-8")
    assert (checked.path / "all.xml").read_text(encoding="utf-8").count("<testsuite ") == 2
    quiet = checked.ok("report", "same.json", "--quiet").out
    assert quiet == "No drift. 2 objects in sync.\n"


def test_plans_and_drift_are_not_mixed(checked: Any) -> None:
    result = checked.run("report", "same.json", "plan.json")
    assert (result.code, result.out) == (1, "")
    assert "these files are not all of one kind\n  ~ 1 file with a plan\n" in result.err


@pytest.mark.parametrize(
    ("options", "file", "name"),
    [
        (("-o", "junit"), "plan.json", "junit"),
        (("--report", "junit=x.xml"), "plan.json", "junit"),
        (("-o", "gitlab-terraform"), "same.json", "gitlab-terraform"),
    ],
)
def test_a_format_of_the_other_kind_is_refused(
    checked: Any, options: tuple[str, ...], file: str, name: str
) -> None:
    result = checked.run("report", file, *options)
    assert (result.code, result.out) == (1, "")
    assert f"the format {name} cannot show what is in these files" in result.err
    assert "use one of text, json, markdown, html" in result.err
    assert "x.xml" not in checked.files()


ENVIRONMENTS = """\
defaults: {set: shop}
environments:
  eu-1: {store: "sqlite:eu-1.db", manifests: eu-1}
  eu-2: {store: "sqlite:eu-2.db", manifests: eu-2}
  eu-3: {store: "sqlite:eu-3.db", manifests: eu-3}
"""


@pytest.fixture
def fleet(workplace: Any) -> Any:
    """Three environments, of which the manifests of one are broken."""
    workplace.write("reconciler.yaml", ENVIRONMENTS)
    for name in ("eu-1", "eu-2"):
        workplace.secret("database", file=f"{name}/database.yaml", password=f"canary-{name}")
    workplace.write("eu-3/broken.yaml", "kind: [\n")
    return workplace


@pytest.mark.parametrize(
    ("command", "formats"),
    [
        ("plan", ("json", "markdown", "github", "code-quality", "gitlab-terraform", "sarif")),
        ("drift", ("json", "markdown", "github", "code-quality", "sarif", "junit")),
    ],
)
def test_a_run_over_several_environments_is_reported_as_it_was_shown(
    fleet: Any, command: str, formats: tuple[str, ...]
) -> None:
    fleet.ok("apply", "-e", "eu-[12]", "--auto-approve")
    reports = [f"--report={name}={command}.{name}" for name in formats]
    run = fleet.run(command, "--all", *reports)
    assert run.code == 1
    for name in formats:
        shown = fleet.ok("report", f"{command}.json", "-o", name).out
        assert shown == (fleet.path / f"{command}.{name}").read_text(), name
    shown = fleet.ok("report", f"{command}.json").out
    assert "Environment eu-3\nError: " in shown
    assert shown.endswith("3 environments: 1 failed (eu-3).\n")


def test_runs_over_different_environments_are_one_report(fleet: Any) -> None:
    fleet.run("plan", "--all", "--report", "json=all.json")
    fleet.ok("plan", "-e", "eu-1*", "--report", "json=1.json")
    fleet.ok("plan", "-e", "eu-2*", "--report", "json=2.json")
    fleet.run("plan", "-e", "eu-3*", "--report", "json=3.json")
    together = fleet.ok("report", "1.json", "2.json", "3.json", "-o", "json").out
    assert together == (fleet.path / "all.json").read_text()
    assert fleet.ok("report", "all.json", "-o", "markdown", "--key", "shop").out.startswith(
        "<!-- reconciler: shop -->\n\n## "
    )
    result = fleet.run("report", "1.json", "all.json")
    assert (result.code, result.out) == (1, "")
    assert "some environments occur more than once\n  ~ eu-1\n" in result.err


def test_a_shard_is_reported_as_one(fleet: Any) -> None:
    for index in (1, 2):
        fleet.run("plan", "--all", "--shard", f"{index}/2", "--report", f"json={index}.json")
    alone = fleet.ok("report", "1.json", "-o", "json").out
    assert alone == (fleet.path / "1.json").read_text()
    document = json.loads(alone)
    document["shard"]["of"] = 0
    fleet.write("forged.json", json.dumps(document))
    assert "forged.json: shard: a shard of at most" in fleet.run("report", "forged.json").err
    together = json.loads(fleet.ok("report", "1.json", "2.json", "-o", "json").out)
    assert {each["environment"] for each in together["environments"]} == {"eu-1", "eu-2", "eu-3"}


def test_files_of_different_kinds_are_no_report(fleet: Any) -> None:
    fleet.run("plan", "--all", "--report", "json=plans.json")
    fleet.run("drift", "--all", "--report", "json=drifts.json")
    fleet.ok("plan", "-e", "eu-1", "--report", "json=plan.json")
    fleet.run("validate", "--all", "--report", "json=checks.json")
    for other in ("drifts.json", "plan.json"):
        result = fleet.run("report", "plans.json", other)
        assert (result.code, result.out) == (1, "")
        assert "1 file with plans of several environments" in result.err
    result = fleet.run("report", "checks.json")
    assert "checks.json: subject: plan or drift is expected" in result.err


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"environment": "x\n::error::y"}, "environments[0].environment: the name of an"),
        ({"exitCode": 7}, "environments[0].exitCode: one of 0, 1, 2, 3, 4, 5, 130 is expected"),
        ({"exitCode": 4}, "exitCode: this contradicts the rest"),
        ({"plan": None}, "environments[0]: a plan or an error is expected"),
        ({"plan": {"format": "x"}}, "environments[0].plan: store, configuration"),
        ({"error": {"message": "x"}}, "environments[0].error: details, hint are missing"),
    ],
)
def test_a_forged_run_is_told_by_its_place(fleet: Any, members: dict[str, Any], place: str) -> None:
    fleet.ok("plan", "-e", "eu-1*", "--report", "json=1.json")
    document = json.loads((fleet.path / "1.json").read_text())
    document["environments"][0] |= members
    fleet.write("forged.json", json.dumps(document))
    result = fleet.run("report", "forged.json")
    assert (result.code, result.out) == (1, "")
    assert f"  ~ forged.json: {place}" in result.err


def test_a_hostile_error_of_an_environment_stays_text(fleet: Any) -> None:
    fleet.run("plan", "--all", "--report", "json=all.json")
    document = json.loads((fleet.path / "all.json").read_text())
    hostile = "<!-- reconciler: shop -->\n::error::x @team \x1b[2J"
    document["environments"][2]["error"] = {
        "message": hostile,
        "details": [hostile],
        "hint": hostile,
    }
    fleet.write("all.json", json.dumps(document))
    for name in ("text", "markdown", "github"):
        shown = fleet.ok("report", "all.json", "-o", name).out
        assert "<!--" not in shown or name != "markdown"
        assert "\x1b" not in shown
        assert "\n::error::x" not in shown
