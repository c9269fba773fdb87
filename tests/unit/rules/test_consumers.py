"""Who uses which Secret, told by objects as the API writes them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import ObjectKey
from reconciler.rules import CONSUMER_GROUPS, account_consumers, consumers_of
from reconciler.rules.consumers import consumers_among, workload_of
from tests.world import account

# Field of a Pod's spec, what stands there, and the uses: Secret, key, optional, the field's end.
USES: list[tuple[str, Any, list[tuple[str, str, bool, str]]]] = [
    (
        "containers",
        [
            {"env": [{"name": "plain", "value": "x"}]},
            {
                "env": [
                    {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
                    {"valueFrom": {"secretKeyRef": {"name": "a", "key": "k"}}},
                    {"valueFrom": {"secretKeyRef": {"name": "b", "key": "l", "optional": True}}},
                ]
            },
        ],
        [
            ("a", "k", False, "[1].env[1].valueFrom.secretKeyRef"),
            ("b", "l", True, "[1].env[2].valueFrom.secretKeyRef"),
        ],
    ),
    (
        "initContainers",
        [{"envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "a"}}]}],
        [("a", "", False, "[0].envFrom[1].secretRef")],
    ),
    (
        "ephemeralContainers",
        [{"envFrom": [{"prefix": "X_", "secretRef": {"name": "a", "optional": True}}]}],
        [("a", "", True, "[0].envFrom[0].secretRef")],
    ),
    (
        "volumes",
        [
            {"emptyDir": {}},
            {"secret": {"secretName": "a"}},
            {"secret": {"secretName": "b", "optional": True, "items": [{"key": "k"}]}},
        ],
        [("a", "", False, "[1].secret"), ("b", "k", True, "[2].secret.items[0]")],
    ),
    (
        "volumes",
        [
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "c"}},
                        {"secret": {"name": "a", "items": [{"key": "k"}, {"key": "l"}]}},
                        {"secret": {"name": "b", "optional": True}},
                    ]
                }
            }
        ],
        [
            ("a", "k", False, "[0].projected.sources[1].secret.items[0]"),
            ("a", "l", False, "[0].projected.sources[1].secret.items[1]"),
            ("b", "", True, "[0].projected.sources[2].secret"),
        ],
    ),
    ("imagePullSecrets", [{"name": "a"}, {}], [("a", "", False, "[0]")]),
    (
        "volumes",
        [{"azureFile": {"secretName": "a", "shareName": "s"}}],
        [("a", "", False, "[0].azureFile.secretName")],
    ),
    (
        "volumes",
        [{"csi": {"nodePublishSecretRef": {"name": "a"}}}],
        [("a", "", False, "[0].csi.nodePublishSecretRef")],
    ),
    *(
        (
            "volumes",
            [{driver: {"secretRef": {"name": "a"}}}],
            [("a", "", False, f"[0].{driver}.secretRef")],
        )
        for driver in ("cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos")
    ),
]

WAYS = {
    r"ontainers\[\d\]\.env": Way.VARIABLE,
    r"imagePullSecrets\[\d\]": Way.PULL,
    r"volumes\[\d\]\.(projected\.sources\[\d\]\.)?secret": Way.VOLUME,
    "": Way.DRIVER,
}
"""How a Secret is used, by the path of the reference."""
PATHS = {
    ("", "Pod"): "spec",
    ("", "ReplicationController"): "spec.template.spec",
    ("apps", "Deployment"): "spec.template.spec",
    ("apps", "StatefulSet"): "spec.template.spec",
    ("apps", "DaemonSet"): "spec.template.spec",
    ("apps", "ReplicaSet"): "spec.template.spec",
    ("batch", "Job"): "spec.template.spec",
    ("batch", "CronJob"): "spec.jobTemplate.spec.template.spec",
}


def document(spec: Any, kind: str = "Pod", group: str = "", **metadata: Any) -> dict[str, Any]:
    inner = spec
    for name in reversed(PATHS[group, kind].split(".")):
        inner = {name: inner}
    return {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", **metadata},
        **inner,
    }


def uses(found: Any) -> list[tuple[str, str, bool]]:
    return [(one.secret.name, one.key, one.optional) for one in found]


@pytest.mark.parametrize(("field", "content", "expected"), USES)
@pytest.mark.parametrize(("group", "kind"), PATHS, ids=lambda part: part or "core")
def test_every_reference_of_a_pod_in_every_kind_that_runs_pods(
    group: str, kind: str, field: str, content: Any, expected: list[tuple[str, str, bool, str]]
) -> None:
    at = f"{PATHS[group, kind]}.{field}"
    assert list(consumers_of(document({field: content}, kind, group), manifest="f:1")) == [
        Consumer(
            kind,
            "shop",
            "web",
            ObjectKey("Secret", "shop", name),
            key,
            optional,
            at + end,
            "f:1",
            WAYS[next(path for path in WAYS if re.search(path, f"{field}{end}"))],
        )
        for name, key, optional, end in expected
    ]


@pytest.mark.parametrize(
    ("mounts", "ways"),
    [
        ([[]], [Way.VOLUME]),
        ([[{}]], [Way.VOLUME]),
        ([[{"subPath": "k"}]], [Way.SUB_PATH]),
        ([[{"subPathExpr": "$(K)"}]], [Way.SUB_PATH]),
        ([[{"subPath": ""}]], [Way.VOLUME]),
        ([[{"subPath": "k"}, {}]], [Way.SUB_PATH, Way.VOLUME]),
        ([[{"subPath": "k"}], [{}]], [Way.SUB_PATH, Way.VOLUME]),
        ([[{"name": "other", "subPath": "k"}]], [Way.VOLUME]),
    ],
)
@pytest.mark.parametrize("projected", [False, True])
def test_a_volume_is_mounted_as_a_whole_or_a_path_of_it(
    mounts: list[list[dict[str, str]]], ways: list[Way], *, projected: bool
) -> None:
    source = {"secret": {"secretName": "a", "name": "a"}}
    volume = {"name": "v", **({"projected": {"sources": [source]}} if projected else source)}
    containers = [
        {"volumeMounts": [{"name": "v", "mountPath": "/m", **mount} for mount in container]}
        for container in mounts
    ]
    found = [*consumers_of(document({"containers": containers, "volumes": [volume]}))]
    assert [one.way for one in found] == ways
    assert uses(found) == [("a", "", False)] * len(ways)


def test_accounts_and_ingresses() -> None:
    robot = {"kind": "ServiceAccount", "secrets": [{"name": "a"}]}
    listed = [*consumers_of({**robot, "imagePullSecrets": [{"name": "b"}]})]
    assert uses(listed) == [("a", "", True), ("b", "", False)]
    assert [one.way for one in listed] == [Way.OTHER, Way.ACCOUNT]
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "front"},
        "spec": {"tls": [{"hosts": ["x"]}, {"secretName": "cert"}]},
    }
    (found,) = consumers_of(ingress, namespace="home")
    assert str(found) == "Ingress/home/front"
    assert found.secret == ObjectKey("Secret", "home", "cert")
    assert found.field == "spec.tls[1].secretName"


def test_a_managed_account_uses_what_its_document_does() -> None:
    settings = {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}]}
    found = list(account_consumers(account("robot", home="shop", settings=settings), "f:3"))
    assert uses(found) == [("a", "", True), ("b", "", False)]
    assert {str(one) for one in found} == {"ServiceAccount/shop/robot"}
    assert {one.manifest for one in found} == {"f:3"}


PULLS = {"imagePullSecrets": [{"name": "a"}]}


def owned_by(kind: str, version: str, *, controller: bool = True) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "apiVersion": version, "controller": controller}]}


@pytest.mark.parametrize(
    ("metadata", "counts"),
    [
        (owned_by("ReplicaSet", "apps/v1"), False),
        (owned_by("Job", "batch/v1"), False),
        (owned_by("ReplicationController", "v1"), False),
        (owned_by("ReplicaSet", "apps/v1", controller=False), True),
        (owned_by("ReplicaSet", "example.com/v1"), True),
        (owned_by("ReplicationController", ""), True),
        (owned_by("Rollout", "argoproj.io/v1alpha1"), True),
        (owned_by("Job", "batch.volcano.sh/v1alpha1"), True),
        (owned_by("Node", "v1"), True),
        ({"ownerReferences": "x"}, True),
    ],
)
def test_what_a_known_controller_owns_is_told_by_it(
    metadata: dict[str, Any], *, counts: bool
) -> None:
    assert bool(list(consumers_of(document(PULLS, **metadata)))) is counts


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ({"phase": "Running"}, True),
        ({"phase": "Succeeded"}, False),
        ({"phase": "Failed"}, False),
        ({"conditions": [{"type": "Complete", "status": "True"}]}, False),
        ({"conditions": [{"type": "Failed", "status": "True"}]}, False),
        ({"conditions": [{"type": "Failed", "status": "False"}]}, True),
        ({"conditions": [{"type": "Available", "status": "True"}]}, True),
    ],
)
def test_what_has_ended_uses_nothing(status: dict[str, Any], *, counts: bool) -> None:
    assert bool(list(consumers_of({**document(PULLS), "status": status}))) is counts


def test_an_item_of_a_list_has_the_kind_that_it_is_given() -> None:
    item = {"metadata": {"name": "x", "namespace": "shop"}, "spec": PULLS}
    assert list(consumers_of(item)) == []
    assert [str(one) for one in consumers_of(item, "Pod")] == ["Pod/shop/x"]


@pytest.mark.parametrize(
    ("kind", "version"),
    [("Pod", "example.com/v1"), ("Deployment", "v1"), ("Ingress", "v1"), ("Service", "v1")],
)
def test_other_kinds_use_nothing(kind: str, version: str) -> None:
    found = {"apiVersion": version, "kind": kind, "spec": {**PULLS, "template": {"spec": PULLS}}}
    assert list(consumers_of(found)) == []


def test_what_is_named_by_its_prefix_is_told_so() -> None:
    found = document(PULLS, name=None, generateName="job-")
    assert [one.name for one in consumers_of(found)] == ["job-*"]


@pytest.mark.parametrize("name", ["", "{{ .Values.x }}", "ENC[AES256_GCM,data:x]", "A", 7, None])
def test_what_cannot_be_a_secrets_name_is_none(name: Any) -> None:
    assert list(consumers_of(document({"imagePullSecrets": [{"name": name}]}))) == []


def made(kind: str, name: str, secret: str, by: str = "", **content: Any) -> dict[str, Any]:
    """An object that runs Pods which use `secret`, made by the controller `by`: ``KIND/NAME``."""
    metadata: dict[str, Any] = {"name": name, "namespace": "shop"}
    if by:
        owner, _, called = by.partition("/")
        reference = {"kind": owner, "apiVersion": "batch/v1", "name": called, "controller": True}
        if owner not in {"Job", "CronJob"}:
            reference["apiVersion"] = "apps/v1"
        metadata["ownerReferences"] = [reference]
    pod = {"imagePullSecrets": [{"name": secret}]}
    template = {"template": {"spec": pod}}
    spec: dict[str, Any] = {"spec": template}
    match kind:
        case "Pod":
            spec = {"spec": pod}
        case "CronJob":
            spec = {"spec": {"jobTemplate": {"spec": template}}}
        case "ControllerRevision":
            spec = {"data": {"spec": template}}
    spec.get("spec", {}).update(content.pop("spec", {}))
    return {"kind": kind, "metadata": metadata, **spec, **content}


DONE = {"type": "Complete", "status": "True"}
WEB = made("Deployment", "web", "new")
OLD_SET = made("ReplicaSet", "web-1", "old", "Deployment/web", status={"replicas": 1})
NEW_SET = made("ReplicaSet", "web-2", "new", "Deployment/web", status={"replicas": 2})
IDLE = made("ReplicaSet", "web-1", "old", "Deployment/web", spec={"replicas": 0})
DB = made("StatefulSet", "db", "new", status={"currentRevision": "db-1", "updateRevision": "db-2"})
DB_DONE = made("StatefulSet", "db", "new", status={"currentRevision": "db-2"})
DB_BY_HAND = {**DB, "spec": {**DB["spec"], "updateStrategy": {"type": "OnDelete"}}}
REVISIONS = [
    made("ControllerRevision", "db-1", "old", "StatefulSet/db"),
    made("ControllerRevision", "db-2", "new", "StatefulSet/db"),
]


@pytest.mark.parametrize(
    ("objects", "users"),
    [
        ([WEB, NEW_SET, made("Pod", "web-2-a", "new", "ReplicaSet/web-2")], []),
        ([WEB, NEW_SET, OLD_SET], ["ReplicaSet/shop/web-1"]),
        ([WEB, OLD_SET, made("Pod", "p", "old", "ReplicaSet/web-1")], ["ReplicaSet/shop/web-1"]),
        ([WEB, IDLE], []),
        ([WEB, {**IDLE, "status": {"replicas": 1}}], ["ReplicaSet/shop/web-1"]),
        ([WEB, IDLE, made("Pod", "p", "old", "ReplicaSet/web-1")], ["Pod/shop/p"]),
        ([WEB, IDLE, made("Pod", "p", "new", "ReplicaSet/web-1")], []),
        ([made("ReplicaSet", "web-1", "old", spec={"replicas": 0})], ["ReplicaSet/shop/web-1"]),
        ([made("Pod", "p", "old", "ReplicaSet/gone")], ["Pod/shop/p"]),
        ([made("Pod", "p", "old")], ["Pod/shop/p"]),
        ([DB, *REVISIONS], ["ControllerRevision/shop/db-1"]),
        ([DB_DONE, *REVISIONS], []),
        ([DB_BY_HAND, *REVISIONS], []),
        ([DB_BY_HAND, made("Pod", "db-0", "old", "StatefulSet/db")], ["Pod/shop/db-0"]),
        (REVISIONS, []),
        ([made("DaemonSet", "d", "new"), made("Pod", "p", "old", "DaemonSet/d")], ["Pod/shop/p"]),
        ([made("Job", "j", "old"), made("Pod", "p", "old", "Job/j")], ["Job/shop/j"]),
        ([made("CronJob", "c", "new"), made("Job", "j", "old", "CronJob/c")], ["Job/shop/j"]),
        ([made("CronJob", "c", "old"), made("Job", "j", "old", "CronJob/c")], ["CronJob/shop/c"]),
        (
            [
                made("CronJob", "c", "new"),
                made("Job", "j", "old", "CronJob/c", status={"conditions": [DONE]}),
            ],
            [],
        ),
    ],
)
def test_what_a_controller_made_counts_for_what_the_controller_names_no_more(
    objects: list[dict[str, Any]], users: list[str]
) -> None:
    for order in (objects, objects[::-1]):
        workloads = [workload for item in order if (workload := workload_of(item))]
        users_of_old = [one for one in consumers_among(workloads) if one.secret.name == "old"]
        assert [str(one) for one in users_of_old] == users


def test_a_controller_without_a_need_does_not_hide_it() -> None:
    asked = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "old", "key": "k"}}}]
    lenient = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "old", "optional": True}}}]
    pod = made("Pod", "p", "x", "Job/j", spec={"containers": [{"env": asked}]})
    job = made("Job", "j", "x")
    job["spec"]["template"]["spec"]["containers"] = [{"env": lenient}]
    workloads = [workload for item in (job, pod) if (workload := workload_of(item))]
    assert [str(one) for one in consumers_among(workloads) if not one.optional] == [
        "Job/shop/j",
        "Pod/shop/p",
    ]


def test_a_manifest_of_a_revision_uses_nothing() -> None:
    assert list(consumers_of(made("ControllerRevision", "db-1", "old"))) == []


WORDS = st.sampled_from(
    [
        *("spec", "template", "jobTemplate", "containers", "env", "envFrom", "valueFrom", "items"),
        *("secretKeyRef", "secretRef", "secret", "secretName", "projected", "sources", "volumes"),
        *(
            "name",
            "key",
            "tls",
            "metadata",
            "ownerReferences",
            "data",
            "csi",
            "azureFile",
            "optional",
        ),
        *("imagePullSecrets", "secrets", "status", "conditions", "nodePublishSecretRef"),
    ]
)
NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=30,
)


@given(content=st.dictionaries(WORDS, NODES, max_size=6), kind=st.sampled_from([*CONSUMER_GROUPS]))
def test_no_shape_is_a_fault(content: dict[str, Any], kind: str) -> None:
    for one in consumers_of(content, kind):
        assert one.secret.name in {"a", "b"}
    workload = workload_of(content, kind)
    assert not workload or {*consumers_among([workload])} <= {*workload.uses}
