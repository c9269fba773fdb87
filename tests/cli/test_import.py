from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.model.objects import OwnerReference, Resource
from reconciler.stores import open_store
from tests.world import account, namespace, secret

VALUE = "not-a-real-password"
KUBECTL = "kubectl.kubernetes.io/last-applied-configuration"
DATABASE = secret(
    "database",
    {"password": VALUE, "bytes": b"\x00\xff", "pem": "-----BEGIN X-----\nabc\n-----END X-----\n"},
    immutable=True,
    labels={"team": "orders"},
    annotations={"note": "yes", KUBECTL: json.dumps({"stringData": {"password": VALUE}})},
)
OBJECTS = (
    namespace("shop", labels={"a": "b"}),
    DATABASE,
    account("robot", settings={"imagePullSecrets": [{"name": "database"}]}),
)
KEYS = ("Namespace/shop", "Secret/default/database", "ServiceAccount/default/robot")


def made(*resources: Resource) -> None:
    """What somebody else has made: no set owns it."""
    store = open_store("sqlite:.reconciler/store.db", {})
    with store.session("hand", "somebody", 60) as session:
        for resource in resources:
            session.create(resource, None)
    store.close()


def test_what_is_imported_with_values_is_taken_over_without_a_change(workplace: Any) -> None:
    made(*OBJECTS)
    done = workplace.ok("import", *KEYS, "--reveal", "--out", "all.yaml")
    assert "Wrote 3 objects to all.yaml, with values in clear." in done.err
    assert done.out == ""
    file = workplace.path / "all.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    plan = json.loads(workplace.ok("plan", "all.yaml", "--adopt", "-o", "json").out)
    assert [change["fields"] for change in plan["changes"]] == [[], [], []]
    assert [change["reasons"] for change in plan["changes"]] == [["adopt"]] * 3
    workplace.ok("apply", "all.yaml", "--adopt", "--auto-approve")
    assert workplace.run("plan", "all.yaml", "--detailed-exitcode").code == ExitCode.OK


def test_what_a_server_or_another_tool_writes_is_left_out(workplace: Any) -> None:
    made(DATABASE)
    workplace.ok("import", KEYS[1], "--reveal", "--out", "all.yaml")
    text = (workplace.path / "all.yaml").read_text()
    assert "note:" in text
    for word in (KUBECTL, "uid", "resourceVersion", "creationTimestamp", "reconciler/"):
        assert word not in text


def test_without_reveal_no_value_is_written_and_it_says_so(workplace: Any) -> None:
    made(*OBJECTS)
    done = workplace.ok("import", *KEYS, "--out", "all.yaml")
    assert "without values" in done.err
    assert "--reveal" in done.err
    text = (workplace.path / "all.yaml").read_text()
    assert VALUE not in text
    assert "BEGIN" not in text
    assert "password:" in text
    assert workplace.run("validate", "all.yaml").code == ExitCode.ERROR


@pytest.mark.parametrize("taken", ["file", "link", "directory"])
def test_nothing_is_overwritten(workplace: Any, taken: str) -> None:
    made(DATABASE)
    place = workplace.path / "all.yaml"
    if taken == "file":
        place.write_text("mine")
    elif taken == "link":
        place.symlink_to("elsewhere")
    else:
        place.mkdir()
    assert workplace.run("import", KEYS[1], "--reveal", "--out", "all.yaml").code == ExitCode.ERROR
    assert taken != "file" or place.read_text() == "mine"
    assert not (workplace.path / "elsewhere").exists()


def test_a_place_that_cannot_be_written(workplace: Any) -> None:
    made(DATABASE)
    result = workplace.run("import", KEYS[1], "--out", "nowhere/all.yaml")
    assert result.code == ExitCode.ERROR
    assert "nowhere/all.yaml: cannot be written" in result.err


def test_what_a_set_owns_is_not_imported_and_each_has_its_way(shop: Any) -> None:
    shop.ok("apply", "--auto-approve", "--set", "blue")
    shop.secret("mine", x="1")
    shop.ok("apply", "manifests/mine.yaml", "--auto-approve")
    keys = ("Secret/shop/database", "Secret/default/mine")
    result = shop.run("import", *keys, "--out", "all.yaml")
    assert result.code == ExitCode.ERROR
    assert "reconciler apply --adopt-from blue moves it" in result.err
    assert "reconciler export --target Secret/default/mine writes its manifest" in result.err
    assert not (shop.path / "all.yaml").exists()


def test_what_is_not_there(workplace: Any) -> None:
    result = workplace.run("import", "Secret/default/nope", "--out", "all.yaml")
    assert result.code == ExitCode.ERROR
    assert "the store holds no Secret/default/nope" in result.err


def test_what_was_released_can_be_imported(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.ok("release", "--all", "--auto-approve")
    shop.ok("import", "Namespace/shop", "Secret/shop/database", "--reveal", "--out", "new.yaml")
    shop.ok("apply", "new.yaml", "--set", "blue", "--adopt", "--auto-approve")
    assert shop.run("plan", "new.yaml", "--set", "blue", "--detailed-exitcode").code == 0


def test_a_controller_that_makes_the_object_is_named(workplace: Any) -> None:
    owner = OwnerReference("external-secrets.io/v1", "ExternalSecret", "db", "u-1", controller=True)
    made(replace(DATABASE, owners=(owner,)))
    done = workplace.ok("import", KEYS[1], "--out", "all.yaml")
    assert "Secret/default/database is made by ExternalSecret/db" in done.err


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("helm.sh/release.v1", "is the record of a Helm release: leave it to Helm"),
        ("bootstrap.kubernetes.io/token", "is a bootstrap token"),
    ],
)
def test_what_a_program_makes_for_itself_is_told(workplace: Any, kind: str, words: str) -> None:
    made(replace(secret("release", {"release": VALUE}), type=kind))
    done = workplace.ok("import", "Secret/default/release", "--out", "all.yaml")
    assert f"Note: Secret/default/release {words}" in done.err
    done = workplace.ok("export", "--target", "Secret/default/release")
    assert f"Note: Secret/default/release {words}" in done.err
    assert "Note:" not in done.out
    assert VALUE not in done.err
