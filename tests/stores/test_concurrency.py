"""Several writers at once: nobody's write is lost, and nobody sees half of one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import ObjectMoved
from reconciler.model.objects import Live
from reconciler.model.patches import Operation
from reconciler.model.store import Capability, Session, Store
from reconciler.model.values import SecretValue
from tests.stores.words import Subject, Words

WRITERS = 8
EACH = 10


def test_every_create_of_every_thread_arrives(
    subject: Subject, store: Store, session: Session, words: Words
) -> None:
    # Where nothing else keeps two writers of one set apart, its lock has to.
    second = "default" if Capability.PRECONDITIONS in store.capabilities else "second"
    sessions = [session, subject.session(set_name=second)]

    def create(number: int) -> Live:
        wanted = words.secret(f"s{number}", {"a": str(number).encode()})
        set_name = second if number % 2 else "default"
        return sessions[number % 2].create(wanted, words.mark(set_name=set_name))

    with ThreadPoolExecutor(WRITERS) as pool:
        lives = list(pool.map(create, range(WRITERS * EACH)))

    objects = words.look(store, *(live.key for live in lives)).objects
    assert [objects[live.key] for live in lives] == lives
    assert len({live.resource_version for live in lives}) == len(lives)


@pytest.mark.needs(Capability.PRECONDITIONS)
def test_of_two_updates_from_the_same_state_one_wins(
    subject: Subject, store: Store, session: Session, words: Words
) -> None:
    live = session.create(words.secret("s", {"a": b"0"}), words.mark())
    sessions = [session, subject.session()]

    def update(number: int) -> Live | None:
        patch = words.change(store, str(number))
        try:
            return sessions[number % 2].update(live.key, patch, words.mark(), words.as_seen(live))
        except ObjectMoved:
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        winners = [winner for winner in pool.map(update, range(1, WRITERS + 1)) if winner]

    assert len(winners) == 1
    assert words.look(store).objects[live.key] == winners[0]


@pytest.mark.needs(Capability.READ_VALUES, Capability.UPDATE_VALUES)
def test_a_reader_sees_whole_objects_while_they_are_written(
    subject: Subject, session: Session, words: Words
) -> None:
    live = session.create(words.secret("s", {"a": b"0", "b": b"0"}), words.mark())
    reader = subject.open()

    def write() -> Live:
        last = live
        for number in range(1, WRITERS * EACH):
            value = SecretValue(str(number).encode())
            patch = (
                Operation("replace", "/data/a", value),
                Operation("replace", "/data/b", value),
            )
            last = session.update(last.key, patch, words.mark(), words.as_seen(last))
        return last

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        seen = [words.look(reader).objects[live.key]]
        while not writing.done():
            seen.append(words.look(reader).objects[live.key])
        last = writing.result()

    assert all(each.data["a"] == each.data["b"] for each in seen)
    assert words.look(reader).objects[live.key] == last
