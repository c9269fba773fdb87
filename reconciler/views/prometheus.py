"""Drift as metrics, for the textfile collector of Prometheus' node exporter.

Source: "Exposition formats" of the Prometheus documentation, text format 0.0.4. The collector
accepts no timestamps on samples, and rejects a series that occurs in two of its files: hence the
label with the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport, FieldState, ObjectState
from reconciler.views.formats import Style


def drift(report: DriftReport, *, now: float) -> str:
    """Gauges of a check that ended at `now`, in seconds since the epoch.

    Every state has a sample, even at 0, so that no series appears or disappears.
    """
    fields = Counter(field.state for checked in report.objects for field in checked.fields)
    labels = {"set": report.set_name, "store": report.store.location or report.store.id}
    pending = sum(checked.pending for checked in report.objects)
    return "\n".join(
        (
            _header("drift_objects", "Objects by state, compared with what was applied last."),
            *_by_state("drift_objects", labels, ObjectState, report.counts),
            _header("drift_fields", "Fields by state, compared with what was applied last."),
            *_by_state("drift_fields", labels, FieldState, fields),
            _header(
                "pending_objects", "Objects that the manifests would change even without drift."
            ),
            _sample("pending_objects", labels, str(pending)),
            _header("drift_detected", "1 if the last check found drift that counts, else 0."),
            _sample("drift_detected", labels, str(int(report.failing))),
            _header("drift_last_success_timestamp_seconds", "When the last check ended."),
            _sample("drift_last_success_timestamp_seconds", labels, f"{now:.3f}"),
        )
    )


def styled_drift(report: DriftReport, style: Style) -> str:
    """The drift as of the time in `style`."""
    return drift(report, now=style.now.timestamp())


def _by_state(
    name: str,
    labels: Mapping[str, str],
    states: type[StrEnum],
    counts: Mapping[ObjectState, int] | Mapping[FieldState, int],
) -> list[str]:
    numbers = {str(state): number for state, number in counts.items()}
    return [
        _sample(name, {**labels, "state": state.value}, str(numbers.get(state.value, 0)))
        for state in states
    ]


def _header(name: str, description: str) -> str:
    return f"# HELP reconciler_{name} {description}\n# TYPE reconciler_{name} gauge"


def _sample(name: str, labels: Mapping[str, str], value: str) -> str:
    inside = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
    return f"reconciler_{name}{{{inside}}} {value}"


def _label(text: str) -> str:
    """A label's value: after `escaped` no line feed is left, which would need an escape too."""
    return inert(escaped(text)).replace("\\", r"\\").replace('"', r"\"")
