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


STAGES = {"staging": 1} | {f"eu-{number}": 2 for number in range(1, 7)}
"""The environments of a fleet, and the stage of each: some for each of three shards."""


def write_fleet(checkout: Path) -> None:
    """A configuration with the environments of a fleet, and a Secret for each."""
    lines = ["defaults: {prune: true}", "environments:"]
    for name, stage in STAGES.items():
        after = ", after: staging" if stage > 1 else ""
        store = f"sqlite:{checkout.parent}/{name}.db"
        lines.append(f"  {name}: {{store: '{store}', manifests: clusters/{name}{after}}}")
        manifest = checkout / "clusters" / name / "db.yaml"
        manifest.parent.mkdir(parents=True)
        head = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"
        manifest.write_text(f"{head}stringData: {{password: not-a-real-{name}}}\n")
    (checkout / "reconciler.yaml").write_text("\n".join(lines) + "\n")


def applied(checkout: Path) -> set[str]:
    """The environments of a fleet whose stores there are."""
    return {name for name in STAGES if (checkout.parent / f"{name}.db").exists()}


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
