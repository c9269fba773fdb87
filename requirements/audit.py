"""Look up the locked packages among published advisories: ``audit.py PIP_AUDIT LOCK...``.

Fails where an advisory is found. Where no database of advisories answers, or one does not have all
packages, as behind a mirror of an index, the last line begins with NOT AUDITED: pip-audit by itself
takes what it could not look up for clean.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_DATABASES = ("pypi", "osv")
_LONGEST = 120


def main(pip_audit: str, *locks: str) -> int:
    """Say what became of each lock, and fail where one of them has an advisory."""
    found: list[str] = []
    unaudited: list[str] = []
    for lock in locks:
        packages, said = _looked_up(pip_audit, lock)
        missing = sum("vulns" not in package for package in packages)
        found += [
            f"{package['name']} {package['version']}: {advisory['id']}, fixed in "
            f"{', '.join(advisory['fix_versions']) or 'no version'}"
            for package in packages
            for advisory in package.get("vulns", ())
        ]
        if missing or not packages:
            unaudited.append(f"{lock} ({missing or 'all'} packages: {said})")
        else:
            print(f"packages looked up for {lock}: {len(packages)}")
    for line in dict.fromkeys(found):
        print(f"ADVISORY: {line}")
    if unaudited:
        print(f"NOT AUDITED, as no database of advisories has it all: {', '.join(unaudited)}")
    return 1 if found else 0


def _looked_up(pip_audit: str, lock: str) -> tuple[list[dict[str, Any]], str]:
    """What the first database with an answer for every package has; else the last answer."""
    packages: list[dict[str, Any]] = []
    said = ""
    for database in _DATABASES:
        answer, said = _asked(pip_audit, lock, database)
        packages = answer or packages
        if answer and all("vulns" in package for package in answer):
            break
    return packages, said


def _asked(pip_audit: str, lock: str, database: str) -> tuple[list[dict[str, Any]], str]:
    """The packages with their advisories; nothing where the look-up failed, and why."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        arguments = ["--vulnerability-service", database, "--format", "json", "--output", answer]
        arguments += ["--progress-spinner", "off", "--disable-pip", "--require-hashes"]
        ended = subprocess.run(
            [pip_audit, *arguments, "--requirement", lock],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        try:
            packages: list[dict[str, Any]] = json.loads(answer.read_bytes())["dependencies"]
        except (OSError, ValueError):
            *_, last = ended.stderr.strip().splitlines() or ["it said nothing"]
            return [], last[:_LONGEST]
    return packages, "not in the database"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
