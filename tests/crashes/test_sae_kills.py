"""Applies to the store sae that are killed while a call is under way, and those that go on."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.crashes.program import APPLY, Run, complaints, put_manifests, ran_well
from tests.standins.sae import CUT_BEFORE, REGION, Call, Standin, Strike
from tests.world import secret_manifest

SEED = os.environ.get("CRASH_SEED", "kills")
KILLS = int(os.environ.get("CRASH_SAE_KILLS", "54"))
_SERIES = 18
"""Short ones, as each start of the program takes a second for the SDK alone."""
_OPTIONS = (
    *("--prune", "--allow-empty", "--allow-replace", "--max-deletes", "100%", "--parallelism", "4"),
    *("--qps", "10000"),
)
_OPAQUE, _REGISTRY = "Opaque", "kubernetes.io/dockerconfigjson"

Data = dict[str, str]


class Series:
    """One stand-in, and the applies to it. All that is random comes from `seed`."""

    def __init__(self, place: Path, seed: str, standin: Standin) -> None:
        self.place = place
        self.standin = standin
        self.figures: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - to be the same again
        self._generation = 0
        self._wanted: dict[str, tuple[str, Data]] = {}
        self._foreign: dict[str, Data] = {}

    def run(self, kills: int) -> None:
        """Apply and be killed so many times, and go on to the end."""
        self._want()
        ran_well(self.place, *APPLY, *_OPTIONS)
        while self.figures["kills"] < kills:
            self.kill_one()
        self._want()  # a copy that was left is dropped by the next apply that has anything to do
        self.finish()

    def kill_one(self) -> None:
        """Apply, kill the process at some call, and see that nothing is lost."""
        if self._random.random() < 0.9:
            self._want()
        if self._random.random() < 0.4:
            self._meddle()
        before = self._held()
        run = Run(self.place, [*APPLY, *_OPTIONS])
        self.standin.strike = self._killer(run)
        ended = run.ended()
        self.standin.settle()
        self.standin.strike = lambda _: None
        if ended.code != -signal.SIGKILL:
            assert (ended.code, complaints(ended)) == (0, []), ended
            return
        self.figures["kills"] += 1
        self.figures["in the midst of steps"] += bool(ended.events)
        self._give_back_lock()
        self._nothing_lost(before)

    def finish(self) -> None:
        """An apply makes everything as it is wanted, and leaves nothing of its own behind."""
        ran_well(self.place, *APPLY, *_OPTIONS)
        assert self._held() == {name: self._target(name) for name in self._wanted}
        own = [name for name in self.standin.namespaces[REGION] if name not in self._wanted]
        assert {name[:13] for name in own} <= {"reconciler_s_", "reconciler_i_", "reconciler_h_"}
        ran_well(self.place, "plan", "--detailed-exitcode", *_OPTIONS)

    def _want(self) -> None:
        self._generation += 1
        names = [f"lasting{number}" for number in range(5)]
        names += [f"coming{number}" for number in range(6) if self._random.random() < 0.5]
        self._wanted = {name: self._content(name) for name in names}
        put_manifests(self.place, (self._document(name) for name in self._wanted))

    def _content(self, name: str) -> tuple[str, Data]:
        if name in {"lasting0", "lasting1"} and self._random.random() < 0.5:
            account = {"username": "u", "password": f"not-a-real-password-{self._generation}"}
            config = json.dumps({"auths": {"registry.example": account}})
            return _REGISTRY, {".dockerconfigjson": config}
        keys = ["password", *(["token"] if self._random.random() < 0.5 else [])]
        return _OPAQUE, {key: f"not-a-real {key} of {name}, {self._generation}" for key in keys}

    def _document(self, name: str) -> Mapping[str, Any]:
        kind, data = self._wanted[name]
        return {**secret_manifest(name), "type": kind, "stringData": data}

    def _meddle(self) -> None:
        """Add a key of somebody else's."""
        name = f"lasting{self._random.randrange(5)}"
        kept = self.standin.secret(name)
        if kept is not None:
            key = f"others-{self._generation}"
            value = base64.b64encode(b"not-a-real value of others").decode()
            self.standin.put(name, {**kept.data, key: value})
            self._foreign.setdefault(name, {})[key] = "not-a-real value of others"

    def _killer(self, run: Run) -> Callable[[Call], Strike | None]:
        """Kill the process at a call under the lock, before it has happened or just after."""
        left = self._random.randrange(3, 50)
        happens = self._random.random() < 0.5
        moment: list[int] = []

        def strike(call: Call) -> Strike | None:
            if call.parameters.get("SecretName", "").startswith("reconciler_l_"):
                moment.append(call.number + left)
            if not moment or call.number < moment[0]:
                return None
            if call.number == moment[0]:
                run.process.send_signal(signal.SIGKILL)
            return None if happens and call.number == moment[0] else CUT_BEFORE

        return strike

    def _held(self) -> dict[str, tuple[str, Data]]:
        found = {name: self.standin.secret(name) for name in self.standin.names()}
        return {name: _content(kept) for name, kept in found.items() if kept is not None}

    def _target(self, name: str) -> tuple[str, Data]:
        kind, data = self._wanted[name]
        return kind, {**data, **self._foreign.get(name, {})}

    def _nothing_lost(self, before: Mapping[str, tuple[str, Data]]) -> None:
        """Each Secret is as it was, or as it is to be, or kept as a copy, or was to go."""
        now = self._held()
        copies = [
            _content(kept)
            for name, kept in self.standin.namespaces[REGION].items()
            if name.startswith("reconciler_c_")
        ]
        self.figures["copies kept"] += len(copies)
        for name in before.keys() | now.keys():
            target = self._target(name) if name in self._wanted else None
            was = before.get(name)
            allowed = [was, target]
            if self.standin.merges and was and target and was[0] == target[0]:
                # Caught between an update that has merged and what puts it right.
                allowed.append((was[0], {**was[1], **target[1]}))
            found = [now[name]] if name in now else [None, *copies]
            assert any(one in allowed for one in found), name

    def _give_back_lock(self) -> None:
        """Give back the lock, whose lease would last for a minute."""
        for name in list(self.standin.namespaces[REGION]):
            if name.startswith("reconciler_l_"):
                self.standin.drop(name)
                self.figures["left a lock"] += 1


def _content(kept: Any) -> tuple[str, Data]:
    return kept.type, {key: base64.b64decode(text).decode() for key, text in kept.data.items()}


@pytest.mark.parametrize("number", range(_SERIES // 2))
@pytest.mark.parametrize("merges", [False, True], ids=["replacing", "merging"])
def test_a_killed_apply_loses_nothing_and_the_next_one_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
    number: int,
    *,
    merges: bool,
) -> None:
    standin = Standin(merges=merges)
    for name, value in {**standin.environ, "RECONCILER_STORE": standin.url}.items():
        monkeypatch.setenv(name, value)
    series = Series(tmp_path, f"{SEED}-{merges}-{number}", standin)
    share = -(-KILLS // _SERIES)
    try:
        series.run(share)
    finally:
        standin.stop()
    found = series.figures
    figures(", ".join(f"{found[name]} {name}" for name in sorted(found)))
    assert found["in the midst of steps"]
