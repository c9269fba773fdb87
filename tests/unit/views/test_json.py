import json as stdlib
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from reconciler.model.consumers import Consumer
from reconciler.model.drift import (
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.events import Event, Outcome
from reconciler.model.listing import ListedObject, Listing
from reconciler.model.objects import Diagnostic, ObjectKey, Severity, Source
from reconciler.model.patches import Operation
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    Note,
    Plan,
    Precondition,
    Reason,
    Refusal,
    Step,
    StoreIdentity,
)
from reconciler.model.values import Nature, UidOf, ValueRef
from reconciler.views import json
from reconciler.views.formats import Drifts
from reconciler.views.heading import HeadedDrift, HeadedPlan
from tests.unit.views import drift_samples, listing_samples, samples


def validator(name: str) -> Draft202012Validator:
    schema = stdlib.loads((resources.files("reconciler") / "schemas" / name).read_bytes())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


PLAN, DIAGNOSTICS, EVENT, DRIFT, LISTING, HISTORY = (
    validator(f"{name}-v1.json")
    for name in ("plan", "diagnostics", "event", "drift", "listing", "history")
)

_texts = st.text(max_size=8)
_REGISTRY = Registry().with_resources(
    (f"urn:reconciler:{name}:v1", Resource.from_contents(each.schema))
    for name, each in (("plan", PLAN), ("drift", DRIFT))
)
DRIFTS = Draft202012Validator(validator("drifts-v1.json").schema, registry=_REGISTRY)
REPORT = Draft202012Validator(validator("report-v1.json").schema, registry=_REGISTRY)

