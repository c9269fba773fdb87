"""A plan that is read back from JSON is shown as it was, and no other JSON is taken for a plan."""

import json as stdlib
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.nodes import MAX_DEPTH, Misfit
from reconciler.model.plans import Note, Plan
from reconciler.planfile import ORIGIN_CODES
from reconciler.views.formats import PlanReport, Style, Subject, formats_of, rendered
from reconciler.views.heading import HeadedPlan, Heading
from reconciler.views.json import documents
from reconciler.views.json import plan as as_json
from reconciler.views.json.documents import read_document
from reconciler.workflow.gathering import MOST_BYTES
from tests.unit.views import samples
from tests.unit.views.alterations import HOSTILE, altered, at, places
from tests.unit.views.test_json import PLAN, plans

HEADINGS = (
    Heading(),
    Heading("reconciler.yaml", (Note("plan-unchecked", "plan file not verified"),)),
)


def shown(headed: HeadedPlan) -> dict[str, str]:
    """A plan in each format that shows plans."""
    styles = {
        "": Style(heading=headed.heading),
        "verbose": Style(heading=headed.heading, verbose=True),
    }
    return {
        f"{name} {way}": rendered(Subject.PLAN, name, headed.plan, style)
        for name in formats_of(Subject.PLAN)
        for way, style in styles.items()
    }


def read_plan(content: bytes) -> HeadedPlan:
    headed = read_document(content)
    assert isinstance(headed, HeadedPlan)
    return headed


def written(headed: HeadedPlan) -> bytes:
    return as_json(headed.plan, headed.heading).encode()


@pytest.mark.parametrize("plan", samples.PLANS.values(), ids=samples.PLANS.keys())
@pytest.mark.parametrize("heading", HEADINGS)
def test_a_plan_is_shown_as_it_was(plan: Plan, heading: Heading) -> None:
    headed = HeadedPlan(plan, heading)
    assert shown(read_plan(written(headed))) == shown(headed)


@given(plans, st.sampled_from(HEADINGS))
def test_any_plan_is_shown_as_it_was(plan: Plan, heading: Heading) -> None:
    headed = HeadedPlan(plan, heading)
    assert shown(read_plan(written(headed))) == shown(headed)


@pytest.mark.parametrize("name", formats_of(Subject.REPORT))
def test_a_report_of_one_plan_says_what_the_plan_says(name: str) -> None:
    headed = HeadedPlan(samples.EVERYTHING)
    report = rendered(Subject.REPORT, name, PlanReport((headed,)), Style())
    if name == "json":
        (document,) = stdlib.loads(report)["plans"]
        assert document == stdlib.loads(written(headed))
    elif name == "github":
        *annotations, _ = report.split("\n")
        assert annotations == rendered(Subject.PLAN, name, headed.plan, Style()).split("\n")[:-1]
    else:
        assert report == rendered(Subject.PLAN, name, headed.plan, Style())


def test_no_note_of_a_plan_passes_for_one_on_its_file() -> None:
    """Only what comes first, and with a code of its own, is about the file."""
    first, second = Note("plan-verified", "a"), Note("other", "b")
    plan = replace(samples.EVERYTHING, notices=(second, first))
    headed = read_plan(written(HeadedPlan(plan)))
    assert headed.plan.notices == (second, first)
    assert not headed.heading.origin
    assert {note.code for each in samples.PLANS.values() for note in each.notices}.isdisjoint(
        ORIGIN_CODES
    )


ORIGINAL = stdlib.loads(
    as_json(
        replace(
            samples.REFUSED,
            changes=(
                *samples.EVERYTHING.changes[4:5],
                *[change for change in samples.EVERYTHING.changes if change.removal][:1],
                *samples.PLANS["sealed"].changes,
            ),
            problems=samples.PROBLEMS,
        )
    )
)
PLACES = [*places(ORIGINAL)]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: repr(content)[:20])
def test_whatever_stands_anywhere_is_refused_or_harmless(content: Any) -> None:
    """Each fifth place; whatever is read keeps to the schema, and every format can show it."""
    accepted = 0
    for path in PLACES[HOSTILE.index(content) % 5 :: 5]:
        document = altered(ORIGINAL, path, content)
        with suppress(Misfit):
            headed = read_plan(stdlib.dumps(document).encode())
            assert PLAN.is_valid(document), path
            shown(headed)
            accepted += 1
    assert accepted < len(PLACES) / 5


