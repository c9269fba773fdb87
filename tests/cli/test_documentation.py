"""What the documentation tells a reader to type is typed here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli import main
from tests.cli.pages import PAGES, ROOT, Block, blocks_of, name_of, run

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
INLINE = re.compile(r"(?<!`)`(reconciler [^`]+)`(?!`)")

COMMANDS = ("sh", "console")
LANGUAGES = {*COMMANDS, "yaml", "toml", "python", "text", "json", "markdown", "dot", "mermaid"}
"""``text`` is for what nobody types: forms of URLs, lists of targets, output."""

NOT_RUN = {
    ("README.md", "pip install ."): "installs the checkout: tests/test_packaging.py does",
    ("docs/stores/kubernetes.md", "kind create cluster"): "needs kind, which runs Docker in Docker",
    ("docs/from-sops-and-kubectl.md", ""): "needs sops and a key: tests/integration/sops",
    ("docs/stores/docker.md", ""): "needs an engine of its own: tests/docker/test_walkthrough.py",
}
"""Blocks that do not run here, by page and first words, with the reason."""


LAST_RUN = re.compile(r"Last applied .* by \S+$", re.MULTILINE)
"""When and by whom: another answer each time."""


def not_run(page: Path, block: Block) -> bool:
    return any(name_of(page) == name and block.text.startswith(words) for name, words in NOT_RUN)


def commands_of(page: Path) -> list[Block]:
    return [
        block
        for block in blocks_of(page)
        if block.language in COMMANDS and not not_run(page, block)
    ]


TUTORIAL = ROOT / "docs/tutorial.md"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != TUTORIAL and commands_of(page)], ids=name_of
)
def test_every_command_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    done = run(commands_of(page), folder)
    assert done.code == 0, done.printed
    for (command, output), answer in zip(done.promised, done.answers, strict=True):
        assert LAST_RUN.sub("Last applied", answer) == LAST_RUN.sub("Last applied", output), command
    for text in (done.printed, *done.answers):
        assert "unreal-password" not in re.sub(r"^\++ .*", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_say_what_they_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {block.language for block in blocks_of(page)} <= LANGUAGES
    outside = re.sub(r"^ *```.*?^ *```+$|^<!--.*?-->$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"^ {4}(reconciler|pip|make|kubectl) ", outside, re.MULTILINE)


def test_every_exception_is_still_needed() -> None:
    for name, words in NOT_RUN:
        blocks = [block for block in blocks_of(ROOT / name) if block.language in COMMANDS]
        assert any(block.text.startswith(words) for block in blocks), (name, words)


def test_the_tutorial_runs_and_ends_as_it_says(tmp_path: Path) -> None:
    done = run(commands_of(TUTORIAL), tmp_path)
    assert done.code == 0, done.printed
    assert "unreal-password" not in re.sub(r"^\++ .*", "", done.printed, flags=re.MULTILINE)
    assert "'shop'" not in (tmp_path / "comment.md").read_text()
    assert "(value #" in (tmp_path / "comment.md").read_text()
    assert "vanished" in (tmp_path / "alert.md").read_text()
    assert 'reconciler_drift_detected{set="default",' in done.printed
    assert "No drift." in done.printed


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_within_the_text_exist(page: Path) -> None:
    for typed in INLINE.findall(page.read_text(encoding="utf-8")):
        command, words = resolved(typed)
        options = {
            spelling for each in command.params for spelling in (*each.opts, *each.secondary_opts)
        }
        for word in words:
            flag = word.split("=")[0]
            if flag.startswith("-") and flag not in ("-", "--help"):
                assert flag in options, typed


def resolved(typed: str) -> tuple[click.Command, list[str]]:
    """The command that `typed` names, and the words after it. ``COMMAND`` stands for any."""
    words = typed.replace(r"\|", "|").split(" | ")[0].split()[1:]
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] == "COMMAND":
            return command, []
        inner = command.get_command(click.Context(command), words[0])
        assert inner is not None, typed
        command = inner
        words = words[1:]
    return command, words


def test_the_program_on_the_page_of_the_python_api_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    program = "\n".join(blocks)
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
    assert re.search(r"^([1-9]\d*) of \1 changes applied$", said[0], re.MULTILINE)
    assert said[1] == "0 of 0 changes applied\n"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
