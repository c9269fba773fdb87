"""A store, its directory or its key file may be a symbolic link: all goes to where that leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.errors import StoreError
from reconciler.stores.sqlite.opening import database_of, rekey
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Linked = Callable[[str], EmbeddedStore]


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """The directory in which the store is, in truth."""
    directory = tmp_path / "real"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def through(tmp_path: Path) -> Iterator[Linked]:
    stores: list[EmbeddedStore] = []

    def open_it(path: str) -> EmbeddedStore:
        stores.append(EmbeddedStore(database_of(f"sqlite:{tmp_path / path}", {}), None))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def absolute(tmp_path: Path) -> str:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/store.db").symlink_to(tmp_path / "real/store.db")
    return "links/store.db"


def relative(tmp_path: Path) -> str:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/other.db").symlink_to("../real/store.db")
    return "links/other.db"


def of_a_directory(tmp_path: Path) -> str:
    (tmp_path / "links").symlink_to("real")
    return "links/store.db"


def of_a_link(tmp_path: Path) -> str:
    (tmp_path / "links").symlink_to("real")
    (tmp_path / "first.db").symlink_to("links/store.db")
    (tmp_path / "second.db").symlink_to("first.db")
    return "second.db"


LINKS = pytest.mark.parametrize("link", [absolute, relative, of_a_directory, of_a_link])


@LINKS
def test_a_store_made_through_a_link_is_where_the_link_leads(
    tmp_path: Path, through: Linked, words: Words, real: Path, link: Callable[[Path], str]
) -> None:
    path = link(tmp_path)
    before = {name for name in tmp_path.rglob("*") if name.is_symlink()}
    store = through(path)
    held(store, holder="me", seconds=0)
    live = held(store, seconds=0).create(words.secret("s", {"a": b"1"}), words.mark())
    assert {file.name for file in real.iterdir()} == {
        *("store.db", "store.db-wal", "store.db-shm", "store.key")
    }
    assert words.look(through("real/store.db")).objects == {live.key: live}
    store.close()
    assert {file.name for file in real.iterdir()} == {"store.db", "store.key"}
    files = {file for file in tmp_path.rglob("*") if file.is_file() and not file.is_symlink()}
    assert {file.resolve() for file in files} == {real / "store.db", real / "store.key"}
    assert {name for name in tmp_path.rglob("*") if name.is_symlink()} == before


@LINKS
def test_a_reader_through_a_link_sees_what_is_in_the_log(
    tmp_path: Path, through: Linked, words: Words, real: Path, link: Callable[[Path], str]
) -> None:
    path = link(tmp_path)
    writer = through("real/store.db")
    held(writer, holder="me", seconds=0)
    live = held(writer, seconds=0).create(words.secret("s", {"a": b"1"}), words.mark())
    assert (real / "store.db-wal").stat().st_size
    assert words.look(through(path)).objects == {live.key: live}
    other = held(through(path), seconds=0).create(words.secret("t", {"a": b"1"}), words.mark())
    assert words.look(writer).objects == {live.key: live, other.key: other}


def test_a_link_is_followed_once(tmp_path: Path, through: Linked, words: Words, real: Path) -> None:
    store = through(absolute(tmp_path))
    held(store, holder="me", seconds=0)
    live = held(store, seconds=0).create(words.secret("s", {"a": b"1"}), words.mark())
    (tmp_path / "links/store.db").unlink()
    (tmp_path / "links/store.db").symlink_to("/nowhere/store.db")
    assert words.look(store).objects == {live.key: live}
    assert (real / "store.db").exists()


@pytest.mark.parametrize("state", ["old", "new"])
def test_a_key_file_that_is_a_link_stays_one(
    tmp_path: Path, through: Linked, words: Words, real: Path, state: str
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    link = real / "store.key"
    if state == "old":
        held(through("real/store.db"), holder="me", seconds=0)
        link.rename(keys / "shop.key")
    link.symlink_to("../keys/shop.key")
    store = through("real/store.db")
    held(store, holder="me", seconds=0)
    live = held(store, seconds=0).create(words.secret("s", {"a": b"1"}), words.mark())
    old = (keys / "shop.key").read_bytes()

    done = rekey(f"sqlite:{real / 'store.db'}", {})

    assert done.key_file == str(keys / "shop.key")
    assert link.readlink() == Path("../keys/shop.key")
    assert (keys / "shop.key").read_bytes() != old
    assert {file.name for file in keys.iterdir()} == {"shop.key"}
    assert words.look(through("real/store.db")).objects == {live.key: live}


def test_a_link_says_nothing_about_who_may_read_the_store(
    tmp_path: Path, through: Linked, words: Words, real: Path
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "above").symlink_to(tmp_path)
    store = through("above/real/store.db")
    held(store, holder="me", seconds=0)
    assert words.look(store).notices == ()
    real.chmod(0o755)
    (note,) = words.look(store).notices
    assert note.code == "store-open-to-others"


def test_links_in_a_circle_are_told(tmp_path: Path, through: Linked) -> None:
    (tmp_path / "a.db").symlink_to("b.db")
    (tmp_path / "b.db").symlink_to("a.db")
    with pytest.raises(StoreError, match=r"a\.db: Too many levels"):
        through("a.db")


def test_a_key_beside_the_link_is_not_looked_for(
    tmp_path: Path, through: Linked, words: Words, real: Path
) -> None:
    path = absolute(tmp_path)
    held(through(path), holder="me", seconds=0)
    (real / "store.key").rename(tmp_path / "links/store.key")
    with pytest.raises(StoreError, match=str(real / "store.key")) as caught:
        words.look(through(path))
    assert "not beside a link" in caught.value.hint
