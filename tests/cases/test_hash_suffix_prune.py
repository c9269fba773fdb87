"""See ``hash-suffix-prune/README.md``."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Workplace

OLD, NEW = "Secret/default/db-c9hkf5f84k", "Secret/default/db-h2g5k6646f"
APPLY = ("--auto-approve", "--prune", "--allow-empty", "--max-deletes=100%")


def test_the_old_version_is_not_pruned_in_the_same_breath(case: Workplace) -> None:
    case.ok("apply", "first.yaml", *APPLY)
    planned = case.ok("plan", "second.yaml", "--prune").out
    assert f"+ {NEW} (create: a new version under another name)" in planned
    assert f"takes the place of {OLD}" in planned
    assert "- Secret" not in planned
    case.ok("apply", "second.yaml", *APPLY)
    again = case.run("plan", "second.yaml", "--prune", "--detailed-exitcode")
    assert again.code == 0
    assert "No changes" in again.out
    assert f"{OLD}, an old version of {NEW}, stays" in again.out
    assert "not applied" not in case.ok("drift", "second.yaml").out


def test_it_goes_once_that_is_asked_for(case: Workplace) -> None:
    case.ok("apply", "first.yaml", *APPLY)
    case.ok("apply", "second.yaml", *APPLY)
    pruned = case.ok("apply", "second.yaml", *APPLY, "--force-consumers").out
    assert f"- {OLD} (delete: a newer version has taken its place)" in pruned
    assert OLD not in case.ok("get").out
    case.ok("apply", "first.yaml", *APPLY, "--force-consumers")
    assert NEW not in case.ok("get").out


def test_the_way_back_finds_the_old_object(case: Workplace) -> None:
    case.ok("apply", "first.yaml", *APPLY)
    case.ok("apply", "second.yaml", *APPLY)
    assert "No changes" in case.ok("plan", "first.yaml", "--prune").out


def test_a_consumer_in_the_manifests_keeps_it(case: Workplace) -> None:
    case.ok("apply", "first.yaml", *APPLY)
    later = (case.path / "second.yaml").read_text()
    secret, _, workload = later.partition("---\n")
    behind = f"{secret}---\n{workload.replace(NEW.rpartition('/')[2], OLD.rpartition('/')[2])}"
    (case.path / "behind.yaml").write_text(behind)
    planned = case.ok("plan", "behind.yaml", "--prune").out
    assert "stays: it is still used by Deployment/default/web" in planned


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_format_says_what_the_suffix_is(case: Workplace, form: str) -> None:
    assert case.ok("plan", "first.yaml", "-o", form).out.count("unkeyed hash") == 1


def test_json_has_the_codes(case: Workplace) -> None:
    case.ok("apply", "first.yaml", *APPLY)
    plan = json.loads(case.ok("plan", "second.yaml", "-o", "json").out)
    codes = ["objects-skipped", "hash-suffix", "version-kept"]
    assert [note["code"] for note in plan["notices"]] == codes
    (change,) = plan["changes"]
    assert change["reasons"] == ["versioned"]
    assert [field["field"] for field in change["fields"]] == ["data[password]"]
