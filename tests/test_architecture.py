"""The promises about the code itself: layers, homes of dependencies, who may see a value."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import os
import pkgutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import reconciler

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(reconciler.__file__).resolve().parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

MAY_REVEAL = {"manifests", "model", "rules", "stores"}
CORE = {"model", "planning", "rules"}

HOMES = {
    "alibabacloud_credentials": {"stores"},
    "alibabacloud_sae20190506": {"stores"},
    "alibabacloud_tea_openapi": {"stores"},
    "darabonba": {"stores"},
    "apprise": {"notify"},
    "click": {"cli", "views"},
    "cryptography": {"execution", "manifests", "rules", "stores"},
    "deepdiff": {"planning"},
    "docker": {"stores"},
    "h2": {"inputs"},
    "huaweicloudsdkcce": {"stores"},
    "huaweicloudsdkcore": {"stores"},
    "huaweicloudsdkiam": {"stores"},
    "jsonpatch": {"model"},
    "pathspec": {"inputs", "manifests"},
    "yaml": {"manifests", "stores"},
}

LIGHT = {"click", "jsonpatch", "jsonpointer"}
"""What `reconciler --help` may import: some hundredths of a second together."""


def modules() -> Iterator[tuple[str, str, ast.Module]]:
    """Each module's path within the package, its room, and its syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        yield str(inside), inside.parts[0].removesuffix(".py"), ast.parse(path.read_bytes())


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level names of all modules that `tree` imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def names_and_attributes(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that `tree` reads as an attribute or spells in a string, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def test_the_layers_hold(tmp_path: Path) -> None:
    lint_imports = Path(sysconfig.get_path("scripts")) / "lint-imports"
    ended = subprocess.run(
        [lint_imports, "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 broken" in ended.stdout


def test_only_the_rooms_that_need_them_see_values() -> None:
    offenders = [
        f"{path}:{line}"
        for path, room, tree in modules()
        for name, line in names_and_attributes(tree)
        if (name == "reveal" and room not in MAY_REVEAL)
        or (name == "_bytes" and path != "model/values.py")
    ]
    assert offenders == []


def test_values_are_revealed_somewhere() -> None:
    """The test above would hold as well if it looked for the wrong name."""
    assert any(
        name == "reveal" for _, _, tree in modules() for name, _ in names_and_attributes(tree)
    )


def test_the_core_reads_no_clock() -> None:
    offenders = [
        f"{path}:{line}"
        for path, room, tree in modules()
        if room in CORE
        for name, line in names_and_attributes(tree)
        if name in {"now", "utcnow", "today"}
    ]
    assert offenders == []


@pytest.mark.parametrize("dependency", HOMES)
def test_a_dependency_has_one_home(dependency: str) -> None:
    strangers = [
        path
        for path, room, tree in modules()
        if room not in HOMES[dependency] and dependency in set(imported(tree))
    ]
    assert strangers == []


def test_what_is_imported_is_what_is_declared() -> None:
    by_module = importlib.metadata.packages_distributions()
    used = {
        canonicalize_name(by_module[name][0])
        for _, _, tree in modules()
        for name in imported(tree)
        if name not in sys.stdlib_module_names and name != "reconciler"
    }
    extras = PROJECT["project"]["optional-dependencies"]
    of_stores = [line for name, lines in extras.items() if name != "test" for line in lines]
    declared, optional = (
        {canonicalize_name(Requirement(line).name) for line in lines}
        for lines in (PROJECT["project"]["dependencies"], of_stores)
    )
    assert declared <= used <= declared | optional


def test_every_module_can_be_imported_by_itself() -> None:
    names = [info.name for info in pkgutil.walk_packages(reconciler.__path__, prefix="reconciler.")]
    assert names
    for name in names:
        assert importlib.import_module(name).__doc__, f"{name} does not say what it is for"


def test_help_starts_light() -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from reconciler.cli import main\n"
        "sys.argv = ['reconciler', '--help']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before}, file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Usage:" in ended.stdout
    loaded = set(ended.stderr.split())
    third_party = set(importlib.metadata.packages_distributions()) - {"reconciler"}
    assert "click" in loaded
    assert loaded & third_party <= LIGHT


@pytest.mark.parametrize("name", ["figures", "docker_store", "kubernetes_store", "sops_files"])
def test_benchmarks_do_without_what_only_tests_need(name: str) -> None:
    """`make bench` installs no pytest."""
    benchmarks = Path(__file__).resolve().parent.parent / "benchmarks"
    code = f"import sys; sys.modules['pytest'] = None; import {name}"
    path = os.pathsep.join([str(benchmarks), str(PACKAGE.parent)])
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert ended.returncode == 0, ended.stderr
