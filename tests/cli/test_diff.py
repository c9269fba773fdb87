"""``reconciler diff``: two environments, and no value."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

PAIR = ("diff", "--env", "staging", "--env", "eu-1")
TWO = """\
defaults: {set: shop}
environments:
  staging: {store: "sqlite:staging.db", manifests: staging}
  eu-1: {store: "sqlite:eu-1.db", manifests: eu-1, after: staging}
  eu-2: {store: "sqlite:eu-2.db", manifests: eu-1, after: eu-1, namespace: other}
"""
CANARIES = ("canary-shared", "canary-staging", "canary-eu-1")


def schema(name: str) -> Any:
    return json.loads((resources.files("reconciler") / f"schemas/{name}-v1.json").read_text())


SCHEMA = Draft202012Validator(
    schema("difference"),
    registry=Registry().with_resource(
        "urn:reconciler:plan:v1", Resource.from_contents(schema("plan"))
    ),
)


@pytest.fixture
def two(workplace: Any) -> Any:
    workplace.write("reconciler.yaml", TWO)
    for name in ("staging", "eu-1"):
        head = f"  labels: {{tier: {name}, copy: canary-{name}}}\n"
        workplace.secret(
            "database",
            file=f"{name}/database.yaml",
            head=head,
            password=f"canary-{name}",
            user="canary-shared",
            **{f"only-{name}": "canary-shared"},
        )
        workplace.secret("shared", file=f"{name}/shared.yaml", token="canary-shared")
    workplace.secret("old", file="staging/old.yaml", token="canary-staging")
    workplace.secret("new", file="eu-1/new.yaml", token="canary-eu-1")
    return workplace


def document(workplace: Any, *args: str, code: int = 0) -> Any:
    result = workplace.run(*args, "-o", "json")
    assert result.code == code, result
    shown = json.loads(result.out)
    SCHEMA.validate(shown)
    assert not [canary for canary in CANARIES if canary in result.out + result.err]
    return shown


def states(shown: Any) -> dict[str, str]:
    return {each["key"]["name"]: each["state"] for each in shown["objects"]}


def fields(shown: Any, name: str) -> dict[str, str]:
    (item,) = [each for each in shown["objects"] if each["key"]["name"] == name]
    return {field["field"]: field["change"] for field in item["fields"]}


def test_objects_and_fields_that_differ(two: Any) -> None:
    shown = document(two, *PAIR)
    assert (shown["before"], shown["after"]) == ("staging", "eu-1")
    assert states(shown) == {
        "database": "changed",
        "new": "added",
        "old": "removed",
        "shared": "equal",
    }
    assert shown["summary"] == {"removed": 1, "added": 1, "changed": 1, "equal": 1}
    assert fields(shown, "database") == {
        "data[only-eu-1]": "added",
        "data[only-staging]": "removed",
        "data[password]": "changed",
        "metadata.labels[copy]": "changed",
        "metadata.labels[tier]": "changed",
    }
    database, new, old, shared = shown["objects"]
    assert database["equalKeys"] == ["user"]
    assert shared["equalKeys"] == ["token"]
    assert (new["before"], old["after"]) == (None, None)
    assert (new["after"]["file"], old["before"]["file"]) == ("eu-1/new.yaml", "staging/old.yaml")


@pytest.mark.parametrize("output", ["text", "markdown"])
def test_formats_for_people_show_names_and_numbers(two: Any, output: str) -> None:
    result = two.ok(*PAIR, "-o", output, "--report", "json=report.json")
    for shown in ("data[password]", "(value #", "copy", "eu-1/database.yaml:1", "staging/old.yaml"):
        assert shown in result.out
    assert "Secret/default/shared" not in result.out
    whole = result.out + result.err + Path("report.json").read_text(encoding="utf-8")
    assert not [canary for canary in CANARIES if canary in whole]


def test_text_says_what_is_equal_if_asked(two: Any) -> None:
    assert "data[user]" not in two.ok(*PAIR).out
    verbose = two.ok(*PAIR, "-v").out
    assert "= Secret/default/shared (equal)" in verbose
    assert "= data[user]" in verbose
    quiet = two.ok(*PAIR, "-q").out
    assert quiet == "Difference: 1 only in eu-1, 1 only in staging, 1 changed; 1 equal.\n"


def test_the_order_of_the_command_line_says_which_side_is_new(two: Any) -> None:
    turned = document(two, "diff", "--env", "eu-1", "--env", "staging")
    assert (turned["before"], turned["after"]) == ("eu-1", "staging")
    assert states(turned)["new"] == "removed"


@pytest.mark.parametrize(("more", "code"), [((), 0), (("--detailed-exitcode",), 2)])
def test_the_exit_code(two: Any, more: tuple[str, ...], code: int) -> None:
    document(two, *PAIR, *more, code=code)
    two.write("reconciler.yaml", TWO.replace("manifests: eu-1", "manifests: staging"))
    shown = document(two, *PAIR, *more)
    assert set(states(shown).values()) == {"equal"}
    assert "No differences. 3 objects equal." in two.ok(*PAIR).out


def test_each_environment_has_its_settings(two: Any) -> None:
    shown = document(two, "diff", "-e", "eu-1", "-e", "eu-2")
    assert {each["key"]["namespace"] for each in shown["objects"]} == {"default", "other"}
    assert set(states(document(two, "diff", "-e", "eu-*", "-n", "same")).values()) == {"equal"}


def test_sources_are_read_as_for_a_plan(two: Any) -> None:
    text = TWO.replace("manifests: staging", "manifests: [{run: [cat, staging/old.yaml]}]")
    two.write("reconciler.yaml", text)
    refused = two.run(*PAIR)
    assert (refused.code, refused.out) == (1, "")
    shown = document(two, *PAIR, "--allow-run")
    assert [name for name, state in states(shown).items() if state == "removed"] == ["old"]


def test_annotations_that_steer_an_apply_hide_nothing(two: Any) -> None:
    head = (
        "  annotations: {reconciler/create-only: 'true', reconciler/ignore-keys: '*'}\n"
        "immutable: true\n"
    )
    two.secret("shared", file="staging/shared.yaml", head=head, token="canary-staging")
    two.secret("shared", file="eu-1/shared.yaml", head=head, token="canary-eu-1")
    assert fields(document(two, *PAIR), "shared") == {"data[token]": "changed"}


def test_no_store_is_opened(two: Any) -> None:
    two.ok(*PAIR, env={"RECONCILER_STORE": "sqlite:nowhere/store.db"})
    assert not [name for name in two.files() if name.endswith(".db")]


def test_what_is_wrong_is_reported_for_both_at_once(two: Any) -> None:
    for name in ("staging", "eu-1"):
        two.write(f"{name}/broken.yaml", "kind: [\n")
    result = two.run(*PAIR)
    assert (result.code, result.out) == (1, "")
    for name in ("staging", "eu-1"):
        assert f"{name}:\n{name}/broken.yaml:" in result.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "none was chosen"),
        (("-e", "staging"), "compares two environments, and these were chosen: staging"),
        (("-e", "staging", "-e", "staging"), "these were chosen: staging\n"),
        (("-e", "*"), "these were chosen: staging, eu-1, eu-2"),
        (("-e", "staging", "-e", "absent"), "no such environment: 'absent'"),
    ],
)
def test_two_environments_must_be_chosen(two: Any, args: tuple[str, ...], words: str) -> None:
    result = two.run("diff", *args)
    assert (result.code, result.out) == (1, "")
    assert words in result.err


def test_a_file_without_environments_has_nothing_to_compare(shop: Any) -> None:
    result = shop.run("diff")
    assert result.code == 1
    assert "compares two environments, and there are none" in result.err
