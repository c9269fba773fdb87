"""A set that version 0.1.0 wrote opens, is applied and converges.

The file holds the Secrets of two namespaces as an interrupted apply of that version left them, read
from the stand-in: an update and a create whose answers were lost, a replace that was stopped
between its delete and its create, a Secret that somebody deleted, and an expired lock.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from reconciler.model.store import Scope
from reconciler.model.values import SecretValue
from tests.standins.sae import REGION, Kept, Standin
from tests.unit.stores.sae.conftest import Region, actions
from tests.world import secret

WRITTEN = json.loads(Path(__file__).with_name("written-by-0.1.0.json").read_bytes())
GENERATED = "generated-gdjk6"
REGISTRY = {".dockerconfigjson": '{"auths": {}}'}


def wanted(name: str, generation: int = 1, home: str = "default") -> Desired:
    return secret(name, {"password": f"not-a-real password of {name}, {generation}"}, home=home)


def key(name: str, home: str = "default") -> ObjectKey:
    return ObjectKey("Secret", home, name)


INTERRUPTED = (
    wanted("settled"),
    wanted("changed", 2),
    wanted("created"),
    secret("replaced", REGISTRY, type="kubernetes.io/dockerconfigjson"),
    wanted("vanished"),
    replace(wanted("immutable"), immutable=True),
    wanted("elsewhere", home="shop"),
    replace(
        secret("", {"password": "not-a-real password of a generated name"}),
        generate_name="generated-",
    ),
)


@pytest.fixture
def standin() -> Iterator[Standin]:
    standin = Standin()
    standin.restore({at: [Kept(**kept) for kept in each] for at, each in WRITTEN.items()})
    yield standin
    standin.stop()


def test_all_that_was_recorded_is_read(region: Region) -> None:
    snapshot = region.open().read(Scope("default", frozenset({key("created")})))
    owned = {key.name for key, live in snapshot.objects.items() if live.applied is not None}
    assert owned == {"settled", "changed", "created", "released", "immutable", "elsewhere"} | {
        GENERATED
    }
    assert snapshot.objects[key(GENERATED)].generate_name == "generated-"
    assert snapshot.objects[key("immutable")].immutable
    assert set(snapshot.copies) == {key("replaced")}
    copy = snapshot.copies[key("replaced")]
    assert copy.data == {"password": SecretValue(b"not-a-real password of replaced, 1")}
    assert (copy.uid, copy.type) == ("24", "Opaque")
    assert snapshot.vanished == {key("vanished")}
    assert snapshot.fingerprint_key == b"not-a-real-fingerprint-key-of-01"
    assert snapshot.identity.id == "00000000-0000-4000-8000-00000000cafe"


def test_the_interrupted_apply_is_carried_on_and_converges(region: Region) -> None:
    plan = region.plan(*INTERRUPTED, options=PlanOptions(prune=True))
    assert plan.refusals == ()
    assert actions(plan) == {
        "changed": Action.UPDATE,
        "created": Action.UPDATE,
        "replaced": Action.CREATE,
        "vanished": Action.CREATE,
        "released": Action.DELETE,
    }
    region.settle(*INTERRUPTED)
    members = {each.name for each in INTERRUPTED if each.key.namespace == "default"}
    assert region.standin.names() == members - {""} | {GENERATED}
    own = {name[:13] for name in region.standin.namespaces[REGION] if "reconciler_" in name}
    assert own == {"reconciler_s_", "reconciler_i_", "reconciler_h_"}
    region.settle()
    assert region.standin.names() == region.standin.names(f"{REGION}:shop") == set()


def test_what_is_written_is_what_that_version_wrote(region: Region) -> None:
    """So that two versions can take turns on a set."""
    region.settle(*INTERRUPTED)
    before, after = (
        documents(WRITTEN[REGION]),
        documents([vars(kept) for kept in region.standin.namespaces[REGION].values()]),
    )
    assert after["reconciler_s_37a8eec1ce"] == before["reconciler_s_37a8eec1ce"]
    entries, entries_before = (
        {
            name: entry
            for document in each.values()
            for name, entry in document.get("entries", {}).items()
        }
        for each in (after, before)
    )
    for name in ("settled", "immutable", GENERATED):
        assert entries[name] == entries_before[name]
    assert entries["changed"]["fields"] == entries_before["changed"]["pending"]
    assert set(entries["replaced"]) == {"id", "fields"}


def documents(all_kept: list[dict[str, object]]) -> dict[str, Any]:
    """The documents of a set by the names of their Secrets, whose single key is as it was."""
    found = {}
    for kept in all_kept:
        name, data = str(kept["name"]), kept["data"]
        assert isinstance(data, dict)
        if name.startswith("reconciler_i_"):
            found[name] = json.loads(zlib.decompress(base64.b64decode(data["inventory"])))
        elif name.startswith("reconciler_s_"):
            found[name] = json.loads(base64.b64decode(data["reconciler"]))
    return found