OBJECTS = [
    path
    for path in PLACES
    if isinstance(at(ORIGINAL, path), dict) and not {"before", "after", "value"} & {*path}
]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: ".".join(map(str, path)))
def test_what_is_missing_or_too_much_is_named(path: tuple[Any, ...]) -> None:
    for name in at(ORIGINAL, path):
        document = stdlib.loads(stdlib.dumps(ORIGINAL))
        del at(document, path)[name]
        with pytest.raises(Misfit):
            read_plan(stdlib.dumps(document).encode())
    with pytest.raises(Misfit) as error:
        read_plan(stdlib.dumps(altered(ORIGINAL, (*path, "surprise"), 1)).encode())
    assert error.value.message == "surprise is not known"
    assert error.value.place.rpartition(".")[2].partition("[")[0] in {"", *map(str, path)}


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (("summary", "delete"), 9, "summary.delete: this contradicts the rest"),
        (("summary", "canApply"), True, "summary.canApply: this contradicts the rest"),
        (("changes", 0, "risk"), "delete", "changes[0].risk: this contradicts"),
        (("changes", 0, "action"), "destroy", "changes[0].action: one of no-op, create"),
        (("changes", 0, "key", "name"), 7, "changes[0].key.name: a string is expected"),
        (("changes", 0, "fields", 0, "path"), ["data"], "changes[0].fields[0].path: the path"),
        (("steps", 0, "wave"), True, "steps[0].wave: a whole number"),
        (("steps", 0, "action"), "no-op", "steps[0].action: a step does something"),
        (("options", "maxDeletes"), "9" * 5000, "options.maxDeletes: a number or a percentage"),
        (("options", "prune"), 1, "options.prune: true or false is expected"),
        (
            ("format",),
            "reconciler.plan/v2",
            (
                "format: one of reconciler.plan/v1, reconciler.drift/v1, "
                "reconciler.environments/v1 is expected"
            ),
        ),
        (("surprise" * 9,), 1, "surprisesurprise"),
    ],
)
def test_an_error_names_the_place(path: tuple[Any, ...], content: Any, message: str) -> None:
    with pytest.raises(Misfit) as error:
        read_plan(stdlib.dumps(altered(ORIGINAL, path, content)).encode())
    assert str(error.value).startswith(message)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"format": "reconciler.plan/v1"',
        b'{"format": "reconciler.plan/v1"}',
        b'{"format": ["reconciler.plan/v1"]}',
        b"[" * 100_000,
        b'{"format": "reconciler.plan/v1", "a": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"format": "reconciler.plan/v1", "a": 1e999}',
        b'{"format": "reconciler.plan/v1", "a": ' + b"9" * 100_000 + b"}",
    ],
    ids=range(11),
)
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(Misfit):
        read_plan(content)


def test_small_parts_are_counted_before_they_take_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'{"format": "reconciler.plan/v1", "changes": [' + b"[]," * 1_000 + b"[]]}"
    monkeypatch.setattr(documents, "MOST_PARTS", 2_004)
    with pytest.raises(Misfit, match="store, configuration"):
        read_document(content)
    monkeypatch.setattr(documents, "MOST_PARTS", 2_003)
    with pytest.raises(Misfit, match="this has more than 2,003 values"):
        read_document(content)


def test_a_plan_of_ten_thousand_changes_has_room() -> None:
    changes = samples.EVERYTHING.changes
    size = len(written(HeadedPlan(replace(samples.EVERYTHING, changes=changes, steps=()))))
    parts = sum(map(written(HeadedPlan(samples.EVERYTHING)).count, (b",", b"[", b"{")))
    assert 10_000 * size / len(changes) < MOST_BYTES
    assert 10_000 * parts / len(changes) < documents.MOST_PARTS / 3


def test_manifests_may_be_as_deep_as_they_may() -> None:
    def nested(depth: int) -> bytes:
        value: Any = "x"
        for _ in range(depth):
            value = [value]
        change = replace(samples.EVERYTHING.changes[0], fields=(samples.added(("a",), value),))
        return as_json(replace(samples.EVERYTHING, changes=(change,), steps=())).encode()

    assert read_plan(nested(100)).plan.changes
    with pytest.raises(Misfit, match=f"nested more than {MAX_DEPTH} deep"):
        read_plan(nested(MAX_DEPTH))
