"""Generated values, as users of the command line meet them: nothing that is said holds one."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import Any

import pytest

from reconciler.model.objects import ObjectKey
from reconciler.model.store import Scope
from reconciler.stores import open_store

KEY = ObjectKey("Secret", "default", "db")
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations:
    reconciler/generate.password: "alnum; length=40"
    reconciler/generate.token: hex
    reconciler/generate.raw: "bytes; bytes=48"
    reconciler/generate.id: "ssh-ed25519; public=id.pub"
    reconciler/generate.tls.key: "tls; certificate=tls.crt; cn=db; days=20"
"""
GENERATED = "(generated at apply)"
APPLY = ("apply", "--auto-approve")
ROTATE = ("--rotate", "Secret/default/db:password")


@pytest.fixture
def generating(workplace: Any) -> Any:
    workplace.write("manifests/db.yaml", MANIFEST)
    return workplace


def values() -> dict[str, bytes]:
    with closing(open_store("sqlite:.reconciler/store.db", {})) as store:
        held = store.read(Scope("default", frozenset([KEY]))).objects
        return {name: value.reveal() for name, value in held[KEY].data.items()}


def assert_none_in(text: str) -> None:
    for name, value in values().items():
        if name in {"id.pub", "tls.crt"}:
            continue
        for line in value.splitlines() or [value]:
            if line.startswith(b"-----"):
                continue
            forms = (line.decode("latin-1"), base64.b64encode(line).decode().rstrip("="))
            assert not [form for form in forms if form in text], name


def test_no_command_says_a_generated_value(generating: Any) -> None:
    said = [generating.ok("plan", "--out", "p.plan", "--allow-weak-plan")]
    assert said[0].out.count(GENERATED) == 7
    saved = (generating.path / "p.plan").read_text()
    said.append(generating.ok(*APPLY, "p.plan", "-o", "json"))
    for output in ("text", "json", "markdown"):
        said += [generating.ok("plan", "-o", output), generating.ok("plan", *ROTATE, "-o", output)]
        said.append(generating.ok("drift", "-o", output))
    said += [generating.ok(*command) for command in (["export"], ["get"], ["graph"])]
    said += [generating.ok("history"), generating.ok("validate", "--store", "sqlite:x.db")]
    said.append(generating.ok("export", "--reveal", "--out", "db.yaml"))
    exported = (generating.path / "db.yaml").read_text()
    assert "reconciler/generate.password" in exported
    assert_none_in("".join([saved, exported, *(result.out + result.err for result in said)]))


def test_a_second_plan_is_empty_and_only_a_rotation_changes_the_value(generating: Any) -> None:
    generating.ok(*APPLY)
    first = values()
    assert generating.run("plan", "--detailed-exitcode").code == 0
    generating.ok(*APPLY)
    assert values() == first
    plan = json.loads(generating.ok("plan", *ROTATE, "-o", "json").out)
    assert plan["options"]["rotates"] == [{**KEY._asdict(), "key": "password"}]
    (change,) = plan["changes"]
    assert change["patch"][0]["value"] == {"$generated": True}
    assert [note["code"] for note in change["notes"]] == ["only-copy-lost"]
    generating.ok("plan", *ROTATE, "--out", "r.plan")
    generating.ok(*APPLY, "r.plan")
    second = values()
    assert {name for name in first if first[name] != second[name]} == {"password"}
    stale = generating.run(*APPLY, "r.plan")
    assert stale.code == 4
    assert values() == second


def test_a_saved_plan_is_stale_when_the_recipe_changes(generating: Any) -> None:
    generating.ok("plan", "--out", "p.plan", "--allow-weak-plan")
    generating.write("manifests/db.yaml", MANIFEST.replace("length=40", "length=41"))
    assert generating.run(*APPLY, "p.plan").code == 4


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_every_format_says_that_the_only_copy_goes(generating: Any, output: str) -> None:
    generating.ok(*APPLY)
    (generating.path / "manifests/db.yaml").unlink()
    generating.secret("other", k="v")
    said = generating.ok("plan", "--prune", "-o", output).out
    assert "it deletes the only copy of what was generated for" in said


def test_a_rotation_of_an_unknown_key_is_an_error(generating: Any) -> None:
    result = generating.run("plan", "--rotate", "secret/default/db:pasword")
    assert result.code == 1
    assert "did you mean Secret/default/db:password?" in result.err
    assert generating.run("plan", "--rotate", "secret/default/db:").code == 1


def test_errors_name_their_place_all_at_once(workplace: Any) -> None:
    text = MANIFEST.replace("length=40", "length=4").replace("hex", "words")
    workplace.write("manifests/db.yaml", text + "stringData: {raw: canary-9f1c}\n")
    result = workplace.run("validate")
    assert result.code == 1
    said = result.out + result.err
    for line in (6, 7, 8):
        assert f"manifests/db.yaml:{line}:" in said
    assert said.count("generate-invalid") == 3
    assert "canary" not in said


def test_what_a_workload_uses_may_be_generated(generating: Any) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {
            "containers": [
                {
                    "name": "web",
                    "image": "web:1",
                    "env": [
                        {
                            "name": name.upper(),
                            "valueFrom": {"secretKeyRef": {"name": "db", "key": name}},
                        }
                        for name in ("password", "passwort")
                    ],
                }
            ]
        },
    }
    generating.write("manifests/web.json", json.dumps(pod))
    said = generating.run("validate")
    warned = said.out + said.err
    assert "'passwort'" in warned
    assert "'password'" not in warned


def test_a_certificate_that_ends_soon_is_reported(generating: Any) -> None:
    text = MANIFEST.replace("days=20", "days=1")
    generating.write("manifests/db.yaml", text)
    generating.ok(*APPLY)
    assert "generated-certificate-expiring" not in generating.ok("plan", "-o", "json").out
