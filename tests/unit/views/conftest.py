"""Golden files: what each format prints, word for word.

After a change that is meant, write them anew and read the difference before committing it:

    UPDATE_GOLDEN=1 pytest tests/unit/views
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str], None]


@pytest.fixture
def golden() -> Golden:
    is_update = bool(os.environ.get("UPDATE_GOLDEN"))
    if is_update and os.environ.get("CI"):
        pytest.fail("golden files are not rewritten where CI is set")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if is_update:
            path.write_text(f"{text}\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == f"{text}\n"

    return compare
