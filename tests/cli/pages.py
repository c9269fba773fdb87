"""The commands of the documentation, taken from its pages and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
)
_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)(?P=fence)$"
    r"|^(?P<gap> *)<!-- test\n(?P<hidden>.*?)^(?P=gap)-->$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page, or a comment ``<!-- test``, which only this runs.

    Attributes:
        language: as the page says; ``sh`` for such a comment.
        text: its lines without the indentation of a list.
    """

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What came of a page.

    Attributes:
        printed: standard output and error of its ``sh`` blocks, and the commands as bash echoes
            them.
        promised: each command of its ``console`` blocks with the output on the page.
        answers: the output that each of these commands really gave.
    """

    code: int
    printed: str
    promised: tuple[tuple[str, str], ...]
    answers: tuple[str, ...]


def name_of(page: Path) -> str:
    """The page as the tables below the tests write it."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    """All blocks of the page, in order."""
    return [
        Block("sh", dedent(match["hidden"]))
        if match["hidden"] is not None
        else Block(match["language"], dedent(match["text"]))
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def run(blocks: list[Block], folder: Path) -> Transcript:
    """Run ``sh`` and ``console`` blocks as one script, in `folder`."""
    answers = folder.parent / f"{folder.name}-answers"
    answers.mkdir()
    script = []
    promised: list[tuple[str, str]] = []
    for block in blocks:
        if block.language == "sh":
            script.append(block.text)
        elif block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                script.append(f'{command} >"$ANSWERS/{len(promised)}" 2>&1 || true')
                promised.append((command, output))
    bash = shutil.which("bash")
    assert bash is not None
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        [bash, "-euxc", "\n".join(script)],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONSAFEPATH": "1", "ANSWERS": str(answers)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Transcript(
        ended.returncode,
        ended.stdout + ended.stderr,
        tuple(promised),
        tuple(file.read_text() for file in sorted(answers.iterdir(), key=lambda f: int(f.name))),
    )
