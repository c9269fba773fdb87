"""What a store refuses of manifests before it is asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from reconciler import stores
from reconciler.cli import main
from reconciler.errors import ConfigError
from reconciler.model.objects import Resource, Severity, Source
from reconciler.rules import Violation
from reconciler.stores import sqlite
from tests.world import secret

PLACE = Source("manifests/db.yaml", 7, 3)


def no_keys_of_one_letter(resource: Resource, url: str) -> Iterator[Violation]:
    assert url.startswith("picky:")
    for key in resource.data:
        if len(key) == 1:
            yield Violation(("data", key), "key-too-short", "one letter", "use two")


@pytest.fixture(autouse=True)
def picky(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tests_picky_store")
    for name in ("OPTIONS", "open_store"):
        setattr(module, name, getattr(sqlite, name))
    module.check = no_keys_of_one_letter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(stores._MODULES, "picky", module.__name__)
    monkeypatch.setitem(stores._CHECKS, "picky", module.__name__)


def test_what_a_store_refuses_is_told_at_the_manifests_place() -> None:
    desired = [secret("a", {"k": "v", "key": "v"}, source=PLACE), secret("b", {"key": "v"})]
    (found,) = stores.check("picky:anywhere", desired)
    assert (found.source, found.field, found.code) == (PLACE, "data[k]", "key-too-short")
    assert found.severity is Severity.ERROR
    assert found.object == "Secret/default/a"
    assert (found.message, found.hint) == ("one letter", "use two")


def test_a_store_without_rules_of_its_own_refuses_nothing() -> None:
    assert list(stores.check("sqlite:x", [secret("a", {"k": "v"})])) == []


def test_an_unknown_scheme_is_told() -> None:
    with pytest.raises(ConfigError, match="no scheme that is known"):
        list(stores.check("nowhere:x", []))


def test_the_commands_tell_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: v}\n"
    (tmp_path / "a.yaml").write_text(manifest)
    for command in ("validate", "plan", "drift"):
        result = CliRunner().invoke(main, [command, "a.yaml", "--store", "picky:x.db"])
        assert result.exit_code == 1, result.output
        assert "a.yaml:1" in result.output
        assert "one letter" in result.output
    assert CliRunner().invoke(main, ["validate", "a.yaml"]).exit_code == 0
