"""What a plan says of values that nobody is shown: where they are from, and where they stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from reconciler.model.objects import Desired, Diagnostic, Live, ObjectKey, Severity
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Change, FieldAction, FieldChange, Plan, Reason, Removal
from reconciler.model.values import SealedValue, UnreadValue, ValueRef
from reconciler.planning import planner
from reconciler.planning.risks import Risk, risk_of
from tests.world import (
    FINGERPRINTS,
    SOURCE,
    in_sync,
    live,
    owner,
    planned,
    secret,
    snapshot,
    wrapped,
)

OLD = secret("old", {"user": "anna", "password": "hunter2"})


def changes(desired: Sequence[Desired], *lives: Live, **options: Any) -> dict[ObjectKey, Change]:
    plan, _ = planned(desired, snapshot(*lives), **options)
    return {change.key: change for change in plan.changes}


def notes(change: Change) -> list[str]:
    return [note.code for note in change.notes]


def removal(change: Change) -> Removal:
    assert change.removal is not None
    return change.removal


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (replace(OLD, key=OLD.key._replace(name="new")), "renamed"),
        (replace(OLD, key=OLD.key._replace(namespace="shop")), "moved"),
    ],
)
def test_the_same_values_under_another_name_are_a_rename(new: Desired, code: str) -> None:
    both = changes([new], *in_sync(OLD), prune=True, create_namespaces=True)
    assert notes(both[new.key]) == notes(both[OLD.key]) == [code]
    assert str(OLD.key) in both[new.key].notes[0].message
    assert str(new.key) in both[OLD.key].notes[0].message
    assert removal(both[OLD.key]).lost == ()
    assert removal(both[OLD.key]).copies == (new.key,)


def test_a_rename_is_told_before_the_old_one_is_pruned() -> None:
    new = replace(OLD, key=OLD.key._replace(name="new"))
    assert notes(changes([new], *in_sync(OLD))[new.key]) == ["renamed"]
    other = secret("new", {"user": "anna", "password": "other"})
    assert notes(changes([other], *in_sync(OLD))[other.key]) == []


def test_two_secrets_swap_a_value() -> None:
    a, b = secret("a", {"k": "1"}), secret("b", {"k": "2"})
    swapped = [replace(a, data=b.data), replace(b, data=a.data)]
    both = changes(swapped, *in_sync(a, b))
    assert notes(both[a.key]) == notes(both[b.key]) == ["swapped"]
    assert both[a.key].notes[0].message == f"data[k] and data[k] of {b.key} swap their values"
    elsewhere = replace(b, key=b.key._replace(namespace="shop"))
    apart = [swapped[0], replace(elsewhere, data=a.data)]
    pending = changes(apart, *in_sync(a, elsewhere), create_namespaces=True)
    assert notes(pending[a.key]) == []


def test_two_keys_of_a_secret_swap_their_values() -> None:
    a = secret("a", {"k": "1", "l": "2"})
    change = changes([replace(a, data=wrapped({"k": "2", "l": "1"}))], *in_sync(a))[a.key]
    assert notes(change) == ["swapped", "swapped"]
    assert change.notes[0].message == "data[k] and data[l] swap their values"


def test_a_value_of_an_object_in_sync_is_named_within_set_and_namespace() -> None:
    shared = secret("shared", {"k": "same"})
    new = secret("new", {"x": "same", "y": "own"})
    change = changes([shared, new], *in_sync(shared))[new.key]
    assert notes(change) == ["equal-to"]
    assert change.notes[
        0
    ].message == f"data[x] has the value that data[k] of {shared.key} has, " + ("which is in sync")
    elsewhere = replace(shared, key=shared.key._replace(namespace="shop"))
    pending = changes([elsewhere, new], *in_sync(elsewhere), create_namespaces=True)
    assert notes(pending[new.key]) == []
    others = live(shared, replace(record_of_other(shared), set_name="other"))
    assert notes(changes([new], others)[new.key]) == []


def record_of_other(resource: Desired) -> Any:
    return live(resource, resource).applied


def test_an_empty_value_is_equal_to_nothing() -> None:
    empty = secret("empty", {"k": ""})
    new = secret("new", {"k": ""})
    assert notes(changes([empty, new], *in_sync(empty))[new.key]) == []


def test_many_equal_values_are_counted() -> None:
    many = {f"k{number}": f"v{number}" for number in range(6)}
    shared, new = secret("shared", many), secret("new", many | {"own": "x"})
    change = changes([shared, new], *in_sync(shared))[new.key]
    assert notes(change) == ["equal-to"] * 4
    assert change.notes[-1].message == "3 more values are those of objects in sync"


@pytest.mark.parametrize(("wanted", "restores"), [("applied", True), ("new", False)])
def test_drift_that_is_undone_is_told_from_a_new_value(wanted: str, *, restores: bool) -> None:
    applied = secret("a", {"k": "applied"})
    drifted = live(replace(applied, data=wrapped({"k": "drifted"})), applied)
    desired = replace(applied, data=wrapped({"k": wanted}))
    (field,) = changes([desired], drifted)[applied.key].fields
    assert (field.drift, field.restores) == (True, restores)


def test_a_new_owner_is_told() -> None:
    boss, plain = secret("boss", {"k": "v"}), secret("a", {"k": "w"})
    owned = replace(plain, owners=(owner(boss),))
    change = changes([boss, owned], *in_sync(boss, plain))[plain.key]
    assert notes(change) == ["owner-added"]
    assert change.notes[0].message.startswith("Secret/boss owns it from now on")


def certificate(begins: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    built = x509.CertificateBuilder(name, name, key.public_key(), 1)
    built = built.not_valid_before(begins).not_valid_after(begins + timedelta(days=31))
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_certificate_tells_its_dates_before_and_after() -> None:
    first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    old, new = (secret("a", {"tls.crt": certificate(moment)}) for moment in (first, second))
    change = changes([new], *in_sync(old))[new.key]
    (note,) = change.notes
    assert note.message == (
        "data[tls.crt]: the certificate is valid from 2026-02-01 to 2026-03-04; "
        "the one before, from 2026-01-01 to 2026-02-01"
    )
    without = changes([replace(new, data={})], *in_sync(old))[new.key]
    assert [note.code for note in without.notes] == ["certificate-dates"]
    damaged = secret("a", {"k": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    assert notes(changes([damaged])[damaged.key]) == []


def test_a_delete_lists_what_goes_with_it() -> None:
    kept = secret("kept", {"again": "anna"})
    boss = secret("boss", {"k": "boss"})
    dependent = secret("dependent", {"k": "dep"}, owners=(owner(boss, f"uid of {boss.key}"),))
    added = replace(OLD, data={**OLD.data, **wrapped({"extra": "theirs"})})
    pending = changes([kept], live(added, OLD), *in_sync(kept, boss, dependent), prune=True)
    assert removal(pending[OLD.key]) == Removal(
        type="Opaque",
        keys=("extra", "password", "user"),
        foreign=("extra",),
        lost=("extra", "password"),
        copies=(kept.key,),
    )
    assert removal(pending[boss.key]).takes == (dependent.key,)


def test_a_replace_says_which_values_are_lost() -> None:
    a = secret("a", {"k": "old", "same": "x"}, immutable=True)
    new = replace(a, data=wrapped({"k": "new", "same": "x"}))
    change = changes([new], *in_sync(a), allow_replace=True)[a.key]
    assert change.action is Action.REPLACE
    assert removal(change) == Removal(type="Opaque", keys=("k", "same"), lost=("k",))


def test_a_removed_key_says_whether_its_value_stays() -> None:
    a = secret("a", {"k": "1", "l": "2", "m": "3"})
    change = changes([replace(a, data=wrapped({"m": "1"}))], *in_sync(a))[a.key]
    assert removal(change).lost == ("l",)
    assert removal(change).copies == (a.key,)
    plain = changes([replace(a, data={**a.data, **wrapped({"k": "9"})})], *in_sync(a))[a.key]
    assert plain.removal is None


def test_a_delete_with_keys_of_others_is_refused_without_consent() -> None:
    added = live(replace(OLD, data={**OLD.data, **wrapped({"extra": "x"})}), OLD)

    def guards(live: Live, **options: Any) -> list[str]:
        plan, _ = planned([], snapshot(live), prune=True, **options)
        return [refusal.guard for refusal in plan.refusals]

    assert guards(added) == ["foreign-keys"]
    assert guards(added, force_foreign=True) == []
    assert guards(*in_sync(OLD)) == []
    token = replace(OLD, type="kubernetes.io/service-account-token", data={})
    filled = replace(token, data=wrapped({"token": "t", "ca.crt": "c", "namespace": "n"}))
    assert guards(live(filled, token)) == []


def test_a_replace_keeps_the_keys_of_others() -> None:
    a = secret("a", {"k": "old"}, immutable=True)
    added = live(replace(a, data={**a.data, **wrapped({"extra": "x"})}), a)
    plan, _ = planned([replace(a, data=wrapped({"k": "new"}))], snapshot(added), allow_replace=True)
    assert plan.refusals == ()
    assert plan.changes[0].kept == (("data", "extra"),)
    assert removal(plan.changes[0]).foreign == ()


def test_an_old_version_whose_foreign_key_was_carried_over_is_pruned() -> None:
    first = secret("a", {"k": "1"}, immutable=True, annotations={"reconciler/replace": "versioned"})
    second = replace(first, data=wrapped({"k": "2"}))
    key = next(iter(changes([second], *in_sync(first)).keys() - {first.key}))
    extra = wrapped({"extra": "x"})
    version = replace(
        second,
        key=key,
        annotations={**second.annotations, "reconciler/version-of": "a"},
        data={**second.data, **extra},
    )
    old = live(replace(first, data={**first.data, **extra}), first)

    def guards(*lives: Live) -> list[str]:
        found = snapshot(*lives, consumers=())
        plan, _ = planned([second], found, prune=True, consumers=True)
        assert Action.DELETE in plan.counts
        return [refusal.guard for refusal in plan.refusals]

    without = replace(version, data={**second.data})
    carried = live(version, without)
    assert guards(old, carried) == []
    assert guards(old, *in_sync(without)) == ["foreign-keys"]


def unknown(**how: bool) -> FieldChange:
    """A value that takes the place of one that nobody can compare, or is such a one."""
    return FieldChange(("data", "k"), FieldAction.CHANGED, ValueRef(1, "", **how), ValueRef(2, ""))


def warning(about: str, code: str = "value-placeholder") -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code=code,
        message="the value is a placeholder",
        field="data[k]",
        source=SOURCE,
        object=about,
    )


def warned_plan(desired: Sequence[Desired], *about: str, **options: Any) -> Plan:
    diagnostics = [warning(name) for name in about]
    return planner.plan(
        desired, snapshot(), PlanOptions(**options), FINGERPRINTS, diagnostics=diagnostics
    )[0]


def test_a_warning_stands_in_the_change_that_it_is_about() -> None:
    a, b = secret("a", {"k": "v"}), secret("b", {"k": "w"})
    plan = warned_plan([a, b], str(a.key), "Deployment/shop/web")
    assert [[item.code for item in change.warnings] for change in plan.changes] == [
        ["value-placeholder"],
        [],
    ]
    assert [notice.code for notice in plan.notices] == ["value-placeholder"]
    assert "Deployment/shop/web" in plan.notices[0].message


def test_warnings_of_a_name_that_is_to_be_generated() -> None:
    made = secret("", {"k": "v"}, generate_name="job-")
    plan = warned_plan([made], "Secret/default/job-")
    assert [len(change.warnings) for change in plan.changes] == [1]


def test_warnings_of_what_changes_can_be_refused() -> None:
    a = secret("a", {"k": "v"})
    assert warned_plan([a], str(a.key)).refusals == ()
    (refusal,) = warned_plan([a], str(a.key), strict_changed=True).refusals
    assert (refusal.guard, refusal.key) == ("strict-changed", a.key)
    assert "value-placeholder" in refusal.message
    plan, _ = planner.plan(
        [a],
        snapshot(*in_sync(a)),
        PlanOptions(strict_changed=True),
        FINGERPRINTS,
        diagnostics=[warning(str(a.key))],
    )
    assert plan.refusals == ()


def test_nothing_is_recognised_in_values_that_are_not_here() -> None:
    held = live(secret("a", {}), None, data={"k": UnreadValue("f" * 32)})
    (change,) = changes([], replace(held, applied=live(OLD, OLD).applied), prune=True).values()
    assert removal(change).lost == ("k",)
    sealed = replace(secret("b"), data={"k": SealedValue("d" * 32)})
    assert notes(changes([sealed], *in_sync(secret("b", {"k": "v"})))[sealed.key]) == []


@pytest.mark.parametrize(
    ("change", "risk"),
    [
        ({"action": Action.DELETE}, Risk.DELETE),
        ({"action": Action.REPLACE}, Risk.REPLACE),
        ({"fields": (FieldChange(("data", "k"), FieldAction.REMOVED),)}, Risk.REMOVED_KEYS),
        ({"fields": (FieldChange(("type",), FieldAction.REMOVED),)}, Risk.ORDINARY),
        ({"fields": (unknown(unread=True),)}, Risk.UNKNOWABLE),
        ({"fields": (unknown(sealed=True),)}, Risk.UNKNOWABLE),
        ({"reasons": (Reason.SEALED,)}, Risk.UNKNOWABLE),
        ({"warnings": (warning("Secret/default/a"),)}, Risk.WARNING),
        ({}, Risk.ORDINARY),
    ],
)
def test_the_greatest_risk_of_a_change(change: dict[str, Any], risk: Risk) -> None:
    assert risk_of(Change(**{"key": OLD.key, "action": Action.UPDATE, **change})) is risk
