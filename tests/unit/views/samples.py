"""Hand-made plans, diagnostics and events that cover every word the formats know."""

from dataclasses import replace
from typing import Any

from reconciler.model.consumers import Consumer, Way
from reconciler.model.events import (
    ApplyEnded,
    Event,
    Outcome,
    StepEnded,
    StepRetried,
    StepStarted,
    StepWaiting,
)
from reconciler.model.objects import Diagnostic, Json, ObjectKey, Severity, Source
from reconciler.model.patches import Operation
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    FieldPath,
    Note,
    Plan,
    Precondition,
    Reason,
    Refusal,
    Removal,
    Step,
    StoreIdentity,
)
from reconciler.model.values import Nature, UidOf, ValueRef

FINGERPRINT = "f1f2f3f4f5f6f7f8f9f0fafbfcfdfeff"
STORE = StoreIdentity("sqlite", "3f6c", "state/store.db")
NAMESPACE = ObjectKey("Namespace", "", "shop")


def secret(name: str) -> ObjectKey:
    return ObjectKey("Secret", "shop", name)


def value(number: int) -> ValueRef:
    return ValueRef(number, FINGERPRINT)


def place(file: str, line: int) -> Source:
    return Source(f"manifests/{file}", line, 1)


def data(name: str) -> FieldPath:
    return ("data", name)


def added(path: FieldPath, after: Json | ValueRef) -> FieldChange:
    return FieldChange(path, FieldAction.ADDED, after=after)


def changed(
    path: FieldPath,
    before: Json | ValueRef,
    after: Json | ValueRef,
    nature: Nature = Nature.CONTENT,
    *,
    drift: bool = False,
    manager: str = "",
    restores: bool = False,
) -> FieldChange:
    return FieldChange(path, FieldAction.CHANGED, before, after, nature, drift, manager, restores)


def removed(path: FieldPath, before: Json | ValueRef) -> FieldChange:
    return FieldChange(path, FieldAction.REMOVED, before)


_LIVE = Precondition("6f1c", "41")
_OWNER: Any = {
    "apiVersion": "v1",
    "kind": "Secret",
    "name": "base",
    "uid": UidOf("Secret", "shop", "base"),
}

