"""A long series of applies, most of them killed, and what has to hold after each."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.model.documents import to_document
from reconciler.model.objects import (
    NAMESPACE,
    OPAQUE,
    SECRET,
    SERVICE_ACCOUNT,
    Live,
    ObjectKey,
    Resource,
)
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Scope, Snapshot, Store
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from tests.crashes.program import APPLY, Ended, Run, complaints, put_manifests, ran_well

SET = "default"
PARALLELISM = 6
OPTIONS = (
    *("--prune", "--allow-empty", "--allow-replace", "--max-deletes", "100%"),
    *("--parallelism", str(PARALLELISM)),
)

SEALED = [ObjectKey(SECRET, "default", f"sealed-{number}") for number in range(6)]
TYPED = [ObjectKey(SECRET, "default", f"typed-{number}") for number in range(4)]
FREE = [ObjectKey(SECRET, "default", f"free-{number}") for number in range(6)]
COMING = [ObjectKey(SECRET, "default", f"coming-{number}") for number in range(6)]
LANES = [
    (
        ObjectKey(NAMESPACE, "", name),
        ObjectKey(SERVICE_ACCOUNT, name, "robot"),
        ObjectKey(SECRET, name, "inside"),
    )
    for name in ("lane-a", "lane-b")
]
LASTING = [*SEALED, *TYPED, *FREE]
KEYS = frozenset([*LASTING, *COMING, *(key for lane in LANES for key in lane)])


@dataclass(frozen=True)
class State:
    """What of an object the series looks at."""

    type: str = ""
    immutable: bool = False
    data: Mapping[str, SecretValue] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """What a store has of one key."""

    object: State | None = None
    copy: State | None = None


Wanted = Mapping[ObjectKey, State]
NOTHING = Held()


def opened(place: Path) -> Store:
    """The store that the program makes in `place`."""
    return open_store(f"sqlite:{place}/.reconciler/store.db", {})


def give_back_lock(place: Path, killed: int) -> bool:
    """Give back the lock, whose lease would last for a minute, in the place of a dead process."""
    store = opened(place)
    lock = store.read_lock(SET)
    if lock is not None:
        assert f"process {killed}" in lock.holder
        store.break_lock(lock)
    store.close()
    return lock is not None


def _add(place: Path, key: ObjectKey, **more: Mapping[str, Any]) -> bool:
    """Add entries to maps of a live object, as somebody would who knows of no record."""
    store = opened(place)
    live = store.read(Scope(SET, frozenset([key]))).objects.get(key)
    if live is not None:
        assert live.applied is not None
        fields: dict[str, Any] = {name: {**getattr(live, name), **more[name]} for name in more}
        changed = replace(live, **fields)
        seen = Precondition(live.uid, live.resource_version)
        with store.session(SET, "the test", 0) as session:
            session.update(key, (Operation("add", "", to_document(changed)),), live.applied, seen)
    store.close()
    return live is not None


def add_values(place: Path, key: ObjectKey, values: Mapping[str, SecretValue]) -> bool:
    """Add values of somebody else's to a Secret; tells whether there is one."""
    return _add(place, key, data=values)


def add_label(place: Path, key: ObjectKey, name: str) -> bool:
    """Add a label of somebody else's to an object; tells whether there is one."""
    return _add(place, key, labels={name: "theirs"})


def _state(live: Live | None) -> State | None:
    if live is None:
        return None
    return State(live.type, live.immutable, dict(live.data), dict(live.labels))


def held(snapshot: Snapshot) -> dict[ObjectKey, Held]:
    return {
        key: Held(_state(snapshot.objects.get(key)), _state(snapshot.copies.get(key)))
        for key in snapshot.objects.keys() | snapshot.copies.keys()
    }


def document(key: ObjectKey, state: State) -> dict[str, Any]:
    content = to_document(Resource(key=key, labels=state.labels, type=state.type))
    metadata = {**content.pop("metadata"), "name": key.name}
    if key.namespace:
        metadata["namespace"] = key.namespace
    if key.kind == SECRET:
        values = {name: value.reveal().decode() for name, value in state.data.items()}
        content |= {"stringData": values, "immutable": state.immutable}
    return {"apiVersion": "v1", "kind": key.kind, "metadata": metadata, **content}


