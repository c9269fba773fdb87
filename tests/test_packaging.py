"""What is shipped, and that it is what these tests look at."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import reconciler

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("build", "dev", "docs", "image", "image-clouds", "runtime")

DECLARED = {
    canonicalize_name(requirement.name): requirement
    for group in (
        PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"].values(),
    )
    for requirement in map(Requirement, group)
}

# The last version that an advisory concerns.
ADVISORIES = (
    ("click", "8.3.2", "CVE-2026-7246"),
    ("cryptography", "48.0.0", "GHSA-537c-gmf6-5ccf"),
    ("cryptography", "46.0.6", "CVE-2026-39892"),
    ("cryptography", "46.0.5", "CVE-2026-34073"),
    ("cryptography", "46.0.4", "CVE-2026-26007"),
    ("deepdiff", "8.6.1", "GHSA-54jj-px8x-5w5q"),
    ("deepdiff", "8.6.0", "CVE-2025-58367"),
    ("h2", "4.2.0", "CVE-2025-57804"),
    ("orjson", "3.11.5", "CVE-2025-67221"),
    ("pytest", "9.0.2", "CVE-2025-71176"),
    ("pyyaml", "5.3.1", "CVE-2020-14343"),
    ("urllib3", "2.6.3", "CVE-2026-44431, CVE-2026-44432"),
    ("urllib3", "2.6.2", "CVE-2026-21441"),
)

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
    origin = importlib.metadata.distribution("secrets-reconciler").read_text("direct_url.json")
    assert origin is not None
    assert json.loads(origin)["url"].endswith(".whl")


@needs_the_wheel
def test_the_wheel_ships_what_is_not_code() -> None:
    shipped = {str(file) for file in importlib.metadata.files("secrets-reconciler") or ()}
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
    assert importlib.metadata.version("secrets-reconciler") == reconciler.__version__


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


@pytest.mark.parametrize(("package", "version", "advisory"), ADVISORIES)
def test_no_floor_admits_a_version_with_an_advisory(
    package: str, version: str, advisory: str
) -> None:
    assert version not in DECLARED[canonicalize_name(package)].specifier, advisory


def audited(tmp_path: Path, *answers: object) -> subprocess.CompletedProcess[str]:
    """Audit one lock with a pip-audit that has an answer for each database, or none."""
    program = tmp_path / "pip-audit"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"answers = dict(zip(('pypi', 'osv'), {answers!r}))\n"
        "answer = answers[sys.argv[sys.argv.index('--vulnerability-service') + 1]]\n"
        "if answer is None:\n    sys.exit('no route to host')\n"
        "with open(sys.argv[sys.argv.index('--output') + 1], 'w') as file:\n"
        "    json.dump({'dependencies': answer}, file)\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    script = ROOT / "requirements" / "audit.py"
    return subprocess.run(
        [sys.executable, script, program, "a.txt"], capture_output=True, text=True, check=False
    )


CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
VULNERABLE = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


def test_an_audit_tells_clean_from_unknown(tmp_path: Path) -> None:
    clean = audited(tmp_path, [CLEAN, CLEAN], None)
    assert (clean.returncode, clean.stdout) == (0, "packages looked up for a.txt: 2\n")
    elsewhere = audited(tmp_path, [SKIPPED], [CLEAN])
    assert (elsewhere.returncode, elsewhere.stdout) == (0, "packages looked up for a.txt: 1\n")
    unreached = audited(tmp_path, None, None)
    assert unreached.returncode == 0
    assert re.fullmatch(
        r"NOT AUDITED, .*: a\.txt \(all packages: no route to host\)\n", unreached.stdout
    )
    skipped = audited(tmp_path, [CLEAN, SKIPPED], None)
    assert skipped.returncode == 0
    assert skipped.stdout.startswith("NOT AUDITED, ")
    assert "a.txt (1 packages" in skipped.stdout


def test_an_audit_fails_on_an_advisory(tmp_path: Path) -> None:
    for answers in ([CLEAN, VULNERABLE], None), ([SKIPPED, VULNERABLE], None):
        ended = audited(tmp_path, *answers)
        assert ended.returncode == 1
        assert "ADVISORY: c 2: CVE-1, fixed in 3\n" in ended.stdout


# The public index has another project under the name of the command.
_NAME = r"(?<![\w./-])reconciler(?![\w./-])"
OTHER_PROJECT = re.compile(
    r"(?<![\w.-])reconciler(?:\[\w|\s*(?:===?|~=|>=|<=|!=)\s*\d)"
    rf"|\b(?:pip3?|pipx|uv|poetry|pdm)\b[^\n|;&`]*?\b(?:install|add|inject)\b[^\n|;&`#]*?{_NAME}"
    rf"|(?:\bpipx run|\buvx|\buv tool run|--with|--from)[ =]['\"]?{_NAME}"
)


def test_nobody_is_told_to_install_another_project() -> None:
    skipped = {"__pycache__", ".git", ".venv", ".hypothesis", "site"}
    told = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in ROOT.rglob("*")
        if path.is_file()
        and path != Path(__file__).resolve()
        and not any(
            part in skipped or part.endswith("_cache") for part in path.relative_to(ROOT).parts
        )
        for match in OTHER_PROJECT.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert told == []


@pytest.mark.parametrize(
    "told",
    [
        "pip install 'reconciler[docker]'",
        "pip install reconciler",
        "pipx install reconciler",
        "uv tool install reconciler",
        "uvx reconciler plan",
        "uvx --from reconciler reconciler plan",
        "uv run --with reconciler reconciler",
        "uv add 'reconciler>=0.1'",
        '"reconciler==0.1.0"',
        "python -m pip install --upgrade reconciler",
    ],
)
def test_the_name_of_another_project_is_recognised(told: str) -> None:
    assert OTHER_PROJECT.search(told)
    ours = told.replace("reconciler", "secrets-reconciler", 1)
    assert not OTHER_PROJECT.search(ours), ours


def test_tests_cannot_reach_the_network() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="stay on this machine"):
        client.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="stay on this machine"):
        socket.getaddrinfo("registry.example.com", 443)


def test_tests_can_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
