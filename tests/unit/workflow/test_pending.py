"""Plans that wait for their approval, some of them without their values."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import workflow
from reconciler.errors import StalePlan
from reconciler.manifests import Loaded
from reconciler.model.objects import Diagnostic, Severity, Source
from reconciler.model.opening import StoreChoice
from reconciler.model.store import Store
from reconciler.workflow import Environment, Packed, PendingPlans, Planned

VALUE = "not-a-real-Passw0rd-8f3hf92"


def environment(directory: Path, name: str, *keys: str) -> Environment:
    """An environment with a Secret that has these keys."""
    home = directory / name
    home.mkdir(exist_ok=True)
    data = "".join(f"  {key}: {VALUE}\n" for key in keys)
    manifest = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n{data}"
    (home / "a.yaml").write_text(manifest)
    store = StoreChoice(f"sqlite:{home}/store.db")
    return Environment(name=name, store=store, inputs=(str(home / "a.yaml"),))


def loaded(chosen: Environment) -> Loaded:
    return workflow.load_environment(chosen, environ={})


@contextmanager
def planned(chosen: Environment) -> Iterator[tuple[Store, Planned]]:
    with workflow.opened(chosen, {}) as store:
        yield store, workflow.plan_of(chosen, loaded(chosen), store)


def kept_of(chosen: Environment, most_held: int, *, to_verify: bool = False) -> Planned | Packed:
    pending = PendingPlans(most_held)
    with planned(chosen) as (_, plan):
        pending.keep(chosen, plan, to_verify=to_verify)
        assert (pending.with_work is None) == (not plan.has_work)
    kept = pending.pop(chosen.name)
    assert kept is not None
    assert pending.pop(chosen.name) is None
    return kept


def test_the_first_plans_are_held_as_they_are(tmp_path: Path) -> None:
    pending = PendingPlans(most_held=2)
    kinds = []
    for name in ("a", "b", "c"):
        chosen = environment(tmp_path, name, "password")
        with planned(chosen) as (_, plan):
            pending.keep(chosen, plan, to_verify=False)
        kinds.append(type(pending.pop(name)))
    assert kinds == [Planned, Planned, Packed]


def test_a_packed_plan_is_formed_again_and_applied(tmp_path: Path) -> None:
    chosen = environment(tmp_path, "eu-1", "password")
    kept = kept_of(chosen, most_held=0)
    assert isinstance(kept, Packed)
    assert b"password" in zlib.decompress(kept.content)
    assert VALUE.encode() not in zlib.decompress(kept.content)
    with workflow.opened(chosen, {}, to_write=True) as store:
        again = workflow.unpacked(kept, chosen, loaded(chosen), store)
        assert workflow.apply(again, store).is_complete
    with planned(chosen) as (_, plan):
        assert not plan.has_work


@pytest.mark.parametrize("by", ["manifest", "store"])
def test_a_packed_plan_that_would_be_another_one_is_refused(tmp_path: Path, by: str) -> None:
    chosen = environment(tmp_path, "eu-1", "password")
    kept = kept_of(chosen, most_held=0)
    assert isinstance(kept, Packed)
    if by == "store":
        with planned(chosen) as (store, plan):
            assert workflow.apply(plan, store).is_complete
    else:
        environment(tmp_path, "eu-1", "password", "another")
    with workflow.opened(chosen, {}) as store, pytest.raises(StalePlan, match="no longer matches"):
        workflow.unpacked(kept, chosen, loaded(chosen), store)


def test_of_a_plan_without_work_nothing_is_kept_unless_it_is_to_be_verified(tmp_path: Path) -> None:
    chosen = environment(tmp_path, "eu-1", "password")
    with planned(chosen) as (store, plan):
        workflow.apply(plan, store)
    kept = kept_of(chosen, most_held=9)
    assert isinstance(kept, Planned)
    assert kept.desired == ()
    kept = kept_of(chosen, most_held=9, to_verify=True)
    assert isinstance(kept, Planned)
    assert len(kept.desired) == 1
    assert isinstance(kept_of(chosen, most_held=0, to_verify=True), Packed)


def test_a_plan_of_a_program_that_prints_something_else_each_time_is_held(tmp_path: Path) -> None:
    chosen = environment(tmp_path, "eu-1", "password")
    unstable = Diagnostic(
        severity=Severity.WARNING,
        code="source-unstable",
        message="two runs differ",
        field="",
        source=Source("program", 1, 1),
    )
    pending = PendingPlans(most_held=0)
    with planned(chosen) as (_, plan):
        warned = replace(plan, diagnostics=(unstable,))
        pending.keep(chosen, warned, to_verify=False)
    assert pending.pop("eu-1") is warned