_names = st.text("ab-.", max_size=4)
_numbers = st.integers(min_value=1, max_value=99)
_references = st.builds(ValueRef, _numbers, st.just(samples.FINGERPRINT))
_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts
)
_values = st.recursive(
    _leaves | _references | st.builds(UidOf, _names, _names, _names),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_texts | st.sampled_from(["$value", "$uidOf", "$$"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_keys = st.builds(ObjectKey, _texts, _texts, _texts)
_paths = st.lists(_texts, min_size=1, max_size=4).map(tuple)
_sources = st.builds(Source, _texts, _numbers, _numbers, _numbers, st.none() | _numbers)
_notes = st.builds(Note, _texts, _texts)


def _tuples(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


_fields = st.builds(FieldChange, path=_paths, before=_values, after=_values)
_changes = st.builds(
    Change,
    key=_keys,
    generate_name=_texts,
    fields=_tuples(_fields),
    kept=_tuples(_paths),
    notes=_tuples(_notes),
    consumers=_tuples(st.builds(Consumer, _texts, _texts, _texts, _keys, _texts)),
    patch=_tuples(
        st.builds(
            Operation,
            st.sampled_from(["add", "remove", "replace"]),
            _texts,
            _values,
        )
    ),
    precondition=st.none() | st.builds(Precondition, _texts, _texts),
    source=st.none() | _sources,
)
_diagnostics = st.builds(Diagnostic, source=_sources)
_pending = st.sampled_from([action for action in Action if action is not Action.NO_OP])
plans = st.builds(
    Plan,
    store=st.builds(StoreIdentity, _texts, _texts, _texts),
    options=st.builds(
        PlanOptions,
        targets=_tuples(_keys),
        max_deletes=st.builds(DeleteLimit, st.integers(0, 100), st.booleans()),
    ),
    changes=_tuples(_changes),
    steps=_tuples(st.builds(Step, _keys, _pending, st.integers(0, 9), _tuples(_keys))),
    refusals=_tuples(st.builds(Refusal, _texts, _texts, _texts, st.none() | _keys)),
    problems=_tuples(_diagnostics),
    notices=_tuples(_notes),
)
reports = st.builds(
    DriftReport,
    store=st.builds(StoreIdentity, _texts, _texts, _texts),
    objects=_tuples(
        st.builds(
            ObjectDrift,
            _keys,
            fields=_tuples(st.builds(FieldDrift, _paths)),
            source=st.none() | _sources,
        )
    ),
    notices=_tuples(_notes),
)
listings = st.builds(
    Listing,
    st.builds(StoreIdentity, _texts, _texts, _texts),
    objects=_tuples(
        st.builds(ListedObject, key=_keys, data_keys=_tuples(_texts), consumers=_tuples(_keys))
    ),
)


@pytest.mark.parametrize("plan", samples.PLANS.values(), ids=samples.PLANS.keys())
def test_plans_keep_to_their_schema(plan: Plan) -> None:
    PLAN.validate(stdlib.loads(json.plan(plan)))


@given(plans)
def test_any_plan_keeps_to_its_schema(plan: Plan) -> None:
    PLAN.validate(stdlib.loads(json.plan(plan)))


@pytest.mark.parametrize("event", samples.EVENTS)
def test_events_keep_to_their_schema(event: Event) -> None:
    line = json.event(event)
    assert "\n" not in line
    EVENT.validate(stdlib.loads(line))


def test_diagnostics_keep_to_their_schema() -> None:
    DIAGNOSTICS.validate(stdlib.loads(json.diagnostics(samples.PROBLEMS, objects=1, files=1)))


@given(st.lists(_diagnostics, max_size=3))
def test_any_diagnostics_keep_to_their_schema(found: list[Diagnostic]) -> None:
    DIAGNOSTICS.validate(stdlib.loads(json.diagnostics(found, objects=1, files=1)))


@given(reports)
def test_any_report_keeps_to_its_schema(report: DriftReport) -> None:
    DRIFT.validate(stdlib.loads(json.drift(report)))


@given(listings)
def test_any_listing_keeps_to_its_schema(listing: Listing) -> None:
    LISTING.validate(stdlib.loads(json.listing(listing)))


@pytest.mark.parametrize("names", [("refused",), ("everything", "sealed")])
def test_reports_keep_to_their_schema(names: tuple[str, ...]) -> None:
    source = json.report([HeadedPlan(samples.PLANS[name]) for name in names])
    document = stdlib.loads(source)
    REPORT.validate(document)
    assert document["summary"]["plans"] == len(document["plans"]) == len(names)
    for name in ("create", "delete", "sealedValues"):
        sums = [plan["summary"][name] for plan in document["plans"]]
        assert document["summary"][name] == sum(sums)
    assert document["summary"]["canApply"] == ("refused" not in names and "sealed" not in names)


@pytest.mark.parametrize("names", [("lenient",), ("everything", "baseline")])
def test_drift_reports_keep_to_their_schema(names: tuple[str, ...]) -> None:
    shown = [HeadedDrift(drift_samples.REPORTS[name]) for name in names]
    document = stdlib.loads(json.drifts(Drifts(tuple(shown))))
    DRIFTS.validate(document)
    summaries = [report["summary"] for report in document["reports"]]
    assert document["summary"]["reports"] == len(names)
    assert document["summary"]["drift"] is ("everything" in names)
    for name in ("driftedFields", "accepted"):
        assert document["summary"][name] == sum(summary[name] for summary in summaries)
    states = document["summary"]["states"]
    assert states["drifted"] == sum(summary["states"]["drifted"] for summary in summaries)


def _objects(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict):
        yield path
        for name, child in node.items():
            yield from _objects(child, (*path, name))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _objects(child, (*path, index))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


FREE = {"before", "after", "value"}
"""Below these names stands what manifests hold, of which a schema knows nothing."""


@pytest.mark.parametrize(
    ("schema", "source"),
    [
        (PLAN, json.plan(replace(samples.REFUSED, changes=samples.EVERYTHING.changes[:3]))),
        (DIAGNOSTICS, json.diagnostics(samples.PROBLEMS, objects=1, files=1)),
        (DRIFT, json.drift(drift_samples.EVERYTHING)),
        (LISTING, json.listing(listing_samples.LISTINGS["everything"])),
        (HISTORY, json.history(listing_samples.HISTORY)),
        *((EVENT, json.event(event)) for event in samples.EVENTS[-8:]),
    ],
)
def test_schemas_refuse_what_is_too_much_or_missing(
    schema: Draft202012Validator, source: str
) -> None:
    paths = [path for path in _objects(stdlib.loads(source)) if not FREE & set(path)]
    assert paths
    for path in paths:
        document = stdlib.loads(source)
        _at(document, path)["surprise"] = 1
        assert not schema.is_valid(document), path
        for name in _at(stdlib.loads(source), path):
            if name == "from" or (name == "value" and "patch" in path):
                continue
            document = stdlib.loads(source)
            del _at(document, path)[name]
            assert not schema.is_valid(document), (*path, name)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("format",), "reconciler.plan/v2"),
        (("changes", 1, "action"), "destroy"),
        (("changes", 1, "reasons"), ["whim"]),
        (("changes", 1, "fields", 0, "after"), {"$value": 1, "fingerprint": "ab"}),
        (("changes", 1, "fields", 0, "after"), {"$value": "text"}),
        (("steps", 0, "action"), "no-op"),
        (("steps", 0, "wave"), -1),
        (("options", "maxDeletes"), "many"),
        (("changes", 1, "source"), {}),
    ],
)
def test_the_plan_schema_refuses_wrong_values(path: tuple[Any, ...], wrong: object) -> None:
    document = stdlib.loads(json.plan(samples.EVERYTHING))
    _at(document, path[:-1])[path[-1]] = wrong
    with pytest.raises(ValidationError):
        PLAN.validate(document)


def _after(value: Any) -> Any:
    field = FieldChange(("x",), FieldAction.ADDED, after=value)
    plan = Plan(
        store=samples.STORE,
        options=PlanOptions(),
        changes=(Change(key=samples.secret("a"), action=Action.UPDATE, fields=(field,)),),
    )
    return stdlib.loads(json.plan(plan))["changes"][0]["fields"][0]["after"]


def test_a_manifest_cannot_forge_a_masked_value() -> None:
    assert _after(samples.value(2)) == {"$value": 2}
    assert _after(UidOf("Secret", "shop", "db")) == {"$uidOf": "Secret/shop/db"}
    assert _after({"$value": 2}) == {"$$value": 2}
    assert _after([{"$$value": {"a": samples.value(3)}}]) == [{"$$$value": {"a": {"$value": 3}}}]


def _decoded(node: Any) -> Any:
    """Read values as the documentation says."""
    match node:
        case {"$value": int(number)} if len(node) == 1:
            return ValueRef(number, samples.FINGERPRINT)
        case {"$uidOf": str(name)} if len(node) == 1:
            return ("uid of", name)
        case dict():
            return {name.removeprefix("$"): _decoded(child) for name, child in node.items()}
        case list():
            return [_decoded(child) for child in node]
        case _:
            return node


def _expected(node: Any) -> Any:
    match node:
        case UidOf():
            return ("uid of", str(ObjectKey(node.kind, node.namespace, node.name)))
        case dict():
            return {name: _expected(child) for name, child in node.items()}
        case list():
            return [_expected(child) for child in node]
        case _:
            return node


@given(_values)
def test_values_can_be_read_back(value: Any) -> None:
    assert _decoded(_after(value)) == _expected(value)


def test_text_survives_though_nothing_invisible_is_written() -> None:
    text = 'a\x1b\x9b\u202e\U000e0041"\\\n日本'
    assert _after(text) == text
    assert _after({text: text}) == {text: text}


def test_a_file_name_that_is_not_utf_8_does_no_harm() -> None:
    found = Diagnostic(**{**_fields_of(samples.PROBLEMS[0]), "source": Source("a\udcff", 1, 1)})
    document = stdlib.loads(json.diagnostics((found,), objects=1, files=1))
    assert document["diagnostics"][0]["source"]["file"] == "a\ufffd"


def _fields_of(item: Diagnostic) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Diagnostic.__slots__}


