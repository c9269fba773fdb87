import math
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.escapes import escaped, inert
from reconciler.model.drift import CertificateEnd, DriftReport, FieldState, ObjectState
from reconciler.model.objects import ObjectKey
from reconciler.views import prometheus
from tests.unit.views import drift_samples

LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
SAMPLE = re.compile(r"([a-z_]+)\{(.*)\} ([0-9.]+|\+Inf)")
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

SHARED = {"set", "store"}
OWN_SERIES = {"reconciler_drift_object", "reconciler_certificate_end_timestamp_seconds"}
"""Metrics with a sample for an object, which comes and goes with its cause."""

Samples = dict[tuple[str, str], float]


def read(report: DriftReport) -> Samples:
    """The samples by name and state, read as the text format says; labels are checked."""
    metrics: Samples = {}
    types = []
    for line in prometheus.drift(report, now=1795330800.25).split("\n"):
        if line.startswith("# TYPE "):
            types.append(line.split(" ")[2])
            assert line.endswith(" gauge")
        elif not line.startswith("# HELP reconciler_"):
            name, labels, value = SAMPLE.fullmatch(line).groups()  # type: ignore[union-attr]
            assert LABEL.sub("", labels) == ""
            known = {label: unescaped(text) for label, text in LABEL.findall(labels)}
            assert known["set"] == inert(escaped(report.set_name))
            assert known["store"] == inert(escaped(report.store.location or report.store.id))
            key = (name, " ".join(text for label, text in known.items() if label not in SHARED))
            assert types[-1] == name
            assert key not in metrics
            metrics[key] = float(value)
    return metrics


def unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda match: ESCAPES[match[0]], text)


def test_what_is_counted() -> None:
    found = read(drift_samples.EVERYTHING)
    objects = {state: found["reconciler_drift_objects", state] for state in ObjectState}
    fields = {state: found["reconciler_drift_fields", state] for state in FieldState}
    assert objects == {
        ObjectState.IN_SYNC: 4,
        ObjectState.DRIFTED: 2,
        ObjectState.VANISHED: 1,
        ObjectState.MISSING: 1,
        ObjectState.UNKNOWABLE: 1,
        ObjectState.UNMANAGED: 2,
        ObjectState.PENDING: 1,
    }
    assert fields == {
        FieldState.IN_SYNC: 6,
        FieldState.CHANGED: 3,
        FieldState.REMOVED: 2,
        FieldState.ADDED: 1,
        FieldState.UNKNOWABLE: 1,
    }
    assert found["reconciler_pending_objects", ""] == 5
    assert found["reconciler_drift_last_success_timestamp_seconds", ""] == 1795330800.25


@pytest.mark.parametrize(
    ("name", "detected"),
    [("everything", 1), ("vanished", 1), ("pending", 0), ("in-sync", 0), ("empty", 0)],
)
def test_drift_is_told_by_one_figure(name: str, detected: int) -> None:
    assert read(drift_samples.REPORTS[name])["reconciler_drift_detected", ""] == detected


def test_no_other_series_comes_and_goes() -> None:
    kept = [
        {key for key in read(report) if key[0] not in OWN_SERIES}
        for report in drift_samples.REPORTS.values()
    ]
    assert {frozenset(keys) for keys in kept} == {frozenset(kept[0])}


def test_each_object_with_drift_that_counts_has_a_sample() -> None:
    def objects(report: DriftReport) -> set[str]:
        return {text for name, text in read(report) if name == "reconciler_drift_object"}

    assert (
        objects(drift_samples.REPORTS["lenient"])
        < objects(drift_samples.EVERYTHING)
        == {
            "Secret/shop/db drifted",
            "Secret/shop/gone vanished",
            "Secret/shop/lost missing",
            "Secret/shop/orphan drifted",
            "Secret/shop/other unknowable",
        }
    )
    (drifted,) = drift_samples.REPORTS["vanished"].objects
    many = [
        replace(drifted, key=drifted.key._replace(name=f"s{number}"))
        for number in range(2 * prometheus.MOST_OBJECTS)
    ]
    crowd = replace(drift_samples.EVERYTHING, objects=tuple(many))
    assert len(objects(crowd)) == prometheus.MOST_OBJECTS
    assert read(crowd)["reconciler_drift_objects", "vanished"] == len(many)


def test_the_end_of_a_certificate_is_a_sample() -> None:
    ends = datetime(2026, 12, 24, tzinfo=UTC)
    end = CertificateEnd(ObjectKey("Secret", "shop", "tls"), "tls.crt", ends)
    figures = read(replace(drift_samples.IN_SYNC, certificates=(end,)))
    name = "reconciler_certificate_end_timestamp_seconds"
    assert figures[name, "Secret/shop/tls tls.crt"] == ends.timestamp()


@pytest.mark.parametrize("seconds", [0.0, 75.5, math.inf])
def test_for_how_long_the_lock_is_held(seconds: float) -> None:
    figures = read(replace(drift_samples.IN_SYNC, locked_seconds=seconds))
    assert figures["reconciler_lock_held_seconds", ""] == seconds


def test_a_lock_that_nobody_may_read_has_no_sample() -> None:
    assert ("reconciler_lock_held_seconds", "") not in read(drift_samples.IN_SYNC)


def test_after_a_failed_check_all_stays_but_one_sample() -> None:
    before = prometheus.drift(drift_samples.EVERYTHING, now=1795330800)
    after = prometheus.failed(before)
    ((line, other),) = [
        pair for pair in zip(before.split("\n"), after.split("\n"), strict=True) if len({*pair}) > 1
    ]
    assert line.startswith("reconciler_drift_check_failed{")
    assert other == line[:-1] + "1"
    assert prometheus.failed(after) == after


@given(st.text(st.sampled_from('ab\\"\n{},= #')) | st.text())
def test_labels_are_escaped(name: str) -> None:
    renamed = replace(drift_samples.IN_SYNC, set_name=name)
    assert len(read(renamed)) == len(read(drift_samples.IN_SYNC))


def test_how_a_label_is_written() -> None:
    renamed = replace(drift_samples.IN_SYNC, set_name='a"b\\c')
    assert r'{set="a\"b\\c",store="state/store.db"}' in prometheus.drift(renamed, now=0)
