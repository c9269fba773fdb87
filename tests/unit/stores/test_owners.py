"""A store that another user may have put there is neither read nor written without a word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.errors import StoreError
from reconciler.stores.sqlite.opening import rekey
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]
Given = Callable[[Path], None]
OTHER = 65534
KEY = bytes(range(32)).hex()


@pytest.fixture
def given_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """Makes a file another user's. Where only root can, this process becomes another user's."""
    changed: list[Path] = []

    def give(path: Path) -> None:
        if os.geteuid() == 0:
            os.lchown(path, OTHER, -1)
            changed.append(path)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: OTHER)

    yield give
    for path in changed:
        if path.is_symlink() or path.exists():
            os.lchown(path, 0, -1)


@pytest.fixture
def filled(store: EmbeddedStore, words: Words) -> EmbeddedStore:
    held(store, seconds=0).create(words.secret("s", {"a": b"1"}), words.mark())
    store.close()
    return store


def contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


def refused(opened: Opener, words: Words, place: Path, **environ: str) -> str:
    """The message with which reading, writing and a new key are refused."""
    messages = set()
    for call in (
        lambda: words.look(opened(**environ), words.key("s")),
        lambda: held(opened(**environ), holder="me", seconds=0),
        lambda: held(opened(**environ), seconds=0).create(words.secret("t"), words.mark()),
        lambda: held(opened(**environ), seconds=0).fingerprint_key,
        lambda: rekey(f"sqlite:{place / 'store.db'}", environ),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert "RECONCILER_STORE_KEY" in caught.value.hint
        messages.add(caught.value.message)
    (message,) = messages
    return message


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ["store.db", "store.key", "."])
def test_what_is_another_users_is_refused(
    opened: Opener, words: Words, place: Path, given_away: Given, name: str
) -> None:
    before = contents(place)
    given_away(place / name)
    message = refused(opened, words, place)
    if os.geteuid() == 0:
        assert f"{place / name} belongs to" in message
        assert "nobody" in message or str(OTHER) in message
    assert contents(place) == before


@pytest.mark.usefixtures("filled")
def test_a_new_key_that_another_user_has_put_there_is_refused(
    opened: Opener, words: Words, place: Path, given_away: Given
) -> None:
    (place / "store.key.new").write_text(KEY)
    given_away(place / "store.key.new")
    assert "belongs to" in refused(opened, words, place)


def test_no_store_is_made_in_a_directory_of_another_user(
    opened: Opener, words: Words, place: Path, given_away: Given
) -> None:
    place.mkdir(mode=0o777)
    given_away(place)
    assert "belongs to" in refused(opened, words, place)
    assert contents(place) == {}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ["made", "made/store.key", "made/store.db"])
def test_a_link_that_another_user_has_put_there_is_refused(
    opened: Opener, words: Words, place: Path, given_away: Given, name: str
) -> None:
    """Where a link leads may be the user's own: a file of which others know the content."""
    link = place.parent / name
    target = place.parent / f"own-{link.name}"
    link.rename(target)
    if name.endswith("store.db"):
        (place / "store.key").rename(place.parent / "own-store.key")
    link.symlink_to(target)
    words.look(opened())
    given_away(link)
    message = refused(opened, words, place)
    if os.geteuid() == 0:
        assert f"{link} belongs to" in message


@pytest.mark.usefixtures("filled")
def test_links_on_the_way_to_a_link_count_too(
    opened: Opener, words: Words, place: Path, given_away: Given
) -> None:
    real, first = place.parent / "real", place.parent / "first"
    place.rename(real)
    first.symlink_to("real")
    place.symlink_to("first")
    words.look(opened())
    given_away(first)
    assert "belongs to" in refused(opened, words, place)


@pytest.mark.parametrize("state", ["old", "new"])
def test_whoever_gives_the_key_means_the_store(
    opened: Opener, words: Words, place: Path, given_away: Given, state: str
) -> None:
    place.mkdir(mode=0o700)
    if state == "old":
        held(opened(RECONCILER_STORE_KEY=KEY), holder="me", seconds=0)
    given_away(place)
    store = opened(RECONCILER_STORE_KEY=KEY)
    held(store, holder="me", seconds=0)
    live = held(store, seconds=0).create(words.secret("s", {"a": b"1"}), words.mark())
    snapshot = words.look(store)
    assert snapshot.objects == {live.key: live}
    (note,) = snapshot.notices
    assert note.code == "store-open-to-others"
    assert "made" in note.message


@pytest.mark.usefixtures("filled")
def test_the_file_of_a_planted_key_can_be_named_as_the_one_that_is_meant(
    opened: Opener, words: Words, place: Path, given_away: Given
) -> None:
    given_away(place / "store.key")
    store = opened(RECONCILER_STORE_KEY_FILE=str(place / "store.key"))
    assert words.key("s") in words.look(store).objects


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else before sudo")
@pytest.mark.usefixtures("filled")
def test_sudo_leaves_the_user_who_called_it_at_home(
    opened: Opener, words: Words, place: Path, given_away: Given
) -> None:
    for path in (place, *place.iterdir()):
        given_away(path)
    assert "belongs to" in refused(opened, words, place, SUDO_UID="1")
    assert "belongs to" in refused(opened, words, place, SUDO_UID="")
    store = opened(SUDO_UID=str(OTHER))
    assert words.key("s") in words.look(store).objects
    held(store, holder="me", seconds=0)
    assert words.look(store).notices == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.usefixtures("filled")
def test_who_is_not_root_cannot_be_somebody_elses_by_a_variable(
    opened: Opener, words: Words, place: Path, given_away: Given
) -> None:
    for path in place.iterdir():
        path.chmod(0o644)
        given_away(path)
    place.chmod(0o755)
    for parent in place.parents[:-2]:
        parent.chmod(0o755)
    os.seteuid(OTHER - 1)
    try:
        with pytest.raises(StoreError, match="belongs to"):
            words.look(opened(SUDO_UID=str(OTHER)))
    finally:
        os.seteuid(0)
