"""A new repository: what ``init`` writes, and what it leaves alone."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from tests.cli.test_terminal import at_a_terminal

MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\nstringData: {key: value}\n"


def test_what_is_written_can_be_planned_saved_and_applied(workplace: Any) -> None:
    said = workplace.ok("init").out
    assert said.splitlines() == [
        "wrote reconciler.yaml",
        "wrote .reconciler.schema.json",
        "wrote manifests/example.yaml",
        "wrote .gitignore",
        "Next: reconciler plan",
    ]
    workplace.ok("validate", "--strict")
    workplace.ok("plan", "--out", "first.plan")
    workplace.ok("apply", "first.plan")
    assert workplace.run("plan", "--detailed-exitcode").code == 0
    git = shutil.which("git")
    assert git is not None
    subprocess.run([git, "init", "-q"], check=True)
    subprocess.run([git, "add", "-A"], check=True)
    listed = subprocess.run([git, "ls-files"], check=True, capture_output=True, text=True)
    assert set(listed.stdout.split()) == {
        ".gitignore",
        ".reconciler.schema.json",
        "manifests/example.yaml",
        "reconciler.yaml",
    }


def test_flags(workplace: Any) -> None:
    workplace.ok("init", "--set", "on", "--store", "sqlite:state/store.db")
    shown = workplace.ok("plan").out
    assert "Set on, store state/store.db (sqlite)" in shown


def test_manifests_that_are_there_are_used(workplace: Any) -> None:
    workplace.write("deploy/secrets/mine.yaml", MANIFEST)
    said = workplace.ok("init", "deploy/secrets").out
    assert "kept deploy/secrets" in said
    assert not (workplace.path / "manifests").exists()
    assert "Secret/default/mine" in workplace.ok("plan").out


def test_the_first_manifest_is_written_where_it_is_wanted(workplace: Any) -> None:
    assert "wrote deploy/secrets/example.yaml" in workplace.ok("init", "deploy/secrets").out
    assert "deploy/secrets/example.yaml" in workplace.ok("plan").out


def test_nothing_is_overwritten(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "set: mine\n")
    workplace.write(".reconciler.schema.json", "{}")
    workplace.write("manifests/mine.yaml", "# mine\n")
    workplace.write(".gitignore", "*.log\n*.plan")
    said = workplace.ok("init").out
    assert "kept reconciler.yaml" in said
    assert "kept manifests" in said
    assert workplace.files() == {
        ".gitignore": b"*.log\n*.plan\n.reconciler/\n",
        ".reconciler.schema.json": b"{}",
        "manifests/mine.yaml": b"# mine\n",
        "reconciler.yaml": b"set: mine\n",
    }
    before = workplace.files()
    workplace.ok("init")
    assert workplace.files() == before


def test_a_link_that_leads_nowhere_is_not_followed(workplace: Any) -> None:
    (workplace.path / "reconciler.yaml").symlink_to("elsewhere.yaml")
    assert "kept reconciler.yaml" in workplace.ok("init").out
    assert not (workplace.path / "elsewhere.yaml").exists()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--store", "gopher:x", "does not begin with the scheme of a store"),
        ("--set", "a b", "write letters"),
    ],
)
def test_what_cannot_be_used_is_not_written(
    workplace: Any, option: str, value: str, message: str
) -> None:
    result = workplace.run("init", option, value)
    assert result.code == 1
    assert message in result.err
    assert workplace.files() == {}


def test_at_a_terminal_it_asks_what_no_flag_says(workplace: Any) -> None:
    answers = b"secrets\nsqlite:x.db\n"
    code, seen = at_a_terminal(workplace, "init", "--set", "blue", answer=answers)
    assert code == 0, seen
    assert b"Directory of the manifests [manifests]: " in seen
    assert (workplace.path / "secrets/example.yaml").exists()
    assert b"URL of the store [sqlite:.reconciler/store.db]: " in seen
    assert b"Name of the set" not in seen
    assert (workplace.path / "reconciler.yaml").read_text().endswith('store: "sqlite:x.db"\n')
