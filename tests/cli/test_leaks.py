"""Recognisable values go in; no stream and no file that a command leaves behind may hold one."""

from __future__ import annotations

import base64
import binascii
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Precondition
from reconciler.model.store import Scope
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from reconciler.views.formats import Subject, formats_of
from tests.world import held

CANARIES = {
    "plain": b"canary-PLAIN-7f3a91",
    "changed": b"canary-CHANGED-58be02",
    "binary": b"canary\x00\xff\xfeBINARY-aa10",
    "unicode": "canary-UNI-ß→漢-c0ffee".encode(),
    "token": b"canary-TOKEN-1d2e3f",
    "adopted": b"canary-ADOPTED-99abcd",
}
STORE_FILES = {".reconciler/store.db", ".reconciler/store.db-wal"}


def forms(value: bytes) -> Iterator[bytes]:
    """The value in every spelling in which it might slip out."""
    yield value
    yield binascii.hexlify(value)
    yield binascii.hexlify(value).upper()
    yield urllib.parse.quote_from_bytes(value).encode()
    yield json.dumps(value.decode("utf-8", "replace")).strip('"').encode()
    for offset in range(3):
        # Base64 of text around the value: what does not depend on the neighbours.
        encoded = base64.b64encode(b"\0" * offset + value)[4 * (offset > 0) :]
        yield encoded[: len(encoded) // 4 * 4 - 4]
        yield base64.urlsafe_b64encode(b"\0" * offset + value)[4 * (offset > 0) : -4]


def leaked(text: bytes) -> list[str]:
    return [
        name
        for name, value in CANARIES.items()
        if any(form in text for form in forms(value) if len(form) > 8)
    ]


class Searched:
    """Runs commands and searches what they say."""

    def __init__(self, workplace: Any) -> None:
        self.workplace = workplace

    def run(
        self, *args: str, code: int, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        result = self.workplace.run(*args, stdin=stdin, env=env)
        assert result.code == code, result
        said: str = result.out + result.err
        assert leaked(said.encode("utf-8", "surrogateescape")) == [], args
        assert "Traceback" not in said
        return said

    def files(self) -> None:
        """Search every file but the manifests, which are where the values come from."""
        for name, content in self.workplace.files().items():
            if not name.startswith("manifests/"):
                assert leaked(content) == [], name


@pytest.fixture
def searched(workplace: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Searched:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    return Searched(workplace)


def encoded(name: str) -> str:
    return base64.b64encode(CANARIES[name]).decode()


def manifests(workplace: Any, which: str = "plain", head: str = "") -> None:
    workplace.write(
        "manifests/shop.yaml",
        f"""\
apiVersion: v1
kind: Secret
metadata:
  name: shop
  annotations:
    note: the password is {CANARIES[which].decode()}, in base64 {encoded(which)}
    header: Basic {base64.b64encode(b"shop:" + CANARIES[which]).decode()}
    link: https://shop.example/?token={CANARIES[which].decode().replace("-", "%2D")}
    kubectl.kubernetes.io/last-applied-configuration: '{{"data": "{encoded("token")}"}}'
{head}data:
  binary: {encoded("binary")}
stringData:
  password: {CANARIES[which].decode()}
  unicode: {CANARIES["unicode"].decode()}
""",
    )


def test_the_search_finds_what_it_looks_for() -> None:
    for name, value in CANARIES.items():
        around = b"{'a': '" + value + b"'}"
        for text in (around, base64.b64encode(around), binascii.hexlify(around)):
            assert leaked(b"... " + text + b" ...") == [name]


def every_plan(searched: Searched, code: int, *options: str) -> None:
    for output in formats_of(Subject.PLAN):
        searched.run("plan", "-o", output, *options, code=code)
        searched.run("plan", "-o", output, "--verbose", *options, code=code)
    searched.run("plan", "--report", "json=plan.json", *options, code=code)
    for output in formats_of(Subject.REPORT):
        searched.run("report", "plan.json", "plan.json", "-o", output, code=0)


def every_report(searched: Searched) -> None:
    """The commands that look at the store or the manifests and change neither."""
    tampered("shop", "adopted")
    for output in formats_of(Subject.DRIFT):
        searched.run("drift", "-o", output, "-v", "--unmanaged", code=2)
    for command, subject in (
        ("get", Subject.LISTING),
        ("graph", Subject.GRAPH),
        ("history", Subject.HISTORY),
    ):
        for output in formats_of(subject):
            searched.run(command, "-o", output, code=0)
    searched.run("export", "--reveal", code=1)
    searched.run("export", "--reveal", "--out", "nowhere/exported.yaml", code=1)
    shown = searched.workplace.run("export")
    assert leaked(shown.out.encode()) == []


def test_a_snapshot_and_the_plans_against_it(searched: Searched) -> None:
    workplace = searched.workplace
    keyed = {"RECONCILER_FINGERPRINT_KEY": "a key for tests that is no secret"}
    for env in ({}, keyed):
        manifests(workplace)
        searched.run("apply", "--auto-approve", code=0, env=env)
        searched.run("snapshot", "--out", "seen.json", code=0, env=env)
        searched.files()
        manifests(workplace, "changed", head="immutable: true\n")
        for reader in ({}, keyed):
            for output in formats_of(Subject.PLAN):
                options = ("-o", output, "--verbose", "--prune", "--scrub")
                searched.run("plan", "--store", "snapshot:seen.json", *options, code=0, env=reader)
            searched.run(
                "plan", "--store", "snapshot:seen.json", "--out", "a.plan", code=0, env=reader
            )
            for output in formats_of(Subject.DRIFT):
                shown = workplace.run(
                    "drift", "--store", "snapshot:seen.json", "-o", output, "-v", env=reader
                )
                assert leaked((shown.out + shown.err).encode()) == []
            searched.run("get", "--store", "snapshot:seen.json", code=0, env=reader)
            searched.run("export", "--store", "snapshot:seen.json", code=1, env=reader)
    searched.files()


def tampered(name: str, canary: str) -> None:
    """Give a Secret a key behind the program's back."""
    key = ObjectKey("Secret", "default", name)
    with closing(open_store("sqlite:.reconciler/store.db", {})) as store:
        found = store.read(Scope("default", frozenset({key}))).objects[key]
        session = held(store, seconds=0)
        session.delete(key, Precondition(found.uid, found.resource_version))
        values = {**found.data, "foreign": SecretValue(CANARIES[canary])}
        session.create(replace(found, data=values), found.applied)


def test_destroying(searched: Searched) -> None:
    manifests(searched.workplace)
    searched.run("apply", "--auto-approve", code=0)
    searched.run("destroy", code=1)  # without approval
    searched.run("destroy", "--auto-approve", "--verbose", code=0)
    searched.files()


def test_through_the_life_of_a_secret(searched: Searched) -> None:
    workplace = searched.workplace
    manifests(workplace)
    for output in formats_of(Subject.CHECK):
        searched.run("validate", "-o", output, code=0)
    every_plan(searched, 0)
    searched.run("plan", "--out", "first.plan", code=0)
    searched.files()
    searched.run("apply", "--auto-approve", "-o", "json", code=0)
    searched.files()
    for output in formats_of(Subject.PLAN):
        searched.run("show", "first.plan", "-o", output, "-v", code=0)
    assert "no longer matches" in searched.run("apply", "first.plan", code=4)

    manifests(workplace, "changed", head="immutable: true\n")
    every_plan(searched, 0, "--server-dry-run")
    searched.run("plan", "--out", "second.plan", code=0)
    searched.run("apply", code=1)  # without approval
    searched.run("apply", "second.plan", "--verbose", code=0)
    searched.files()

    manifests(workplace, "token", head="immutable: true\n")
    every_plan(searched, 3)
    searched.run("apply", "--auto-approve", code=3)
    searched.run("apply", "--auto-approve", "--allow-replace", code=0)
    searched.run("store", "rekey", code=0)
    every_report(searched)
    searched.files()

    (workplace.path / "manifests/shop.yaml").unlink()
    workplace.secret("aside", token=CANARIES["token"].decode())
    every_plan(searched, 3, "--prune", "--no-force-foreign")
    every_plan(searched, 0, "--prune", "--force-foreign")
    searched.run("apply", "--auto-approve", "--prune", "--force-foreign", code=0)
    searched.files()


def test_through_versions_and_what_uses_them(searched: Searched) -> None:
    workplace = searched.workplace
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}\n"
    workplace.write("manifests/robot.yaml", f"{account}imagePullSecrets: [{{name: shop}}]\n")
    head = "  annotations: {reconciler/replace: versioned}\nimmutable: true\n"
    workplace.secret("shop", head=head, token=CANARIES["token"].decode())
    searched.run("apply", "--auto-approve", code=0)
    workplace.secret("shop", head=head, token=CANARIES["changed"].decode())
    every_plan(searched, 0, "--prune", "--force-consumers")
    searched.run("apply", "--auto-approve", "--prune", code=0)
    every_plan(searched, 0, "--prune")
    for command in ("get", "export", "drift", "validate"):
        searched.run(command, code=0)
    (workplace.path / "manifests/shop.yaml").unlink()
    every_plan(searched, 3, "--prune")
    searched.run("destroy", "--auto-approve", code=0)
    searched.files()


def test_a_damaged_store_and_a_wrong_key(searched: Searched) -> None:
    workplace = searched.workplace
    manifests(workplace)
    searched.run("apply", "--auto-approve", code=0)
    wrong = {"RECONCILER_STORE_KEY": base64.b64encode(bytes(32)).decode()}
    for command in (["plan"], ["apply", "--auto-approve"], ["store", "rekey"]):
        searched.run(*command, code=1, env=wrong)
    store = workplace.path / ".reconciler/store.db"
    whole = store.read_bytes()
    for position in range(4096, len(whole), 997):
        store.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        result = workplace.run("plan")
        assert leaked((result.out + result.err).encode()) == []
    store.write_bytes(whole[: len(whole) // 2])
    searched.run("plan", code=1)


PLAIN = CANARIES["plain"].decode()
MALFORMED = {
    "not base64": f"data:\n  a: {PLAIN}\n",
    "base64 with a space": f"data:\n  a: {encoded('plain')[:10]} {encoded('plain')[10:]}\n",
    "not text": f"stringData:\n  a: [{PLAIN}]\n",
    "a map": f"stringData:\n  a: {{{PLAIN}: {PLAIN}}}\n",
    "a list for a map": f"stringData:\n  - {PLAIN}\n",
    "text for a map": f"stringData: {PLAIN}\n",
    "duplicate key": f"stringData:\n  a: {PLAIN}\n  a: {PLAIN}\n",
    "unclosed quote": f'stringData:\n  a: "{PLAIN}\n',
    "bad escape": f'stringData:\n  a: "{PLAIN}\\q"\n',
    "bad indentation": f"stringData:\n  a: {PLAIN}\n b: {PLAIN}\n",
    "tab": f"stringData:\n\ta: {PLAIN}\n",
    "unknown alias": f"stringData:\n  a: *{PLAIN}\n",
    "bad tag": f"stringData:\n  a: !!int {PLAIN}\n",
    "unknown field": f"stringdata:\n  a: {PLAIN}\n",
    "null key": f"stringData:\n  ? \n  : {PLAIN}\n",
    "undecodable binary": f"stringData:\n  a: !!binary {PLAIN}\n",
    "tls": f"type: kubernetes.io/tls\nstringData:\n  tls.key: {PLAIN}\n",
    "tls pem": f"type: kubernetes.io/tls\nstringData:\n  tls.key: {PLAIN}\n  tls.crt: {PLAIN}\n",
    "dockerconfigjson": (
        f"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{{{PLAIN}'\n"
    ),
    "dockercfg": f"type: kubernetes.io/dockercfg\nstringData:\n  .dockercfg: '[\"{PLAIN}\"'\n",
    "ssh": f"type: kubernetes.io/ssh-auth\nstringData:\n  ssh-key: {PLAIN}\n",
    "basic": f"type: kubernetes.io/basic-auth\nstringData:\n  pass: {PLAIN}\n",
    "immutable": f"immutable: {PLAIN}\nstringData:\n  a: {PLAIN}\n",
    "too large": f"stringData:\n  a: {PLAIN * 60_000}\n",
    "sops": f"stringData:\n  a: ENC[AES256_GCM,data:{encoded('plain')}]\n",
    "template": f"stringData:\n  a: {{{{ .Values.{PLAIN} }}}}\n",
    "control character": f"stringData:\n  a: {PLAIN}\x07\n",
}


@pytest.mark.parametrize("tail", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_manifests(searched: Searched, tail: str) -> None:
    head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"
    searched.workplace.write("manifests/a.yaml", head + tail)
    for output in formats_of(Subject.CHECK):
        result = searched.workplace.run("validate", "-o", output)
        assert leaked((result.out + result.err).encode()) == []
        assert "Traceback" not in result.err
        if tail != MALFORMED["tls pem"]:  # accepted with a warning, as a server does
            assert result.code == 1
    result = searched.workplace.run("plan")
    assert leaked((result.out + result.err).encode()) == []
    searched.files()


@pytest.mark.parametrize(
    "annotation",
    ["config.kubernetes.io/depends-on", "reconciler/prevent-destroy", "reconciler/data-policy"],
)
def test_a_value_in_an_annotation_that_steers(searched: Searched, annotation: str) -> None:
    searched.workplace.secret("a", head=f"  annotations: {{{annotation}: {PLAIN}}}\n", token=PLAIN)
    for output in formats_of(Subject.CHECK):
        searched.run("validate", "-o", output, code=1)
    for output in formats_of(Subject.PLAN):
        searched.run("plan", "-o", output, code=1)


def test_malformed_json(searched: Searched) -> None:
    text = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "a"},
            "stringData": {"a": PLAIN},
        }
    )
    for cut in range(len(text) - 40, len(text)):
        searched.workplace.write("manifests/a.json", text[:cut])
        searched.run("validate", code=1)


def test_a_configuration_with_a_value_in_the_wrong_place(searched: Searched) -> None:
    searched.workplace.write("manifests/a.yaml", "")
    for text in (f"set: [{PLAIN}]\n", f"prune: {PLAIN}\n", f'set: "{PLAIN}\n'):
        searched.workplace.write("reconciler.yaml", text)
        searched.run("plan", code=1)
