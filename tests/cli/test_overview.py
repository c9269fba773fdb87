"""Many environments at a glance, as a user sees them."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from reconciler import PlanOptions, open_store, read
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Precondition
from tests.cli.test_several import document
from tests.unit.views.pages import parsed
from tests.world import held

NAMES = ("staging", "eu-1", "eu-2", "us-1", "us-2")
STRONG = "not-a-real-Passw0rd-8f3hf92"


@pytest.fixture
def fleet(workplace: Any) -> Any:
    """Five environments to which all was applied, and whose manifests have changed since."""
    described = "".join(
        f'  {name}: {{store: "sqlite:{name}.db", manifests: {name}}}\n' for name in NAMES
    )
    workplace.write("reconciler.yaml", f"defaults: {{set: shop}}\nenvironments:\n{described}")
    for name in NAMES:
        workplace.secret("database", file=f"{name}/database.yaml", password="old")
        workplace.secret("token", file=f"{name}/token.yaml", token="old", pin="old")
    workplace.ok("apply", "--all", "--auto-approve")
    for name in NAMES:
        value = f"{STRONG}-{name}"
        workplace.secret("database", file=f"{name}/database.yaml", password=value)
        pin = "1234" if name == "us-2" else "4321"
        workplace.secret("token", file=f"{name}/token.yaml", token=STRONG, pin=pin)
    workplace.secret("extra", file="eu-2/extra.yaml", x=STRONG)
    return workplace


def test_more_than_three_environments_are_shown_at_a_glance(fleet: Any) -> None:
    out = fleet.ok("plan", "--all").out
    assert out.startswith("5 environments, set shop\n\nOnly in eu-2\n\n+ Secret/default/extra ")
    assert "In all 5\n\n~ Secret/default/database (update: data differs)\n" in out
    assert "Environment eu-1" not in out
    assert out.endswith("\n\n5 environments.\n")
    assert fleet.ok("plan", "--all", "--env-parallelism", "1").out == out
    few = fleet.ok("plan", "-e", "staging", "-e", "eu-*").out
    assert few.count("Environment ") == 3
    assert "Only in" not in few


def test_json_groups_what_is_the_same_in_several_environments(fleet: Any) -> None:
    groups = document(fleet, "plan", "--all")["groups"]
    assert [each["environments"] for each in groups] == [["eu-2"], [*NAMES]]
    assert [each["objects"][0]["name"] for each in groups[0]["changes"]] == ["extra"]
    database, token = groups[1]["changes"]
    assert database["words"] == "update: data differs"
    assert database["fields"] == [
        {
            "symbol": "~",
            "field": "data[password]",
            "values": "(value) → (new value)",
            "remark": "5 different values",
        }
    ]
    assert [each["remark"] for each in token["fields"]] == ["", "the same new value in all 5"]
    assert "groups" not in document(fleet, "plan", "-e", "eu-*")
    assert "groups" not in document(fleet, "validate", "--all")


def test_what_fails_is_in_no_group_and_a_report_makes_the_groups_anew(fleet: Any) -> None:
    fleet.write("us-1/token.yaml", "kind: [\n")
    shown = document(fleet, "drift", "--all", code=1)
    names = [name for name in NAMES if name != "us-1"]
    assert [each["environments"] for each in shown["groups"]] == [["eu-2"], names]
    fleet.write("forged.json", json.dumps({**shown, "groups": []}))
    again = fleet.ok("report", "forged.json", "-o", "json").out
    assert json.loads(again) == shown


def test_drift_of_many_environments_ends_with_commands_for_each_kind(fleet: Any) -> None:
    key = ObjectKey("Secret", "default", "database")
    for name in NAMES[:2]:
        with closing(open_store(f"sqlite:{name}.db", {})) as store:
            live = read((), store, PlanOptions(set_name="shop")).objects[key]
            held(store, "shop", seconds=0).delete(
                key, Precondition(live.uid, live.resource_version)
            )
    out = fleet.run("drift", "--all").out
    told = "What now, for Secret/default/database in staging; likewise for the other one:\n"
    assert f"{told}  restore  reconciler apply --env staging --target Secret/def" in out
    assert "What now, for Secret/default/database:\n  restore  reconciler apply --env" in (
        fleet.run("drift", "-e", "staging").out
    )
    fleet.ok("apply", "--env", "staging", "--target", str(key), "--auto-approve")
    told = "What now, for Secret/default/database in eu-1:\n"
    assert told in fleet.run("drift", "--all").out
    page = fleet.run("drift", "--all", "-o", "html").out
    (summary,) = [each for each in parsed(page).all("summary") if each.text.startswith("For ")]
    assert summary.text == "For Secret/default/database in eu-1"


def test_verbose_shows_each_environment_and_then_the_whole(fleet: Any) -> None:
    out = fleet.ok("plan", "--all", "-v").out
    places = [out.index(f"Environment {name}\n") for name in NAMES]
    assert places == sorted(places)
    assert places[-1] < out.index("Only in eu-2\n")
    quiet = fleet.ok("plan", "--all", "-q").out
    assert quiet == "5 environments.\n"


def test_one_run_says_whether_new_values_are_the_same_but_not_of_weak_ones(fleet: Any) -> None:
    out = fleet.ok("plan", "--all").out
    rows = {line.split()[1]: line for line in out.splitlines() if line.startswith("    ~ data")}
    assert rows["data[password]"].endswith("(5 different values)")
    assert rows["data[token]"].endswith("(the same new value in all 5)")
    assert rows["data[pin]"].endswith("(new value)")


def test_nothing_that_tells_values_apart_is_written(fleet: Any) -> None:
    fleet.ok("plan", "--all", "--report", "json=all.json", "--out", "plans")
    again = fleet.ok("report", "all.json").out
    assert "the same new value" not in again
    assert "different values" not in again
    assert "In all 5\n\n~ Secret/default/database (update: data differs)\n" in again


def test_a_failure_stands_first_and_the_rest_is_compared(fleet: Any) -> None:
    fleet.write("us-1/token.yaml", "kind: [\n")
    result = fleet.run("plan", "--all", "--report", "text=plan.txt")
    assert result.code == 1
    assert result.out.startswith("5 environments, set shop\n\nError in us-1:\n  the manifests have")
    assert "In all 4 that did not fail\n" in result.out
    assert result.out.endswith("\n5 environments: 1 failed (us-1).\n")
    assert (fleet.path / "plan.txt").read_text() == result.out


def test_drift_of_many_environments_is_shown_at_a_glance(fleet: Any) -> None:
    out = fleet.ok("drift", "--all").out
    assert "Only in eu-2\n\n+ Secret/default/extra (not applied yet)\n" in out
    assert "In all 5\n\n~ Secret/default/database (its manifest has changed)\n" in out


def test_what_is_to_be_approved_is_shown_at_a_glance(fleet: Any) -> None:
    result = fleet.ok("apply", "--all", "--auto-approve", "-o", "json")
    assert "Only in eu-2\n\n+ Secret/default/extra " in result.err
    assert "(the same new value in all 5)" in result.err
    assert all(json.loads(line) for line in result.out.splitlines())


def test_a_comment_is_the_same_from_the_run_and_from_its_file(fleet: Any) -> None:
    fleet.write("us-1/token.yaml", "kind: [\n")
    fleet.run("drift", "--all", "--report", "json=all.json", "--report", "markdown=all.md")
    out = fleet.ok("report", "all.json", "-o", "markdown").out
    assert out == (fleet.path / "all.md").read_text()
    assert out.startswith("## 5 environments: 1 failed (`us-1`).\n")
    assert "> **Error** in `us-1`: the manifests have errors" in out
    limited = fleet.ok("report", "all.json", "-o", "markdown", "--limit", "5000", "--key", "x").out
    assert limited.startswith("<!-- reconciler: x -->\n\n## ")
    assert len(limited) <= 5_001


def test_a_page_has_few_environments_one_by_one_and_many_at_a_glance(fleet: Any) -> None:
    fleet.write("us-1/token.yaml", "kind: [\n")
    reports = ("--report", "html=all.html", "--report", "json=all.json")
    page = fleet.run("plan", "--all", "-o", "html", *reports).out
    assert (fleet.path / "all.html").read_text() == page
    headings = [element.text for element in parsed(page).all("h2")]
    assert headings[0] == "Only in eu-2"
    assert headings[-2:] == ["In all 4 that did not fail", "All environments"]
    assert "4 different values" in page
    assert "<b>Error</b> in us-1: the manifests have errors" in page
    again = fleet.ok("report", "all.json", "-o", "html").out
    assert "In all 4 that did not fail" in again
    whole = fleet.run("plan", "--all", "-o", "html", "-v").out
    few = fleet.ok("plan", "-e", "eu-*", "-e", "staging", "-o", "html").out
    for text, names in ((whole, NAMES), (few, NAMES[:3])):
        told = [element.text for element in parsed(text).all("h2")]
        assert [each for each in told if each.startswith("Environment ")] == [
            f"Environment {name}" for name in names
        ]
        assert text.count("<!doctype html>") == 1
    assert STRONG not in page + whole + few + again


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_many_files_of_single_environments_are_one_report_at_a_glance(
    fleet: Any, command: str
) -> None:
    files = [f"{name}.json" for name in NAMES]
    for name, file in zip(NAMES, files, strict=True):
        fleet.ok(command, "-e", name, "--report", f"json={file}")
    out = fleet.ok("report", *files).out
    assert out.startswith("5 environments, set shop\n\nOnly in eu-2.json\n\n+ Secret/default/extra")
    assert "In all 5\n\n~ Secret/default/database " in out
    assert out.splitlines()[-1].startswith("5 ")
    whole = fleet.ok("report", *files, "-v").out
    assert whole.count("Set shop, store ") == 5
    assert "In all 5\n" in whole
    comment = fleet.ok("report", *files, "-o", "markdown", "--key", "x").out
    assert comment.startswith("<!-- reconciler: x -->\n\n## 5 ")
    assert "### Only in `eu-2.json`\n" in comment
    page = fleet.ok("report", *files, "-o", "html").out
    assert parsed(page).all("h2")[0].text == "Only in eu-2.json"
    assert fleet.ok("report", *files[:3]).out.count("Set shop, store ") == 3