_CREATES = (
    Change(
        key=NAMESPACE,
        action=Action.CREATE,
        reasons=(Reason.MISSING, Reason.VANISHED),
        fields=(added(("metadata", "labels", "team"), "shop"),),
        patch=(Operation("add", "", {"metadata": {"labels": {"team": "shop"}}}),),
        claims=(("metadata", "labels", "team"),),
        source=place("shop.yaml", 1),
    ),
    Change(
        key=secret("base"),
        action=Action.CREATE,
        reasons=(Reason.MISSING, Reason.INTERRUPTED),
        fields=(added(data("token"), value(1)), added(("immutable",), True)),
        notes=(Note("seal", "becomes immutable, which cannot be undone"),),
        patch=(Operation("add", "", {"immutable": True, "data": {"token": value(1)}}),),
        source=place("base.yaml", 3),
    ),
    Change(
        key=secret("job-*"),
        action=Action.CREATE,
        generate_name="job-",
        reasons=(Reason.MISSING,),
        fields=(
            added(data("a"), value(1)),
            added(("metadata", "ownerReferences", "Secret/base"), _OWNER),
        ),
        patch=(Operation("add", "", {"metadata": {"ownerReferences": [_OWNER]}}),),
        source=place("job.yaml", 9),
    ),
    Change(
        key=secret("licence-0a1b2c3d4e"),
        action=Action.CREATE,
        reasons=(Reason.VERSIONED, Reason.IMMUTABLE),
        fields=(changed(data("key"), value(1), value(2)),),
        notes=(Note("version-of", "takes the place of Secret/shop/licence, which stays"),),
        patch=(Operation("add", "", {"type": "Opaque"}),),
        consumers=(Consumer("StatefulSet", "shop", "billing", secret("licence"), "key"),),
        source=place("licence.yaml", 2),
    ),
)
_UPDATES = (
    Change(
        key=secret("db"),
        action=Action.UPDATE,
        reasons=(Reason.DATA, Reason.METADATA),
        fields=(
            changed(data("ca.crt"), value(2), value(3), Nature.ENCODING),
            changed(data("dsn"), value(4), value(5), Nature.WHITESPACE),
            removed(data("old"), value(6)),
            changed(data("password"), value(7), value(1), drift=True, manager="kubectl-edit"),
            changed(data("session"), value(11), ValueRef(12, "", generated=True)),
            added(data("token"), value(8)),
            changed(("metadata", "annotations", "note"), "one\ntwo", 'a "b" | `c` @team #2'),
            changed(("metadata", "annotations", "copy"), value(9), value(10)),
            removed(("metadata", "finalizers", "example.com/hold"), "example.com/hold"),
            changed(("metadata", "labels", "tier"), "back", "front"),
        ),
        kept=(data("injected"), ("metadata", "labels", "argo")),
        patch=(
            Operation("replace", "/data/password", value(1)),
            Operation("remove", "/data/old"),
            Operation("add", "/data/new", value(2)),
        ),
        consumers=(
            Consumer(
                "Deployment",
                "shop",
                "web\u202e@team",
                secret("db"),
                "password",
                field="spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef",
                manifest="manifests/web.yaml:7",
                way=Way.VARIABLE,
            ),
            Consumer("Pod", "shop", "files", secret("db"), way=Way.VOLUME),
            Consumer("Pod", "shop", "path", secret("db"), "password", way=Way.SUB_PATH),
            Consumer("ServiceAccount", "shop", "robot", secret("db"), way=Way.ACCOUNT),
            Consumer("Job", "shop", "pull", secret("db"), way=Way.PULL),
            Consumer("Job", "shop", "driver", secret("db"), way=Way.DRIVER),
            Consumer("Ingress", "shop", "front", secret("db")),
        ),
        precondition=_LIVE,
        source=place("db.yaml", 12),
    ),
    Change(
        key=secret("encoded"),
        action=Action.UPDATE,
        reasons=(Reason.DATA,),
        fields=(
            changed(data("a"), value(20), value(21), Nature.ENCODED),
            changed(data("b"), value(22), value(23), Nature.DECODED),
            changed(data("c"), value(24), value(25), drift=True, restores=True),
            removed(data("url"), value(26)),
        ),
        warnings=(
            Diagnostic(
                severity=Severity.WARNING,
                code="value-encoded-twice",
                message="the value is base64 of base64",
                field="data[a]",
                source=place("encoded.yaml", 7),
                object="Secret/shop/encoded",
                hint="decode it once",
            ),
        ),
        removal=Removal(type="Opaque", keys=("a", "b", "c", "url"), lost=("url",)),
        precondition=_LIVE,
        source=place("encoded.yaml", 1),
    ),
    Change(
        key=secret("sealed"),
        action=Action.UPDATE,
        reasons=(Reason.ADOPT, Reason.SEAL),
        fields=(added(("immutable",), True),),
        notes=(Note("seal", "becomes immutable, which cannot be undone"),),
        patch=(Operation("add", "/immutable", True),),
        precondition=_LIVE,
        source=place("sealed.yaml", 1),
    ),
    Change(
        key=ObjectKey("ServiceAccount", "shop", "robot"),
        action=Action.UPDATE,
        reasons=(Reason.RECORD,),
        precondition=_LIVE,
        source=place("robot.yaml", 1),
    ),
    Change(
        key=ObjectKey("ServiceAccount", "shop", "runner"),
        action=Action.UPDATE,
        reasons=(Reason.METADATA,),
        fields=(
            added(("automountServiceAccountToken",), False),
            changed(("imagePullSecrets", "0", "name"), "old", "new"),
            added(("secrets",), [{"name": "a", "$value": 7}]),
        ),
        patch=(Operation("add", "/secrets", [{"name": "a", "$value": 7}]),),
        precondition=_LIVE,
        source=place("runner.yaml", 1),
    ),
)
_REPLACES = tuple(
    Change(
        key=secret(name),
        action=Action.REPLACE,
        reasons=reasons,
        fields=fields,
        notes=(Note("stale-kubelets", "running Pods may be served the old value"),),
        patch=(Operation("add", "", {"type": "Opaque"}),),
        consumers=tuple(
            Consumer(
                "Pod",
                "shop",
                f"pod-{number}",
                secret(name),
                key,
                optional=bool(key),
                way=Way.VARIABLE,
            )
            for number in range(7)
            for key in ("", "key")
            if name == "frozen"
        ),
        precondition=_LIVE,
        source=place("replaced.yaml", line),
    )
    for line, (name, reasons, fields) in enumerate(
        (
            (
                "frozen",
                (Reason.DATA, Reason.IMMUTABLE),
                (changed(data("key"), value(11), value(12)),),
            ),
            ("thawed", (Reason.UNSEAL,), (removed(("immutable",), True),)),
            ("typed", (Reason.TYPE,), (changed(("type",), "Opaque", "kubernetes.io/tls"),)),
        ),
        start=1,
    )
)
_DELETES = (
    Change(
        key=secret("gone"),
        action=Action.DELETE,
        reasons=(Reason.PRUNE,),
        removal=Removal(
            type="kubernetes.io/tls",
            keys=("extra", "tls.crt", "tls.key"),
            foreign=("extra",),
            takes=(secret("owned"),),
            lost=("extra", "tls.key"),
            copies=(secret("tls"),),
        ),
        precondition=_LIVE,
    ),
    Change(
        key=secret("licence"),
        action=Action.DELETE,
        reasons=(Reason.SUPERSEDED,),
        precondition=_LIVE,
    ),
    Change(key=secret("lost"), action=Action.DELETE, reasons=(Reason.DESTROY, Reason.INTERRUPTED)),
)
_RESTARTS = (
    Change(
        key=ObjectKey("Deployment", "shop", "web"),
        action=Action.RESTART,
        reasons=(Reason.STALE_PODS,),
        restarted_for=(secret("db"), secret("encoded")),
        precondition=Precondition("8b1f", ""),
    ),
    Change(
        key=ObjectKey("StatefulSet", "shop", "queue"),
        action=Action.RESTART,
        reasons=(Reason.OWED,),
        restarted_for=(secret("api"),),
        precondition=Precondition("8b20", ""),
    ),
)
_IN_SYNC = (
    Change(key=secret("quiet"), action=Action.NO_OP, source=place("quiet.yaml", 1)),
    Change(
        key=secret("shared"),
        action=Action.NO_OP,
        kept=(data("injected"),),
        source=place("shared.yaml", 1),
    ),
)
_CHANGES = tuple(
    sorted(
        (*_CREATES, *_UPDATES, *_REPLACES, *_DELETES, *_RESTARTS, *_IN_SYNC),
        key=lambda change: change.key,
    )
)
_WAVES = {
    NAMESPACE: 0,
    secret("base"): 2,
    secret("job-*"): 3,
    ObjectKey("Deployment", "shop", "web"): 4,
    ObjectKey("StatefulSet", "shop", "queue"): 5,
    secret("gone"): 6,
    secret("lost"): 6,
    secret("licence"): 6,
}


