"""What is reported where the program sops, or what it takes to talk to it, is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests import Loaded
from reconciler.model.values import SealedValue
from reconciler.workflow import load
from tests.sealing import as_yaml, sealed

Loader = Callable[[str], Loaded]
REGEX = {"encrypted_regex": "^(data|stringData)$"}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "a"},
    "stringData": {"password": "canary-1"},
}


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    """Load an encrypted file with a program of that path as sops; empty for none."""
    (tmp_path / "f.yaml").write_text(
        as_yaml(sealed([SECRET], lambda path: "stringData" in path, **REGEX))
    )
    (tmp_path / "bin").mkdir()

    def loaded(program: str) -> Loaded:
        if program:
            (tmp_path / "bin" / "sops").symlink_to(program)
        return load(tmp_path / "f.yaml", environ={"PATH": str(tmp_path / "bin")})

    return loaded


@pytest.mark.parametrize(
    ("program", "code"), [("", "sops-program-missing"), ("/bin/false", "sops-version")]
)
def test_a_file_that_is_encrypted_whole(
    loader: Loader, tmp_path: Path, program: str, code: str
) -> None:
    (tmp_path / "f.yaml").write_text(as_yaml(sealed([SECRET])))
    assert [item.code for item in loader(program).errors] == [code]


def reason(loaded: Loaded) -> str:
    """Why the value of the file is sealed."""
    assert loaded.errors == ()
    assert [*map(type, loaded.objects[0].data.values())] == [SealedValue]
    (notice,) = loaded.notices
    assert notice.code == "values-sealed"
    return notice.message


def test_no_program(loader: Loader) -> None:
    assert "the program sops is not on PATH" in reason(loader(""))


def test_a_program_without_a_key_service(loader: Loader) -> None:
    assert "has no key service" in reason(loader("/bin/false"))


def test_without_the_extra(loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("h2", "h2.config"):  # a module that is loaded is found without its package
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("keyservice", "calls"):
        monkeypatch.delitem(sys.modules, f"reconciler.inputs.sops.{name}", raising=False)
    assert "the extra sops is not installed" in reason(loader("/bin/false"))
    (tmp_path / "f.yaml").write_text(as_yaml(sealed([SECRET])))
    whole = load(tmp_path / "f.yaml", environ={"PATH": str(tmp_path / "bin")})
    assert [item.code for item in whole.errors] == ["sops-extra-missing"]


def test_what_the_program_prints_on_standard_error_is_not_shown(
    loader: Loader, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "talking"
    program.write_text("#!/bin/sh\necho canary-value >&2\nexit 1\n")
    program.chmod(0o755)
    loaded = loader(str(program))
    assert "has no key service" in reason(loaded)
    assert "canary" not in repr(loaded) + "".join(capfd.readouterr())
