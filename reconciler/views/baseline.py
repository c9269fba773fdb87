"""The drift of a check as a baseline of later ones (``baseline-v1.json``).

The only output with fingerprints: they are keyed and bound to their objects, so that they tell
neither a value nor which objects have the same.
"""

from __future__ import annotations

from reconciler.model.drift import DRIFT_STATES, DriftReport, ObjectDrift, ObjectState
from reconciler.views.formats import Style
from reconciler.views.json.parts import Document, key_document, serialised

BASELINE_FORMAT = "reconciler.baseline/v1"


def styled_drift(report: DriftReport, style: Style) -> str:
    """What has drifted, and the unmanaged Secrets that are listed."""
    del style
    return serialised(
        {
            "format": BASELINE_FORMAT,
            "store": report.store.id,
            "set": report.set_name,
            "run": report.last.run if report.last else "",
            "objects": [
                _object(item)
                for item in report.objects
                if item.state in {*DRIFT_STATES, ObjectState.UNMANAGED}
            ],
        }
    )


def _object(item: ObjectDrift) -> Document:
    return {
        "key": key_document(item.key),
        "state": item.state,
        "fields": [
            {"path": [*field.path], "state": field.state, "fingerprint": field.fingerprint}
            for field in item.differing
        ],
    }
