"""What an apply of manifests would have left, without one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from reconciler.model.ciphertexts import Ciphertext, digest_of
from reconciler.model.objects import Desired, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan
from reconciler.model.values import Nature, SealedValue
from reconciler.stores.git.store import CAPABILITIES
from reconciler.views import text
from reconciler.workflow.revisions import lives_of
from tests.laws.strategies import desired_sets
from tests.world import FINGERPRINTS, HOME, planned, secret, snapshot

SET = PlanOptions().set_name


def lives(*desired: Desired, **options: Any) -> dict[ObjectKey, Live]:
    return lives_of(desired, PlanOptions(**options), FINGERPRINTS)


def compared(new: list[Desired], *old: Desired, **options: Any) -> Plan:
    there = snapshot(*lives(*old).values(), capabilities=CAPABILITIES, vanished=frozenset())
    return planned(new, there, **options)[0]


def sealed(**texts: str) -> Desired:
    """A Secret whose values nobody can decrypt."""
    plain = secret("db", dict.fromkeys(texts, ""))
    digests = {
        key: digest_of(tuple(plain.key), Ciphertext(key, text)) for key, text in texts.items()
    }
    data = {key: SealedValue(digest) for key, digest in digests.items()}
    return replace(plain, data=data, ciphertexts=digests, sealed=True)


@given(desired_sets())
def test_a_plan_of_the_same_manifests_is_empty(desired: list[Desired]) -> None:
    plan = compared(desired, *desired, prune=True)
    assert [change.key for change in plan.pending] == [
        change.key for change in plan.changes if change.generate_name
    ]


def test_generated_values_stay() -> None:
    drawn = secret("db", {}, annotations={"reconciler/generate.token": "alnum"})
    plan = compared([drawn], drawn)
    assert not plan.pending
    assert not plan.problems
    (one,) = lives(drawn).values()
    (other,) = lives(drawn).values()
    assert one.data["token"] != other.data["token"]


def test_the_same_ciphertext_is_the_same_value() -> None:
    plan = compared([sealed(a="ENC1", b="ENC2")], sealed(a="ENC1", b="ENC2"))
    assert not plan.pending
    assert not plan.refusals


def test_another_ciphertext_is_changed_or_encrypted_anew() -> None:
    plan = compared([sealed(a="ENC1", b="ENC3")], sealed(a="ENC1", b="ENC2"))
    (change,) = plan.pending
    assert [(field.path, field.nature) for field in change.fields] == [
        (("data", "b"), Nature.CIPHERTEXT)
    ]
    assert "(sealed) → (sealed)  (changed, or encrypted anew)" in text.plan(plan, colour=False)


def test_what_was_sealed_and_no_longer_is_counts_as_changed() -> None:
    plan = compared([secret("db", {"a": "1"})], sealed(a="ENC1"))
    (change,) = plan.pending
    assert [(field.path, field.nature) for field in change.fields] == [
        (("data", "a"), Nature.CONTENT)
    ]
    assert "(sealed) → (value #" in text.plan(plan, colour=False)


def test_what_left_the_manifests_is_pruned_and_what_is_new_created() -> None:
    plan = compared([secret("new", {"a": "1"})], secret("old", {"a": "1"}), prune=True)
    assert {change.key.name: change.action for change in plan.pending} == {
        "new": Action.CREATE,
        "old": Action.DELETE,
    }


@pytest.mark.parametrize("created", [True, False])
def test_namespaces_are_made_where_an_apply_would_have_made_them(created: bool) -> None:  # noqa: FBT001 - a case
    there = lives(secret("db", {"a": "1"}), create_namespaces=created)
    assert (ObjectKey("Namespace", "", HOME) in there) == created