def _steps(changes: tuple[Change, ...]) -> tuple[Step, ...]:
    steps = (
        Step(
            change.key,
            change.action,
            _WAVES.get(change.key, 1),
            after=(NAMESPACE, secret("base")) if change.key == secret("job-*") else (),
        )
        for change in changes
        if change.action is not Action.NO_OP
    )
    return tuple(sorted(steps, key=lambda step: (step.wave, step.key)))


EVERYTHING = Plan(
    store=STORE,
    options=PlanOptions(
        set_name="shop",
        targets=(secret("db"), NAMESPACE),
        prune=True,
        adopt=True,
        allow_replace=True,
        allow_empty=True,
        consumers=True,
        force_consumers=True,
        max_deletes=DeleteLimit(5, percent=False),
    ),
    changes=_CHANGES,
    steps=_steps(_CHANGES),
    notices=(Note("scrub", "Secret/shop/db carries an annotation that copies values"),),
)

PROBLEMS = (
    Diagnostic(
        severity=Severity.ERROR,
        code="reference-unknown",
        message="neither the manifests nor the store hold the owner Secret/shop/base",
        field="metadata.ownerReferences[0]",
        source=Source("manifests/job.yaml", 9, 3, document=1, item=2),
        object="Secret/shop/job",
        hint="add a manifest for Secret/shop/base, or correct the name",
    ),
    Diagnostic(
        severity=Severity.WARNING,
        code="tls-key-mismatch",
        message="the key does not belong to the certificate",
        field="data[tls.crt]",
        source=Source("manifests/tls.yaml", 4, 5),
        object="Secret/shop/tls",
    ),
    Diagnostic(
        severity=Severity.ERROR,
        code="yaml-invalid",
        message="a mapping value is not allowed here",
        field="",
        source=Source("manifests/a b.yaml", 1, 2),
    ),
)

