"""See ``ssh-key-without-line-break/README.md``."""

from __future__ import annotations

from tests.cli.conftest import Workplace


def test_the_line_break_is_missed(case: Workplace) -> None:
    out = case.ok("validate", "ssh.yaml").out
    assert "warning[private-key-unterminated]" in out
    assert "OpenSSH" in out
    assert "write | rather than |-" in out


def test_with_the_line_break_nothing_is_told(case: Workplace) -> None:
    text = (case.path / "ssh.yaml").read_text()
    case.write("ssh.yaml", text.replace("|-", "|"))
    assert "warning" not in case.ok("validate", "ssh.yaml").out
