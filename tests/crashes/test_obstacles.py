"""A full disk and a directory that may not be written to: told clearly, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.objects import SECRET, ObjectKey
from reconciler.model.store import Scope
from reconciler.model.values import SecretValue
from tests.crashes.program import APPLY, Ended, put_manifests, ran_well, run, told_clearly
from tests.crashes.series import SET, add_values, opened
from tests.world import secret_manifest

REPLACING = (*APPLY, "--allow-replace")
KEYS = [ObjectKey(SECRET, "default", f"s{number}") for number in range(6)]
THEIRS = SecretValue(b"not-a-real value of others")


def secret(name: str, value: str, *, immutable: bool = False) -> dict[str, Any]:
    return secret_manifest(name, immutable=immutable, password=f"not-a-real-{value}")


def filled(place: Path, letter: str, size: int, *, immutable: bool = False) -> None:
    put_manifests(place, (secret(key.name, letter * size, immutable=immutable) for key in KEYS))


def applied(ended: Ended) -> set[str]:
    return {
        event["key"]["name"]
        for event in ended.events
        if event["event"] == "step-ended" and event["outcome"] == "applied"
    }


def data(place: Path) -> Mapping[str, Mapping[str, SecretValue]]:
    """What the store holds by name, copies where there is no object."""
    store = opened(place)
    snapshot = store.read(Scope(SET, frozenset(KEYS)))
    store.close()
    return {key.name: live.data for key, live in {**snapshot.copies, **snapshot.objects}.items()}


def converges(place: Path, *command: str) -> None:
    # Where there was no room left to give the lock back, it would expire by itself, in a minute.
    ran_well(place, "unlock", "--force", "--auto-approve")
    ran_well(place, *command)
    ran_well(place, "plan", "--detailed-exitcode")


def no_larger_files_than(size: int) -> str:
    """Let no file grow beyond `size` bytes, as a full disk does not; Python ignores the signal."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


def test_a_disk_that_fills_up_during_an_apply(tmp_path: Path) -> None:
    filled(tmp_path, "a", 60_000)
    ended = run(tmp_path, *APPLY, before=no_larger_files_than(300_000))
    told_clearly(ended, 5, "store.db cannot be")
    done = applied(ended)
    assert 0 < len(done) < len(KEYS)
    assert data(tmp_path).keys() == done
    converges(tmp_path, *APPLY)
    assert data(tmp_path).keys() == {key.name for key in KEYS}


@pytest.mark.parametrize("room", [0, 90_000, 210_000])
def test_a_disk_that_fills_up_during_replaces_keeps_what_others_added(
    tmp_path: Path, room: int
) -> None:
    filled(tmp_path, "a", 20_000)
    ran_well(tmp_path, *APPLY)
    for key in KEYS:
        add_values(tmp_path, key, {"theirs": THEIRS})
    filled(tmp_path, "a", 20_000, immutable=True)
    ran_well(tmp_path, *APPLY)
    before = data(tmp_path)
    filled(tmp_path, "b", 20_000, immutable=True)
    ended = run(tmp_path, *REPLACING, before=no_larger_files_than(room))
    told_clearly(ended, 5 if ended.events else 1, "store.db cannot be")
    done = applied(ended)
    assert len(done) < len(KEYS)
    after = data(tmp_path)
    for key in KEYS:
        assert after[key.name]["theirs"] == THEIRS
        assert (after[key.name] == before[key.name]) is (key.name not in done)
    converges(tmp_path, *REPLACING)
    assert all(found["theirs"] == THEIRS for found in data(tmp_path).values())


@pytest.mark.parametrize("room", [0, 16, 4096, 20_000])
def test_a_disk_that_is_full_at_the_birth_of_a_store(tmp_path: Path, room: int) -> None:
    put_manifests(tmp_path, [secret("a", "password")])
    ended = run(tmp_path, *APPLY, before=no_larger_files_than(room))
    told_clearly(ended, 1, "store")
    assert not (tmp_path / ".reconciler" / "store.db").exists()
    converges(tmp_path, *APPLY)


