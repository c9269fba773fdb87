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


def test_strongbox(case: Workplace) -> None:
    head = "# STRONGBOX ENCRYPTED RESOURCE ; See https://github.com/uw-labs/strongbox\n"
    case.write("d/box.yaml", f"{head}AbCdEf+/\nAbCd==\n")
    case.write("d/plain.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    for path in ("d", "d/box.yaml"):
        result = case.run("validate", path)
        assert result.code == 1
        assert "the file is encrypted with Strongbox" in result.out


@pytest.mark.parametrize(
    ("content", "program"),
    [
        (b"\x85\x01\x0c\x03" + bytes(range(128, 200)), "OpenPGP"),
        (b"\x84\x5e\x03" + bytes(range(128, 200)), "OpenPGP"),
        (b"\xc1\x5e\x03" + bytes(range(128, 200)), "OpenPGP"),
        (b"\xc1\xc0\x4c\x03" + bytes(range(128, 200)), "OpenPGP"),
        (b"\x8c\x0d\x04\x09" + bytes(range(128, 200)), "OpenPGP"),
        (b"\xc3\x0d\x04\x09" + bytes(range(128, 200)), "OpenPGP"),
        (b"Salted__" + bytes(range(128, 200)), "openssl"),
    ],
)
def test_binary_files(case: Workplace, content: bytes, program: str) -> None:
    (case.path / "binary.yaml").write_bytes(content)
    result = case.run("validate", "binary.yaml")
    assert result.code == 1
    assert f"the file is encrypted with {program}" in result.out


def test_text_that_begins_with_a_letter_beyond_ascii_is_none(case: Workplace) -> None:
    case.write("text.yaml", "\u00c4: 1\n")
    assert "file-locked" not in case.run("validate", "text.yaml").out
