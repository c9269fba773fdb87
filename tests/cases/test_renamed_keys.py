"""See ``renamed-keys/README.md``."""

from __future__ import annotations

import pytest

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace


def test_each_key_is_told_as_it_was_written(case: Workplace) -> None:
    out = case.ok("validate", "k.yaml").out
    assert out.count("warning[key-renamed]") == 4
    for written, read in (("NO", "false"), ("0123", "83"), ("1e3", "1000"), ("1.10", "1.1")):
        assert f"the key {written} as {read}" in out
        assert f'in quotes: "{written}"' in out


@pytest.mark.parametrize("written", ["NO", "0123", "1e3", "1.10"])
def test_a_quoted_key_is_what_was_written(case: Workplace, written: str) -> None:
    text = (case.path / "k.yaml").read_text()
    case.write("k.yaml", text.replace(f"  {written}:", f'  "{written}":'))
    assert case.ok("validate", "k.yaml").out.count("warning[key-renamed]") == 3


def test_a_duplicate_is_told_by_what_was_written(case: Workplace) -> None:
    result = case.run("validate", "dup.yaml")
    assert result.code == ExitCode.ERROR
    assert "YAML reads both this key, on, and Y on line 5 as true" in result.out
    assert "put both keys in quotes" in result.out
