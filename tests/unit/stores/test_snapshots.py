"""What a snapshot file keeps of a store, and what a plan without any key can tell by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StoreDamaged
from reconciler.model.ciphertexts import Ciphertext, digest_of, recorded_digests
from reconciler.model.consumers import Consumer, Way
from reconciler.model.drift import FieldState, ObjectState
from reconciler.model.lifecycle import VERSION_OF
from reconciler.model.objects import (
    SECRET,
    SERVICE_ACCOUNT,
    Applied,
    Bystander,
    Desired,
    ObjectKey,
    OwnerReference,
)
from reconciler.model.plans import Action, Plan, Reason
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import Nature, SealedValue, UnreadText, UnreadValue
from reconciler.planning import planner
from reconciler.planning.drift import drift
from reconciler.planning.records import FingerprintCheck
from reconciler.stores import open_store
from reconciler.stores.keys import VARIABLE
from reconciler.stores.snapshot.document import packed
from reconciler.stores.snapshot.reading import load
from reconciler.stores.snapshot.seen import seen_of
from tests.world import (
    FINGERPRINTS,
    MOMENT,
    SET,
    account,
    live,
    planned,
    record,
    secret,
    snapshot,
)

KEYED = {VARIABLE: FINGERPRINTS.key.decode()}
ONE = secret("db", {"password": "canary-1", "user": "canary-2"}, labels={"tier": "canary-3"})
SCOPE = Scope(SET, frozenset({ONE.key}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "seen.json"


def saved(file: Path, stored: Snapshot, scope: Scope = SCOPE) -> bytes:
    seen = seen_of(stored, scope, FINGERPRINTS, created=MOMENT.isoformat(), commit="ab12")
    file.write_bytes(packed(seen, FINGERPRINTS.key))
    return file.read_bytes()


def read(file: Path, scope: Scope = SCOPE, environ: dict[str, str] = KEYED) -> Snapshot:
    with open_store(f"snapshot:{file}", environ) as store:
        return store.read(scope)


def digests(**texts: str) -> dict[str, str]:
    return {
        key: digest_of((*ONE.key, ""), Ciphertext(f"stringData:{key}:", text))
        for key, text in texts.items()
    }


def sealed(**texts: str) -> Desired:
    """The manifest without the key of SOPS; `texts` are its ciphertexts."""
    values = {key: SealedValue(digest) for key, digest in digests(**texts).items()}
    return replace(ONE, data={**ONE.data, **values}, ciphertexts=digests(**texts), sealed=True)


def plan_of(file: Path, desired: Desired, environ: dict[str, str]) -> Plan:
    asked = planner.scope([desired], planned([])[0].options)
    return planned([desired], read(file, asked, environ))[0]


@pytest.fixture
def encrypted(file: Path) -> Path:
    """A snapshot of what was applied from a file of SOPS, with the ciphertexts 1 and 2."""
    fields = record(ONE).fields
    kept = recorded_digests(digests(password="1", user="2"), fields)
    stored = live(ONE, Applied(set_name=SET, fields=fields, ciphertexts=kept))
    saved(file, snapshot(stored))
    return file


@pytest.mark.parametrize("environ", [KEYED, {}])
def test_the_same_ciphertext_is_surely_unchanged(encrypted: Path, environ: dict[str, str]) -> None:
    plan = plan_of(encrypted, sealed(password="1", user="2"), environ)
    assert [change.action for change in plan.changes] == [Action.NO_OP]
    assert plan.refusals == ()
    assert any("2 surely unchanged" in note.message for note in plan.notices)


@pytest.mark.parametrize("environ", [KEYED, {}])
def test_another_ciphertext_may_be_another_value(encrypted: Path, environ: dict[str, str]) -> None:
    (change,) = plan_of(encrypted, sealed(password="another", user="2"), environ).changes
    assert change.reasons == (Reason.SEALED,)
    (field,) = change.fields
    assert (field.path, field.nature) == (("data", "password"), Nature.CIPHERTEXT)


def test_a_plain_value_beside_sealed_ones_is_unread_without_the_key(encrypted: Path) -> None:
    (change,) = plan_of(encrypted, sealed(password="1"), {}).changes
    assert change.reasons == (Reason.UNREAD,)
    assert [field.path for field in change.fields] == [("data", "user")]
    assert plan_of(encrypted, sealed(password="1"), KEYED).pending == ()


def test_what_others_changed_is_seen(file: Path) -> None:
    changed = replace(ONE, labels={"tier": "canary-4"})
    saved(file, snapshot(live(changed, ONE)))
    report = drift([ONE], read(file), SET)
    (found,) = report.objects
    states = {field.path: field.state for field in found.fields}
    assert states.pop(("metadata", "labels", "tier")) is FieldState.CHANGED
    assert set(states.values()) == {FieldState.IN_SYNC}


def test_what_no_manifest_names_is_in_sync_with_its_record(file: Path) -> None:
    saved(file, snapshot(live(ONE, ONE)))
    (found,) = drift([], read(file), SET).objects
    assert (found.state, found.orphaned) == (ObjectState.IN_SYNC, True)


def test_without_the_key_no_record_can_be_read() -> None:
    stored = live(ONE, Applied(set_name=SET))
    for unkeyed in (False, True):
        check = FingerprintCheck.of(snapshot(stored, unkeyed=unkeyed), SET, FINGERPRINTS)
        assert check.can_read(stored) is not unkeyed


def test_what_only_manifests_refer_to_is_taken_to_exist(file: Path) -> None:
    saved(file, snapshot(live(ONE, ONE)))
    plan = plan_of(file, secret("db", {"password": "x"}, home="elsewhere"), KEYED)
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert plan.problems == ()


def test_an_object_is_more_than_its_name(file: Path) -> None:
    seen = seen_of(
        snapshot(live(ONE, ONE)), SCOPE, FINGERPRINTS, created="2026-11-28T12:00Z", commit=""
    )
    twice = replace(seen, bystanders=(Bystander(ONE.key, "uid-9"),))
    file.write_bytes(packed(twice, FINGERPRINTS.key))
    assert read(file).objects[ONE.key].data.keys() == ONE.data.keys()
    assert ONE.key not in read(file).bystanders


def test_without_the_key_drift_is_unknowable(file: Path) -> None:
    saved(file, snapshot(live(ONE, ONE)))
    (found,) = drift([ONE], read(file, environ={}), SET).objects
    assert found.state is ObjectState.UNKNOWABLE


def test_everything_but_values_comes_back(file: Path) -> None:
    robot = account("robot", settings={"secrets": [{"name": "db"}]})
    owned = replace(
        ONE,
        finalizers=("example.com/wait",),
        owners=(OwnerReference("v1", SERVICE_ACCOUNT, "robot", "uid-1", controller=True),),
        immutable=True,
    )
    version = secret("db-1234567890", {"password": "x"}, annotations={VERSION_OF: "db"})
    users = (
        Consumer(
            "Pod", "default", "web", ONE.key, "password", field="spec.volumes[0]", way=Way.SUB_PATH
        ),
    )
    near, far = (
        Bystander(ObjectKey(SECRET, home, "other"), "uid-2", ("uid-1",), "other")
        for home in ("default", "elsewhere")
    )
    stored = snapshot(
        live(owned, owned, created="2026-11-28T12:00:00Z"),
        live(robot, robot),
        live(version, version),
        copies=[live(secret("gone", {"a": "b"}), None)],
        bystanders=[near, far],
        vanished=frozenset({ObjectKey(SECRET, "default", "lost")}),
        consumers=users,
        unseen=frozenset({"kube-system"}),
        fixed_annotations=frozenset({"reconciler/docker-layout"}),
    )
    content = saved(file, stored)
    back = read(file)
    assert back.objects.keys() == stored.objects.keys()
    for key, before in stored.objects.items():
        after = back.objects[key]
        assert after.data.keys() == before.data.keys()
        for name in ("uid", "created", "finalizers", "owners", "type", "immutable", "applied"):
            assert getattr(after, name) == getattr(before, name), name
        assert all(isinstance(value, UnreadValue) for value in after.data.values())
    assert back.objects[version.key].annotations == {VERSION_OF: "db"}
    assert isinstance(back.objects[robot.key].settings["secrets"], UnreadText)
    assert back.copies.keys() == stored.copies.keys()
    assert near.key in back.bystanders
    assert far.key not in back.bystanders
    for name in ("vanished", "consumers", "unseen", "fixed_annotations"):
        assert getattr(back, name) == getattr(stored, name), name
    assert b"canary" not in content
    assert Capability.WRITES not in back.capabilities
    assert Capability.READ_VALUES in back.capabilities


# The names are those that kustomize v5.8.2 gives to these values.
HASHED = secret("db-h69f2gkkdd", {"password": "one", "host": "db"})
HASHED_ANEW = secret("db-fm569447b8", {"password": "two", "host": "db"})


@pytest.mark.parametrize("environ", [KEYED, {}])
def test_old_versions_of_kustomize_are_told_by_name(file: Path, environ: dict[str, str]) -> None:
    # What others have added since is no part of the hash.
    grown = replace(HASHED, data={**HASHED.data, "theirs": HASHED.data["host"]})
    saved(file, snapshot(live(grown, HASHED)))
    (new,) = plan_of(file, HASHED_ANEW, environ).changes
    assert (new.action, new.reasons) == (Action.CREATE, (Reason.VERSIONED,))
    shown = {field.path[1] for field in new.fields}
    assert shown - {"theirs"} == ({"password"} if environ else {"password", "host"})
    assert b'"versionOf":"db"' in file.read_bytes()


@pytest.mark.parametrize("environ", [KEYED, {}])
def test_the_current_version_of_kustomize_is_in_sync(file: Path, environ: dict[str, str]) -> None:
    saved(file, snapshot(live(HASHED, HASHED)))
    (change,) = plan_of(file, HASHED, environ).changes
    assert change.action is (Action.NO_OP if environ else Action.UPDATE)
    assert change.kept == ()


@pytest.mark.parametrize("environ", [KEYED, {}])
def test_a_generated_value_stays(file: Path, environ: dict[str, str]) -> None:
    recipe = {"reconciler/generate.password": "alnum"}
    wanted = secret("db", annotations=recipe)
    made = secret("db", {"password": "canary-6"}, annotations=recipe)
    saved(file, snapshot(live(made, made)))
    plan = plan_of(file, wanted, environ)
    assert plan.pending == plan.problems == ()


def test_the_delete_of_a_generated_value_is_told(file: Path) -> None:
    recipe = {"reconciler/generate.password": "alnum"}
    made = secret("db", {"password": "canary-6"}, annotations=recipe)
    saved(file, snapshot(live(made, made)))
    plan, _ = planned([], read(file), prune=True)
    (change,) = plan.changes
    assert "only-copy-lost" in {note.code for note in change.notes}


def test_what_pretends_to_be_the_name_of_a_version_stays_out(file: Path) -> None:
    odd = replace(ONE, annotations={VERSION_OF: "canary-5"})
    assert b"canary" not in saved(file, snapshot(live(odd, odd)))


def test_the_store_knows_consumers_where_they_were_asked_for(file: Path) -> None:
    for users, knows in ((None, False), ((), True)):
        saved(file, snapshot(live(ONE, ONE), consumers=users))
        with open_store(f"snapshot:{file}", KEYED) as store:
            assert (Capability.CONSUMERS in store.capabilities) is knows
            assert Capability.READ_VALUES not in store.capabilities


def test_the_order_within_a_manifest_is_not_told(file: Path) -> None:
    other = replace(ONE, data=dict(reversed([*ONE.data.items()])))
    assert saved(file, snapshot(live(ONE, ONE))) == saved(file, snapshot(live(other, other)))


@pytest.mark.parametrize("flipped", range(0, 400, 7))
def test_a_flipped_bit_is_told(file: Path, flipped: int) -> None:
    content = bytearray(saved(file, snapshot(live(ONE, ONE))))
    content[-flipped - 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(StoreDamaged):
        read(file)


def test_a_digest_is_told_by_its_place(file: Path) -> None:
    content = saved(file, snapshot(live(ONE, ONE)))
    digest = FINGERPRINTS.of("default", ("data", "user"), ONE.data["user"]).encode()
    file.write_bytes(content.replace(digest, b"canary-9", 1))
    with pytest.raises(StoreDamaged) as caught:
        load(str(file))
    said: Any = str(caught.value)
    assert "objects[0].data: 32 hexadecimal digits are expected" in said
    assert "canary" not in said


@pytest.mark.parametrize("path", ['"data"', '"data","user","x"', '"metadata"', '"type","user"'])
def test_a_path_that_names_no_field_is_told_by_its_place(file: Path, path: str) -> None:
    content = saved(file, snapshot(live(ONE, record(ONE))))
    other = content.replace(b'"data","user"', path.encode(), 1)
    assert other != content
    file.write_bytes(other)
    with pytest.raises(StoreDamaged) as caught:
        load(str(file))
    assert "objects[0].applied.fields[1]: the path names no field" in str(caught.value)
