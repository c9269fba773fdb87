"""While a program is at work for what is loaded, somebody else may load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.inputs import Running
from reconciler.model.inputs import Command
from reconciler.model.objects import Source
from reconciler.workflow import load
from tests.sealing import as_yaml, sealed

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "a"},
    "stringData": {"password": "canary-1"},
}


class Waits:
    """How programs are run, and whether one had run before and after each wait."""

    def __init__(self, directory: Path) -> None:
        self._mark = directory / "ran"
        self.seen: list[bool] = []
        (directory / "bin").mkdir()
        program = directory / "bin" / "sops"
        program.write_text(f"#!/bin/sh\n: > {self._mark}\nexit 1\n")
        program.chmod(0o755)
        self.running = Running(
            environ={"PATH": f"{directory}/bin"}, everything_allowed=True, waiting=self._waiting
        )

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self.seen.append(self._mark.exists())
        try:
            yield
        finally:
            self.seen.append(self._mark.exists())


@pytest.fixture
def waits(tmp_path: Path) -> Waits:
    return Waits(tmp_path)


def test_a_source_is_waited_for(tmp_path: Path, waits: Waits) -> None:
    place = Source("f.yaml", 1, 1)
    source = Command(name="made", arguments=("sops",), directory=str(tmp_path), place=place)
    load((), sources=[source], environ=waits.running.environ, running=waits.running)
    assert waits.seen == [False, True]


@pytest.mark.parametrize("rules", [{}, {"encrypted_regex": "^(data|stringData)$"}])
def test_what_decrypts_is_waited_for(tmp_path: Path, waits: Waits, rules: dict[str, str]) -> None:
    text = as_yaml(sealed([SECRET], lambda path: not rules or "stringData" in path, **rules))
    (tmp_path / "f.yaml").write_text(text)
    load(tmp_path / "f.yaml", environ=waits.running.environ, running=waits.running)
    assert waits.seen[:2] == [False, True]
