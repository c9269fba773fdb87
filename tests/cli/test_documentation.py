"""What the documentation tells a reader to type is typed here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_the_tutorial_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 7
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    bash = shutil.which("bash")
    assert bash is not None
    result = subprocess.run(
        [bash, "-euxc", "\n".join(blocks)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "'shop'" not in (tmp_path / "comment.md").read_text()
    assert "(value #" in (tmp_path / "comment.md").read_text()
    assert "vanished" in (tmp_path / "alert.md").read_text()
    assert 'reconciler_drift_detected{set="default",' in result.stdout
    assert "No drift." in result.stdout
    assert "unreal-password" not in result.stdout


def test_the_program_on_the_page_of_the_python_api_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    shutil.copytree(ROOT / "examples/first-steps/manifests", tmp_path / "manifests")
    said = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert re.fullmatch(r"([1-9]\d*) of \1 changes applied\n", said[0])
    assert said[1] == "0 of 0 changes applied\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
