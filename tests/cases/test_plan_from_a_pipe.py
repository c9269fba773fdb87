"""See ``plan-from-a-pipe/README.md``."""

from __future__ import annotations

import pytest

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace


@pytest.fixture
def text(case: Workplace) -> str:
    """What is piped in; no file of it is left."""
    file = case.path / "a.yaml"
    text = file.read_text()
    file.unlink()
    saved = case.ok("plan", "-", "--out", "p.plan", stdin=text)
    assert "To apply just this plan: … | reconciler apply p.plan -" in saved.err
    return text


@pytest.mark.parametrize("paths", [("p.plan", "-"), ("-", "p.plan")])
def test_apply_reads_standard_input_again(
    case: Workplace, text: str, paths: tuple[str, ...]
) -> None:
    assert "1 created" in case.ok("apply", *paths, stdin=text).out
    assert "No changes" in case.ok("plan", "-", stdin=text).out
    assert all(b"not-a-real-token" not in content for content in case.files().values())


def test_other_manifests_make_the_plan_stale(case: Workplace, text: str) -> None:
    stale = case.run("apply", "p.plan", "-", stdin=text.replace("7qX2", "8qX2"))
    assert stale.code == ExitCode.STALE
    assert case.run("apply", "p.plan", "-", stdin="").code == ExitCode.ERROR
    assert "0 objects" in case.ok("get", "-q").out


def test_without_the_dash_the_error_says_what_to_type(case: Workplace, text: str) -> None:
    refused = case.run("apply", "p.plan", stdin=text)
    assert refused.code == ExitCode.ERROR
    assert "… | reconciler apply p.plan -" in refused.err


def test_a_plan_of_files_takes_no_standard_input(case: Workplace, text: str) -> None:
    case.write("a.yaml", text)
    case.ok("plan", "a.yaml", "--out", "files.plan")
    refused = case.run("apply", "files.plan", "-", stdin=text)
    assert refused.code == ExitCode.ERROR
    assert "was not made from standard input" in refused.err
