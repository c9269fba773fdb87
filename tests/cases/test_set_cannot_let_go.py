"""See ``set-cannot-let-go/README.md``."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace


@pytest.fixture
def left(case: Workplace) -> Workplace:
    """The set `old` still owns `a`, though no manifest of it names that any more."""
    case.ok("apply", "a.yaml", "b.yaml", "--set", "old", "--auto-approve")
    case.ok("apply", "b.yaml", "--set", "old", "--auto-approve")
    return case


def members(case: Workplace, set_name: str) -> list[str]:
    listed = json.loads(case.ok("get", "--set", set_name, "-o", "json").out)
    return [entry["key"]["name"] for entry in listed["objects"]]


def in_sync(case: Workplace, *args: str) -> bool:
    return case.run("plan", *args, "--detailed-exitcode").code == ExitCode.OK


def test_the_hint_moves_the_object_as_printed(left: Workplace) -> None:
    refused = left.run("plan", "a.yaml", "--set", "new", "--adopt")
    assert refused.code == ExitCode.REFUSED
    hint = re.search(r"--adopt-from \S+(?=,)", refused.out)
    assert hint is not None
    left.ok("apply", "a.yaml", "--set", "new", *shlex.split(hint[0]), "--auto-approve")
    assert members(left, "new") == ["a"]
    assert members(left, "old") == ["b"]
    assert in_sync(left, "a.yaml", "--set", "new")
    assert in_sync(left, "b.yaml", "--set", "old", "--prune")


def test_an_object_is_let_go_and_taken_over(left: Workplace) -> None:
    before = left.ok("export", "--target", "Secret/default/a").out
    left.ok("release", "--set", "old", "--target", "Secret/default/a", "--auto-approve")
    assert members(left, "old") == ["b"]
    assert left.ok("export", "--target", "Secret/default/a").out == before
    assert left.run("plan", "a.yaml", "--set", "new").code == ExitCode.REFUSED
    left.ok("apply", "a.yaml", "--set", "new", "--adopt", "--auto-approve")
    assert in_sync(left, "a.yaml", "--set", "new")
    assert in_sync(left, "b.yaml", "--set", "old", "--prune")


def test_a_whole_set_is_let_go_without_a_delete(left: Workplace) -> None:
    done = left.ok("release", "--set", "old", "--all", "--auto-approve")
    assert "Applied: 2 released." in done.out
    assert members(left, "old") == []
    left.ok("export", "--target", "Secret/default/a", "--target", "Secret/default/b")
    assert "No changes" in left.ok("release", "--set", "old", "--all").out
