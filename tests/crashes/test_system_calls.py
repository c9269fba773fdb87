"""A kill or a fault of the disk at any single system call: nothing is lost, and all goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import main
from reconciler.model.objects import OPAQUE, SECRET, ObjectKey
from reconciler.model.store import Scope, Snapshot
from reconciler.model.values import SecretValue
from tests.crashes.injection import Call, Injector, Kind, Point, points
from tests.crashes.program import APPLY, Ended, put_manifests
from tests.crashes.series import (
    SET,
    Held,
    State,
    add_values,
    document,
    give_back_lock,
    held,
    hold_against,
    opened,
)

SEED = os.environ.get("CRASH_SEED", "faults")
FAULTS = os.environ.get("CRASH_FAULTS", "110")
"""How many points are tried in all, spread evenly; ``all`` for each one there is."""
STORE, KEY_FILE = ".reconciler/store.db", ".reconciler/store.key"
IGNORED = ".reconciler/.gitignore"
OLDER_PLAN = b'{"format": "reconciler.plan-file/v1", "older": true}'
OPTIONS = ("--prune", "--allow-replace", "--max-deletes", "100%")
KEPT, CHANGED, SEALED, LEAVING, COMING = (
    ObjectKey(SECRET, "default", name) for name in ("kept", "changed", "sealed", "leaving", "come")
)
KEYS = (KEPT, CHANGED, SEALED, LEAVING, COMING)
THEIRS = {"theirs": SecretValue(b"not-a-real value of others")}

Wanted = Mapping[ObjectKey, State]
Met = tuple[Ended, list[Call], int]


def state(value: str, *, immutable: bool = False) -> State:
    data = {"password": SecretValue(f"not-a-real {value}".encode() * 200)}
    return State(OPAQUE, immutable, data)


OLD: Wanted = {
    KEPT: state("a"),
    CHANGED: state("b"),
    SEALED: state("c", immutable=True),
    LEAVING: state("d"),
}
NEW: Wanted = {
    KEPT: state("a"),
    CHANGED: state("e"),
    SEALED: State(OPAQUE, True, {**state("f").data, **THEIRS}),
    COMING: state("g"),
}
BEFORE = {
    **{key: Held(of) for key, of in OLD.items()},
    SEALED: Held(State(OPAQUE, True, {**OLD[SEALED].data, **THEIRS})),
}


def put(place: Path, wanted: Wanted) -> None:
    own = {
        key: State(of.type, of.immutable, {"password": of.data["password"]})
        for key, of in wanted.items()
    }
    put_manifests(place, (document(key, of) for key, of in own.items()))


def fresh(place: Path, *args: str, hint: str = "") -> None:
    """A further run, which no fault befalls, has nothing to complain of.

    It is one of this process, as hundreds of them take a minute so, and half an hour as others.
    """
    with chdir(place):
        result = CliRunner().invoke(main, args)
    said = (args, result.stdout, result.stderr)
    assert result.exit_code == 0, said
    assert hint in result.stderr if hint else not result.stderr, said


def look(place: Path) -> Snapshot:
    store = opened(place)
    snapshot = store.read(Scope(SET, frozenset(KEYS)))
    store.close()
    return snapshot


def seen(place: Path) -> dict[ObjectKey, Held]:
    return {key: of for key, of in held(look(place)).items() if key in KEYS}


def is_temporary(name: str) -> bool:
    """Whether this is the file beside the target that a write renames at its end."""
    return name.startswith(".reconciler-") and name.endswith(".tmp")


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


class Scenario(ABC):
    """A command that meets a fault, where it does, and what has to hold afterwards."""

    args: tuple[str, ...]

    def __init__(self, template: Path) -> None:
        self.template = template
        template.mkdir()
        self.prepare(template)

    @abstractmethod
    def prepare(self, place: Path) -> None:
        """What is there before the command."""

    @abstractmethod
    def check(self, place: Path, ended: Ended) -> None:
        """What the command left."""

    def converges(self, place: Path) -> None:
        """A further run ends the work, and leaves nothing else to do and no file lying about."""
        fresh(place, *APPLY, *OPTIONS)
        fresh(place, "plan", "--detailed-exitcode", *OPTIONS)
        assert seen(place) == {key: Held(of) for key, of in NEW.items()}
        self.tidy(place)

    def tidy(self, place: Path) -> None:
        """The next write removes what a killed one left beside the store; a read may not."""
        fresh(place, "store", "rekey")
        left = files(place) - files(self.template)
        assert left <= {STORE, KEY_FILE, IGNORED}, left
        assert (place / IGNORED).read_bytes() == b"*\n"


class Birth(Scenario):
    """The first apply of all."""

    args: tuple[str, ...] = (*APPLY, *OPTIONS)

    def prepare(self, place: Path) -> None:
        put(place, {key: of for key, of in NEW.items() if key != SEALED})

    def check(self, place: Path, ended: Ended) -> None:
        target = {key: of for key, of in NEW.items() if key != SEALED}
        hold_against(ended, {}, seen(place), target.get)

    def converges(self, place: Path) -> None:
        fresh(place, *APPLY, *OPTIONS)
        fresh(place, "plan", "--detailed-exitcode", *OPTIONS)
        assert seen(place) == {key: Held(of) for key, of in NEW.items() if key != SEALED}
        self.tidy(place)


class Apply(Scenario):
    """An apply that creates, updates, replaces and deletes."""

    args: tuple[str, ...] = (*APPLY, *OPTIONS)

    def prepare(self, place: Path) -> None:
        put(place, {**OLD, SEALED: state("c")})
        fresh(place, *APPLY)
        assert add_values(place, SEALED, THEIRS)
        put(place, OLD)
        fresh(place, *APPLY)
        put(place, NEW)

    def check(self, place: Path, ended: Ended) -> None:
        hold_against(ended, BEFORE, seen(place), NEW.get)


class SavePlan(Apply):
    """A plan that takes the place of an older one."""

    args: tuple[str, ...] = ("plan", "--out", "p.plan", *OPTIONS)

    def prepare(self, place: Path) -> None:
        super().prepare(place)
        (place / "p.plan").write_bytes(OLDER_PLAN)

    def check(self, place: Path, ended: Ended) -> None:
        assert seen(place) == BEFORE
        plan = place / "p.plan"
        if plan.read_bytes() != OLDER_PLAN:
            fresh(place, "show", "p.plan", hint="Made at")
        else:
            assert ended.code != 0
        left = files(place) - files(self.template)
        # A process that was killed cannot tidy up; what it leaves holds no value.
        assert not left or ended.code == -signal.SIGKILL, left
        for name in left:
            assert is_temporary(name)
            assert b"not-a-real" not in (place / name).read_bytes()
            (place / name).unlink()

    def converges(self, place: Path) -> None:
        fresh(place, *self.args, hint="To apply just this plan")
        fresh(place, *APPLY, "p.plan", hint="plan file verified")
        super().converges(place)


class Rekey(Apply):
    """A new key for all that is there."""

    args: tuple[str, ...] = ("store", "rekey")

    def check(self, place: Path, ended: Ended) -> None:
        assert seen(place) == BEFORE
        key = (place / KEY_FILE).read_bytes()
        if ended.code == 0:
            assert key != (self.template / KEY_FILE).read_bytes()
            assert not (place / f"{KEY_FILE}.new").exists()

    def converges(self, place: Path) -> None:
        before = seen(place)
        fresh(place, *self.args)
        assert seen(place) == before
        super().converges(place)


SCENARIOS: Mapping[str, tuple[type[Scenario], int]] = {
    "birth": (Birth, 35),
    "apply": (Apply, 35),
    "plan": (SavePlan, 8),
    "rekey": (Rekey, 22),
}
"""With the share of the points in a hundred."""


def chosen(all_points: Sequence[Point], share: int, name: str) -> Sequence[Point]:
    """So many of the points, spread evenly; which ones, the seed says."""
    if FAULTS == "all":
        return all_points
    count = min(len(all_points), -(-int(FAULTS) * share // 100))
    begin = random.Random(f"{SEED}-{name}").random()  # noqa: S311 - to be the same again
    return [all_points[int((number + begin) * len(all_points) / count)] for number in range(count)]


def stands(scenario: Scenario, place: Path, point: Point, met: Met) -> str:
    """Hold what the command left against what it said."""
    ended, calls, process = met
    try:
        told(ended, point)
        scenario.check(place, ended)
        if (place / STORE).exists():
            give_back_lock(place, process)
        scenario.converges(place)
    except BaseException as error:
        error.add_note(f"{type(scenario).__name__}, {point}; CRASH_SEED={SEED}")
        raise
    shutil.rmtree(place)
    return point.kind.name if len(calls) >= point.call.number else "not reached"


def told(ended: Ended, point: Point) -> None:
    """The end that the fault may have: what it did not kill says what is wrong."""
    if point.kind in {Kind.KILL, Kind.TORN}:
        assert ended.code in {-signal.SIGKILL, 0}, ended
        return
    assert ended.code in {0, 1, 5}, ended
    for sign in ("Traceback", "unexpected", "bug of reconciler", "not-a-real", "damaged"):
        assert sign not in ended.out + ended.err, ended
    if point.kind is Kind.SHORT:
        assert ended.code == 0, ended


def faultless(scenario: Scenario, injector: Injector, place: Path) -> list[Call]:
    shutil.copytree(scenario.template, place)
    ended, calls, _ = injector.run(place, *scenario.args)
    assert ended.code == 0, ended
    return calls


@pytest.fixture
def injector(tmp_path: Path) -> Injector:
    directory = tmp_path / "injector"
    directory.mkdir()
    return Injector(directory)


def test_the_calls_of_python_and_of_sqlite_are_seen(tmp_path: Path, injector: Injector) -> None:
    calls = faultless(Birth(tmp_path / "birth"), injector, tmp_path / "place")
    names = {call.name.removesuffix("64") for call in calls}
    assert names >= {"open", "mkdir", "write", "pwrite", "fsync", "fdatasync", "link", "unlink"}
    log = [call.name.removesuffix("64") for call in calls if call.path == f"{STORE}-wal"]
    assert {"open", "pwrite", "fdatasync", "unlink"} <= set(log)


def test_a_plan_opens_nothing_for_writing_but_its_own_file(
    tmp_path: Path, injector: Injector
) -> None:
    calls = faultless(SavePlan(tmp_path / "plan"), injector, tmp_path / "place")
    assert calls
    assert {call.path for call in calls if not is_temporary(call.path)} <= {"p.plan"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_any_call_loses_nothing(
    tmp_path: Path, injector: Injector, figures: Callable[[str], None], name: str
) -> None:
    make, share = SCENARIOS[name]
    scenario = make(tmp_path / "template")
    calls = faultless(scenario, injector, tmp_path / "faultless")
    tried = chosen(points(calls), share, name)
    began = time.monotonic()

    def meet(number: int) -> Met:
        shutil.copytree(scenario.template, tmp_path / str(number))
        return injector.run(tmp_path / str(number), *scenario.args, point=tried[number])

    kinds: Counter[str] = Counter()
    errors: list[Exception] = []
    with ThreadPoolExecutor(2) as at_once:
        for number, met in enumerate(at_once.map(meet, range(len(tried)))):
            try:
                kinds[stands(scenario, tmp_path / str(number), tried[number], met)] += 1
            except Exception as error:  # noqa: BLE001 - every point that fails is told
                errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(tried)} points", errors)
    took = time.monotonic() - began
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds))
    figures(f"{len(calls)} calls, {len(tried)} points, {took:.0f} s: {counts}")
    # Which calls there are differs a little from run to run; the rest must have been met.
    assert kinds["not reached"] <= len(tried) // 10
