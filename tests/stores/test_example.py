"""What the contract does not ask of the store in ``examples/store``."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from reconciler.errors import ConfigError, StoreDamaged, StoreError
from reconciler.model.objects import Live
from reconciler.model.opening import StoreChoice
from reconciler.model.plans import Precondition
from reconciler.stores import check, open_store
from tests.stores.words import Subject, Words
from tests.world import account, secret

CANARY = b"canary-7f3a9c-value"


def files_of(subject: Subject) -> list[Path]:
    return sorted(Path(subject.url.removeprefix("files:")).iterdir())


@pytest.fixture
def live(example_subject: Subject) -> Live:
    session = example_subject.session()
    return session.create(Words().secret("s", {"password": CANARY}), Words.mark())


@pytest.mark.usefixtures("live")
def test_no_file_holds_a_value_and_nobody_else_may_read_one(example_subject: Subject) -> None:
    files = files_of(example_subject)
    assert "default_s.secret" in {path.name for path in files}
    assert not any(CANARY in path.read_bytes() for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.usefixtures("live")
def test_another_key_opens_nothing(example_subject: Subject) -> None:
    environ = {"RECONCILER_FILES_KEY": Fernet.generate_key().decode()}
    store = open_store(example_subject.url, environ)
    with pytest.raises(StoreDamaged, match="does not open"):
        Words.look(store)


def test_a_file_under_another_name_is_refused(example_subject: Subject, live: Live) -> None:
    (path,) = (path for path in files_of(example_subject) if path.name == "default_s.secret")
    path.rename(path.with_name("default_t.secret"))
    with pytest.raises(StoreDamaged, match=r"default_t\.secret"):
        Words.look(example_subject.open(), live.key)


def test_a_delete_that_is_repeated_finds_its_copy(example_subject: Subject, live: Live) -> None:
    session, _ = example_subject.sessions[0]
    for _ in range(2):
        session.delete(live.key, Precondition.of(live), keep_copy=True)
    assert Words.look(example_subject.open()).copies[live.key].data == live.data


def test_the_copy_of_another_sets_object_is_that_of_the_session(
    example_subject: Subject, live: Live
) -> None:
    taker = example_subject.session(set_name="other")
    taker.delete(live.key, Precondition.of(live), keep_copy=True)
    store = example_subject.open()
    assert not Words.look(store).copies
    (copy,) = Words.look(store, set_name="other").copies.values()
    assert copy.applied == Words.mark(set_name="other")
    assert copy.data == live.data


def test_a_directory_that_cannot_be_made_is_an_error_of_the_store(
    example_subject: Subject, tmp_path: Path
) -> None:
    (tmp_path / "made").write_text("a file")
    with pytest.raises(StoreError, match="refused a call"):
        example_subject.session()


@pytest.mark.parametrize("key", ["", "canary-not-a-key"])
def test_without_a_key_it_is_not_opened(example_subject: Subject, key: str) -> None:
    with pytest.raises(ConfigError, match="RECONCILER_FILES_KEY") as caught:
        open_store(example_subject.url, {"RECONCILER_FILES_KEY": key})
    assert "canary" not in caught.value.message


def test_what_it_cannot_keep_is_refused_before_it_is_opened(example_subject: Subject) -> None:
    desired = [secret("s"), secret("n" * 181), secret("", generate_name="n" * 176), account("a")]
    problems = check(StoreChoice(example_subject.url), desired)
    assert [problem.code for problem in problems] == ["files-name", "files-name", "files-kind"]
