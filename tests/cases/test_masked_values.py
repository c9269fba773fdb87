"""See ``masked-values/README.md``."""

from __future__ import annotations

from tests.cli.conftest import Workplace


def test_each_is_told_with_what_it_is(case: Workplace) -> None:
    out = case.ok("validate", "masked.yaml").out
    assert out.count("warning[value-placeholder]") == 5
    for word in ("Flux", "mask", "Argo CD Vault Plugin", "vals", "1Password"):
        assert word in out


def test_they_can_keep_a_plan_from_being_made(case: Workplace) -> None:
    case.write("reconciler.yaml", "lints: {value-placeholder: error}\n")
    assert case.run("plan", "masked.yaml").code == 1
