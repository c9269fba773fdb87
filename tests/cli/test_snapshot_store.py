"""``reconciler snapshot`` and ``--store snapshot:FILE``: a plan against what somebody else saw."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.errors import StoreDamaged
from reconciler.model.fingerprints import PublicSalt
from reconciler.stores.keys import VARIABLE
from reconciler.stores.snapshot import reading
from reconciler.views.formats import Subject, formats_of

KEY = "a key for tests that is no secret"
KEYED = {VARIABLE: KEY}
WITHOUT = {VARIABLE: ""}
SHOP = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot, namespace: shop}
imagePullSecrets: [{name: registry}]
---
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  labels: {tier: back-of-the-house}
  annotations: {note: a text to be kept}
stringData: {password: not-a-real-password, url: "x"}
"""
FILE = "seen.json"
PLAN = ("plan", "--store", f"snapshot:{FILE}")


@pytest.fixture
def seen(workplace: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A place whose manifests were applied, and a snapshot taken; the key is at hand."""
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")
    workplace.write("manifests/shop.yaml", SHOP)
    workplace.ok("apply", "--auto-approve")
    workplace.ok("snapshot", "--out", FILE)
    return workplace


def change(workplace: Any, old: str, new: str) -> None:
    assert old in SHOP
    workplace.write("manifests/shop.yaml", SHOP.replace(old, new))


def document(workplace: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((workplace.path / FILE).read_bytes())
    return content


def test_a_plan_against_what_was_applied_is_empty(seen: Any) -> None:
    before = seen.files()
    shown = seen.ok(*PLAN, "--detailed-exitcode").out
    assert f"Set default, store {FILE} (snapshot)\n" in shown
    assert "compared with a snapshot of the sqlite store, taken " in shown
    assert " s ago at 20" in shown
    assert "+00:00 and commit 0123456789ab; it is for review only, apply refuses it" in shown
    assert "the seal of the snapshot was verified" in shown
    assert "No changes. 3 objects in sync." in shown
    assert seen.files() == before


FINDINGS_ONLY = {"code-quality", "github", "gitlab-terraform"}
"""Formats that tell changes, or their number, and no notices of any store."""


@pytest.mark.parametrize("output", sorted({*formats_of(Subject.PLAN)} - FINDINGS_ONLY))
def test_age_commit_and_seal_stand_in_every_format(seen: Any, output: str) -> None:
    shown = seen.ok(*PLAN, "-o", output).out
    assert "0123456789ab" in shown
    assert "the seal of the snapshot was verified" in shown


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("not-a-real-password", "another-password", "data.password"),
        ('url: "x"', 'url: "x", user: "y"', "data.user"),
        (', url: "x"', "", "data.url"),
        ("back-of-the-house", "front", "metadata.labels.tier"),
        ("a text to be kept", "another text", "metadata.annotations.note"),
        (" {note: a text to be kept}", " {}", "metadata.annotations.note"),
        ("{name: registry}", "{name: other}", "imagePullSecrets"),
    ],
)
def test_with_the_key_one_change_is_the_only_one(seen: Any, old: str, new: str, path: str) -> None:
    change(seen, old, new)
    result = seen.run(*PLAN, "--detailed-exitcode", "-o", "json")
    assert result.code == 2, result
    (updated,) = (each for each in json.loads(result.out)["changes"] if each["action"] != "no-op")
    (field,) = updated["fields"]
    assert ".".join(field["path"]).startswith(path)
    assert field.get("before") in (None, {"$value": None})  # absent, or unread: never a text
    assert not any(text in result.out for text in ("not-a-real-password", "another-password"))
    assert "back-of-the-house" not in result.out.replace(new, "")


def test_without_the_key_values_cannot_be_compared(seen: Any) -> None:
    change(seen, "tier: back-of-the-house", "tier: front, more: x")
    shown = seen.run(*PLAN, env=WITHOUT).out
    assert "~ Secret/shop/db (update: values cannot be compared; metadata differs)" in shown
    assert "cannot tell whether they differ" in shown
    assert '+ metadata.labels[more]  "x"' in shown
    assert "labels[tier]" not in shown
    assert "are compared by name, and taken to have the values in the manifests" in shown
    assert f"was not verified, since {VARIABLE} is not set" in shown
    assert "2 in sync" in shown


def test_another_key_is_as_good_as_none(seen: Any) -> None:
    shown = seen.run(*PLAN, env={VARIABLE: "quite another key, as long"}).out
    assert f"made with another key than {VARIABLE}" in shown
    assert "values cannot be compared" in shown


def test_the_store_s_own_key_makes_no_plain_value_comparable(workplace: Any) -> None:
    workplace.write("manifests/shop.yaml", SHOP)
    workplace.ok("apply", "--auto-approve")
    told = workplace.ok("snapshot", "--out", FILE).err
    assert "the fingerprints are under the store's own key" in told
    assert "values cannot be compared" in workplace.ok(*PLAN).out


def test_the_file_holds_names_and_fits_its_schema(seen: Any) -> None:
    content = document(seen)
    schema = json.loads((resources.files("reconciler") / "schemas/snapshot-v1.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    text = (seen.path / FILE).read_text(encoding="utf-8")
    for name in ("password", "url", "tier", "note", "robot", "imagePullSecrets", "Opaque"):
        assert f'"{name}"' in text
    for value in ("not-a-real-password", "back-of-the-house", "a text to be kept", "registry", KEY):
        assert value not in text
    assert (seen.path / FILE).stat().st_mode & 0o777 == 0o600


def test_values_of_any_length_take_the_same_room(seen: Any) -> None:
    before = (seen.path / FILE).stat().st_size
    change(seen, "not-a-real-password", "a much longer one " * 50)
    seen.ok("apply", "--auto-approve")
    seen.ok("snapshot", "--out", FILE)
    assert (seen.path / FILE).stat().st_size == before


@pytest.mark.parametrize("command", ["apply", "destroy", "release"])
def test_nothing_is_applied_to_a_snapshot(seen: Any, command: str) -> None:
    more = {"release": ["--all"]}.get(command, [])
    result = seen.run(command, *more, "--store", f"snapshot:{FILE}", "--auto-approve")
    assert (result.code, result.out) == (3, "")
    assert "this store can only be read, and its plans are for review" in result.err


def test_a_saved_plan_is_shown_and_not_applied(seen: Any) -> None:
    change(seen, "not-a-real-password", "another-password")
    seen.ok(*PLAN, "--out", "review.plan")
    assert "for review only" in seen.ok("show", "review.plan").out
    assert seen.run("apply", "review.plan", "--store", f"snapshot:{FILE}").code == 3


def test_the_commands_that_only_read(seen: Any) -> None:
    assert "Secret/shop/db" in seen.ok("get", "--store", f"snapshot:{FILE}").out
    assert "No drift" in seen.ok("drift", "--store", f"snapshot:{FILE}").out
    for more in (["--reveal", "--out", "out.yaml"], []):
        result = seen.run("export", *more, "--store", f"snapshot:{FILE}")
        assert result.code == 1
        assert "this store" in result.err
    assert not (seen.path / "out.yaml").exists()
    result = seen.run("snapshot", "--store", f"snapshot:{FILE}", "--out", "again.json")
    assert result.code == 1
    assert not (seen.path / "again.json").exists()


def test_what_is_pruned_is_seen(seen: Any) -> None:
    change(seen, SHOP[SHOP.index("---\napiVersion: v1\nkind: Secret") :], "")
    result = seen.run(*PLAN, "--prune", "--allow-empty", "-o", "json")
    (gone,) = (each for each in json.loads(result.out)["changes"] if each["action"] == "delete")
    assert gone["removal"]["keys"] == ["password", "url"]


def test_a_live_object_that_may_not_be_deleted(seen: Any) -> None:
    protected = SHOP.replace("{note:", '{reconciler/prevent-destroy: "true", note:')
    seen.write("manifests/shop.yaml", protected)
    seen.ok("apply", "--auto-approve")
    seen.ok("snapshot", "--out", FILE)
    change(seen, SHOP[SHOP.index("---\napiVersion: v1\nkind: Secret") :], "")
    result = seen.run(*PLAN, "--prune", "--allow-empty")
    assert result.code == 3
    assert "Secret/shop/db may not be deleted" in result.out


def test_what_no_manifest_named_is_known_by_name_alone(seen: Any) -> None:
    other = SHOP[SHOP.index("apiVersion: v1\nkind: Secret") :].replace("name: db", "name: other")
    seen.write("other/other.yaml", other)
    seen.ok("apply", "other", "--set", "other", "--auto-approve")
    seen.ok("snapshot", "--out", FILE)
    text = (seen.path / FILE).read_text(encoding="utf-8")
    assert '"other"' in text
    result = seen.run(*PLAN, "manifests", "other")
    assert result.code == 3
    assert "the snapshot has only its name" in result.out


def test_other_objects_are_asked_for(seen: Any, wrap_store: Callable[..., None]) -> None:
    scopes = []

    class Listening:
        def __init__(self, real: Any) -> None:
            self.real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

        def read(self, scope: Any) -> Any:
            scopes.append(scope)
            return self.real.read(scope)

    wrap_store(Listening)
    seen.ok("snapshot", "--out", "other.json")
    assert [scope.surroundings for scope in scopes] == [True]


def test_a_snapshot_is_of_one_set(seen: Any) -> None:
    result = seen.run(*PLAN, "--set", "other")
    assert result.code == 1
    assert "is a snapshot of the set default, not other" in result.err


def test_a_store_that_does_not_exist(workplace: Any) -> None:
    workplace.write("manifests/shop.yaml", SHOP)
    result = workplace.run("snapshot", "--out", FILE)
    assert result.code == 1
    assert "the store does not exist" in result.err
    assert not (workplace.path / FILE).exists()


def test_a_salt_that_everybody_can_read_protects_nothing(
    seen: Any, wrap_store: Callable[..., None]
) -> None:
    class Open:
        def __init__(self, real: Any) -> None:
            self.real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

        def read(self, scope: Any) -> Any:
            return replace(self.real.read(scope), fingerprint_key=PublicSalt(bytes(32)))

    wrap_store(Open)
    result = seen.run("snapshot", "--out", "other.json")
    assert result.code == 1
    assert "could test guesses" in result.err
    assert not (seen.path / "other.json").exists()


@pytest.mark.parametrize("place", ["objects", "bystanders", "created", "commit", "set"])
def test_who_changes_the_file_without_the_key_is_told(seen: Any, place: str) -> None:
    content = document(seen)
    altered = {"objects": [], "bystanders": [], "created": "2020-01-01T00:00:00Z", "commit": "ab"}
    content[place] = altered.get(place, "other")
    seal = content.pop("seal")
    text = json.dumps(content, separators=(",", ":"))[:-1]
    seen.write(FILE, f'{text},"seal":"{seal}"}}\n')
    result = seen.run(*PLAN, "--set", content["set"])
    assert result.code == 1
    assert "was changed after the snapshot was taken" in result.err
    assert (
        "the seal of the snapshot was not verified"
        in seen.run(*PLAN, "--set", content["set"], env=WITHOUT).out
    )


def test_what_follows_the_seal_is_no_part_of_the_snapshot(seen: Any) -> None:
    file = seen.path / FILE
    file.write_bytes(file.read_bytes() + b" ")
    assert "was changed after" in seen.run(*PLAN).err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no snapshot, or is damaged"),
        (b"{", "is no snapshot, or is damaged"),
        (b"[" * 100_000, "is no snapshot, or is damaged"),
        (b"\xff\xfe", "is no snapshot, or is damaged"),
        (b"null", "its format is not reconciler.snapshot/v1"),
        (b"[]", "its format is not reconciler.snapshot/v1"),
        (b'{"format": "reconciler.snapshot/v2"}', "its format is not reconciler.snapshot/v1"),
        (b'{"format": "reconciler.snapshot/v1"}', "are missing"),
    ],
)
def test_what_is_no_snapshot(workplace: Any, content: bytes, words: str) -> None:
    (workplace.path / FILE).write_bytes(content)
    workplace.secret("a", token="not-a-real-token")
    result = workplace.run(*PLAN)
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert "Traceback" not in result.err


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a JSON document."""
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    children = (
        places(child, (*path, name)) if isinstance(child, (dict, list)) else [(*path, name)]
        for name, child in inside
    )
    return [path, *(each for paths in children for each in paths)]


@pytest.mark.parametrize("wrong", [None, 7, "\x1b[31m::error::", [1], {"\x1b": 1}, True])
def test_anything_in_the_wrong_place_is_an_error_or_harmless(seen: Any, wrong: Any) -> None:
    whole = document(seen)
    for path in places(whole)[1:]:
        content = json.loads(json.dumps(whole))
        node = content
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = wrong
        file = seen.path / FILE
        file.write_text(json.dumps(content), encoding="utf-8")
        with suppress(StoreDamaged):  # any other error fails the test
            assert reading.load(FILE).seen.scheme == "sqlite", path


@pytest.mark.parametrize(
    "path", [("objects", 2, "name"), ("objects", 2, "applied", "set"), ("objects", 2, "uid")]
)
def test_hostile_text_stays_text(seen: Any, path: tuple[Any, ...]) -> None:
    content = document(seen)
    node: Any = content
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = "\x1b[31m\n::error::evil"
    seen.write(FILE, json.dumps(content))
    for output in ("text", "markdown", "json"):
        result = seen.run(*PLAN, "-o", output, "--prune", "--allow-empty", env=WITHOUT)
        assert "Traceback" not in result.err
        assert "\x1b" not in result.out + result.err
        assert "\n::error" not in result.out + result.err


def test_an_object_stands_there_once(seen: Any) -> None:
    content = document(seen)
    content["objects"] *= 2
    seen.write(FILE, json.dumps(content))
    assert "objects: an object stands there twice" in seen.run(*PLAN).err


def test_a_file_that_is_none(workplace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workplace.secret("a", token="not-a-real-token")
    os.mkfifo(workplace.path / "pipe")
    (workplace.path / "directory").mkdir()
    for name, words in (
        ("pipe", "pipe is not a file"),
        ("directory", "directory cannot be read: Is a directory"),
        ("absent", "absent cannot be read: No such file"),
        ("", "the store snapshot: needs a file"),
    ):
        result = workplace.run("plan", "--store", f"snapshot:{name}")
        assert result.code == 1
        assert words in result.err
    monkeypatch.setattr(reading, "MOST_BYTES", 1024 * 1024)
    with Path("large").open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    assert "has more than 1 MiB" in workplace.run("plan", "--store", "snapshot:large").err
