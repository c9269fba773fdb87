"""What tests of the shipped pipelines share: the API's stub, and a checkout with manifests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines import stub as stubs
from tests.pipelines.stub import Stub

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / "integrations" / "github"


@pytest.fixture(scope="session")
def tools() -> Path:
    """The directory of act, gitlab-ci-local and the linters. Without them, a skip, or a failure."""
    install = Path(__file__).with_name("install.sh")
    asked = subprocess.run([install, "--where"], capture_output=True, text=True, check=True)
    if not asked.stdout:
        message = "the programs are not installed: run `make pipelines`"
        pytest.fail(message) if "CI" in os.environ else pytest.skip(message)
    return Path(asked.stdout.strip())


@pytest.fixture
def api() -> Iterator[Stub]:
    with stubs.running() as running:
        yield running


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory for PATH with the program under test."""
    directory = tmp_path / "programs"
    directory.mkdir()
    program = directory / "reconciler"
    path = os.environ.get("PYTHONPATH", "")
    command = f'PYTHONPATH="{path}" exec "{sys.executable}" -m reconciler "$@"'
    program.write_text(f"#!/bin/sh\n{command}\n")
    program.chmod(0o755)
    return directory


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the manifests of two sets."""
    directory = tmp_path / "checkout"
    for name in ("shop", "billing"):
        write_secret(directory, name, "not-a-real-password")
    return directory


def write_secret(checkout: Path, name: str, password: str) -> None:
    """The manifest of a set with one Secret."""
    path = checkout / "manifests" / name / "db.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "apiVersion: v1\nkind: Secret\nmetadata:\n"
        f"  name: db\n  namespace: {name}\nstringData:\n  password: {password}\n"
        f"---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"
    )


def commit(checkout: Path, remote: str) -> None:
    """Make the checkout a repository with a commit of all of it."""
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["remote", "add", "origin", remote],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "all"],
    ):
        subprocess.run(["git", *command], cwd=checkout, check=True)  # noqa: S607 - found on PATH
