"""What is shipped, and that it is what these tests look at."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import reconciler

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("build", "dev", "runtime")

needs_the_wheel = pytest.mark.skipif(
    "INSTALLED_WHEEL" not in os.environ, reason="only `make test` installs the wheel"
)


def locked(name: str) -> dict[str, str]:
    """The versions that ``requirements/NAME.txt`` pins, by canonical name."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix(" \\").partition("==") for line in lines if "==" in line]
    return {canonicalize_name(package): version for package, _, version in pins}


@needs_the_wheel
def test_the_installed_wheel_is_what_is_tested() -> None:
    site_packages = Path(sysconfig.get_path("purelib")).resolve()
    assert Path(reconciler.__file__).resolve().is_relative_to(site_packages)
    origin = importlib.metadata.distribution("reconciler").read_text("direct_url.json")
    assert origin is not None
    assert json.loads(origin)["url"].endswith(".whl")


@needs_the_wheel
def test_the_wheel_ships_what_is_not_code() -> None:
    shipped = {str(file) for file in importlib.metadata.files("reconciler") or ()}
    assert "reconciler/py.typed" in shipped
    data = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "reconciler").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert data <= shipped
    assert any(path.endswith("licenses/LICENSE") for path in shipped)
    assert not any(path.startswith(("tests/", "benchmarks/")) for path in shipped)


@needs_the_wheel
def test_the_version_is_that_of_the_package() -> None:
    assert importlib.metadata.version("reconciler") == reconciler.__version__


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("runtime", PROJECT["project"]["dependencies"]),
        ("build", PROJECT["build-system"]["requires"]),
        ("dev", PROJECT["project"]["dependencies"]),
        ("dev", PROJECT["project"]["optional-dependencies"]["test"]),
    ],
    ids=["runtime", "build", "dev", "test"],
)
def test_a_lock_fits_what_is_declared(lock: str, wanted: list[str]) -> None:
    pins = locked(lock)
    misfits = [
        line
        for line in wanted
        if not (requirement := Requirement(line)).specifier.contains(
            pins.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]
    assert misfits == [], "run make lock"


def test_the_locks_agree() -> None:
    dev = locked("dev")
    for name in ("runtime", "build"):
        pins = locked(name)
        assert pins
        assert {package: dev.get(package, version) for package, version in pins.items()} == pins


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_hashes_and_no_registry(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_tests_cannot_reach_the_network() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="stay on this machine"):
        client.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="stay on this machine"):
        socket.getaddrinfo("registry.example.com", 443)


def test_tests_can_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
