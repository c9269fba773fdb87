"""What a store refuses of manifests before it is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler import stores
from reconciler.cli import main
from reconciler.errors import ConfigError
from reconciler.model.objects import Severity, Source
from reconciler.model.opening import StoreChoice
from tests.world import secret

PLACE = Source("manifests/db.yaml", 7, 3)


PACKAGE = """
from dataclasses import replace

from reconciler.model.opening import Opening
from reconciler.rules import Violation
from reconciler.stores.backend import Backend
from reconciler.stores.sqlite import BACKEND as EMBEDDED


class Picky:
    scheme = "picky"
    options = ()
    annotations = frozenset({"reconciler/picky-mood"})
    has_server = False

    def check(self, resource, choice):
        assert choice.url.startswith("picky:")
        for key in resource.data:
            if len(key) == 1:
                yield Violation(("data", key), "key-too-short", "one letter", "use two")

    def open(self, opening):
        store = EMBEDDED.open(opening)
        read = store.read

        def read_as_picky(scope):
            snapshot = read(scope)
            return replace(snapshot, identity=replace(snapshot.identity, scheme="picky"))

        store.read = read_as_picky
        return store


BACKEND: Backend = Picky()
"""
ENTRY_POINTS = "[reconciler.stores]\npicky = picky_store:BACKEND\nbroken = no_such_module:BACKEND\n"


@pytest.fixture(autouse=True)
def _picky(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that provides the store ``picky:``, installed."""
    place = tmp_path_factory.mktemp("site")
    (place / "picky_store.py").write_text(PACKAGE)
    metadata = place / "picky_store-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: picky-store\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"{ENTRY_POINTS}sqlite = picky_store:BACKEND\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.delitem(sys.modules, "picky_store", raising=False)


def test_what_a_store_refuses_is_told_at_the_manifests_place() -> None:
    desired = [secret("a", {"k": "v", "key": "v"}, source=PLACE), secret("b", {"key": "v"})]
    (found,) = stores.check(StoreChoice("picky:anywhere"), desired)
    assert (found.source, found.field, found.code) == (PLACE, "data[k]", "key-too-short")
    assert found.severity is Severity.ERROR
    assert found.object == "Secret/default/a"
    assert (found.message, found.hint) == ("one letter", "use two")


def test_a_store_without_rules_of_its_own_refuses_nothing() -> None:
    assert list(stores.check(StoreChoice("sqlite:x"), [secret("a", {"k": "v"})])) == []


def test_a_package_is_imported_only_where_its_scheme_is_named() -> None:
    list(stores.check(StoreChoice("sqlite:x"), [secret("a", {"k": "v"})]))
    assert "picky_store" not in sys.modules
    assert stores.backend_of("picky:x").scheme == "picky"


def test_a_package_cannot_take_the_place_of_a_store_of_the_project() -> None:
    assert stores.backend_of("sqlite:x").scheme == "sqlite"


def test_a_package_that_cannot_be_loaded_is_an_error_of_the_settings() -> None:
    with pytest.raises(ConfigError, match="broken: cannot be loaded: ModuleNotFoundError"):
        stores.backend_of("broken:x")


def test_an_unknown_scheme_is_told() -> None:
    with pytest.raises(ConfigError, match=r"does not begin with the scheme of a store$"):
        list(stores.check(StoreChoice("nowhere:x"), []))
    with pytest.raises(ConfigError, match=r"of a store; did you mean kubernetes:\?$"):
        list(stores.check(StoreChoice("kubernets:x"), []))


def test_an_annotation_of_its_own_is_one_for_its_stores_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    metadata = "{name: a, namespace: default, annotations: {reconciler/picky-mood: good}}"
    manifest = f"apiVersion: v1\nkind: Secret\nmetadata: {metadata}\nstringData: {{key: v}}\n"
    (tmp_path / "a.yaml").write_text(manifest)
    for command in ("validate", "plan"):
        codes = [
            CliRunner().invoke(main, [command, "a.yaml", "--store", f"{scheme}:x.db"]).exit_code
            for scheme in ("picky", "sqlite")
        ]
        assert codes[0] == 0, command
        assert codes[1] != 0, command


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
