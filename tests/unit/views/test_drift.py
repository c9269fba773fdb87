import click
import pytest

from reconciler.model.drift import (
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.views import markdown, text
from tests.unit.views import samples
from tests.unit.views.drift_samples import (
    ALIKE,
    BASELINE,
    EVERYTHING,
    IN_SYNC,
    LENIENT,
    REPORTS,
    STRICT,
    report,
)


def shown(report: DriftReport, *, verbose: bool = False) -> str:
    return text.drift(report, colour=False, verbose=verbose)


def closing(*objects: ObjectDrift) -> str:
    return shown(report(*objects)).partition("\n\nWhat now")[0].split("\n")[-1]


def of(state: ObjectState, name: str, *fields: FieldDrift, orphaned: bool = False) -> ObjectDrift:
    return ObjectDrift(samples.secret(name), state, fields, orphaned=orphaned)


def test_drift_stands_before_what_is_pending_and_a_field_that_is_both_in_both() -> None:
    drift, pending = shown(EVERYTHING).split("Pending changes")
    assert "~ data[password]         changed  (" in drift
    assert "(by kubectl-edit; its manifest has changed too)" in drift
    assert "~ data[password]  set by the manifest" in pending
    assert "data[new]" not in drift
    assert "data[injected]" not in pending
    assert "data[dsn]" not in drift + pending


def test_a_pending_change_alone_is_no_drift() -> None:
    changed = of(ObjectState.IN_SYNC, "a", FieldDrift(("type",), FieldState.IN_SYNC, Pending.SET))
    assert closing(changed) == "No drift. 1 object in sync; 1 pending change."
    assert closing(of(ObjectState.PENDING, "a"), of(ObjectState.UNMANAGED, "b")) == (
        "No drift. 0 objects in sync; 1 pending change; 1 unmanaged."
    )
    assert closing(of(ObjectState.IN_SYNC, "a", orphaned=True)) == (
        "No drift. 1 object in sync; 1 pending change."
    )


@pytest.mark.parametrize(
    "state",
    [ObjectState.DRIFTED, ObjectState.VANISHED, ObjectState.MISSING, ObjectState.UNKNOWABLE],
)
def test_each_kind_of_drift_is_counted(state: ObjectState) -> None:
    assert closing(of(state, "a")) == f"Drift: 1 object {state}; 0 in sync."
    assert closing(of(state, "a"), of(state, "b"), of(ObjectState.IN_SYNC, "c")) == (
        f"Drift: 2 objects {state}; 1 in sync."
    )


def test_the_closing_line_names_every_kind_that_there_is() -> None:
    assert (
        "\n\nDrift: 2 objects drifted, 1 vanished, 1 missing, 1 unknowable; "
        "5 pending changes; 2 unmanaged; 4 in sync.\n"
    ) in shown(EVERYTHING)
    for drift in REPORTS.values():
        ending = shown(drift).partition(f"\n\n{text.drift_summary(drift)}")[2]
        assert ending.startswith("\n\nWhat now, ") if drift.remedies.of_objects else not ending


def test_many_alike_are_named_once() -> None:
    brief = shown(ALIKE)
    assert "~ 25 Secrets alike (drifted)\n    ~ data[password]  changed  (by kubectl-edit)" in brief
    assert "and 5 more" in brief
    assert brief.count("Secret/shop/db-24") == 0
    assert shown(ALIKE, verbose=True).count("Secret/shop/db-24") == 1
    assert "What now, for Secret/shop/db-00; likewise for the 24 others:" in brief


def test_what_a_baseline_has_is_counted_and_listed_on_request() -> None:
    brief = shown(BASELINE)
    assert brief.endswith(
        "\n\nDrift: 1 object drifted; 1 in the baseline; 1 pending change; 0 in sync."
    )
    assert "data[known]  changed  (in the baseline)" in brief
    assert "data[injected]" not in brief
    assert "~ Secret/shop/db (drifted)" in shown(BASELINE, verbose=True)


def test_the_last_line_says_what_counts() -> None:
    assert shown(LENIENT).endswith("0 in sync. None of it counts: --fail-on added,changed.")
    assert shown(STRICT).endswith("2 unmanaged. This counts: --fail-on unmanaged.")


def test_objects_in_sync_are_listed_on_request_alone() -> None:
    assert "quiet" not in shown(EVERYTHING)
    assert "= Secret/shop/quiet (in sync)" in shown(EVERYTHING, verbose=True)
    assert shown(IN_SYNC) == (
        "Set shop, store state/store.db (sqlite)\n\nNo drift. 2 objects in sync."
    )


def test_colour_changes_nothing_but_colour() -> None:
    for drift in REPORTS.values():
        coloured = text.drift(drift, colour=True, verbose=True)
        assert "\x1b" in coloured
        assert click.unstyle(coloured) == shown(drift, verbose=True)


def large(state: ObjectState, objects: int, fields: int) -> DriftReport:
    drifted = tuple(
        FieldDrift(samples.data(f"key-{number}"), FieldState.CHANGED) for number in range(fields)
    )
    return report(*(of(state, f"object-{number:05}", *drifted) for number in range(objects)))


def names(comment: str) -> int:
    return comment.count("Secret/shop/object-")


def test_a_large_report_fits_into_a_comment() -> None:
    comment = markdown.drift(large(ObjectState.DRIFTED, 500, 20))
    whole = comment.count("<details>")
    assert len(comment) <= markdown.LIMIT
    assert names(comment) == 500
    assert 0 < whole < 500
    assert comment.endswith(f"the details of {500 - whole} objects.")


def test_a_section_of_which_nothing_fits_is_counted() -> None:
    drifted = large(ObjectState.DRIFTED, 3000, 1).objects
    comment = markdown.drift(report(*drifted, of(ObjectState.UNMANAGED, "by-hand")))
    assert markdown.LIMIT - 1000 < len(comment) <= markdown.LIMIT
    assert f"{3000 - names(comment)} objects altogether" in comment
    assert "1 unmanaged Secret altogether" in comment
    assert "Unmanaged Secrets:" not in comment
