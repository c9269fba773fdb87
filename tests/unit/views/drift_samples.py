"""Hand-made reports of drift that cover every word the formats know."""

from dataclasses import replace

from reconciler.model.drift import (
    DriftKind,
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Note, StoreIdentity
from reconciler.model.remedies import CommandLine
from reconciler.model.store import Capability
from reconciler.planning.remedies import Manifests, remedies_of
from tests import world
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


def with_remedies(shown: DriftReport) -> DriftReport:
    desired = {
        item.source: world.secret(item.key.name, {}, source=item.source)
        for item in shown.objects
        if item.source
    }
    manifests = Manifests(desired, {"manifests/db.yaml"})
    return replace(
        shown, remedies=remedies_of(shown, manifests, CommandLine(), frozenset(Capability))
    )


EVERYTHING = with_remedies(
    report(
        _DRIFTED,
        _ORPHAN,
        *_PENDING,
        *_ABSENT,
        *_IN_SYNC,
        *_UNMANAGED,
        notices=(Note("scrub", "Secret/shop/db carries an annotation that copies values"),),
    )
)
BASELINE = report(
    replace(
        _DRIFTED,
        fields=tuple(replace(field, accepted=True) for field in _DRIFTED.fields),
        accepted=True,
    ),
    ObjectDrift(
        secret("partly"),
        ObjectState.DRIFTED,
        (
            FieldDrift(data("known"), FieldState.CHANGED, fingerprint="f0", accepted=True),
            FieldDrift(data("new"), FieldState.ADDED, fingerprint="f1"),
        ),
        source=place("partly.yaml", 1),
    ),
)
LENIENT = replace(report(_ABSENT[0]), fail_on=frozenset({DriftKind.CHANGED, DriftKind.ADDED}))
STRICT = replace(report(*_IN_SYNC, *_UNMANAGED), fail_on=frozenset({DriftKind.UNMANAGED}))
ALIKE = with_remedies(
    report(
        *(
            ObjectDrift(
                secret(f"db-{number:02}"),
                ObjectState.DRIFTED,
                (FieldDrift(data("password"), FieldState.CHANGED, manager="kubectl-edit"),),
                source=place("all.yaml", number + 1),
            )
            for number in range(25)
        )
    )
)
VANISHED = report(_ABSENT[0])
PENDING = report(*_PENDING, *_IN_SYNC, _UNMANAGED[0])
IN_SYNC = report(*_IN_SYNC)
EMPTY = DriftReport(store=StoreIdentity("sqlite", ""), set_name="default")

REPORTS = {
    "everything": EVERYTHING,
    "alike": ALIKE,
    "baseline": BASELINE,
    "lenient": LENIENT,
    "strict": STRICT,
    "vanished": VANISHED,
    "pending": PENDING,
    "in-sync": IN_SYNC,
    "empty": EMPTY,
}

EXAMPLE = with_remedies(
    report(
        ObjectDrift(
            secret("db"),
            ObjectState.DRIFTED,
            (
                FieldDrift(data("dsn"), FieldState.IN_SYNC),
                FieldDrift(data("injected"), FieldState.ADDED, fingerprint="9f3c"),
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
)
"""The report of the documentation."""
