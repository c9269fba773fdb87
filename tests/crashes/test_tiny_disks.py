"""File systems of a few pages that are really full, in a mount namespace of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.model.objects import OPAQUE, SECRET, ObjectKey
from reconciler.model.values import SecretValue
from tests.crashes.forking import Forked
from tests.crashes.injection import not_here
from tests.crashes.program import APPLY, Ended, put_manifests
from tests.crashes.series import State, document, steps_told
from tests.crashes.test_system_calls import FAULTS, state

STORE = ("--store", "sqlite:disk/store.db")
SIZES = range(4, 244, 4)
"""In KiB: from no room at all to room enough for one small Secret."""
_NO_MOUNT = 77


def tmpfs(options: str) -> str:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", "disk"]
    return f"""
import subprocess, sys
if subprocess.run({command!r}).returncode:
    sys.exit({_NO_MOUNT})
"""


@pytest.fixture(scope="module")
def namespace() -> tuple[str, ...]:
    """The command that gives a process mounts of its own, which end with it."""
    unshare = shutil.which("unshare") or "unshare"
    options = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = (unshare, *options, "--mount")
    script = "mount -t tmpfs tmpfs /tmp"
    try:
        subprocess.run([*command, "sh", "-c", script], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        not_here("file systems of a few pages need the right to mount one (unshare --mount)")
    return command


def run(place: Path, namespace: tuple[str, ...], *args: str, mount: str = "") -> Ended:
    process = Forked([*args, *STORE], place, before=mount and tmpfs(mount), wrapper=namespace)
    with process:
        out, err = process.stdout.read().decode(), process.stderr.read().decode()
    assert process.returncode not in {None, _NO_MOUNT}, err
    return Ended(process.returncode or 0, out, err)


def put(place: Path, count: int, of: State) -> None:
    keys = [ObjectKey(SECRET, "default", f"s{number}") for number in range(count)]
    put_manifests(place, (document(key, of) for key in keys))
    (place / "disk").mkdir(mode=0o700)


def stands(place: Path, namespace: tuple[str, ...], size: int) -> Ended:
    """Apply to a disk of `size` KiB, make it larger, and go on; returns the first end."""
    first = run(place, namespace, *APPLY, mount=f"mode=0700,size={size}k")
    assert first.code in {0, 1, 5}, first
    for sign in ("Traceback", "unexpected", "bug of reconciler", "not-a-real", "damaged"):
        assert sign not in first.out + first.err, first
    applied = {key for key, outcome in steps_told(first)[1].items() if outcome == "applied"}
    listed = run(place, namespace, "get", mount="remount,size=64m")
    assert listed.code == 0, listed
    assert all(key.name in listed.out for key in applied), (first, listed)
    # On a full disk the lock cannot be given back either.
    for command in ((*APPLY, "--lock-timeout", "90"), ("plan", "--detailed-exitcode")):
        ended = run(place, namespace, *command)
        assert ended.code == 0, (size, first, ended)
        assert not ended.err or ended.err.startswith("Waiting: "), (size, first, ended)
    return first


def test_a_store_is_born_on_a_disk_of_any_size(
    tmp_path: Path, namespace: tuple[str, ...], figures: Callable[[str], None]
) -> None:
    sizes = SIZES if FAULTS == "all" else SIZES[3::6]

    def one(size: int) -> int:
        place = tmp_path / str(size)
        place.mkdir()
        put(place, 1, state("a"))
        return stands(place, namespace, size).code

    with ThreadPoolExecutor(2) as at_once:
        codes = Counter(at_once.map(one, sizes))
    figures(f"{len(sizes)} sizes: " + ", ".join(f"{codes[code]} ended {code}" for code in codes))
    assert codes[0]
    assert codes[1]


def test_a_disk_that_fills_up_takes_a_part(tmp_path: Path, namespace: tuple[str, ...]) -> None:
    count = 6
    put(tmp_path, count, State(OPAQUE, data={"a": SecretValue(b"a" * 60_000)}))
    first = stands(tmp_path, namespace, 400)
    assert first.code == 5
    assert "there is no space left" in first.out + first.err
    done = [outcome for outcome in steps_told(first)[1].values() if outcome == "applied"]
    assert 0 < len(done) < count
