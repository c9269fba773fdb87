"""The folder of a case as the current directory, for the test module of the same name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Workplace

CASES = Path(__file__).resolve().parent


@pytest.fixture
def case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Workplace:
    """A copy of ``some-name/`` for ``test_some_name.py``, without its README."""
    name = request.path.stem.removeprefix("test_").replace("_", "-")
    place = tmp_path / name
    shutil.copytree(CASES / name, place, ignore=shutil.ignore_patterns("README.md"))
    monkeypatch.chdir(place)
    return Workplace(place)
