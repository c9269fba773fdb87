"""See ``sops-file-in-base64/README.md``."""

from __future__ import annotations

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace


def test_both_files_are_told(case: Workplace) -> None:
    for command in ("validate", "plan", "apply"):
        result = case.run(command, "gen.yaml")
        assert result.code == ExitCode.ERROR
        told = result.out + result.err
        assert told.count("error[sops-encrypted]") == 2
        assert "data[.env]" in told
        assert "data[f.yaml]" in told
        assert "sops -d" in told
