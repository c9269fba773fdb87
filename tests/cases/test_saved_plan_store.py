"""See ``saved-plan-store/README.md``."""

from __future__ import annotations

import shlex

import pytest

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace

STORE = "sqlite:s/store.db"


@pytest.fixture(autouse=True)
def fingerprint_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the pipeline, since the value of the case is too weak to be saved without."""
    monkeypatch.setenv("RECONCILER_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789")


def printed(case: Workplace, *args: str) -> list[str]:
    """The arguments of the command that ``plan --out`` prints, as a shell takes them."""
    said = case.ok("plan", *args).err
    program, *words = shlex.split(said.partition("To apply just this plan: ")[2])
    assert program == "reconciler"
    return words


def test_the_printed_command_works_as_printed(case: Workplace) -> None:
    words = printed(case, "a.yaml", "--store", STORE, "--set", "blue", "--out", "p.plan")
    assert words == ["apply", "p.plan", "--store", STORE]
    applied = case.ok(*words)
    assert "Set blue," in applied.out
    assert "created Secret/default/a" in applied.out
    assert (case.path / "s/store.db").exists()
    assert not (case.path / ".reconciler").exists()


def test_the_plan_alone_does_not_choose_the_store(case: Workplace) -> None:
    words = printed(case, "a.yaml", "--store", STORE, "--out", "p.plan")
    refused = case.run("apply", "p.plan")
    assert refused.code == ExitCode.ERROR
    assert shlex.join(["reconciler", *words]) in refused.err
    assert not (case.path / "s").exists()


@pytest.mark.parametrize("name", ["a plan.json", "-p.plan", "$(touch x)'", "deep/p.plan"])
def test_names_that_a_shell_would_take_for_something_else(case: Workplace, name: str) -> None:
    (case.path / "deep").mkdir()
    case.ok(*printed(case, "a.yaml", "--store", "sqlite:s p/store.db", f"--out={name}"))
    assert (case.path / "s p/store.db").exists()
    assert not (case.path / "x").exists()


def test_a_store_that_is_configured_need_not_be_named(case: Workplace) -> None:
    case.write("reconciler.yaml", f"store: {STORE}\nmanifests: a.yaml\n")
    words = printed(case, "--out", "p.plan")
    assert words == ["apply", "p.plan"]
    case.ok(*words)
    assert (case.path / "s/store.db").exists()


def test_a_configuration_file_that_was_named_is_named_again(case: Workplace) -> None:
    case.write("other/settings.yaml", f"store: {STORE}\nmanifests: ../a.yaml\n")
    words = printed(case, "--config", "other/settings.yaml", "--out", "p.plan")
    assert words == ["apply", "p.plan", "--config", "other/settings.yaml"]
    case.ok(*words)
    assert (case.path / "other/s/store.db").exists()
