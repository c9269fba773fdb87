"""Each case has a folder, a README that says what is right, and a test module."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).resolve().parent


def test_each_case_has_a_readme_and_a_test() -> None:
    folders = {path.name for path in CASES.iterdir() if path.is_dir() and path.name[0] not in "_."}
    tested = {
        path.stem.removeprefix("test_").replace("_", "-")
        for path in CASES.glob("test_*.py")
        if path.name != Path(__file__).name
    }
    assert folders == tested
    assert folders
    assert all((CASES / name / "README.md").is_file() for name in folders)
