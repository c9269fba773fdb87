from __future__ import annotations

import re
from pathlib import Path

from tests.unit.rules.cases import CASES

ROOT = Path(__file__).parents[3]
# A code stands between two strings or commas in the call that makes a violation.
CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')


def test_every_code_is_explained() -> None:
    sources = (ROOT / "reconciler" / "rules").glob("*.py")
    words = {word for source in sources for word in CODE.findall(source.read_text())}
    codes = words - {"ssh-privatekey", "token-id", "token-secret", "auth-extra-groups"}
    codes = {code for code in codes if not code.startswith(("usage-", "bootstrap-token-a"))}
    page = (ROOT / "docs" / "diagnostics.md").read_text().split("## Rules", 1)[1]
    assert "tls-pair-unusable" in codes
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []


def test_every_code_that_is_explained_has_a_row_that_names_upstream() -> None:
    page = (ROOT / "docs" / "diagnostics.md").read_text().split("## Rules", 1)[1]
    rules, updates = page.split("## Plans", 1)[0].split("### Updates", 1)
    explained = {
        code
        for line in rules.splitlines()
        if line.startswith("| `")
        for code in re.findall("`([a-z-]+)`", line.split("|")[1])
    }
    rows = {told.rpartition(": ")[2] for case in CASES for told in (*case.errors, *case.warnings)}
    assert rows == explained
    assert all(re.fullmatch(r"[a-z/-]+\.go \w+", case.source) for case in CASES)
    assert "`type-changed`" in updates  # its rows are those of test_updates