BY_STORE = Diagnostic(
    severity=Severity.ERROR,
    code="store-refuses",
    message="the store would refuse to delete it: in use",
    field="",
    source=Source("(store)", 0, 0),
    object="Secret/shop/gone",
)

REFUSED = Plan(
    store=StoreIdentity("kubernetes", "", "https://cluster.example:6443"),
    options=PlanOptions(),
    changes=_REPLACES[:1],
    steps=_steps(_REPLACES[:1]),
    refusals=(
        Refusal(
            "replace",
            "Secret/shop/frozen can only be replaced, that is deleted and created anew",
            "allow it with --allow-replace",
            secret("frozen"),
        ),
        Refusal("max-deletes", "the plan deletes 9 of 12 objects", ""),
    ),
    problems=(*PROBLEMS, BY_STORE),
)

IN_SYNC = Plan(store=STORE, options=PlanOptions(), changes=_IN_SYNC)
EMPTY = Plan(store=StoreIdentity("sqlite", ""), options=PlanOptions())

_UNREAD = ValueRef(1, FINGERPRINT, unread=True)
RETICENT = Plan(
    store=StoreIdentity("docker", "qe3x", "unix:///run/docker.sock"),
    options=PlanOptions(set_name="shop", rotate_services=True),
    changes=(
        Change(
            key=secret("db"),
            action=Action.REPLACE,
            reasons=(Reason.DATA, Reason.METADATA, Reason.VALUES, Reason.FIXED),
            fields=(
                changed(data("password"), _UNREAD, value(2)),
                added(("metadata", "annotations", "reconciler/docker-layout"), "json"),
            ),
            kept=(data("theirs"),),
            notes=(
                Note("values-lost", "old values are lost"),
                Note("service-updated", "Service/web is updated"),
            ),
            patch=(
                Operation(
                    "add",
                    "",
                    {"data": {"password": value(2), "theirs": replace(_UNREAD, number=3)}},
                ),
            ),
            precondition=_LIVE,
            source=place("db.yaml", 12),
        ),
        Change(
            key=secret("old"),
            action=Action.UPDATE,
            reasons=(Reason.ROTATION,),
            precondition=_LIVE,
            source=place("old.yaml", 1),
        ),
    ),
    steps=(Step(secret("db"), Action.REPLACE, 0), Step(secret("old"), Action.UPDATE, 0)),
)
RELEASE = Plan(
    store=STORE,
    options=PlanOptions(set_name="shop", release=True),
    changes=(
        Change(
            key=secret("db"),
            action=Action.RELEASE,
            reasons=(Reason.RELEASE,),
            precondition=_LIVE,
        ),
        Change(
            key=secret("gone"),
            action=Action.RELEASE,
            reasons=(Reason.RELEASE, Reason.VANISHED),
            notes=(Note("already-gone", "it is gone already"),),
        ),
    ),
    steps=(Step(secret("db"), Action.RELEASE, 0), Step(secret("gone"), Action.RELEASE, 0)),
    notices=(Note("released-stays", "what is released stays in the store"),),
)
TRANSFER = Plan(
    store=STORE,
    options=PlanOptions(set_name="shop", adopt_from="legacy"),
    changes=(
        Change(
            key=secret("db"),
            action=Action.UPDATE,
            reasons=(Reason.TRANSFER,),
            precondition=_LIVE,
            source=place("db.yaml", 1),
        ),
    ),
    steps=(Step(secret("db"), Action.UPDATE, 0),),
)
_SEALED = ValueRef(0, "", sealed=True)
SEALED = Plan(
    store=STORE,
    options=PlanOptions(set_name="shop", sops_ignore_mac=True),
    changes=(
        Change(
            key=secret("db"),
            action=Action.UPDATE,
            reasons=(Reason.SEALED,),
            fields=(
                changed(data("password"), value(1), _SEALED, Nature.CIPHERTEXT),
                changed(data("token"), value(2), _SEALED, Nature.UNKNOWN)._replace(drift=True),
            ),
            patch=(Operation("replace", "/data/password", _SEALED),),
            precondition=_LIVE,
            sealed=True,
            source=place("db.yaml", 12),
        ),
        Change(
            key=secret("plain"),
            action=Action.UPDATE,
            reasons=(Reason.UNREAD,),
            fields=(
                changed(data("token"), ValueRef(3, "", unread=True), value(4), Nature.UNKNOWN),
            ),
            patch=(Operation("replace", "/data/token", value(4)),),
            precondition=_LIVE,
            source=place("plain.yaml", 1),
        ),
    ),
    steps=(Step(secret("db"), Action.UPDATE, 0), Step(secret("plain"), Action.UPDATE, 0)),
    refusals=(
        Refusal(
            "sealed",
            "Secret/shop/db cannot be written: no key is at hand that opens the manifest",
            "make a key available to sops",
        ),
    ),
    notices=(Note("values-sealed", "2 values in 1 file could not be seen"),),
)
PLANS = {
    "sealed": SEALED,
    "release": RELEASE,
    "transfer": TRANSFER,
    "reticent": RETICENT,
    "everything": EVERYTHING,
    "refused": REFUSED,
    "in-sync": IN_SYNC,
    "empty": EMPTY,
}

