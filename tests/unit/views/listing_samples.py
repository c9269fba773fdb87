"""Hand-made listings and graphs."""

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model.history import History, Run, RunOutcome
from reconciler.model.listing import DependencyGraph, GraphEdge, GraphNode, ListedObject, Listing
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import StoreIdentity
from tests.unit.views.samples import NAMESPACE, STORE, secret

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
_ROBOT = ObjectKey("ServiceAccount", "shop", "robot")
_FIRST = (
    ListedObject(key=NAMESPACE, created="2026-11-17T07:00:00Z"),
    ListedObject(
        key=secret("db"),
        type="Opaque",
        data_keys=("dsn", "password"),
        created="2026-11-22T03:48:00Z",
        consumers=(_ROBOT,),
    ),
)
_TLS = ListedObject(
    key=secret("tls"),
    type="kubernetes.io/tls",
    immutable=True,
    data_keys=("tls.crt", "tls.key"),
    created="2026-08-01T00:00:00+02:00",
)
_CROWDED = ListedObject(
    key=secret("crowded"),
    type="example.com/" + "a-long-type" * 4,
    data_keys=tuple(f"key-{number:02}" for number in range(30)),
    created="yesterday",
    consumers=tuple(secret(f"consumer-{number}") for number in range(5)),
)
_LONG = ListedObject(key=secret("x" * 100), type='a  b, "c"', data_keys=("k" * 100, "l"))
_ACCOUNT = ListedObject(key=_ROBOT, created="2026-11-22T06:59:15Z")


_RUN = Run(
    run="5f0c1e22",
    time="2026-11-19T06:30:00+00:00",
    command="apply",
    actor="octocat",
    commit="0123456789ab",
    plan="b27478095bb2",
    outcome=RunOutcome.APPLIED,
    counts={"created": 3, "updated": 1},
)
HISTORY = History(
    "shop",
    (
        replace(
            _RUN,
            run="9d3e7a10",
            time="2026-11-21T16:02:11+00:00",
            command="release",
            actor="anna@workstation",
            commit="",
            plan="530e96a9e0da",
            counts={"released": 1},
        ),
        replace(
            _RUN,
            run="77aa10c4",
            time="2026-11-20T09:12:03+00:00",
            plan="8efa304c5248",
            outcome=RunOutcome.PARTIAL,
            counts={"updated": 2},
            failed=1,
            skipped=4,
        ),
        _RUN,
    ),
)
"""The history of the documentation."""
HISTORIES = {
    "some": HISTORY,
    "bad": History(
        "shop",
        (
            replace(_RUN, outcome=RunOutcome.UNFINISHED, counts={}, actor="\x1b[2J", plan=""),
            replace(_RUN, outcome=RunOutcome.INTERRUPTED),
        ),
    ),
    "empty": History("default", ()),
}


def listing(*objects: ListedObject) -> Listing:
    return Listing(STORE, "shop", tuple(sorted(objects, key=lambda one: one.key)))


LISTINGS = {
    "everything": listing(*_FIRST, _TLS, _CROWDED, _LONG, _ACCOUNT),
    "empty": Listing(StoreIdentity("sqlite", ""), "default"),
    "released": replace(listing(), last=HISTORY.runs[0]),
}
EXAMPLE = replace(listing(*_FIRST, _TLS, _ACCOUNT), last=_RUN)
"""The listing of the documentation."""

_JOB = secret("job-*")
GRAPH = DependencyGraph(
    (
        GraphNode(NAMESPACE, 0),
        GraphNode(_ROBOT, 1),
        GraphNode(secret("robot-token"), 2),
        GraphNode(_JOB, 3),
    ),
    (
        GraphEdge(_JOB, NAMESPACE, "namespace"),
        GraphEdge(_JOB, secret("robot-token"), "owner"),
        GraphEdge(secret("robot-token"), NAMESPACE, "namespace"),
        GraphEdge(secret("robot-token"), _ROBOT, "ServiceAccount"),
        GraphEdge(_ROBOT, NAMESPACE, "namespace"),
    ),
)
"""The graph of the documentation."""

_ODD = ObjectKey('K["i"]{n|d}', "", "#35;\\N&lt;")
GRAPHS = {
    "everything": GRAPH,
    "odd": DependencyGraph(
        (GraphNode(_ODD, 0), GraphNode(secret("db"), 1)),
        (
            GraphEdge(secret("db"), _ODD, 'owner "it"'),
            GraphEdge(secret("db"), ObjectKey("Elsewhere", "shop", "x"), "dependency"),
        ),
    ),
    "empty": DependencyGraph((), ()),
}
