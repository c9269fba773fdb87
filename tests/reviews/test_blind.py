"""Ten randomised changes at a time, read from the plan alone, and then made.

The judge says what will happen, to whom, and whether it can be undone, from JSON and from Markdown,
each by itself. Then the plan is applied, and what really happened must agree.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from reconciler.views import json, markdown
from tests.reviews import judge
from tests.reviews.exercises import HOME, KINDS, Exercise, State
from tests.reviews.judge import Fate, Malformed, Verdict
from tests.world import World

SEEDS = int(os.environ.get("REVIEW_SEEDS", "200"))
BATCHES = 10


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    opened: list[World] = []
    yield opened
    for world in opened:
        world.close()


def exercise_of(seed: int, directory: Path, worlds: list[World]) -> Exercise:
    home = directory / str(seed)
    home.mkdir()
    worlds.append(World(home))
    return Exercise.of(seed, worlds[-1])


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_blind_reviewer_is_never_wrong(batch: int, tmp_path: Path, worlds: list[World]) -> None:
    for seed in range(batch, SEEDS, BATCHES):
        exercise = exercise_of(seed, tmp_path, worlds)
        plan = exercise.plan()
        assert not plan.refusals
        assert not plan.problems
        before = exercise.state()
        said = judge.from_json(json.plan(plan)), judge.from_markdown(markdown.plan(plan))
        exercise.apply()
        after = exercise.state()
        for verdict in said:
            assert disagreements(verdict, before, after) == [], seed
            for name, words in exercise.expected.items():
                assert all(is_said(word, name, verdict) for word in words), (seed, name, words)
        assert comparable(said[0]) == comparable(said[1]), seed


def test_every_line_of_a_view_counts(tmp_path: Path, worlds: list[World]) -> None:
    """Whatever line of a view is left out, the judge sees other things, or a malformed text."""
    for seed in range(1000, 1004):
        plan = exercise_of(seed, tmp_path, worlds).plan()
        for render, read in ((markdown.plan, judge.from_markdown), (json.plan, judge.from_json)):
            if render is json.plan and seed > 1000:
                continue
            whole = render(plan)
            assert unnoticed(whole, read) == []


def unnoticed(whole: str, read: object) -> list[str]:
    lines = whole.split("\n")
    verdict = read(whole)  # type: ignore[operator]
    missed = []
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        text = "\n".join(lines[:number] + lines[number + 1 :])
        try:
            if read(text) == verdict:  # type: ignore[operator]
                missed.append(line)
        except (Malformed, KeyError, TypeError, AttributeError, ValueError):
            continue
    return missed


def test_the_judge_knows_nothing_of_the_package() -> None:
    tree = ast.parse(Path(judge.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [n.name for n in node.names]
        )
    }
    assert imported == {"__future__", "json", "re", "dataclasses", "typing"}


def test_the_exercises_hold_every_kind() -> None:
    assert len(KINDS) == len({kind.__name__ for kind in KINDS}) > 20


def disagreements(verdict: Verdict, before: State, after: State) -> list[str]:
    wrong = []
    for name in sorted(before.keys() | after.keys()):
        fate, old, new = verdict.fates.get(name), before.get(name), after.get(name)
        if fate is None:
            if old != new:
                wrong.append(f"{name} changed, and the plan said nothing")
            continue
        if fate.action != action(old, new):
            wrong.append(f"{name}: {fate.action} was said, {action(old, new)} happened")
        if data_of(fate) != differences(old, new):
            wrong.append(f"{name}: {data_of(fate)} was said, {differences(old, new)} happened")
        wrong += losses(name, fate, before, after)
    return wrong


def action(old: object, new: object) -> str:
    if old is None or new is None:
        return "create" if old is None else "delete"
    return "update" if old["uid"] == new["uid"] else "replace"  # type: ignore[index]


def data_of(fate: Fate) -> dict[str, str]:
    """What was said of keys; of a delete, all of them go."""
    if fate.action == "delete":
        return dict.fromkeys(fate.keys, "removed")
    return {
        name[len("data[") : -1]: said.split()[0]
        for name, said in fate.fields.items()
        if name.startswith("data[")
    }


def differences(
    old: dict[str, dict[str, bytes]] | None, new: dict[str, dict[str, bytes]] | None
) -> dict[str, str]:
    was, now = (old or {}).get("data", {}), (new or {}).get("data", {})
    names = dict.fromkeys(was.keys() - now.keys(), "removed")
    names |= dict.fromkeys(now.keys() - was.keys(), "added")
    return names | {key: "changed" for key in was.keys() & now.keys() if was[key] != now[key]}


def losses(name: str, fate: Fate, before: State, after: State) -> Iterator[str]:
    """Whether what is said to be lost is, and what is said to be held elsewhere is not."""
    old = before.get(name)
    if old is None:
        return
    gone = differences(old, after.get(name))
    goes = {key for key, how in gone.items() if how == "removed" or fate.action == "replace"}
    if fate.type and (fate.type != old["type"] or fate.keys != set(old["data"])):
        yield f"{name}: type or keys are not {old}"
    held = {
        value
        for other, state in after.items()
        for value in state["data"].values()
        if other.startswith(f"Secret/{HOME}/") or other in fate.copies
    }
    really = {key for key in goes if old["data"][key] not in held}
    if fate.lost != really:
        yield f"{name}: {fate.lost} were said to be lost, {really} are"


def is_said(words: str, name: str, verdict: Verdict) -> bool:
    fate = verdict.fates.get(name)
    if fate is None:
        return words in verdict.keepers.get(name, ())
    users = [f"{user} {use}" for user, use in fate.users.items()]
    told = [*fate.fields.values(), *fate.kept, *fate.notes, *fate.warnings, *users]
    return any(words in each for each in told)


def comparable(verdict: Verdict) -> object:
    """A verdict without what the two formats word differently."""
    fates = {}
    for name, fate in verdict.fates.items():
        fates[name] = asdict(fate) | {"reasons": "", "place": ""}
        if fate.action == "update":  # of which Markdown shows the removed keys alone
            fates[name] |= {"type": "", "keys": set()}
    return fates, verdict.in_sync, verdict.keepers
