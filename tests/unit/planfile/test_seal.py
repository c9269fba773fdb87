"""A seal holds for the very bytes of a file, under the key that it was made with."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler import planfile
from reconciler.errors import PlanFileError
from reconciler.model.fingerprints import Fingerprinter, PublicSalt
from reconciler.planfile import PlanFile, SavedPlan, Standing
from tests.world import FINGERPRINTS, IN_HAND, in_sync, planned, secret, snapshot, stale_lines

KEY = FINGERPRINTS.key
LATER = datetime(2026, 11, 22, 8, tzinfo=UTC)


def saved_under(key: bytes, salt: str = "") -> SavedPlan:
    (old,) = in_sync(secret("gone", {"k": "v"}))
    plan, _ = planned([secret("a", {"k": "v"})], snapshot(old), prune=True)
    return planfile.saved_plan(
        plan, ("manifests",), salt, Fingerprinter(key), store="sqlite:a.db", created="now"
    )


def written(path: Path, key: bytes = KEY, salt: str = "") -> PlanFile:
    planfile.save(saved_under(key, salt), path, key)
    return planfile.load(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "saved.plan"


def test_a_file_as_it_was_written_is_verified(path: Path) -> None:
    assert planfile.standing_of(written(path), KEY) is Standing.VERIFIED


def test_another_key_verifies_nothing(path: Path) -> None:
    assert planfile.standing_of(written(path), b"o" * 32) is Standing.OTHER_KEY


def test_a_derived_key_verifies_nothing_but_betrays_a_change(path: Path) -> None:
    assert planfile.standing_of(written(path, salt="00"), KEY) is Standing.DERIVED_KEY
    path.write_bytes(path.read_bytes().replace(b'"prune": true', b'"adopt": true'))
    assert planfile.standing_of(planfile.load(path), KEY) is Standing.ALTERED


def test_a_key_that_everybody_may_read_verifies_nothing(path: Path) -> None:
    salt = PublicSalt(KEY)
    assert planfile.standing_of(written(path, salt), salt) is Standing.PUBLIC_KEY


def test_the_seal_of_another_plan_does_not_fit(path: Path) -> None:
    file = written(path)
    other = path.with_name("other.plan")
    planfile.save(replace(file.saved, manifests=("elsewhere",)), other, KEY)
    path.write_text(path.read_text().replace(file.seal, planfile.load(other).seal))
    assert planfile.standing_of(planfile.load(path), KEY) is Standing.ALTERED


def test_the_same_document_in_another_layout_is_altered(path: Path) -> None:
    written(path)
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert planfile.standing_of(planfile.load(path), KEY) is Standing.ALTERED


@pytest.mark.parametrize("more", ['{"seal": "x",', '{"prune": true,', "{ "])
def test_nothing_can_be_put_before_or_behind(path: Path, more: str) -> None:
    written(path)
    text = path.read_text()
    for content in (more + text[1:], text + " ", text[:-3] + " " + text[-3:]):
        path.write_text(content)
        assert planfile.standing_of(planfile.load(path), KEY) is Standing.ALTERED


def mutations(content: bytes) -> Iterator[bytes]:
    """Each byte in one of these ways: a bit flipped, another one, dropped, doubled, spaced."""
    chance = random.Random("plans")  # noqa: S311 - the same mutants in each run
    for place, byte in enumerate(content):
        others = [
            bytes([byte ^ (1 << chance.randrange(7))]),
            bytes([chance.randrange(0x20, 0x7F)]),
            b"",
            bytes([byte, byte]),
            b" " + bytes([byte]),
        ]
        yield content[:place] + others[place % len(others)] + content[place + 1 :]


def test_no_mutation_of_any_byte_passes_for_the_plan(path: Path) -> None:
    """What is not damaged is altered, or says itself that its fingerprints have another key."""
    file = written(path)
    content = path.read_bytes()
    count = 0
    for mutant in mutations(content):
        if mutant == content:
            continue
        count += 1
        path.write_bytes(mutant)
        try:
            loaded = planfile.load(path)
        except PlanFileError:
            continue
        result = planfile.standing_of(loaded, KEY)
        if loaded.saved.key_check == file.saved.key_check:
            assert result is Standing.ALTERED, mutant
        else:
            assert result is Standing.OTHER_KEY, mutant
    assert count > 2500


def test_a_plan_whose_key_check_was_changed_is_never_as_it_was(path: Path) -> None:
    saved = replace(written(path).saved, key_check="0" * 32)
    (old,) = in_sync(secret("gone", {"k": "v"}))
    fresh, _ = planned([secret("a", {"k": "v"})], snapshot(old), prune=True)
    assert fresh.options != IN_HAND
    assert stale_lines(saved, fresh, FINGERPRINTS) != ()


@pytest.mark.parametrize(
    ("standing", "expires", "messages"),
    [
        (Standing.VERIFIED, "", ["plan file verified"]),
        (None, "2026-11-22T09:00:00+00:00", ["expires at 2026-11-22T09:00:00+00:00"]),
        (None, "2026-11-22T08:00:00+00:00", ["expired at 2026-11-22T08:00:00+00:00"]),
        (None, "2026-11-22T09:00:00+02:00", ["expired at 2026-11-22T09:00:00+02:00"]),
        (None, "", []),
    ],
)
def test_what_a_reviewer_should_know_of_the_file(
    standing: Standing | None, expires: str, messages: list[str]
) -> None:
    assert [note.message for note in planfile.origin_notes(standing, expires, LATER)] == messages


@pytest.mark.parametrize(
    ("url", "saved"),
    [
        ("sqlite:.reconciler/store.db", "sqlite:.reconciler/store.db"),
        ("kubernetes:admin@prod", "kubernetes:admin@prod"),
        ("sqlite://user:pw@h/", "sqlite://h/"),
        ("docker:tcp://user:p@ss/w@host:2376", "docker:tcp://host:2376"),
        ("docker:tcp://token@host:2376", "docker:tcp://host:2376"),
        ("docker:ssh://deploy@host", "docker:ssh://deploy@host"),
        ("docker:ssh://deploy:pw@host", "docker:ssh://deploy@host"),
        ("sae://cn-beijing?endpoint=x&names=hyphens", "sae://cn-beijing?endpoint=x&names=hyphens"),
        ("new://host?api_token=t&a=1#Password=p", "new://host?a=1"),
        ("new://host?a=1&secretKey=t", "new://host?a=1"),
    ],
)
def test_credentials_are_no_part_of_a_saved_url(url: str, saved: str) -> None:
    assert planfile.without_credentials(url) == saved
    assert planfile.without_credentials(saved) == saved
