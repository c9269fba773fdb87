"""The history of a set: small, bounded, and without values, whatever the store keeps it in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import workflow
from reconciler.errors import StoreError
from reconciler.model.history import MOST_RUNS, Origin, Run, RunOutcome
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Session, Store
from tests.stores.words import Subject, Words
from tests.world import Faulty, Killed, secret

RUN = Run(
    run="r0",
    time="2026-11-25T09:12:03+00:00",
    command="apply",
    actor="anna <anna@example.com>",
    commit="0123456789ab",
    plan="ba9876543210",
)
SHOP = PlanOptions(set_name="shop")
DONE = replace(RUN, outcome=RunOutcome.PARTIAL, counts={"created": 2}, failed=1, skipped=3)


def test_a_run_is_kept_and_its_end_takes_the_place_of_its_beginning(
    subject: Subject, store: Store, session: Session
) -> None:
    session.note(RUN)
    assert subject.open().history("default") == (RUN,)
    session.note(DONE)
    assert subject.open().history("default") == (DONE,)
    assert store.history("other") == ()


def test_each_set_has_its_own(subject: Subject, store: Store, session: Session) -> None:
    session.note(RUN)
    other = subject.session(store, "other")
    other.note(DONE)
    assert store.history("default") == (RUN,)
    assert store.history("other") == (DONE,)


def test_the_oldest_go(store: Store, session: Session) -> None:
    runs = [replace(DONE, run=f"r{number:03}") for number in range(MOST_RUNS + 3)]
    for run in runs:
        session.note(run)
    assert store.history("default") == tuple(runs[3:])


def test_a_store_that_does_not_exist_has_no_history(subject: Subject) -> None:
    assert subject.open().history("default") == ()


def test_the_history_is_no_object_of_the_set(store: Store, session: Session, words: Words) -> None:
    session.note(RUN)
    snapshot = words.look(store)
    assert not snapshot.objects
    assert not [key for key in snapshot.bystanders if "reconciler_" in key.name]


def test_applies_and_releases_are_noted(subject: Subject, store: Store, words: Words) -> None:
    value = "not-a-real-password"
    desired = [secret("s", {"a": value}, home=words.home)]
    origin = Origin("octocat", "0123456789ab")
    for options in (SHOP, replace(SHOP, release=True)):
        wanted = () if options.release else desired
        planned = workflow.plan(wanted, workflow.read(wanted, store, options), options)
        workflow.apply(planned, store, origin=origin)
    applied, released = subject.open().history("shop")
    assert (applied.command, applied.outcome, applied.counts) == (
        "apply",
        RunOutcome.APPLIED,
        {"created": 1},
    )
    assert (released.command, released.counts) == ("release", {"released": 1})
    assert {run.actor for run in (applied, released)} == {"octocat"}
    assert applied.plan != released.plan
    assert value not in repr((applied, released))


def test_what_was_killed_is_told_as_unfinished(
    subject: Subject, store: Store, words: Words
) -> None:
    desired = [secret("s", {"a": "1"}, home=words.home)]

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "create" and not happened:
            raise Killed

    planned = workflow.plan(desired, workflow.read(desired, store, SHOP), SHOP)
    with pytest.raises(Killed):
        workflow.apply(planned, Faulty(store, strike))
    (run,) = subject.open().history("shop")
    assert run.outcome is RunOutcome.UNFINISHED


def test_an_apply_is_done_though_its_end_cannot_be_noted(
    subject: Subject, store: Store, words: Words
) -> None:
    desired = [secret("s", {"a": "1"}, home=words.home)]
    notes = 0

    def strike(_number: int, name: str, *, happened: bool) -> None:
        nonlocal notes
        notes += name == "note" and not happened
        if name == "note" and notes > 1:
            raise StoreError("away")

    planned = workflow.plan(desired, workflow.read(desired, store, SHOP), SHOP)
    faulty = Faulty(store, strike)
    assert [result.outcome for result in workflow.apply(planned, faulty).results] == ["applied"]
    (run,) = subject.open().history("shop")
    assert run.outcome is RunOutcome.UNFINISHED
