"""Files encrypted by the real program, with keys that are made for the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


class Vault:
    """A directory with keys, and sops as a user would run it."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self.directory = directory
        self.programs = programs

    def run(self, program: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What a program says, and how it ends."""
        return subprocess.run(
            [self.programs / program, *args],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.directory,
            check=False,
        )

    def age_key(self, name: str, *options: str) -> str:
        """Make a key pair; the recipient."""
        made = self.run("age-keygen", *options, "-o", name)
        assert made.returncode == 0, made.stderr
        recipient = self.run("age-keygen", "-y", name)
        return recipient.stdout.strip()

    def encrypted(self, text: str, *options: str, kind: str = "yaml") -> str:
        """`text` as sops encrypts it."""
        types = ("--input-type", kind, "--output-type", kind)
        done = self.run("sops", "--encrypt", *types, *options, "/dev/stdin", stdin=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def decrypted(self, text: str, kind: str = "yaml") -> tuple[int, str]:
        """The exit code of sops, and what it makes of `text`."""
        types = ("--input-type", kind, "--output-type", kind)
        done = self.run("sops", "decrypt", *types, "/dev/stdin", stdin=text)
        return done.returncode, done.stdout


@pytest.fixture
def vault(tmp_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(directory))
    for name in [name for name in os.environ if name.startswith("SOPS_")]:
        monkeypatch.delenv(name)
    return Vault(directory, tools)


@pytest.fixture
def age(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Encrypt for an age key that is at hand."""
    recipient = vault.age_key("age.txt")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(vault.directory / "age.txt"))

    def encrypt(text: str, *options: str, kind: str = "yaml") -> str:
        return vault.encrypted(text, "--age", recipient, *options, kind=kind)

    return encrypt
