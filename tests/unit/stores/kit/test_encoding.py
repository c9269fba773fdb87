from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.objects import Applied, Resource
from reconciler.stores.kit.encoding import decoded, encoded
from tests.world import account, live, namespace, owner, secret

FULL = secret(
    "a",
    {"text": "v", "bytes": b"\x00\xff", "empty": b""},
    generate_name="a-",
    labels={"a": "b"},
    annotations={"c": "\u2013"},
    finalizers=("example.com/x",),
    owners=(owner(account("robot"), "u", controller=True), owner(namespace("n"), "w")),
    type="example.com/own",
    immutable=True,
)
ROBOT = account("robot", settings={"secrets": [{"name": "a"}]})


@pytest.mark.parametrize("resource", [FULL, secret("empty"), namespace("n"), ROBOT], ids=str)
@pytest.mark.parametrize("set_name", [None, "shop"])
def test_an_object_is_decoded_as_it_was_encoded(resource: Resource, set_name: str | None) -> None:
    fields = {("data", "text"): "0" * 32, ("metadata", "labels", "a"): "1" * 32}
    applied = None if set_name is None else Applied(set_name=set_name, fields=fields)
    held = replace(live(resource, applied), created="2026-01-02T03:04:05Z")
    assert decoded(encoded(held)) == held
