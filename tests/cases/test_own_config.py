"""See ``own-config/README.md``."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Workplace


@pytest.mark.parametrize("name", ["reconciler.yaml", "reconciler.yml"])
def test_the_configuration_is_no_manifest(case: Workplace, name: str) -> None:
    (case.path / "reconciler.yaml").rename(case.path / name)
    planned = case.ok("plan")
    assert planned.out.startswith("Set shop, ")
    assert f"configuration {name}" in planned.out.split("\n")[0]
    assert "1 to create" in planned.out
    assert "skipped" not in planned.out + planned.err


def test_it_is_not_read_in_a_directory_below_either(case: Workplace) -> None:
    case.write("sub/reconciler.yaml", "manifests: .\n")
    assert "skipped" not in case.ok("plan").out


def test_named_itself_it_is_an_error(case: Workplace) -> None:
    result = case.run("plan", "a.yaml", "reconciler.yaml")
    assert result.code == 1
    assert "this is the configuration of reconciler" in result.err


def test_two_configurations_are_ambiguous(case: Workplace) -> None:
    case.write("reconciler.yml", "manifests: .\n")
    result = case.run("plan")
    assert result.code == 1
    assert "has both reconciler.yaml and reconciler.yml" in result.err
