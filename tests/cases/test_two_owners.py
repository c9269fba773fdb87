"""See ``two-owners/README.md``."""

from __future__ import annotations

import json

from tests.cli.conftest import Workplace


def test_both_owners_are_named(case: Workplace) -> None:
    out = json.loads(case.ok("validate", "fight.yaml", "-o", "json").out)
    told = {item["object"]: item for item in out["diagnostics"]}
    assert {item["code"] for item in told.values()} == {"secret-two-owners"}
    assert "SealedSecret/default/mail (fight.yaml:6)" in told["Secret/default/mail"]["message"]
    assert "ExternalSecret/default/db (fight.yaml:11)" in told["Secret/default/dbs"]["message"]


def test_a_plan_tells_it_too(case: Workplace) -> None:
    result = case.ok("plan", "fight.yaml")
    assert result.out.count("secret-two-owners") == 2
