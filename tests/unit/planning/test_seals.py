"""What a plan says of values that nobody here can decrypt: never more than is sure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.ciphertexts import Ciphertext, digest_of, recorded_digests
from reconciler.model.drift import Pending
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Desired, Live
from reconciler.model.plans import Action, Change, Plan, Reason
from reconciler.model.store import Capability
from reconciler.model.values import Nature, SealedValue, SecretValue, UnreadValue
from reconciler.planning.drift import drift
from tests.world import FINGERPRINTS, SET, live, planned, record, secret, snapshot

PLAIN = secret("db", {"password": "canary-1", "user": "canary-2"})


def digest(key: str, text: str) -> str:
    return digest_of((*PLAIN.key, ""), Ciphertext(f"stringData:{key}:", text))


def encrypted(**texts: str) -> Desired:
    """The Secret with the key at hand; `texts` are the ciphertexts of its values."""
    return replace(PLAIN, ciphertexts={key: digest(key, text) for key, text in texts.items()})


def sealed(**texts: str) -> Desired:
    """The same without the key."""
    digests = {key: digest(key, text) for key, text in texts.items()}
    values = {key: SealedValue(digest) for key, digest in digests.items()}
    return replace(PLAIN, data={**PLAIN.data, **values}, ciphertexts=digests, sealed=True)


def applied(desired: Desired, **content: Any) -> Live:
    """What an apply of `desired` leaves."""
    fields = record(desired).fields
    digests = recorded_digests(desired.ciphertexts, fields)
    return live(desired, Applied(set_name=SET, fields=fields, ciphertexts=digests), **content)


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def plan_of(desired: Desired, *lives: Live, **more: Any) -> Plan:
    return planned([desired], snapshot(*lives, **more))[0]


def test_a_ciphertext_that_was_applied_is_surely_unchanged() -> None:
    plan = plan_of(sealed(password="ENC1"), applied(encrypted(password="ENC1")))
    assert only(plan).action is Action.NO_OP
    assert plan.refusals == ()
    (notice,) = plan.notices
    assert notice.message == "of the values that could not be seen: 1 surely unchanged"


def test_another_ciphertext_may_be_another_value() -> None:
    plan = plan_of(sealed(password="ENC2"), applied(encrypted(password="ENC1")))
    change = only(plan)
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.SEALED,))
    (field,) = change.fields
    assert field.path == ("data", "password")
    assert (field.nature, field.drift) == (Nature.CIPHERTEXT, False)
    assert [refusal.guard for refusal in plan.refusals] == ["sealed"]
    assert "or install what a notice says is missing" in plan.refusals[0].hint
    assert plan.only_sealed


@pytest.mark.parametrize("other", [Applied(set_name="another"), None, record(PLAIN)])
def test_without_a_record_of_this_set_nothing_is_said_to_be_in_sync(other: Applied | None) -> None:
    there = live(PLAIN, other)
    change = only(planned([sealed(password="ENC1")], snapshot(there), adopt=True)[0])
    assert change.action is Action.UPDATE
    assert [field.nature for field in change.fields] == [Nature.UNKNOWN]


def test_a_digest_counts_for_its_own_fingerprint_only() -> None:
    """A write that stopped half-way may leave the digest of the old value with the new one."""
    there = applied(encrypted(password="ENC1"))
    assert there.applied
    fields = {**there.applied.fields, ("data", "password"): "0" * 32}
    mixed = replace(there, applied=replace(there.applied, fields=fields))
    (field,) = only(plan_of(sealed(password="ENC1"), mixed)).fields
    assert field.nature is Nature.CIPHERTEXT


def test_what_drifted_is_surely_different() -> None:
    drifted = applied(encrypted(password="ENC1"), data={**PLAIN.data, "password": SecretValue(b"")})
    change = only(plan_of(sealed(password="ENC1"), drifted))
    (field,) = change.fields
    assert (change.reasons, field.nature, field.drift) == ((Reason.DATA,), Nature.CONTENT, True)


def test_of_a_record_under_another_key_nothing_is_sure() -> None:
    there = applied(encrypted(password="ENC1"))
    plan = plan_of(sealed(password="ENC1"), there, fingerprint_key=b"another" * 5)
    (field,) = only(plan).fields
    assert field.nature is Nature.UNKNOWN


def test_where_values_cannot_be_read_the_record_is_enough() -> None:
    there = applied(encrypted(password="ENC1", user="ENC2"))
    assert there.applied
    unread = {key: UnreadValue(there.applied.fields["data", key]) for key in PLAIN.data}
    capabilities = frozenset(Capability) - {Capability.READ_VALUES, Capability.UPDATE_VALUES}
    hidden = replace(there, data=unread)
    plan = plan_of(sealed(password="ENC1", user="ENC2"), hidden, capabilities=capabilities)
    assert only(plan).action is Action.NO_OP
    other = plan_of(sealed(password="ENC1", user="ENC3"), hidden, capabilities=capabilities)
    assert [field.path for field in only(other).fields] == [("data", "user")]


def test_a_change_beside_a_sealed_value_cannot_be_written_either() -> None:
    desired = replace(sealed(password="ENC1"), labels={"app": "shop"})
    plan = plan_of(desired, applied(encrypted(password="ENC1")))
    assert only(plan).reasons == (Reason.METADATA,)
    assert plan.only_sealed


def test_an_object_without_values_in_a_file_that_nobody_verified_is_refused_too() -> None:
    plan = plan_of(replace(secret("db", {"password": "put in by hand"}), sealed=True))
    assert plan.only_sealed


def test_a_new_object_is_shown_and_refused() -> None:
    plan = plan_of(sealed(password="ENC1"))
    assert only(plan).action is Action.CREATE
    assert plan.only_sealed
    assert plan.notices[0].message == "of the values that could not be seen: 1 new"


def test_a_new_version_of_sealed_values_has_no_name_yet() -> None:
    versioned = {"reconciler/replace": "versioned"}
    old = replace(encrypted(password="ENC1"), immutable=True, annotations=versioned)
    new = replace(sealed(password="ENC2"), immutable=True, annotations=versioned)
    plan = plan_of(new, applied(old))
    assert [change.key.name for change in plan.pending] == ["db-*"]
    assert plan.only_sealed


def test_another_refusal_is_not_hidden() -> None:
    old = replace(encrypted(password="ENC1"), immutable=True)
    new = replace(sealed(password="ENC2"), immutable=True)
    plan = plan_of(new, applied(old))
    assert {refusal.guard for refusal in plan.refusals} == {"replace", "sealed"}
    assert not plan.only_sealed


def test_a_drift_check_needs_no_key() -> None:
    there = applied(encrypted(password="ENC1", user="ENC2"))
    report = drift([sealed(password="ENC1", user="ENC3")], snapshot(there), SET)
    assert not report.drifted
    assert not report.objects[0].pending
    pending = {field.path[-1]: field.pending for field in report.objects[0].fields}
    assert (pending["password"], pending["user"]) == (Pending.NONE, Pending.UNKNOWN)


class TestRefreshing:
    """Encrypted anew, or applied by a version that kept no digests."""

    def test_the_record_alone_is_renewed(self) -> None:
        plan, values = planned(
            [encrypted(password="ENC2")], snapshot(applied(encrypted(password="ENC1")))
        )
        assert (only(plan).reasons, only(plan).fields) == ((Reason.RECORD,), ())
        assert values.ciphertexts[PLAIN.key] == {"password": digest("password", "ENC2")}

    def test_a_store_that_keeps_no_digests_is_left_in_peace(self) -> None:
        keeps_none = frozenset(Capability) - {Capability.CIPHERTEXTS}
        there = live(PLAIN, PLAIN)
        plan = plan_of(encrypted(password="ENC1"), there, capabilities=keeps_none)
        assert only(plan).action is Action.NO_OP

    def test_a_manifest_that_comes_plain_leaves_digests_alone(self) -> None:
        assert only(plan_of(PLAIN, applied(encrypted(password="ENC1")))).action is Action.NO_OP

    def test_a_key_of_others_has_no_digest(self) -> None:
        ignoring = {"reconciler/ignore-keys": "password"}
        desired = replace(encrypted(password="ENC1"), annotations=ignoring)
        there = live(desired, record(replace(desired, data={"user": PLAIN.data["user"]})))
        assert only(plan_of(desired, there)).action is Action.NO_OP


TEXTS = st.sampled_from(["ENC1", "ENC2", "ENC3"])


@given(
    now=st.dictionaries(st.sampled_from(["password", "user"]), TEXTS, min_size=1),
    then=st.dictionaries(st.sampled_from(["password", "user"]), TEXTS),
    drifted=st.booleans(),
    same_key=st.booleans(),
)
def test_sealed_values_are_in_sync_only_by_their_digests(
    *, now: dict[str, str], then: dict[str, str], drifted: bool, same_key: bool
) -> None:
    there = applied(encrypted(**then))
    if drifted:
        there = replace(there, data=dict.fromkeys(there.data, SecretValue(b"canary-drifted")))
    key = FINGERPRINTS.key if same_key else Fingerprinter(b"another" * 5).key
    change = only(plan_of(sealed(**now), there, fingerprint_key=key))
    told = {field.path[-1]: field.nature for field in change.fields}
    for name, text in now.items():
        applied_so = then.get(name) == text and same_key and not drifted
        assert (name not in told) == applied_so, name
        if name in told and not (drifted and then.get(name) == text):
            wanted = Nature.CIPHERTEXT if name in then and then[name] != text else Nature.UNKNOWN
            assert told[name] is wanted


def test_a_sealed_value_beside_an_unread_one_is_sealed_alone() -> None:
    found = applied(encrypted(password="ENC1"))
    unread = replace(found, data={**found.data, "password": UnreadValue(None)})
    change = only(plan_of(sealed(password="ENC2"), unread))
    assert change.reasons == (Reason.SEALED,)
