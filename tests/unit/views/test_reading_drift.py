"""A drift report that is read back from JSON is shown as it was, and nothing else is taken for one.

`test_reading` has the same for plans.
"""

import json as stdlib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from reconciler.model.drift import DriftReport
from reconciler.model.history import Run
from reconciler.model.nodes import Misfit
from reconciler.model.remedies import Remedies, Remedy, RemedyStep, Way
from reconciler.views import junit, markdown
from reconciler.views.formats import Drifts, Style, Subject, formats_of, rendered
from reconciler.views.heading import HeadedDrift, Heading
from reconciler.views.json import drift as as_json
from reconciler.views.json.documents import read_document
from tests.unit.views import drift_samples
from tests.unit.views.alterations import HOSTILE, altered, at, places
from tests.unit.views.test_json import DRIFT, reports

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NOT_IN_JSON = {"baseline", "prometheus"}
"""What shows fingerprints, the time of the check, certificates and locks: no JSON has them."""
RUN = Run(
    run="1",
    time="2026-11-24T09:12:03+00:00",
    command="apply",
    actor="anna",
    commit="1a2b3c4",
    plan="d",
    counts={"created": 2},
)


def shown(headed: HeadedDrift) -> dict[str, str]:
    """A report in each format that shows drift."""
    heading = Heading(headed.configuration)
    return {
        f"{name} {verbose}": rendered(
            Subject.DRIFT, name, headed.report, Style(heading=heading, verbose=verbose, now=NOW)
        )
        for name in formats_of(Subject.DRIFT)
        for verbose in (False, True)
        if name not in NOT_IN_JSON
    }


def read_drift(content: bytes) -> HeadedDrift:
    headed = read_document(content)
    assert isinstance(headed, HeadedDrift)
    return headed


def written(headed: HeadedDrift) -> bytes:
    return as_json(headed.report, headed.configuration).encode()


@pytest.mark.parametrize("report", drift_samples.REPORTS.values(), ids=drift_samples.REPORTS.keys())
def test_a_report_is_shown_as_it_was(report: DriftReport) -> None:
    for headed in (HeadedDrift(report), HeadedDrift(replace(report, last=RUN), "reconciler.yaml")):
        assert shown(read_drift(written(headed))) == shown(headed)


def test_markdown_names_the_last_run_in_a_line_of_its_own() -> None:
    lines = markdown.drift(replace(drift_samples.EVERYTHING, last=RUN)).splitlines()
    assert lines[4].startswith("Last applied `2026-11-24` `09:12:03` UTC by anna, commit ")


@given(reports)
def test_any_report_is_shown_as_it_was(report: DriftReport) -> None:
    headed = HeadedDrift(report)
    assert shown(read_drift(written(headed))) == shown(headed)


@pytest.mark.parametrize("name", formats_of(Subject.DRIFTS))
def test_one_report_among_several_says_what_it_says_alone(name: str) -> None:
    headed = HeadedDrift(drift_samples.EVERYTHING, "reconciler.yaml")
    style = Style(heading=Heading(headed.configuration), now=NOW)
    alone = rendered(Subject.DRIFT, name, headed.report, style)
    together = rendered(Subject.DRIFTS, name, Drifts((headed,)), Style(now=NOW))
    if name == "json":
        (document,) = stdlib.loads(together)["reports"]
        assert document == stdlib.loads(alone)
    elif name == "github":
        assert together.split("\n")[:-1] == alone.split("\n")[:-1]
    elif name == "junit":
        assert together.split("\n")[3:-1] == alone.split("\n")[2:]
    else:
        assert together == alone


def test_each_suite_of_several_reports_has_a_name_of_its_own() -> None:
    first = drift_samples.VANISHED
    second = replace(first, set_name='a"&b')
    document = junit.styled_drifts(Drifts((HeadedDrift(first), HeadedDrift(second))), Style())
    assert document.count("<testsuite ") == 2
    assert "name='reconciler drift of set a\"&amp;b, store" in document


ORIGINAL = stdlib.loads(as_json(replace(drift_samples.EVERYTHING, last=RUN)))
PLACES = [*places(ORIGINAL)]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: repr(content)[:20])
def test_whatever_stands_anywhere_is_refused_or_harmless(content: Any) -> None:
    """Each fifth place; whatever is read keeps to the schema, and every format can show it."""
    accepted = 0
    for path in PLACES[HOSTILE.index(content) % 5 :: 5]:
        document = altered(ORIGINAL, path, content)
        with suppress(Misfit):
            headed = read_drift(stdlib.dumps(document).encode())
            assert DRIFT.is_valid(document), path
            shown(headed)
            accepted += 1
    assert accepted < len(PLACES) / 5


OBJECTS = [path for path in PLACES if isinstance(at(ORIGINAL, path), dict)]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: ".".join(map(str, path)))
def test_what_is_missing_or_too_much_is_named(path: tuple[Any, ...]) -> None:
    for name in at(ORIGINAL, path):
        document = stdlib.loads(stdlib.dumps(ORIGINAL))
        del at(document, path)[name]
        with pytest.raises(Misfit):
            read_drift(stdlib.dumps(document).encode())
    with pytest.raises(Misfit) as error:
        read_drift(stdlib.dumps(altered(ORIGINAL, (*path, "surprise"), 1)).encode())
    assert error.value.message == "surprise is not known"


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (("summary", "drift"), False, "summary.drift: this contradicts the rest"),
        (("lastRun", "time"), "yesterday", "lastRun.time: a time such as"),
        (("lastRun", "time"), "2026-11-24T09:12:03", "lastRun.time: a time such as"),
        (("lastRun", "time"), "2026-11-24T09:12:03+02:00", "lastRun.time: a time such as"),
        (("lastRun", "outcome"), "lost", "lastRun.outcome: one of unfinished"),
        (("failOn",), ["added", "added"], "failOn"),
        (("objects", 0, "pending"), 1, "objects[0].pending: this contradicts the rest"),
        (("remedies", 0, "steps", 0), {}, "remedies[0].steps[0]: either a command or an edit"),
        (("remedies", 0, "steps", 0), {"command": ""}, "remedies[0].steps[0]"),
        (("remedies", 0, "steps", 0), {"command": "a;b"}, "remedies[0].steps[0].command: this"),
        (("remedies", 0, "steps", 0), {"command": "'a"}, "remedies[0].steps[0].command: this"),
        (
            ("format",),
            "reconciler.drift/v2",
            "format: one of reconciler.plan/v1, reconciler.drift/v1",
        ),
    ],
)
def test_an_error_names_the_place(path: tuple[Any, ...], content: Any, message: str) -> None:
    with pytest.raises(Misfit) as error:
        read_document(stdlib.dumps(altered(ORIGINAL, path, content)).encode())
    assert str(error.value).startswith(message)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "words", [("x",), ("it's", 'a "b"', "", "$HOME", "a\nb", "'"), ("ü", "-o", "a=b", "\\")]
)
def test_a_command_is_read_as_it_was(words: tuple[str, ...]) -> None:
    remedies = Remedies((Remedy(Way.RESTORE, (RemedyStep(words),)),))
    headed = HeadedDrift(replace(drift_samples.EMPTY, remedies=remedies))
    assert read_drift(written(headed)).report.remedies == remedies


@pytest.mark.parametrize("year", ["0001-01-01", "9999-12-31"])
def test_the_age_of_any_time_can_be_told(year: str) -> None:
    last = replace(RUN, time=f"{year}T00:00:00+00:00")
    headed = HeadedDrift(replace(drift_samples.EMPTY, last=last))
    assert year in shown(read_drift(written(headed)))["text False"]
