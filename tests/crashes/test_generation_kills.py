"""Applies that generate values, killed at any moment: what was there stays, and pairs fit."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

from reconciler.model.store import Scope
from reconciler.rules.key_pairs import key_pair_fault
from tests.crashes.program import APPLY, Run, put_manifests, ran_well
from tests.crashes.series import SET, give_back_lock, opened

SEED = os.environ.get("CRASH_SEED", "kills")
_KILLS = 16
_OBJECTS = 12


def manifest(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"generated-{number}",
            "annotations": {
                "reconciler/generate.tls.key": f"tls; certificate=tls.crt; cn=db-{number}",
                "reconciler/generate.password": "alnum",
            },
        },
        "immutable": number % 2 == 0,
    }


def held(place: Path) -> dict[str, dict[str, bytes]]:
    """The values of every object, live or kept as a copy, whose pairs fit each other."""
    store = opened(place)
    snapshot = store.read(Scope(SET, frozenset()))
    store.close()
    values = {
        key.name: {name: value.reveal() for name, value in live.data.items()}
        for key, live in {**snapshot.copies, **snapshot.objects}.items()
    }
    for data in values.values():
        assert {*data} == {"tls.key", "tls.crt", "password"}
        assert key_pair_fault(data["tls.crt"], data["tls.key"]) is None
    return values


def killed(place: Path, lines: int, delay: float, *options: str) -> None:
    run = Run(place, (*APPLY, *options))
    run.lines(lines)
    time.sleep(delay)
    run.process.kill()
    run.ended()
    if (place / ".reconciler/store.db").exists():
        give_back_lock(place, run.process.pid)


def test_no_kill_changes_a_value_or_tears_a_pair(tmp_path: Path) -> None:
    how = random.Random(SEED)  # noqa: S311 - to be the same again
    place = tmp_path
    before: dict[str, dict[str, bytes]] = {}
    rotate = ("--rotate", "Secret/default/generated-0", "--allow-replace")
    for number in range(_KILLS):
        count = min(_OBJECTS, 1 + number)
        put_manifests(place, [manifest(index) for index in range(count)])
        rotates = "generated-0" in before and number % 3 == 2
        lines = how.randrange(1, 4)
        killed(place, lines, how.uniform(0.0, 0.03), *(rotate if rotates else ()))
        after = held(place)
        assert before.keys() <= after.keys()
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= ({"generated-0"} if rotates else set())
        before = after
    assert before
    ran_well(place, *APPLY)
    after = held(place)
    assert {name: after[name] for name in before} == before
    assert len(after) == _OBJECTS
    ran_well(place, "plan", "--detailed-exitcode")
