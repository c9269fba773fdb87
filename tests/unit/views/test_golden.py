from collections.abc import Callable

import pytest

from reconciler.errors import ReconcilerError, StalePlan
from reconciler.model.drift import DriftReport, FieldState, ObjectState, Pending
from reconciler.model.history import RunOutcome
from reconciler.model.plans import Action, FieldAction, Plan, Reason
from reconciler.model.values import Nature
from reconciler.views import dot, json, markdown, mermaid, prometheus, sarif, text
from tests.unit.views import drift_samples, listing_samples, samples

Golden = Callable[[str, str], None]

each_plan = pytest.mark.parametrize(
    ("name", "plan"), samples.PLANS.items(), ids=samples.PLANS.keys()
)
each_report = pytest.mark.parametrize(
    ("name", "report"), drift_samples.REPORTS.items(), ids=drift_samples.REPORTS.keys()
)


@each_plan
def test_text(golden: Golden, name: str, plan: Plan) -> None:
    golden(f"plan-{name}.txt", text.plan(plan, colour=False))


@each_plan
def test_verbose_text(golden: Golden, name: str, plan: Plan) -> None:
    golden(f"plan-{name}-verbose.txt", text.plan(plan, colour=False, verbose=True))


def test_coloured_text(golden: Golden) -> None:
    golden("plan-refused-colour.txt", text.plan(samples.REFUSED, colour=True))


@each_plan
def test_markdown(golden: Golden, name: str, plan: Plan) -> None:
    golden(f"plan-{name}.md", markdown.plan(plan))


@each_plan
def test_json(golden: Golden, name: str, plan: Plan) -> None:
    golden(f"plan-{name}.json", json.plan(plan))


@each_report
def test_drift(golden: Golden, name: str, report: DriftReport) -> None:
    golden(f"drift-{name}.txt", text.drift(report, colour=False))
    golden(f"drift-{name}-verbose.txt", text.drift(report, colour=False, verbose=True))
    golden(f"drift-{name}.md", markdown.drift(report))
    golden(f"drift-{name}.json", json.drift(report))
    golden(f"drift-{name}.prom", prometheus.drift(report, now=1795330800.25))


def test_coloured_drift(golden: Golden) -> None:
    golden("drift-everything-colour.txt", text.drift(drift_samples.EVERYTHING, colour=True))


@pytest.mark.parametrize("name", listing_samples.LISTINGS)
def test_listings(golden: Golden, name: str) -> None:
    listing = listing_samples.LISTINGS[name]
    now = listing_samples.NOW
    golden(f"listing-{name}.txt", text.listing(listing, now=now, colour=False))
    golden(f"listing-{name}.json", json.listing(listing))


@pytest.mark.parametrize("name", listing_samples.GRAPHS)
def test_graphs(golden: Golden, name: str) -> None:
    graph = listing_samples.GRAPHS[name]
    golden(f"graph-{name}.dot", dot.graph(graph))
    golden(f"graph-{name}.mmd", mermaid.graph(graph))


@pytest.mark.parametrize("name", listing_samples.HISTORIES)
def test_histories(golden: Golden, name: str) -> None:
    history = listing_samples.HISTORIES[name]
    golden(f"history-{name}.txt", text.history(history, colour=False))
    golden(f"history-{name}.json", json.history(history))


def test_events(golden: Golden) -> None:
    golden("events.txt", "\n".join(text.event(event, colour=False) for event in samples.EVENTS))
    golden("events.jsonl", "\n".join(map(json.event, samples.EVENTS)))


def test_diagnostics(golden: Golden) -> None:
    golden("diagnostics.txt", text.diagnostics(samples.PROBLEMS, objects=14, files=3, colour=False))
    golden("diagnostics.json", json.diagnostics(samples.PROBLEMS, objects=14, files=3))
    golden("diagnostics.sarif", sarif.diagnostics(samples.PROBLEMS, tool_version="1.2.3"))


def test_nothing_wrong(golden: Golden) -> None:
    golden("diagnostics-none.txt", text.diagnostics((), objects=1, files=1, colour=False))
    golden("diagnostics-none.json", json.diagnostics((), objects=1, files=1))
    golden("diagnostics-none.sarif", sarif.diagnostics((), tool_version="1.2.3"))


def test_errors(golden: Golden) -> None:
    plain = ReconcilerError("no manifests in manifests/", hint="name a directory that has some")
    stale = StalePlan(
        "the plan is stale; nothing was applied",
        details=("Secret/shop/db: data[password] changed in the store", "Secret/shop/x: is gone"),
        hint="make a new plan",
    )
    golden("errors.txt", "\n".join(text.error(error, colour=False) for error in (plain, stale)))


def test_the_samples_hold_every_word() -> None:
    changes = [change for plan in samples.PLANS.values() for change in plan.changes]
    fields = [field for change in changes for field in change.fields]
    assert {change.action for change in changes} == set(Action)
    assert {reason for change in changes for reason in change.reasons} == set(Reason)
    assert {field.action for field in fields} == set(FieldAction)
    assert {field.nature for field in fields} == set(Nature)


def test_the_histories_hold_every_outcome() -> None:
    runs = [run for history in listing_samples.HISTORIES.values() for run in history.runs]
    assert {run.outcome for run in runs} == set(RunOutcome)


def test_the_reports_hold_every_word() -> None:
    objects = [item for report in drift_samples.REPORTS.values() for item in report.objects]
    fields = [field for one in objects for field in one.fields]
    assert {one.state for one in objects} == set(ObjectState)
    assert {field.state for field in fields} == set(FieldState)
    assert {field.pending for field in fields} == set(Pending)


def test_no_format_prints_a_fingerprint() -> None:
    for plan in samples.PLANS.values():
        printed = (
            text.plan(plan, colour=False, verbose=True) + markdown.plan(plan) + json.plan(plan)
        )
        assert samples.FINGERPRINT[:8] not in printed
