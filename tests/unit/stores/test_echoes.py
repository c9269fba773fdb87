"""An answer that repeats what was sent is taken for it, and no other one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from reconciler.model.objects import Applied, OwnerReference, Resource
from reconciler.stores.kubernetes import wire
from reconciler.stores.kubernetes.echoes import echoed
from tests.world import account, secret

APPLIED = Applied(set_name="shop", fields={("data", "a"): "0" * 32, ("type",): "1" * 32})
OWNER = OwnerReference("v1", "Secret", "owner", "uid-of-owner", controller=True)
SENT: dict[str, Resource] = {
    "plain": secret("s", {"a": b"1", "b": b"\0\xff", "c": b""}),
    "empty": secret("s"),
    "full": secret(
        "s",
        {"a": b"1"},
        labels={"app": "shop"},
        annotations={"note": "é"},
        immutable=True,
        finalizers=("example.com/hold",),
        owners=(OWNER,),
        type="kubernetes.io/tls",
    ),
    "drawn": secret("s-x1y2z", {"a": b"1"}, generate_name="s-"),
}


def answered(sent: dict[str, Any]) -> dict[str, Any]:
    """What a server answers to `sent`."""
    answer: dict[str, Any] = orjson.loads(orjson.dumps(sent))
    answer["metadata"] |= {
        "uid": "a-uid",
        "resourceVersion": "7",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "reconciler", "fieldsV1": {"f:data": {"f:a": {}}}}],
    }
    return answer


@pytest.mark.parametrize("applied", [APPLIED, None])
@pytest.mark.parametrize("name", SENT)
def test_what_is_repeated_is_as_if_it_had_been_decoded(name: str, applied: Applied | None) -> None:
    sent = wire.body(SENT[name], applied, "applyset-x-v1")
    answer = answered(sent)
    live = echoed(answer, sent, SENT[name], applied)
    assert live is not None
    assert live == wire.live(answer, "Secret")


def set_in(*path: str, value: Any) -> Callable[[Any], None]:
    def alter(answer: Any) -> None:
        for part in path[:-1]:
            answer = answer[part]
        answer[path[-1]] = value

    return alter


ALTERED: dict[str, Callable[[Any], None]] = {
    "a value": set_in("data", "a", value="Mg=="),
    "a further key": set_in("data", "z", value="Mg=="),
    "no data": set_in("data", value=None),
    "the type": set_in("type", value="Opaque"),
    "not immutable any more": lambda answer: answer.pop("immutable"),
    "a label": set_in("metadata", "labels", "app", value="other"),
    "a further label": set_in("metadata", "labels", "z", value="other"),
    "another set": set_in("metadata", "labels", wire.PART_OF, value="applyset-y-v1"),
    "an annotation": set_in("metadata", "annotations", "z", value="other"),
    "the record": set_in("metadata", "annotations", wire.RECORD, value="{}"),
    "a finalizer": set_in("metadata", "finalizers", value=[]),
    "an owner": set_in("metadata", "ownerReferences", value=[]),
    "the name": set_in("metadata", "name", value="t"),
    "the namespace": set_in("metadata", "namespace", value="other"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_what_a_server_alters_is_decoded(name: str) -> None:
    sent = wire.body(SENT["full"], APPLIED, "applyset-x-v1")
    answer = answered(copy.deepcopy(sent))
    ALTERED[name](answer)
    assert echoed(answer, sent, SENT["full"], APPLIED) is None


def test_accounts_are_decoded() -> None:
    sent = wire.body(account("robot"), None, "")
    assert echoed(answered(sent), sent, account("robot"), None) is None