def test_the_summary_counts() -> None:
    document = stdlib.loads(json.plan(samples.EVERYTHING))
    assert document["summary"] == {
        "create": 4,
        "update": 5,
        "replace": 3,
        "delete": 3,
        "release": 0,
        "restart": 2,
        "inSync": 2,
        "driftedFields": 2,
        "sealedValues": 0,
        "canApply": True,
    }
    assert not stdlib.loads(json.plan(samples.REFUSED))["summary"]["canApply"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("change", "properties", "action"), Action),
        (("change", "properties", "reasons", "items"), Reason),
        (("field", "properties", "change"), FieldAction),
        (("field", "properties", "nature"), Nature),
        (("diagnostic", "properties", "severity"), Severity),
    ],
)
def test_the_plan_schema_knows_every_word(path: tuple[str, ...], words: type[StrEnum]) -> None:
    schema: Any = PLAN.schema
    assert set(_at(schema["$defs"], path)["enum"]) == set(words)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("object", "properties", "state"), ObjectState),
        (("field", "properties", "state"), FieldState),
        (("field", "properties", "pending"), Pending),
    ],
)
def test_the_drift_schema_knows_every_word(path: tuple[str, ...], words: type[StrEnum]) -> None:
    schema: Any = DRIFT.schema
    assert set(_at(schema["$defs"], path)["enum"]) == set(words)


def test_the_event_schema_knows_every_outcome() -> None:
    schema: Any = EVENT.schema
    ended = next(kind for kind in schema["oneOf"] if "outcome" in kind["properties"])
    assert set(ended["properties"]["outcome"]["enum"]) == set(Outcome)
