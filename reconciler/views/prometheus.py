"""Drift as metrics, for the textfile collector of Prometheus' node exporter.

Source: "Exposition formats" of the Prometheus documentation, text format 0.0.4. The collector
accepts no timestamps on samples, and rejects a series that occurs in two of its files: hence the
label with the store.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import islice

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport, FieldState, ObjectState
from reconciler.views.formats import Style

MOST_OBJECTS = 100
"""How many objects with drift have a sample of their own: each new series costs Prometheus."""

_FAILED = "drift_check_failed"
_NOT_FAILED = re.compile(rf"^(reconciler_{_FAILED}\{{.*\}}) 0$", re.MULTILINE)

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


def drift(report: DriftReport, *, now: float) -> str:
    """Gauges of a check that ended at `now`, in seconds since the epoch.

    Every state has a sample, even at 0, so that no series of a state appears or disappears.
    """
    labels = {"set": report.set_name, "store": report.store.location or report.store.id}
    return "\n".join(line for metric in _metrics(report, now) for line in _written(*metric, labels))


def failed(earlier: str) -> str:
    """The metrics `earlier` after a check that failed: they stay, and say that it has."""
    return _NOT_FAILED.sub(r"\1 1", earlier)


def styled_drift(report: DriftReport, style: Style) -> str:
    """The drift as of the time in `style`."""
    return drift(report, now=style.now.timestamp())


def _metrics(report: DriftReport, now: float) -> Iterator[tuple[str, str, Iterable[Sample]]]:
    """The name, the description and the samples of each metric."""
    fields = Counter(field.state for checked in report.objects for field in checked.fields)
    yield (
        "drift_objects",
        "Objects by state, compared with what was applied last.",
        _by_state(ObjectState, report.counts),
    )
    yield (
        "drift_fields",
        "Fields by state, compared with what was applied last.",
        _by_state(FieldState, fields),
    )
    yield (
        "drift_object",
        f"1 for each object with drift that counts; at most {MOST_OBJECTS} of them.",
        (
            ({"object": str(item.key), "state": item.state.value}, 1)
            for item in islice(report.counting, MOST_OBJECTS)
        ),
    )
    pending = sum(checked.pending for checked in report.objects)
    yield (
        "pending_objects",
        "Objects that the manifests would change even without drift.",
        [({}, pending)],
    )
    yield (
        "drift_detected",
        "1 if the last check found drift that counts, else 0.",
        [({}, int(report.failing))],
    )
    yield (
        "certificate_end_timestamp_seconds",
        "When the certificates in a key of an object end.",
        (
            ({"object": str(item.key), "key": item.name}, item.ends.timestamp())
            for item in report.certificates
        ),
    )
    yield (
        "lock_held_seconds",
        "For how long the lock of the set had been held at the last check, 0 if it was not.",
        [] if report.locked_seconds is None else [({}, report.locked_seconds)],
    )
    yield _FAILED, "1 if the last check ended with an error, else 0.", [({}, 0)]
    yield (
        "drift_last_success_timestamp_seconds",
        "When the last check ended that did not fail.",
        [({}, now)],
    )


def _by_state(
    states: type[StrEnum], counts: Mapping[ObjectState, int] | Mapping[FieldState, int]
) -> list[Sample]:
    numbers = {str(state): number for state, number in counts.items()}
    return [({"state": state.value}, numbers.get(state.value, 0)) for state in states]


def _written(
    name: str, description: str, samples: Iterable[Sample], labels: Labels
) -> Iterator[str]:
    yield f"# HELP reconciler_{name} {description}\n# TYPE reconciler_{name} gauge"
    for own, value in samples:
        inside = ",".join(f'{label}="{_label(text)}"' for label, text in {**labels, **own}.items())
        yield f"reconciler_{name}{{{inside}}} {_number(value)}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _label(text: str) -> str:
    """A label's value: after `escaped` no line feed is left, which would need an escape too."""
    return inert(escaped(text)).replace("\\", r"\\").replace('"', r"\"")
