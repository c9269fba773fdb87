from __future__ import annotations

import re
from pathlib import Path

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
