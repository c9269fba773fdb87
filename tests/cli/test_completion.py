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


IN_SHELLS = {
    "bash": """
        eval "$(reconciler completion bash)"
        COMP_WORDS=(reconciler drift --repo) COMP_CWORD=2
        _reconciler_completion reconciler --repo drift
        complete -p reconciler
        echo "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -Uz compinit; compinit -u -D
        eval "$(reconciler completion zsh)"
        compadd() { print -r -- "$@"; }
        _describe() { eval "print -r -- \\${$3[@]}"; }
        words=(reconciler drift --repo) CURRENT=3
        $_comps[reconciler]
    """,
    "fish": """
        reconciler completion fish | source
        complete -C "reconciler drift --repo"
    """,
}


@pytest.mark.parametrize("shell", IN_SHELLS)
def test_a_shell_completes(tmp_path: Path, shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        missing = f"no {shell}: run `make programs` as root"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [found, "-c", IN_SHELLS[shell]],
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "--report" in result.stdout, result.stderr
    assert result.returncode == 0