def test_a_plan_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    put_manifests(tmp_path, [secret("a", "password")])
    ended = run(tmp_path, "plan", "--out", "p.plan", before=no_larger_files_than(100))
    told_clearly(ended, 1, "p.plan: cannot be written")
    assert [path.name for path in tmp_path.iterdir()] == ["manifests"]


# Without these two rights, root is as everybody else with its own files (capabilities(7)).
_NO_PRIVILEGE = """
import ctypes
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for right in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, right, 0, 0, 0)
"""


@contextmanager
def read_only(*directories: Path) -> Iterator[None]:
    modes = {
        path: path.stat().st_mode
        for directory in directories
        for path in (directory, *directory.iterdir())
    }
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    yield
    for path, mode in modes.items():
        if path.exists():
            path.chmod(mode)


def test_a_store_that_may_only_be_read(tmp_path: Path) -> None:
    put_manifests(tmp_path, [secret("a", "password")])
    ran_well(tmp_path, *APPLY)
    place = tmp_path / ".reconciler"
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    put_manifests(tmp_path, [secret("a", "changed")])
    with read_only(place):
        planned = run(tmp_path, "plan", "--detailed-exitcode", before=_NO_PRIVILEGE)
        assert (planned.code, planned.err) == (2, "")
        ended = run(tmp_path, *APPLY, before=_NO_PRIVILEGE)
        told_clearly(ended, 1, "store.db cannot be opened or written", "must be open to you")
        ended = run(tmp_path, "store", "rekey", before=_NO_PRIVILEGE)
        told_clearly(ended, 1, "store.db cannot be opened or written")
        assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    converges(tmp_path, *APPLY)


def test_a_directory_in_which_no_store_can_be_made(tmp_path: Path) -> None:
    put_manifests(tmp_path, [secret("a", "password")])
    with read_only(tmp_path):
        planned = run(tmp_path, "plan", "--detailed-exitcode", before=_NO_PRIVILEGE)
        assert (planned.code, planned.err) == (2, "")
        ended = run(tmp_path, *APPLY, before=_NO_PRIVILEGE)
        told_clearly(ended, 1, ".reconciler: Permission denied")
        ended = run(tmp_path, "plan", "--out", "p.plan", before=_NO_PRIVILEGE)
        told_clearly(ended, 1, "p.plan: cannot be written: Permission denied")
        assert [path.name for path in tmp_path.iterdir()] == ["manifests"]
    converges(tmp_path, *APPLY)


@pytest.mark.parametrize(
    "command", [("get",), ("export",), ("drift",), ("destroy", "--auto-approve")]
)
def test_a_store_that_may_not_be_read(tmp_path: Path, command: tuple[str, ...]) -> None:
    put_manifests(tmp_path, [secret("a", "password")])
    converges(tmp_path, *APPLY)
    place = tmp_path / ".reconciler"
    for path, mode, hint in (
        (place / "store.key", 0o600, "check its rights"),
        (place, 0o700, "check the path and its rights"),
    ):
        path.chmod(0o000)
        ended = run(tmp_path, *command, before=_NO_PRIVILEGE)
        told_clearly(ended, 1, path.name, "Permission denied", hint)
        path.chmod(mode)


def test_manifests_that_may_not_be_read(tmp_path: Path) -> None:
    put_manifests(tmp_path, [secret("a", "password")])
    manifests = tmp_path / "manifests"
    (manifests / "all.json").chmod(0o000)
    ended = run(tmp_path, *APPLY, before=_NO_PRIVILEGE)
    told_clearly(ended, 1, "manifests/all.json", "permission denied")
    manifests.chmod(0o000)
    ended = run(tmp_path, *APPLY, before=_NO_PRIVILEGE)
    told_clearly(ended, 1, "manifests", "permission denied")
    manifests.chmod(0o700)
    (manifests / "all.json").chmod(0o600)
    assert not (tmp_path / ".reconciler").exists()
    converges(tmp_path, *APPLY)
