"""See ``ytt-and-empty-values/README.md``."""

from __future__ import annotations

from reconciler.errors import ExitCode
from tests.cli.conftest import Workplace


def test_a_template_is_never_applied(case: Workplace) -> None:
    for command in ("validate", "plan", "apply"):
        result = case.run(command, "ytt.yaml")
        assert result.code == ExitCode.ERROR
        assert "ytt.yaml:8:13: error[template-unrendered]" in result.out + result.err


def test_empty_credentials_are_told(case: Workplace) -> None:
    result = case.ok("validate", "empty.yaml")
    assert result.out.count("warning[value-empty]") == 4
    for key in ("stringData[password]", "stringData[token]", "stringData[DB_PASSWORD]", "api-key"):
        assert key in result.out
