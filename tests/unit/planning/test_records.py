"""What a record of fingerprints says of live fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.model.drift import FieldState
from reconciler.model.fields import flatten
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Live
from reconciler.planning.ownership import Merged
from reconciler.planning.records import FingerprintCheck
from tests.world import FINGERPRINTS, SET, live, namespace, record, secret, snapshot, wrapped

SECRET = secret("a", {"k": "v", "l": "w"})
NAMESPACE = namespace("shop", labels={"team": "blue"})
OTHER_KEY = Fingerprinter(b"another key of 32 bytes, or more")
K = ("data", "k")


def check_of(*lives: Live, fingerprinter: Fingerprinter = FINGERPRINTS) -> FingerprintCheck:
    return FingerprintCheck.of(snapshot(*lives), SET, fingerprinter)


def state(path: tuple[str, ...], there: Live, check: FingerprintCheck | None = None) -> FieldState:
    chosen = check or check_of(there)
    return chosen.state(path, there, flatten(there), chosen.applied(there))


def test_a_record_is_current_only_if_it_says_just_what_would_be_written() -> None:
    target: Any = {K: SECRET.data["k"], ("data", "l"): SECRET.data["l"], ("type",): "Opaque"}
    exact = record(SECRET)
    less = replace(exact, fields={K: exact.fields[K]})
    other = replace(exact, fields={**exact.fields, K: "f" * 32})

    def is_current(applied: Applied | None, *claims: tuple[str, ...]) -> bool:
        merged = Merged(target, claims or tuple(target), ())
        there = replace(live(SECRET, SECRET), applied=applied)
        return check_of().is_current(there, merged, check_of().applied(there), {})

    assert is_current(exact)
    assert not is_current(exact, K)
    assert not is_current(less)
    assert not is_current(other)
    assert not is_current(None)


def test_the_state_of_a_field() -> None:
    there = live(SECRET, SECRET)
    assert state(K, there) is FieldState.IN_SYNC
    changed = replace(there, data=wrapped({"k": "w"}))
    assert state(K, changed) is FieldState.CHANGED
    assert state(("data", "l"), changed) is FieldState.REMOVED
    added = replace(there, data={**there.data, **wrapped({"theirs": "x"})})
    assert state(("data", "theirs"), added) is FieldState.ADDED
    assert state(("metadata", "labels", "theirs"), there) is FieldState.IN_SYNC
    assert state(("data", "theirs"), replace(added, applied=None)) is FieldState.IN_SYNC


def test_a_key_that_is_added_to_an_empty_record_is_drift() -> None:
    there = live(SECRET, Applied(set_name=SET, fields={}))
    assert state(K, there) is FieldState.ADDED


def test_a_record_of_another_key_tells_nothing_of_values() -> None:
    changed = replace(live(SECRET, SECRET), data=wrapped({"k": "w"}))
    check = check_of(changed, fingerprinter=OTHER_KEY)
    assert not check.all_readable
    assert state(K, changed, check) is FieldState.UNKNOWABLE
    assert state(("data", "l"), changed, check) is FieldState.REMOVED


def test_an_object_that_does_not_tell_the_key_of_its_record_goes_by_the_others() -> None:
    there = live(NAMESPACE, NAMESPACE)
    changed = replace(there, labels={"team": "red"})
    label = ("metadata", "labels", "team")
    assert state(label, changed, check_of(changed)) is FieldState.CHANGED
    mixed = check_of(changed, live(SECRET, SECRET), fingerprinter=OTHER_KEY)
    assert state(label, changed, mixed) is FieldState.UNKNOWABLE


def test_a_secret_whose_own_record_is_readable_does_not_go_by_the_others() -> None:
    other = secret("b", {"k": "v"})
    foreign = Applied(set_name=SET, fields=dict.fromkeys(record(other).fields, "f" * 32))
    check = check_of(live(SECRET, SECRET), live(other, foreign))
    assert not check.all_readable
    changed = replace(live(SECRET, SECRET), data=wrapped({"k": "w", "l": "w"}))
    assert state(K, changed, check) is FieldState.CHANGED
