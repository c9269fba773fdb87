"""See ``locked-files/README.md``."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Workplace

COMMANDS = {
    "gc.yaml": ("git-crypt", "git-crypt unlock"),
    "av.yaml": ("Ansible Vault", "ansible-vault view av.yaml | reconciler plan -"),
    "age.yaml": ("age", "age -d age.yaml | reconciler plan -"),
    "lfs.yaml": ("Git LFS", "git lfs pull --include lfs.yaml"),
}


@pytest.mark.parametrize("file", COMMANDS)
def test_the_program_and_the_command_are_named(case: Workplace, file: str) -> None:
    program, command = COMMANDS[file]
    result = case.run("validate", file)
    assert result.code == 1
    assert "error[file-locked]" in result.out
    assert program in result.out
    assert f"open it first: {command}\n" in result.out
    assert "not an object" not in result.out


def test_in_a_directory_they_are_errors_too(case: Workplace) -> None:
    assert case.run("validate", ".").out.count("file-locked") == len(COMMANDS)


def test_more_of_the_kind(case: Workplace) -> None:
    case.write("pgp.yaml", "\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n")
    case.write("annex.yaml", "/annex/objects/SHA256E-s5--abc.yaml\n")
    (case.path / "binary.yaml").write_bytes(b"age-encryption.org/v1\n-> X25519 abc\n\x00\xff")
    said = case.run("validate", "pgp.yaml", "annex.yaml", "binary.yaml").out
    assert said.count("file-locked") == 3
    assert "git annex get annex.yaml" in said
