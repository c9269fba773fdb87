import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport, FieldState, ObjectState
from reconciler.views import prometheus
from tests.unit.views import drift_samples

LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
SAMPLE = re.compile(r"([a-z_]+)\{(.*)\} ([0-9.]+)")
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Samples = dict[tuple[str, str], float]


def read(found: DriftReport) -> Samples:
    """The samples by name and state, read as the text format says; labels are checked."""
    metrics: Samples = {}
    types = []
    for line in prometheus.drift(found, now=1795330800.25).split("\n"):
        if line.startswith("# TYPE "):
            types.append(line.split(" ")[2])
            assert line.endswith(" gauge")
        elif not line.startswith("# HELP reconciler_"):
            name, labels, value = SAMPLE.fullmatch(line).groups()  # type: ignore[union-attr]
            assert LABEL.sub("", labels) == ""
            known = {label: unescaped(text) for label, text in LABEL.findall(labels)}
            assert known["set"] == inert(escaped(found.set_name))
            assert known["store"] == inert(escaped(found.store.location or found.store.id))
            key = (name, known.get("state", ""))
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


def test_no_series_comes_and_goes() -> None:
    assert {frozenset(read(found)) for found in drift_samples.REPORTS.values()} == {
        frozenset(read(drift_samples.EVERYTHING))
    }


@given(st.text(st.sampled_from('ab\\"\n{},= #')) | st.text())
def test_labels_are_escaped(name: str) -> None:
    renamed = replace(drift_samples.IN_SYNC, set_name=name)
    assert len(read(renamed)) == len(read(drift_samples.IN_SYNC))


def test_how_a_label_is_written() -> None:
    renamed = replace(drift_samples.IN_SYNC, set_name='a"b\\c')
    assert r'{set="a\"b\\c",store="state/store.db"}' in prometheus.drift(renamed, now=0)
