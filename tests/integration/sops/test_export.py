"""What is live is written encrypted by the real program, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import main
from tests.integration.sops.conftest import Vault
from tests.integration.sops.test_sops import CANARY, PLAIN

SECOND = PLAIN.replace("name: shop", "name: other")


def run(*args: str) -> Result:
    result = CliRunner().invoke(main, args)
    assert CANARY not in result.output
    return result


@pytest.fixture
def recipient(vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    recipient = vault.age_key("age.txt")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(vault.directory / "age.txt"))
    monkeypatch.chdir(tmp_path)
    Path("plain.yaml").write_text(f"{PLAIN}---\n{SECOND}", encoding="utf-8")
    assert run("apply", "plain.yaml", "--auto-approve").exit_code == 0
    Path("plain.yaml").unlink()
    return recipient


def rules(recipient: str, regex: str = "^(data|stringData)$") -> None:
    rule = {"path_regex": "secrets/.*", "encrypted_regex": regex, "age": recipient}
    Path(".sops.yaml").write_text(json.dumps({"creation_rules": [rule]}), encoding="utf-8")
    Path("secrets").mkdir()


def plain_files() -> list[Path]:
    files = [path for path in Path().rglob("*") if path.is_file()]
    return [path for path in files if CANARY.encode() in path.read_bytes()]


def test_an_export_is_encrypted_and_loads_back(recipient: str) -> None:
    rules(recipient)
    assert run("export", "--sops", "--out", "secrets/all.yaml").exit_code == 0
    text = Path("secrets/all.yaml").read_text(encoding="utf-8")
    assert text.count("ENC[AES256_GCM,") > 4
    assert plain_files() == []
    plan = run("plan", "secrets")
    assert "only the record of the last apply is renewed" in plan.output
    assert run("apply", "secrets", "--auto-approve").exit_code == 0
    assert run("plan", "secrets", "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("file", ["elsewhere.yaml", "secrets/all.yaml"])
def test_without_a_rule_nothing_is_written(recipient: str, file: str) -> None:
    if file == "elsewhere.yaml":
        rules(recipient)
    else:
        Path("secrets").mkdir()
    Path(file).write_text("what was there", encoding="utf-8")
    result = run("export", "--sops", "--out", file)
    assert result.exit_code == 1
    assert f"{file} was not written: no rule of a .sops.yaml matches" in result.output
    assert Path(file).read_text(encoding="utf-8") == "what was there"


def test_a_rule_that_leaves_values_plain_is_refused(recipient: str) -> None:
    rules(recipient, "^password$")
    result = run("export", "--sops", "--out", "secrets/all.yaml")
    assert result.exit_code == 1
    assert "stringData.number" in result.output
    assert "stringData.password" not in result.output
    assert not Path("secrets/all.yaml").exists()


def test_a_file_must_be_named(recipient: str) -> None:
    rules(recipient)
    assert run("export", "--sops").exit_code == 1


def test_without_the_program(
    recipient: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(recipient)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("export", "--sops", "--out", "secrets/all.yaml")
    assert result.exit_code == 1
    assert "the program sops is not on PATH" in result.output
