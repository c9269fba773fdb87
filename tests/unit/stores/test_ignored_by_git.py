"""The directory of a store keeps itself out of commits."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.stores import open_store
from tests.world import held


def make(url: str) -> None:
    store = open_store(url, {})
    held(store, "default", "somebody@elsewhere", seconds=60)
    store.close()


def staged() -> set[str]:
    """What ``git add -A`` would commit of the working directory."""
    git = shutil.which("git")
    assert git is not None
    subprocess.run([git, "init", "-q"], check=True)
    subprocess.run([git, "add", "-A"], check=True)
    listed = subprocess.run([git, "ls-files"], check=True, capture_output=True, text=True)
    return set(listed.stdout.split())


@pytest.mark.parametrize("path", [".reconciler/store.db", "state/store.db", "deep/down/store.db"])
def test_git_takes_neither_the_store_nor_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("{}")
    make(f"sqlite:{path}")
    assert (tmp_path / path).with_suffix(".key").exists()
    assert staged() == {"a.yaml"}


def test_a_birth_that_was_interrupted_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".reconciler").mkdir(mode=0o700)
    make("sqlite:.reconciler/store.db")
    assert staged() == set()


def test_a_directory_of_others_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make("sqlite:store.db")
    assert {path.name for path in tmp_path.iterdir()} == {"store.db", "store.key"}


def test_a_gitignore_that_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / ".reconciler"
    place.mkdir(mode=0o700)
    (place / ".gitignore").write_text("*.db\n")
    make("sqlite:.reconciler/store.db")
    assert (place / ".gitignore").read_text() == "*.db\n"
    assert not list(place.glob("*.tmp"))
