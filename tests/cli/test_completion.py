from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(workplace: Any, shell: str) -> None:
    assert "_RECONCILER_COMPLETE" in workplace.ok("completion", shell).out


def test_an_unknown_shell(workplace: Any) -> None:
    assert workplace.run("completion", "tcsh").code == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [("reconciler pl", "plan"), ("reconciler plan --pru", "--prune"), ("reconciler sto", "store")],
)
def test_what_is_completed(workplace: Any, words: str, expected: str) -> None:
    workplace.write("reconciler.yaml", "broken: [")
    environment = {
        **os.environ,
        "_RECONCILER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    program = [
        sys.executable,
        "-c",
        "from reconciler.cli import main; main(prog_name='reconciler')",
    ]
    result = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert expected in {line.partition(",")[2] for line in result.stdout.splitlines()}


def test_bash_takes_the_script(workplace: Any) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = Path("completion.bash")
    script.write_text(workplace.ok("completion", "bash").out)
    check = f"source {script}; complete -p reconciler"
    result = subprocess.run([bash, "-c", check], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
