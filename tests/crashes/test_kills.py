"""Applies that are killed at any moment lose nothing, and the ones after them end their work.

What a power cut does to a disk is not tried here: SQLite's own tests are there for that.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.model.store import Scope
from tests.crashes.program import APPLY, Run, put_manifests, ran_well
from tests.crashes.series import SET, give_back_lock, killed, opened, totals

SEED = os.environ.get("CRASH_SEED", "kills")
KILLS = int(os.environ.get("CRASH_KILLS", "220"))
"""In all; at least 200 are what a run of CI has to stand."""
_SERIES = 4


@pytest.mark.parametrize("half", range(2))
def test_a_killed_apply_loses_nothing_and_the_next_one_goes_on(
    tmp_path: Path, figures: Callable[[str], None], half: int
) -> None:
    names = [f"{SEED}-{half}-{number}" for number in range(_SERIES // 2)]
    places = [tmp_path / name for name in names]
    for place in places:
        place.mkdir()
    share = -(-KILLS // _SERIES)
    began = time.monotonic()
    with ThreadPoolExecutor(len(names)) as at_once:
        found = totals(at_once.map(killed, places, names, [share] * len(names)))
    took = time.monotonic() - began
    figures(f"{took:.0f} s: " + ", ".join(f"{found[name]} {name}" for name in sorted(found)))
    # Kills at harmless moments would prove nothing.
    assert found["kills"] == share * len(names)
    assert found["in the midst of steps"] > share
    assert found["between delete and create"] > 0
    for action in ("create", "update", "replace", "delete"):
        assert found[f"{action}s begun"] > share


@pytest.mark.parametrize("number", range(12))
def test_a_store_killed_at_its_birth_is_there_or_is_not(tmp_path: Path, number: int) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    put_manifests(tmp_path, [{**secret, "stringData": {"password": "not-a-real-password"}}])
    run = Run(tmp_path, APPLY)
    while not (tmp_path / ".reconciler").exists() and run.process.poll() is None:
        time.sleep(0.0005)
    how = random.Random(f"{SEED}-{number}")  # noqa: S311 - to be the same again
    time.sleep(how.uniform(0.0, 0.03))
    run.process.kill()
    ended = run.ended()
    store = opened(tmp_path)
    snapshot = store.read(Scope(SET, frozenset()))
    store.close()
    assert len(snapshot.objects) >= ('"applied"' in ended.out)
    if snapshot.identity.id:
        give_back_lock(tmp_path, run.process.pid)
    ran_well(tmp_path, *APPLY)
    ran_well(tmp_path, "plan", "--detailed-exitcode")
