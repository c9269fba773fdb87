"""Hand-made reports of drift that cover every word the formats know."""

from reconciler.model.drift import (
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Note, StoreIdentity
from tests.unit.views.samples import NAMESPACE, STORE, data, place, secret

_DRIFTED = ObjectDrift(
    secret("db"),
    ObjectState.DRIFTED,
    (
        FieldDrift(data("ca.crt"), FieldState.UNKNOWABLE),
        FieldDrift(data("dsn"), FieldState.IN_SYNC),
        FieldDrift(data("injected"), FieldState.ADDED, manager="sidecar\u202e"),
        FieldDrift(data("new"), FieldState.IN_SYNC, Pending.SET),
        FieldDrift(data("old"), FieldState.REMOVED, Pending.REMOVE),
        FieldDrift(data("password"), FieldState.CHANGED, Pending.SET, "kubectl-edit"),
        FieldDrift(data("sealed"), FieldState.CHANGED, Pending.UNKNOWN),
        FieldDrift(("metadata", "labels", "tier"), FieldState.REMOVED),
    ),
    source=place("db.yaml", 3),
)
_ORPHAN = ObjectDrift(
    secret("orphan"),
    ObjectState.DRIFTED,
    (FieldDrift(data("key"), FieldState.CHANGED),),
    orphaned=True,
)
_PENDING = (
    ObjectDrift(
        secret("edited"),
        ObjectState.IN_SYNC,
        (
            FieldDrift(data("a"), FieldState.IN_SYNC, Pending.SET),
            FieldDrift(data("b"), FieldState.IN_SYNC, Pending.REMOVE),
            FieldDrift(data("c"), FieldState.IN_SYNC, Pending.UNKNOWN),
        ),
        source=place("edited.yaml", 1),
    ),
    ObjectDrift(secret("new"), ObjectState.PENDING, source=place("new.yaml", 1)),
    ObjectDrift(secret("old"), ObjectState.IN_SYNC, orphaned=True),
)
_ABSENT = (
    ObjectDrift(secret("gone"), ObjectState.VANISHED, source=place("gone.yaml", 7)),
    ObjectDrift(secret("lost"), ObjectState.MISSING, source=place("lost.yaml", 1)),
    ObjectDrift(secret("other"), ObjectState.UNKNOWABLE, source=place("other.yaml", 1)),
)
_IN_SYNC = (
    ObjectDrift(NAMESPACE, ObjectState.IN_SYNC, source=place("shop.yaml", 1)),
    ObjectDrift(
        secret("quiet"),
        ObjectState.IN_SYNC,
        (FieldDrift(data("a"), FieldState.IN_SYNC),),
        source=place("quiet.yaml", 1),
    ),
)
_UNMANAGED = tuple(
    ObjectDrift(secret(name), ObjectState.UNMANAGED) for name in ("by-hand", "sh.helm.release")
)


def report(*objects: ObjectDrift, notices: tuple[Note, ...] = ()) -> DriftReport:
    ordered = tuple(sorted(objects, key=lambda one: one.key))
    return DriftReport(store=STORE, set_name="shop", objects=ordered, notices=notices)


EVERYTHING = report(
    _DRIFTED,
    _ORPHAN,
    *_PENDING,
    *_ABSENT,
    *_IN_SYNC,
    *_UNMANAGED,
    notices=(Note("scrub", "Secret/shop/db carries an annotation that copies values"),),
)
VANISHED = report(_ABSENT[0])
PENDING = report(*_PENDING, *_IN_SYNC, _UNMANAGED[0])
IN_SYNC = report(*_IN_SYNC)
EMPTY = DriftReport(store=StoreIdentity("sqlite", ""), set_name="default")

REPORTS = {
    "everything": EVERYTHING,
    "vanished": VANISHED,
    "pending": PENDING,
    "in-sync": IN_SYNC,
    "empty": EMPTY,
}

EXAMPLE = report(
    ObjectDrift(
        secret("db"),
        ObjectState.DRIFTED,
        (
            FieldDrift(data("dsn"), FieldState.IN_SYNC),
            FieldDrift(data("injected"), FieldState.ADDED),
            FieldDrift(data("old"), FieldState.REMOVED),
            FieldDrift(data("password"), FieldState.CHANGED, Pending.SET, "kubectl-edit"),
        ),
        source=place("db.yaml", 3),
    ),
    ObjectDrift(
        ObjectKey("ServiceAccount", "shop", "robot"),
        ObjectState.VANISHED,
        source=place("robot.yaml", 1),
    ),
    _IN_SYNC[0],
)
"""The report of the documentation."""
