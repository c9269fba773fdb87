"""The page of the diagnostics has what a plan says is wrong."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_code_is_explained() -> None:
    sources = [
        *(ROOT / "reconciler/planning").glob("*.py"),
        *(ROOT / "reconciler/workflow").glob("*.py"),
    ]
    text = "".join(source.read_text() for source in sources)
    codes = set(re.findall(r'problem\(\s+\w+,\s+"([a-z-]+)"|code="([a-z-]+)"', text))
    found = {one or other for one, other in codes}
    page = (ROOT / "docs/diagnostics.md").read_text().split("## Plans", 1)[1]
    assert found == set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE))
    assert "lifecycle-invalid" in found
