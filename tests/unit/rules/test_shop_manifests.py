"""The manifests at the top level are what people try first: nothing may be said against them."""

from __future__ import annotations

from pathlib import Path

from reconciler.model.objects import OPAQUE
from reconciler.rules import validate
from reconciler.rules.secret_types import TYPE_RULES
from reconciler.workflow import load

SHOP = load(Path(__file__).parents[3] / "manifests")


def test_nothing_is_said_against_them() -> None:
    assert SHOP.diagnostics == ()
    assert {resource.key: validate(resource) for resource in SHOP.objects} == {
        resource.key: () for resource in SHOP.objects
    }


def test_they_show_every_type() -> None:
    types = [resource.type for resource in SHOP.objects if resource.kind == "Secret"]
    assert len(types) >= 20
    assert {OPAQUE, *TYPE_RULES} < set(types)
