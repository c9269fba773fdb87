"""Breaks central lines of the program one by one, in copies, and counts which the tests notice.

Run by `make mutants`. Ends with 1 where more than one is not noticed, where one no longer fits
the code, or where the tests fail on an unbroken copy, since then they would notice everything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutation.mutants import MUTANTS, Mutant  # noqa: E402 - it is run by its path

NEEDED = len(MUTANTS) - 1
_COPIED = ("reconciler", "tests", "docs", "examples", "manifests")
_AT_ONCE = 2
_MOST_SECONDS = 300
_MISSED, _FAILED = 0, 1  # pytest's exit codes; others are troubles of its own


def copied(to: Path) -> Path:
    """A copy of the checkout, as far as tests need it."""
    for name in _COPIED:
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, to)
    return to


def tested(copy: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests on a copy until the first fails: the exit code, and what failed."""
    environ = {name: text for name, text in os.environ.items() if name != "INSTALLED_WHEEL"}
    environ |= {
        "CI": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}",
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={copy / 'tmp'}"]
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=copy,
            env=environ,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _FAILED, f"no end within {_MOST_SECONDS} s"
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return ended.returncode, failed[0] if failed else ended.stdout[-2000:]


def misfits() -> list[str]:
    """The mutants whose line is not there, or is there several times."""
    return [
        f"{mutant.file} has {count} times: {mutant.old}"
        for mutant in MUTANTS
        if (count := _times(mutant)) != 1
    ]


def _times(mutant: Mutant) -> int:
    file = ROOT / "reconciler" / mutant.file
    return file.read_text().count(mutant.old) if file.exists() else 0


def noticed(mutant: Mutant, copies: SimpleQueue[Path]) -> bool:
    """Break a copy, test it, and mend it again."""
    copy = copies.get()
    file = copy / "reconciler" / mutant.file
    whole = file.read_text()
    file.write_text(whole.replace(mutant.old, mutant.new))
    began = time.monotonic()
    code, failed = tested(copy, mutant.tests)
    file.write_text(whole)
    copies.put(copy)
    if code not in {_MISSED, _FAILED}:
        raise RuntimeError(f"pytest ended with {code} for {mutant}: {failed}")
    word = "noticed" if code == _FAILED else "MISSED"
    say(f"{word}  {mutant.file}: {mutant.promise} ({time.monotonic() - began:.0f} s)")
    say(f"         {failed[:150] if code == _FAILED else mutant.new}")
    return code == _FAILED


def say(line: str) -> None:
    """Print at once: a run takes minutes."""
    print(line, flush=True)  # noqa: T201 - this is a script


def main() -> int:
    """Run all mutants; returns the exit code."""
    wrong = misfits()
    if wrong:
        say("These mutants no longer fit, so give them the lines of today:")
        for line in wrong:
            say(f"  {line}")
        return 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        Path(folder).chmod(0o755)  # some tests give up the rights of root
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(_AT_ONCE):
            made = Path(folder) / str(number)
            made.mkdir()
            copies.put(copied(made))
        every = sorted({tests for mutant in MUTANTS for tests in mutant.tests})
        code, failed = tested(made, every)
        if code != 0:
            say(f"The tests fail on the unbroken program, so they can tell nothing: {failed}")
            return 1
        say(f"unbroken: all tests pass ({time.monotonic() - began:.0f} s)")
        with ThreadPoolExecutor(_AT_ONCE) as at_once:
            count = sum(at_once.map(lambda mutant: noticed(mutant, copies), MUTANTS))
    say(f"{count} of {len(MUTANTS)} mutants noticed ({time.monotonic() - began:.0f} s)")
    return 0 if count >= NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