class Series:
    """One store, and the applies to it. All that is random comes from `seed`."""

    def __init__(self, place: Path, seed: str) -> None:
        self.place = place
        self.figures: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - to be the same again
        self._generation = 0
        self._foreign: dict[ObjectKey, dict[str, SecretValue]] = {key: {} for key in LASTING}
        self._foreign_labels: dict[ObjectKey, dict[str, str]] = {key: {} for key in LASTING}
        self._wanted: Wanted = {}

    def begin(self) -> None:
        """The first apply, unharmed; then others add keys to what will be sealed."""
        self._want()
        self.finish()
        for key in LASTING:
            self._meddle(key)

    def kill_one(self) -> bool:
        """Apply, kill, and check; tells whether the process was killed before it had ended."""
        if self._random.random() < 0.7:
            self._want()
        if self._random.random() < 0.4:
            self._meddle(self._random.choice(LASTING))
        before = held(self._look())
        run = Run(self.place, [*APPLY, *OPTIONS])
        self._wait_for_the_moment(run)
        run.process.send_signal(signal.SIGKILL)
        ended = run.ended()
        if ended.code != -signal.SIGKILL:
            assert (ended.code, complaints(ended)) == (0, []), ended
        after = held(self._look())
        self._check(before, after, ended)
        if ended.code == 0:
            self._check_converged(after)
        self._count(after, ended)
        self.figures["left a lock"] += give_back_lock(self.place, run.process.pid)
        return ended.code != 0

    def finish(self) -> None:
        """An apply that nothing befalls makes everything as it is wanted."""
        ran_well(self.place, *APPLY, *OPTIONS)
        self._check_converged(held(self._look()))
        ran_well(self.place, "plan", "--detailed-exitcode", *OPTIONS)

    def _want(self) -> None:
        """Manifests that need a few steps of every kind."""
        pick = self._random
        wanted: dict[ObjectKey, State] = {}
        for key in [*LASTING, *(key for key in COMING if pick.random() < 0.5)]:
            wanted[key] = State(
                type=pick.choice([OPAQUE, "example.com/a", "example.com/b"])
                if key in TYPED
                else OPAQUE,
                immutable=key in SEALED and self._generation > 0,
                data=self._values(key.name),
            )
        for space, account, secret in LANES:
            if pick.random() < 0.6:
                wanted[space] = State(labels={"lane": "yes"})
                wanted[account] = State()
                wanted[secret] = State(type=OPAQUE, data=self._values("inside"))
        self._generation += 1
        self._wanted = wanted
        put_manifests(self.place, (document(key, state) for key, state in wanted.items()))

    def _values(self, name: str) -> dict[str, SecretValue]:
        keys = ["password", *(["token"] if self._random.random() < 0.5 else [])]
        return {
            key: SecretValue(f"not-a-real {key} of {name}, {self._generation}".encode())
            for key in keys
        }

    def _meddle(self, key: ObjectKey) -> None:
        """Add a key of somebody else's, and where that cannot be any more, a label."""
        name = f"others-{self._generation}"
        if key in SEALED and self._generation > 1:
            if add_label(self.place, key, name):
                self._foreign_labels[key][name] = "theirs"
            return
        value = SecretValue(f"not-a-real value of others, {self._generation}".encode())
        if add_values(self.place, key, {name: value}):
            self._foreign[key][name] = value

    def _wait_for_the_moment(self, run: Run) -> None:
        if self._random.random() < 0.1:
            time.sleep(self._random.uniform(0.0, 0.6))
        else:
            run.lines(self._random.randrange(1, 60))
            time.sleep(self._random.uniform(0.0, 0.005))

    def _look(self) -> Snapshot:
        """Read what a killed process has left, and write nothing."""
        store = opened(self.place)
        snapshot = store.read(Scope(SET, KEYS))
        store.close()
        return snapshot

    def _target(self, key: ObjectKey) -> State | None:
        """What an object is once its step is done: as wanted, with what others added."""
        state = self._wanted.get(key)
        if state is None:
            return None
        return replace(
            state,
            data={**state.data, **self._foreign.get(key, {})},
            labels={**state.labels, **self._foreign_labels.get(key, {})},
        )

    def _check(
        self,
        before: Mapping[ObjectKey, Held],
        after: Mapping[ObjectKey, Held],
        ended: Ended,
    ) -> None:
        """Hold the store against what the process told before it died."""
        begun, done = steps_told(ended)
        assert set(done.values()) <= {"applied"}
        assert len(begun) - len(done) <= PARALLELISM
        hold_against(ended, before, after, self._target)
        self.figures.update(f"{action}s begun" for action in begun.values())
        self.figures["steps acknowledged"] += len(done)

    def _check_converged(self, found: Mapping[ObjectKey, Held]) -> None:
        ours = {key: one for key, one in found.items() if one != NOTHING}
        assert ours == {key: Held(self._target(key)) for key in self._wanted}

    def _count(self, after: Mapping[ObjectKey, Held], ended: Ended) -> None:
        if ended.code == 0:
            self.figures["ended before the kill"] += 1
            return
        self.figures["kills"] += 1
        self.figures["in the midst of steps"] += bool(ended.events)
        copies = sum(one.copy is not None for one in after.values())
        self.figures["between delete and create"] += bool(copies)
        self.figures["copies kept"] += copies


def _key(event: Mapping[str, Any]) -> ObjectKey:
    return ObjectKey(**event["key"])


def steps_told(ended: Ended) -> tuple[dict[ObjectKey, str], dict[ObjectKey, str]]:
    """The actions that an apply said it began, and the outcomes of those that it ended."""
    steps = [(_key(event), event) for event in ended.events if "key" in event]
    begun = {key: event["action"] for key, event in steps if event["event"] == "step-started"}
    done = {key: event["outcome"] for key, event in steps if event["event"] == "step-ended"}
    return begun, done


def hold_against(
    ended: Ended,
    before: Mapping[ObjectKey, Held],
    after: Mapping[ObjectKey, Held],
    target: Callable[[ObjectKey], State | None],
) -> None:
    """What an apply acknowledged is there, and what it did not begin is as it was."""
    begun, done = steps_told(ended)
    for key in before.keys() | after.keys() | begun.keys():
        was, now = before.get(key, NOTHING), after.get(key, NOTHING)
        reached = Held(target(key))
        if done.get(key) == "applied":
            allowed = [reached]
        elif key in begun:
            allowed = [was, reached]
            if begun[key] == "replace":
                allowed.append(Held(copy=was.object))
        else:
            allowed = [was]
        assert now in allowed, (key, begun.get(key), done.get(key))


def killed(place: Path, seed: str, kills: int) -> Counter[str]:
    """A series of that many kills, and an apply that ends it; returns its figures."""
    series = Series(place, seed)
    series.begin()
    number = 0
    try:
        while number < kills:
            number += series.kill_one()
        series.finish()
    except BaseException as error:
        error.add_note(f"series {seed!r}, after {number} kills")
        raise
    return series.figures


def totals(figures: Iterable[Counter[str]]) -> Counter[str]:
    return sum(figures, Counter())
