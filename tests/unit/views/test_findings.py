"""Formats of pipelines: annotations, code quality, counts for merge requests, JUnit and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from reconciler.views import github
from reconciler.views.formats import Checked, Style, Subject, formats_of, rendered
from tests.unit.views import drift_samples, samples

STYLE = Style()
CHECKED = Checked(diagnostics=samples.PROBLEMS, objects=(), files=3)
SUBJECTS = {
    Subject.PLAN: samples.EVERYTHING,
    Subject.DRIFT: drift_samples.EVERYTHING,
    Subject.CHECK: CHECKED,
}


def shown(subject: Subject, name: str) -> str:
    return rendered(subject, name, SUBJECTS[subject], STYLE)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_annotations_are_at_most_ten_of_a_level(subject: Subject) -> None:
    *commands, last = shown(subject, "github").split("\n")
    levels = Counter(command.split(" ")[0] for command in commands)
    assert levels.keys() <= {"::error", "::warning", "::notice"}
    assert all(number <= github.MOST for number in levels.values())
    assert not last.startswith("::")
    assert [*levels] == sorted(levels, key=["::error", "::warning", "::notice"].index)


def test_annotations_name_what_is_worst_first_and_count_the_rest() -> None:
    gone = [change for change in samples.EVERYTHING.changes if change.key == samples.secret("gone")]
    many = [replace(gone[0], key=samples.secret(f"gone-{number}")) for number in range(12)]
    plan = replace(samples.EVERYTHING, changes=(*samples.EVERYTHING.changes, *many))
    text = rendered(Subject.PLAN, "github", plan, STYLE)
    assert text.count("::warning") == github.MOST
    first = text.split("\n")[0]
    assert first.startswith("::warning title=plan-delete Secret/shop/")
    assert "no other copy is known" in first
    assert r"\u0020" not in text
    assert "not shown as annotations" in text.split("\n")[-1]
    assert "file=manifests/job.yaml,title=reference-unknown" in shown(Subject.CHECK, "github")


def test_text_cannot_end_a_command_or_begin_another_one() -> None:
    hostile = replace(
        samples.PROBLEMS[0],
        message="100%0A::error::x\n::add-mask::y ##[group]",
        object="a,file=b:c",
        source=samples.place("a,line=1::b", 1),
    )
    text = rendered(Subject.CHECK, "github", replace(CHECKED, diagnostics=(hostile,)), STYLE)
    command, _ = text.split("\n")
    properties, _, data = command.removeprefix("::error ").partition("::")
    assert "100%250A" in data
    assert r"\n::add-mask" in data
    assert "##[" not in data
    assert [part.split("=")[0] for part in properties.split(",")] == ["file", "title", "line"]


def test_a_replace_counts_as_both_for_gitlab() -> None:
    assert json.loads(shown(Subject.PLAN, "gitlab-terraform")) == {
        "create": 7,
        "update": 5,
        "delete": 6,
    }


@pytest.mark.parametrize("subject", SUBJECTS)
def test_code_quality_has_what_gitlab_asks_for(subject: Subject) -> None:
    entries = json.loads(shown(subject, "code-quality"))
    assert entries
    for entry in entries:
        assert entry.keys() == {
            "description",
            "check_name",
            "fingerprint",
            "severity",
            "location",
        }
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not entry["location"]["path"].startswith(("./", "/"))
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_junit_has_a_case_for_each_object() -> None:
    suite = ET.fromstring(shown(Subject.DRIFT, "junit"))  # noqa: S314 - our own
    names = [case.get("name") for case in suite]
    assert set(names) == {str(one.key) for one in drift_samples.EVERYTHING.objects}
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert "Secret/shop/db" in failed
    assert int(suite.attrib["failures"]) == len(failed) < len(names) == int(suite.attrib["tests"])
    checked = ET.fromstring(shown(Subject.CHECK, "junit"))  # noqa: S314 - our own
    kinds = [failure.get("type") for failure in checked.iter("failure")]
    assert kinds == ["reference-unknown", "yaml-invalid"]


@pytest.mark.parametrize("subject", [Subject.PLAN, Subject.DRIFT])
def test_sarif_has_a_result_for_each_finding(subject: Subject) -> None:
    (run,) = json.loads(shown(subject, "sarif"))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert {result["level"] for result in run["results"]} <= {"error", "warning", "note"}
    assert len(run["results"]) == len(json.loads(shown(subject, "code-quality")))


def test_every_subject_of_findings_has_the_formats_of_pipelines() -> None:
    for subject in SUBJECTS:
        assert {"github", "code-quality", "sarif"} <= {*formats_of(subject)}