_APPLIED = tuple(
    StepEnded(step, Outcome.APPLIED, step.key) for step in EVERYTHING.steps if step.wave != 3
)
_GENERATED = next(step for step in EVERYTHING.steps if step.key == secret("job-*"))
_FAILED = StepEnded(
    Step(secret("x"), Action.CREATE, 1), Outcome.FAILED, secret("x"), "name taken", "adopt it"
)
_SKIPPED = StepEnded(
    Step(secret("y"), Action.DELETE, 2), Outcome.SKIPPED, secret("y"), "Namespace/shop failed"
)
_WARNED = StepEnded(
    Step(secret("z"), Action.UPDATE, 0),
    Outcome.APPLIED,
    secret("z"),
    warnings=("the store added metadata.labels[tier], which it was not sent", "two\nlines"),
)

EVENTS: tuple[Event, ...] = (
    *(StepStarted(step) for step in EVERYTHING.steps),
    StepRetried(EVERYTHING.steps[0], 1, 0.4, "the server is busy"),
    StepWaiting(EVERYTHING.steps[0], "the namespace is Pending and not yet Active", 0.02),
    StepWaiting(EVERYTHING.steps[0], "the namespace is Pending for a reason", 12.4),
    *_APPLIED,
    _WARNED,
    StepEnded(_GENERATED, Outcome.APPLIED, secret("job-x7k2p")),
    _FAILED,
    _SKIPPED,
    ApplyEnded(_APPLIED),
    ApplyEnded((*_APPLIED, _WARNED, _FAILED, _SKIPPED)),
    ApplyEnded((_SKIPPED,), interrupted=True),
    ApplyEnded(()),
)

EXAMPLE_CHANGES = (
    Change(key=NAMESPACE, action=Action.NO_OP, source=place("shop.yaml", 1)),
    Change(
        key=secret("db"),
        action=Action.UPDATE,
        reasons=(Reason.DATA, Reason.METADATA),
        fields=(
            changed(data("dsn"), value(1), value(2), Nature.WHITESPACE),
            changed(data("password"), value(3), value(4), drift=True, manager="kubectl-edit"),
            added(("metadata", "labels", "tier"), "back"),
        ),
        kept=(data("injected"),),
        patch=(
            Operation("replace", "/data/dsn", value(2)),
            Operation("replace", "/data/password", value(4)),
            Operation("add", "/metadata/labels", {"tier": "back"}),
        ),
        precondition=_LIVE,
        source=place("db.yaml", 12),
    ),
    _DELETES[0],
)
EXAMPLE = Plan(
    store=STORE,
    options=PlanOptions(set_name="shop", prune=True),
    changes=EXAMPLE_CHANGES,
    steps=_steps(EXAMPLE_CHANGES),
    refusals=(
        Refusal(
            "prevent-destroy",
            "Secret/shop/gone may not be deleted, and this plan would delete it",
            'set the annotation reconciler/prevent-destroy to "false" and apply that first',
            secret("gone"),
        ),
    ),
)
"""The plan of the documentation."""
