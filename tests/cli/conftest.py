"""A place to work in, and the program as its users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli import main
from reconciler.model.store import Store
from tests.cli import altered
from tests.cli.altered import Wrap

ROOT = Path(__file__).resolve().parents[2]

SHOP = """\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Secret
metadata:
  name: database
  namespace: shop
  labels:
    team: orders
stringData:
  username: shop-user
  password: not-a-real-password
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Workplace:
    """A directory that is the current one, and the commands run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._runner = CliRunner()

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def secret(self, name: str, *, file: str = "", head: str = "", **values: str) -> Path:
        """Write a manifest of one Secret in the namespace `default`."""
        data = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in values.items())
        text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n{head}stringData:\n{data}"
        return self.write(file or f"manifests/{name}.yaml", text)

    def run(
        self, *args: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Result:
        result = self._runner.invoke(main, [str(arg) for arg in args], input=stdin, env=env)
        return Result(result.exit_code, result.stdout, result.stderr)

    def ok(self, *args: str, **extra: str) -> Result:
        result = self.run(*args, **extra)  # type: ignore[arg-type]
        assert result.code == 0, result
        return result

    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.path)): file.read_bytes()
            for file in sorted(self.path.rglob("*"))
            if file.is_file()
        }


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.chdir(tmp_path)
    return Workplace(tmp_path)


@pytest.fixture
def shop(workplace: Workplace) -> Workplace:
    workplace.write("manifests/shop.yaml", SHOP)
    return workplace


@pytest.fixture
def wrap_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Wrap:
    """Put a wrapper around the store of all commands that follow."""
    site = tmp_path_factory.mktemp("site")
    altered.install(site)
    monkeypatch.syspath_prepend(str(site))

    def wrap(wrapper: Callable[[Store], Any]) -> None:
        monkeypatch.setattr(altered.BACKEND, "wrap", wrapper)
        monkeypatch.setenv("RECONCILER_STORE", altered.URL)

    return wrap


@pytest.fixture
def process(workplace: Workplace) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the installed program as a process of its own, its streams piped."""

    def start(*args: str, **options: object) -> subprocess.Popen[bytes]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [sys.executable, "-m", "reconciler", *args],
            cwd=workplace.path,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            **{**streams, **options},
        )

    return start
