"""What a fork, which has no key, is told of files that the real program encrypted."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from reconciler.cli import main
from tests.integration.sops.conftest import Vault

Encrypt = Callable[..., str]
REGEX = ("--encrypted-regex", "^(data|stringData)$")
CANARY = "canary-not-a-real-password"
PLAIN = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: shop
stringData:
  password: {CANARY}
  user: canary-user-name
"""


class Repository:
    """A repository with one encrypted file, and the program as a pipeline runs it."""

    def __init__(self, encrypt: Encrypt, vault: Vault, patch: pytest.MonkeyPatch) -> None:
        self._encrypt, self._vault, self._patch = encrypt, vault, patch
        self.encrypt_anew()

    def encrypt_anew(self) -> None:
        Path("shop.yaml").write_text(self._encrypt(PLAIN, *REGEX), encoding="utf-8")

    def set(self, key: str, value: str) -> None:
        path, text = f'["stringData"]["{key}"]', json.dumps(value)
        done = self._vault.run("sops", "set", str(Path("shop.yaml").absolute()), path, text)
        assert done.returncode == 0, done.stderr

    def run(self, *args: str, key: bool = True) -> Result:
        with self._patch.context() as patch:
            if not key:
                patch.delenv("SOPS_AGE_KEY_FILE")
            result = CliRunner().invoke(main, args)
        assert CANARY not in result.output
        return result


@pytest.fixture
def repository(
    age: Encrypt, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Repository:
    monkeypatch.chdir(tmp_path)
    repository = Repository(age, vault, monkeypatch)
    applied = repository.run("apply", "shop.yaml", "--auto-approve")
    assert applied.exit_code == 0, applied.output
    assert repository.run("plan", "shop.yaml", "--detailed-exitcode").exit_code == 0
    return repository


def test_an_unchanged_file_is_surely_unchanged(repository: Repository) -> None:
    plan = repository.run("plan", "shop.yaml", "--detailed-exitcode", key=False)
    assert plan.exit_code == 0
    assert "2 surely unchanged" in plan.output
    assert "No changes. 1 object in sync." in plan.output


@pytest.mark.parametrize("output", ["text", "markdown", "json"])
def test_a_changed_value_is_the_only_one_that_may_differ(
    repository: Repository, output: str
) -> None:
    repository.set("password", "canary-another")
    plan = repository.run("plan", "shop.yaml", "-o", output, key=False)
    assert plan.exit_code == 2
    if output == "json":
        document = json.loads(plan.stdout)
        schema = resources.files("reconciler") / "schemas/plan-v1.json"
        jsonschema.validate(document, json.loads(schema.read_bytes()))
        (field,) = document["changes"][0]["fields"]
        assert (field["path"][-1], field["nature"]) == ("password", "ciphertext")
        assert field["after"] == {"$value": None, "sealed": True}
        assert document["summary"]["sealedValues"] == 1
        assert document["summary"]["canApply"] is False
    else:
        assert "1 object sealed: no key at hand opens 1 value that may change" in plan.output
        assert "(value #1) → (sealed)  (changed, or encrypted anew)" in plan.output
        assert "data[user]" not in plan.output


def test_a_sealed_change_is_never_applied(repository: Repository) -> None:
    before = repository.run("export", "--reveal").stdout_bytes
    repository.set("password", "canary-another")
    applied = repository.run("apply", "shop.yaml", "--auto-approve", key=False)
    assert applied.exit_code == 3
    assert "no key is at hand that opens the manifest" in applied.output
    saved = repository.run("plan", "shop.yaml", "--out", "p.plan", key=False)
    assert saved.exit_code == 2
    assert not Path("p.plan").exists()
    assert repository.run("plan", "shop.yaml", "--out", "p.plan").exit_code == 0
    without = repository.run("apply", "p.plan", key=False)
    assert without.exit_code == 3, without.output
    assert repository.run("export", "--reveal").stdout_bytes == before
    assert repository.run("apply", "p.plan").exit_code == 0
    assert repository.run("plan", "shop.yaml", "--detailed-exitcode", key=False).exit_code == 0


def test_a_file_that_is_encrypted_anew_may_have_changed(repository: Repository) -> None:
    repository.encrypt_anew()
    plan = repository.run("plan", "shop.yaml", key=False)
    assert plan.exit_code == 2
    assert "2 changed or encrypted anew" in plan.output
    with_key = repository.run("plan", "shop.yaml")
    assert "only the record of the last apply is renewed" in with_key.output
    assert repository.run("apply", "shop.yaml", "--auto-approve").exit_code == 0
    for key in (True, False):
        assert repository.run("plan", "shop.yaml", "--detailed-exitcode", key=key).exit_code == 0


def test_a_first_plan_without_a_key(repository: Repository) -> None:
    plan = repository.run(
        "plan", "shop.yaml", "--set", "other", "--store", "sqlite:b.db", key=False
    )
    assert plan.exit_code == 2
    assert "+ data[password]  (sealed)" in plan.output
    refused = repository.run(
        "apply",
        "shop.yaml",
        "--set",
        "other",
        "--store",
        "sqlite:b.db",
        "--auto-approve",
        key=False,
    )
    assert refused.exit_code == 3


@pytest.mark.parametrize("output", ["text", "json", "sarif"])
def test_a_check_says_what_it_could_not_see(repository: Repository, output: str) -> None:
    checked = repository.run("validate", "shop.yaml", "-o", output, key=False)
    assert checked.exit_code == 0
    assert "2 values in 1 file could not be seen" in checked.output


def test_drift_is_told_without_a_key(repository: Repository) -> None:
    repository.set("password", "canary-another")
    checked = repository.run("drift", "shop.yaml", key=False)
    assert checked.exit_code == 0, checked.output
    assert "No drift. 1 object in sync." in checked.output
