"""See ``empty-input/README.md``."""

from __future__ import annotations

import pytest

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace


@pytest.mark.parametrize("limit", ["30%", "100%", "5"])
def test_an_input_of_comments_prunes_nothing(case: Workplace, limit: str) -> None:
    case.ok("apply", "five.yaml", "--auto-approve")
    prune = ("apply", "-", "--prune", "--auto-approve", f"--max-deletes={limit}")
    comments = (case.path / "onlycomments.yaml").read_text()
    refused = case.run(*prune, stdin=comments)
    assert refused.code == ExitCode.REFUSED
    assert "leaves nothing of the set" in refused.out
    assert "--allow-empty" in refused.out
    assert "No changes" in case.ok("plan", "five.yaml").out


def test_a_single_object_is_kept_as_well(case: Workplace) -> None:
    case.secret("only", file="one.yaml", TOKEN="not-a-real-token")
    case.ok("apply", "one.yaml", "--auto-approve")
    comments = (case.path / "onlycomments.yaml").read_text()
    prune = ("apply", "-", "--prune", "--auto-approve", "--max-deletes=100%")
    assert case.run(*prune, stdin=comments).code == ExitCode.REFUSED


def test_it_can_be_meant(case: Workplace) -> None:
    case.ok("apply", "five.yaml", "--auto-approve")
    comments = (case.path / "onlycomments.yaml").read_text()
    prune = ("apply", "-", "--prune", "--auto-approve", "--max-deletes=100%", "--allow-empty")
    assert case.run(*prune, stdin=comments).code == ExitCode.OK
