"""Applies that are killed at any moment lose nothing, and the ones after them end their work."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.model.objects import SECRET, ObjectKey
from reconciler.workflow import load
from tests.crashes.program import APPLY, Run, put_manifests, ran_well
from tests.docker.conftest import IN_HAND, KEY, Swarm
from tests.docker.test_faults import foreign, held, unlocked

SERIES = 10
KILLS = int(os.environ.get("CRASH_KILLS_DOCKER", "50")) // SERIES
"""In each of the series."""
OPTIONS = (
    "--rotate-services",
    "--allow-replace",
    "--allow-empty",
    "--prune",
    "--max-deletes",
    "100%",
)
LAYOUTS = ("per-key", "json", "env")


class Series:
    """A swarm that is applied to and killed; all that is random comes from one seed."""

    def __init__(self, swarm: Swarm, place: Path, seed: str) -> None:
        self.swarm = swarm
        self.place = place
        self.figures: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - to be the same again
        self._generation = 0

    def want(self) -> None:
        """Other values, other keys, other labels, and one layout or the other."""
        self._generation += 1
        pick = self._random
        documents = [self._document("shop", {"password": "p", "user": "u", "token": "t"})]
        for number in range(8):
            if pick.random() < 0.7:
                keys = {"a": "1"} if number % 2 else {"a": "1", "b": "2"}
                layout = pick.choice(LAYOUTS) if number > 5 else "per-key"
                documents.append(self._document(f"s{number}", keys, layout))
        put_manifests(self.place, documents)

    def kill_one(self) -> bool:
        """Apply, kill, and look; tells whether it was killed before it had ended."""
        if self._random.random() < 0.7:
            self.want()
        theirs = held(self.swarm)
        run = Run(self.place, [*APPLY, *OPTIONS])
        run.lines(self._random.randrange(1, 24))
        time.sleep(self._random.uniform(0.0, 0.01))
        run.process.send_signal(signal.SIGKILL)
        ended = run.ended()
        if ended.code != -signal.SIGKILL:
            assert (ended.code, ended.err) == (0, ""), ended
        unlocked(self.swarm)
        assert held(self.swarm) == theirs
        self._check(ended.events)
        self.figures["kills"] += ended.code != 0
        return ended.code != 0

    def _check(self, events: list[dict[str, Any]]) -> None:
        """What the process told as applied is applied."""
        desired = load([str(self.place / "manifests")]).objects
        done = {
            ObjectKey(**event["key"])
            for event in events
            if event["event"] == "step-ended" and event["outcome"] == "applied"
        }
        plan = self.swarm.plan(desired).plan
        assert plan.problems == plan.refusals == ()
        pending = {change.key: change.action for change in plan.pending}
        assert not done & pending.keys()
        self.figures["acknowledged"] += len(done)
        self.figures["in the midst"] += bool(pending and done)
        with self.swarm.opened() as store:
            self.figures["copies"] += len(workflow.read(desired, store, IN_HAND).copies)
        self.figures.update(f"left to {action}" for action in pending.values())

    def _document(self, name: str, keys: dict[str, str], layout: str = "per-key") -> Any:
        kept = self._random.random() < 0.5
        values = {
            key: f"not-a-real {text}, {0 if kept and key == 'user' else self._generation}"
            for key, text in keys.items()
        }
        labels = {"generation": str(self._random.randrange(3))}
        annotations = {"reconciler/docker-layout": layout} if layout != "per-key" else {}
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        return {"apiVersion": "v1", "kind": SECRET, "metadata": metadata, "stringData": values}


@pytest.mark.parametrize("part", range(SERIES))
def test_a_killed_apply_loses_nothing_and_the_next_one_goes_on(
    swarm: Swarm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    part: int,
) -> None:
    monkeypatch.setenv("RECONCILER_STORE", swarm.engine.url)
    for name, text in KEY.items():
        monkeypatch.setenv(name, text)
    series = Series(swarm, tmp_path, f"{os.environ.get('CRASH_SEED', 'docker')}-{part}")
    series.want()
    ran_well(tmp_path, *APPLY, *OPTIONS)
    foreign(swarm)
    swarm.engine.service("web", "shop.password", "shop.user")
    began, number = time.monotonic(), 0
    while number < KILLS:
        number += series.kill_one()
    ran_well(tmp_path, *APPLY, *OPTIONS)
    ran_well(tmp_path, "plan", "--detailed-exitcode", *OPTIONS)
    assert {name.partition("-")[0] for name, *_ in swarm.used_by("web")} == {
        "shop.password",
        "shop.user",
    }
    took = time.monotonic() - began
    found = series.figures
    figures(f"{took:.0f} s: " + ", ".join(f"{found[name]} {name}" for name in sorted(found)))
    # Kills at harmless moments would prove nothing.
    assert found["kills"] == KILLS
    assert found["in the midst"] + found["copies"] > 0
