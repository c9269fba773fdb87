"""A store file that was cut short or altered: told clearly, nothing written, nothing believed."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Result, Workplace
from tests.crashes.program import APPLY, Ended, Run, ran_well, run, told_clearly
from tests.crashes.series import give_back_lock

# Another one each time: which bytes matter depends on the file, and no file is like another.
SEED = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
FLIPS = 600
_SAYS = ("is damaged", "does not fit the store", "newer")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Manifests that are applied, and one change that is not."""
    monkeypatch.chdir(tmp_path)
    made = Workplace(tmp_path)
    for number in range(12):
        values = {"password": f"not-a-real-{number}" * 40, "token": f"not-a-real-{number}"}
        made.secret(f"s{number}", **values)
    made.ok("apply", "--auto-approve")
    made.secret("s0", password="not-a-real-change")
    return made


def contents(place: Workplace) -> dict[str, bytes]:
    return {
        name: content for name, content in place.files().items() if name.startswith(".reconciler/")
    }


def as_ended(result: Result) -> Ended:
    return Ended(result.code, result.out, result.err)


def refused(place: Workplace, *args: str) -> bool:
    """Run a command on a damaged store; tells whether it was noticed."""
    before = contents(place)
    return noticed(place, before, place.run(*args))


def noticed(place: Workplace, before: dict[str, bytes], result: Result) -> bool:
    """Tells whether a command noticed the damage; if so, it said it clearly and wrote nothing."""
    if result.code != 1:
        return False
    told_clearly(as_ended(result), 1, ".reconciler/store.")
    assert any(text in result.err for text in _SAYS), result
    assert contents(place) == before
    return True


def test_a_flipped_byte_is_noticed_or_makes_no_difference(
    place: Workplace, figures: Callable[[str], None]
) -> None:
    """What SQLite keeps for itself, or has freed, may change without a word and without harm."""
    file = place.path / ".reconciler" / "store.db"
    whole = file.read_bytes()
    plan = place.run("plan", "-v", "--detailed-exitcode")
    assert plan.code == 2
    how = random.Random(SEED)  # noqa: S311 - a failure tells the seed
    used = [at for at, byte in enumerate(whole) if byte]
    found = 0
    for number in range(FLIPS):
        at = how.choice(used) if number % 2 else how.randrange(len(whole))
        bits = how.randrange(1, 256)
        file.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
        try:
            before = contents(place)
            planned = place.run("plan", "-v", "--detailed-exitcode")
            if noticed(place, before, planned):
                found += 1
                assert refused(place, "apply", "--auto-approve")
            else:
                assert planned == plan
                written_or_told(place)
        except BaseException as error:
            error.add_note(f"seed {SEED!r}: byte {at} of {len(whole)}, xor {bits}")
            raise
    figures(f"{found} of {FLIPS} flips noticed, the others made no difference")
    assert found > FLIPS // 3
    file.write_bytes(whole)
    place.ok("apply", "--auto-approve")
    place.ok("plan", "--detailed-exitcode")


def written_or_told(place: Workplace) -> None:
    """An apply to what a plan did not find damaged: what it says it has done is done."""
    result = place.run("apply", "--auto-approve")
    if result.code == 0:
        place.ok("plan", "--detailed-exitcode")
    else:
        told_clearly(as_ended(result), 5 if "Applied:" in result.out else 1, "is damaged")
    for name in ("store.db-wal", "store.db-shm"):
        (place.path / ".reconciler" / name).unlink(missing_ok=True)


def test_a_file_cut_short_is_refused_until_the_backup_is_back(place: Workplace) -> None:
    file = place.path / ".reconciler" / "store.db"
    whole = file.read_bytes()
    how = random.Random(SEED)  # noqa: S311 - a failure tells the seed
    lengths = [0, 1, 15, 16, 99, 100, 4095, 4096, 8192, len(whole) - 4096, len(whole) - 1]
    for length in [*lengths, *(how.randrange(len(whole)) for _ in range(20))]:
        file.write_bytes(whole[:length])
        for command in (("plan",), ("apply", "--auto-approve"), ("store", "rekey")):
            assert refused(place, *command), length
    file.write_bytes(whole)
    place.ok("apply", "--auto-approve")
    place.ok("plan", "--detailed-exitcode")


@pytest.mark.parametrize("content", [b"", b"\0" * 44, b"not a key\n", None])
def test_a_key_that_is_damaged_or_lost(place: Workplace, content: bytes | None) -> None:
    file = place.path / ".reconciler" / "store.key"
    whole = file.read_bytes()
    file.unlink() if content is None else file.write_bytes(content)
    before = contents(place)
    for command in (("plan",), ("apply", "--auto-approve"), ("store", "rekey")):
        told_clearly(as_ended(place.run(*command)), 1, "store.key")
        assert contents(place) == before
    file.write_bytes(whole)
    place.ok("apply", "--auto-approve")
    place.ok("plan", "--detailed-exitcode")


def test_a_directory_in_the_place_of_the_store(place: Workplace) -> None:
    file = place.path / ".reconciler" / "store.db"
    whole = file.read_bytes()
    file.unlink()
    file.mkdir()
    for command in (("plan",), ("apply", "--auto-approve"), ("store", "rekey")):
        told_clearly(as_ended(place.run(*command)), 1, ".reconciler/store.db")
    file.rmdir()
    file.write_bytes(whole)
    place.ok("apply", "--auto-approve")


def test_the_installed_program_says_it_too(place: Workplace) -> None:
    file = place.path / ".reconciler" / "store.db"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    args: Any
    for args in (("plan",), ("apply", "--auto-approve")):
        told_clearly(run(place.path, *args), 1, ".reconciler/store.db is damaged", "backup")
    file.write_bytes(whole)
    ran_well(place.path, "apply", "--auto-approve")


@pytest.mark.parametrize("number", range(5))
def test_a_damaged_log_is_an_older_state_at_worst(place: Workplace, number: int) -> None:
    """SQLite ends the log at the first damaged frame: that is a state which the store once had."""
    place.secret("s1", password="not-a-real-change")
    apply = Run(place.path, APPLY)
    apply.lines(number)
    apply.process.kill()
    apply.ended()
    log = place.path / ".reconciler" / "store.db-wal"
    whole = log.read_bytes() if log.exists() else b""
    how = random.Random(f"{SEED}-{number}")  # noqa: S311 - a failure tells the seed
    if whole:
        at = how.randrange(len(whole))
        log.write_bytes(whole[:at] + bytes([whole[at] ^ how.randrange(1, 256)]) + whole[at + 1 :])
    planned = place.run("plan", "--detailed-exitcode")
    assert planned.code in {0, 2}, planned
    give_back_lock(place.path, apply.process.pid)
    place.ok("apply", "--auto-approve")
    place.ok("plan", "--detailed-exitcode")
