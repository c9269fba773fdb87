from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import StoreError
from reconciler.model.objects import Live
from reconciler.model.store import Session
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]
NOBODY = 65534


@contextmanager
def no_rights(place: Path) -> Iterator[None]:
    """Let this process read `place` and not write to it, whoever runs the tests."""
    for path in place.iterdir():
        path.chmod(0o444)
    place.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        for parent in place.parents[:2]:
            parent.chmod(0o755)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        place.chmod(0o700)
        for path in place.iterdir():
            path.chmod(0o600)


@pytest.fixture
def state(request: pytest.FixtureRequest, store: EmbeddedStore, place: Path, live: Live) -> str:
    """What another process has left, or is about to leave."""
    assert live
    if request.param != "open":
        store.close()
    if request.param == "crashed":
        crash(place)
    if request.param == "empty log":
        (place / "store.db-wal").touch()
    return str(request.param)


@pytest.fixture
def live(session: Session, words: Words) -> Live:
    return session.create(words.secret("s", {"a": b"1"}), words.mark())


@pytest.fixture(autouse=True)
def _reachable(tmp_path_factory: pytest.TempPathFactory) -> None:
    if os.geteuid() == 0:
        base = tmp_path_factory.getbasetemp()
        for directory in (base, *base.parents)[: 3 if "PYTEST_XDIST_WORKER" in os.environ else 2]:
            directory.chmod(0o755)


def crash(place: Path) -> None:
    """Leave the files of a writer that was killed: a log, and its index."""
    code = (
        "import os, sys\n"
        "from reconciler.stores import open_store\n"
        f"held = open_store('sqlite:{place / 'store.db'}', {{}}).session('crashed', 'me', 0)\n"
        "held.__enter__()\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert (place / "store.db-wal").stat().st_size
    assert (place / "store.db-shm").exists()


@pytest.mark.parametrize("state", ["closed", "open", "crashed", "empty log"], indirect=True)
def test_reading_needs_no_right_to_write(
    state: str, opened: Opener, words: Words, place: Path, live: Live
) -> None:
    assert state
    before = {path.name for path in place.iterdir()}
    with no_rights(place):
        assert words.look(opened()).objects == {live.key: live}
        assert words.look(opened()).fingerprint_key
    assert {path.name for path in place.iterdir()} == before


def test_writing_without_the_right_is_told(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, live: Live
) -> None:
    session = held(store, seconds=0)
    store.close()
    with no_rights(place):
        for call in (
            lambda: held(opened(), holder="me"),
            lambda: opened().try_delete(live),
            lambda: session.delete(live.key, words.as_seen(live)),
        ):
            with pytest.raises(StoreError, match=r"store\.db cannot be opened or written"):
                call()
    assert words.look(opened()).objects == {live.key: live}


def test_a_log_without_its_index_is_never_overlooked(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path, live: Live
) -> None:
    crash(place)
    copy = place.parent / "copy"
    shutil.copytree(place, copy)
    (copy / "store.db-shm").unlink()
    shutil.rmtree(place)
    store.close()
    copy.rename(place)
    with no_rights(place), pytest.raises(StoreError) as caught:
        words.look(opened())
    assert "-wal" in caught.value.hint
    held(opened(), holder="me", seconds=0)
    assert words.look(opened()).objects == {live.key: live}


def test_a_store_that_may_not_be_read_is_told(
    store: EmbeddedStore, opened: Opener, words: Words, place: Path
) -> None:
    store.close()
    with no_rights(place):
        if os.geteuid() == NOBODY:
            os.seteuid(0)
        (place / "store.db").chmod(0o000)
        os.seteuid(NOBODY if os.getuid() == 0 else os.getuid())
        with pytest.raises(StoreError, match=r"store\.db"):
            words.look(opened())
