from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import StoreUnavailable
from reconciler.model.store import Session
from reconciler.model.values import SecretValue
from reconciler.stores.sqlite.opening import database_of
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]
ROOT = Path(__file__).parents[3]
KILLS = 30

# Creates, updates and deletes, and tells of each when it is done.
WRITER = """
import os, sys
from reconciler.model.patches import Operation
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from tests.stores.words import Words

url, name = sys.argv[1:]
words = Words()
manager = open_store(url, {}).session(name, name, 0)
session = manager.__enter__()
number = 0
while True:
    live = session.create(words.secret(f"{name}-{number}", {"a": b"1", "b": b"1"}), words.mark())
    os.write(1, f"created {live.name}\\n".encode())
    patch = [Operation("replace", f"/data/{key}", SecretValue(b"2")) for key in "ab"]
    live = session.update(live.key, tuple(patch), words.mark(), words.as_seen(live))
    os.write(1, f"updated {live.name}\\n".encode())
    if number % 3 == 0:
        session.delete(live.key, words.as_seen(live))
        os.write(1, f"deleted {live.name}\\n".encode())
    number += 1
"""


def writer(url: str, name: str, script: str = WRITER) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", script, url, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def said_until_killed(process: subprocess.Popen[bytes], lines: int) -> list[tuple[str, str]]:
    """What the writer has acknowledged, as pairs of what and the name."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    # Not by communicate(), which does not know what readline() has read ahead.
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        rest, complaint = process.stdout.read(), process.stderr.read()
    assert not complaint
    said += rest.splitlines(keepends=True)
    pairs = [line.decode().split() for line in said if line.endswith(b"\n")]
    return [(what, name) for what, name in pairs]


def check(store: EmbeddedStore, words: Words, said: list[tuple[str, str]], prefix: str) -> None:
    """Hold the store against what was acknowledged; one more write may have happened."""
    objects = {
        key.name: live.data
        for key, live in words.look(store).objects.items()
        if key.name.startswith(prefix)
    }
    one, two = ({"a": SecretValue(text), "b": SecretValue(text)} for text in (b"1", b"2"))
    afterwards: dict[str, list[object]] = {
        "created": [one, two],
        "updated": [two, None],
        "deleted": [None],
    }
    for name, what in {name: what for what, name in said}.items():
        allowed = afterwards[what]
        newest = name == said[-1][1]
        assert objects.pop(name, None) in (allowed if newest else allowed[:1]), (name, what)
    assert list(objects.values()) in ([], [one])


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_writer_leaves_every_write_it_acknowledged(
    opened: Opener, words: Words, url: str, seed: int
) -> None:
    how = random.Random(seed)  # noqa: S311 - the same moments every time
    for number in range(KILLS // 3):
        said = said_until_killed(writer(url, f"w{number}"), how.randrange(1, 40))
        assert said
        store = opened()
        check(store, words, said, f"w{number}-")
        held(store, f"after-{number}", seconds=0)
        if how.random() < 0.5:
            store.close()


def test_a_writer_killed_at_the_very_beginning_leaves_a_store_or_none(
    opened: Opener, words: Words, url: str
) -> None:
    code = WRITER.replace("session =", "os.write(1, b'begun store\\n'); session =", 1)
    for _ in range(5):
        said_until_killed(writer(url, "w", code), 1)
        words.look(opened())
    store = opened()
    session = held(store, seconds=0)
    live = session.create(words.secret("s", {"a": b"1"}), words.mark())
    assert words.look(store).objects[live.key] == live


def test_two_processes_write_at_once_and_nothing_is_lost(
    opened: Opener, words: Words, url: str
) -> None:
    code = WRITER.replace("while True:", "while number < 60:")
    processes = [writer(url, name, code) for name in ("one", "two")]
    for process in processes:
        _, complaint = process.communicate()
        assert process.returncode == 0, complaint.decode()
    objects = words.look(opened()).objects
    assert {key.name for key in objects} == {
        f"{name}-{number}" for name in ("one", "two") for number in range(60) if number % 3
    }
    assert len({live.resource_version for live in objects.values()}) == len(objects)


REKEYER = """
import os, sys
from reconciler.stores.sqlite.opening import rekey

while True:
    os.write(1, f"changed {rekey(sys.argv[1], {}).values}\\n".encode())
"""


def test_a_killed_change_of_the_key_loses_nothing_and_readers_see_nothing_of_it(
    store: EmbeddedStore, session: Session, opened: Opener, words: Words, url: str
) -> None:
    for number in range(50):
        session.create(words.secret(f"s{number}", {"a": b"1" * 500}), words.mark())
    before = words.look(store)
    store.close()
    how = random.Random(5)  # noqa: S311 - the same moments every time
    for _ in range(10):
        process = writer(url, "", REKEYER)
        assert process.stdout is not None
        for _ in range(how.randrange(1, 6)):
            assert process.stdout.readline() == b"changed 50\n"
            assert words.look(opened()).objects == before.objects
        assert said_until_killed(process, 1)
        assert words.look(opened()).objects == before.objects
    last = opened()
    live = held(last, seconds=0).create(words.secret("afterwards"), words.mark())
    assert words.look(opened()).objects == {**before.objects, live.key: live}


FULL = """
import resource, signal, sys
from reconciler.errors import StoreUnavailable
from reconciler.stores import open_store
from tests.stores.words import Words
from tests.world import held

url, limit = sys.argv[1], int(sys.argv[2])
words = Words()
manager = open_store(url, {}).session("default", "me", 0)
session = manager.__enter__()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for number in range(10_000):
    try:
        session.create(words.secret(f"s{number}", {"a": b"x" * 2000}), words.mark())
    except StoreUnavailable as error:
        print(error.message)
        break
    print(number)
"""


def test_a_full_disk_is_a_passing_fault_and_loses_nothing(
    opened: Opener, words: Words, url: str
) -> None:
    process = writer(url, str(400_000), FULL)
    out, complaint = process.communicate()
    assert process.returncode == 0, complaint.decode()
    *acknowledged, message = out.decode().splitlines()
    assert "store.db cannot be" in message
    store = opened()
    session = held(store, seconds=0)
    assert {key.name for key in words.look(store).objects} == {f"s{n}" for n in acknowledged}
    assert acknowledged
    live = session.create(words.secret("afterwards", {"a": b"1"}), words.mark())
    assert words.look(store).objects[live.key] == live


def test_a_store_that_another_process_holds_is_busy(words: Words, place: Path, url: str) -> None:
    store = EmbeddedStore(database_of(url, {}, busy_seconds=0.05), None)
    session = held(store, seconds=0)
    store.close()
    other = sqlite3.connect(place / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="busy"):
        session.create(words.secret("s", {"a": b"1"}), words.mark())
    assert words.look(store).identity.id
    other.execute("ROLLBACK")
    other.close()
    assert session.create(words.secret("s", {"a": b"1"}), words.mark())
    store.close()
