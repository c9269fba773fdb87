from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/run.sh"))


def run(script: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TMPDIR": str(tmp_path), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [str(script)], env=environment, capture_output=True, text=True, check=False
    )


def test_there_are_examples_and_each_is_listed() -> None:
    readme = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    assert len(EXAMPLES) >= 5
    for script in EXAMPLES:
        assert f"[`{script.parent.name}`]({script.parent.name}/run.sh)" in readme


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.parent.name)
def test_an_example_runs_and_leaves_nothing_behind(script: Path, tmp_path: Path) -> None:
    result = run(script, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Applied: " in result.stdout
    assert "not-a-real" not in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo(tmp_path: Path) -> None:
    result = run(ROOT / "examples/demo.sh", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    for sign in ("No problems", "to create", "No changes.", "Refused:", "1 replaced"):
        assert sign in result.stdout
    assert "not-a-real" not in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []
