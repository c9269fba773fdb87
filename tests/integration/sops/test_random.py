"""Random files: what the program reads, we read alike, and seldom by asking it."""

from __future__ import annotations

import base64
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from reconciler.inputs.sops import SopsProgram
from reconciler.manifests import Loaded
from reconciler.workflow import load
from tests.integration.sops.conftest import Vault

FILES = int(os.environ.get("SOPS_FILES", "60"))
SEED = os.environ.get("SOPS_SEED", "files")
TEXTS = (
    *("plain", "with: colon", "# hash", "ß→漢", " spaces ", "a\nb\n", "tab\t", "'quoted'", '"q"'),
    *("", "yes", "0777", "1e3", "null", "~", "2026-11-22", "{{ .x }}", "-", "*a", "&a", "!x", "%x"),
    *("x" * 300, "line one\n\n  line three\n", "\\backslash", "é\u00a0\u2028", "ENC[no]"),
)
OPTIONS = (
    (),
    ("--encrypted-regex", "^(data|stringData)$"),
    ("--encrypted-regex", "^(data|stringData)$", "--mac-only-encrypted"),
    ("--unencrypted-regex", "^(apiVersion|kind|metadata|type)$"),
    ("--encrypted-suffix", "Data"),
    ("--unencrypted-suffix", "name"),
)


class Counting(SopsProgram):
    """Counts the files that only the program could read."""

    asked = 0

    def decrypt(
        self, text: str, kind: str, servers: Collection[str], *, ignore_mac: bool = False
    ) -> str:
        """See `reconciler.model.sops.Sops`."""
        type(self).asked += 1
        return super().decrypt(text, kind, servers, ignore_mac=ignore_mac)


class Author:
    """Writes manifests as people do."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - to be the same again

    def stream(self) -> str:
        """One to four documents."""
        documents = [self.document(number) for number in range(self.random.randint(1, 4))]
        return "---\n".join(documents)

    def document(self, number: int) -> str:
        """A Secret, now and then with a comment, a merge key, or null."""
        draw = self.random.random
        keys = self.random.sample(range(100), self.random.randint(1, 5))
        lines = [f"{self.comment('')}apiVersion: v1", "kind: Secret", "metadata:"]
        lines += [f"  name: s{number}"]
        if draw() < 0.4:
            lines += ["  annotations:"]
            lines += [f"    note-{key}: {json.dumps(self.text())}" for key in keys]
        if draw() < 0.2:
            lines += ["  labels:" if draw() < 0.5 else "  labels: {}"]
            lines += ["    tier: front"] if lines[-1].endswith(":") else []
        if draw() < 0.2:
            lines += [f"immutable: {self.random.choice(['true', 'false', 'null'])}"]
        if draw() < 0.3:
            encoded = base64.b64encode(self.text().encode()).decode()
            lines += ["data:", f"  b{keys[0]}: {json.dumps(encoded)}"]
        lines += ["stringData:"]
        if draw() < 0.1:
            lines += [f"  <<: {{m{keys[0]}: {json.dumps(self.text())}}}"]
        lines += [f"{self.comment('  ')}  k{key}: {json.dumps(self.text())}" for key in keys]
        return "\n".join(lines) + "\n"

    def comment(self, indent: str) -> str:
        """Nothing, mostly."""
        return f"{indent}# a remark\n" if self.random.random() < 0.15 else ""

    def text(self) -> str:
        """A value."""
        return self.random.choice(TEXTS)


def contents(loaded: Loaded) -> tuple[object, ...]:
    """What counts of it, without places."""
    objects = [(item.key, item.labels, item.annotations, item.data) for item in loaded.objects]
    return (objects, [(item.code, item.field) for item in loaded.errors])


def test_random_files(
    age: Callable[..., str],
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figures: Callable[[str], None],
) -> None:
    monkeypatch.setattr("reconciler.workflow.loading.SopsProgram", Counting)
    Counting.asked = 0
    author = Author(SEED)
    kinds: Counter[str] = Counter()
    for number in range(FILES):
        options = author.random.choice(OPTIONS)
        text = age(author.stream(), *options)
        code, plain = vault.decrypted(text)
        assert code == 0
        (tmp_path / "plain.yaml").write_text(plain)
        (tmp_path / "sealed.yaml").write_text(text)
        wanted = load(tmp_path / "plain.yaml")
        got = load(tmp_path / "sealed.yaml")
        assert contents(got) == contents(wanted), (SEED, number, options)
        kinds[" ".join(options[:1]) or "all"] += 1
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    figures(f"{FILES} files ({counts}), {Counting.asked} left to the program")
    assert Counting.asked <= FILES / 20
