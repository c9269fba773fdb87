"""The program as a whole: its help, its version, its weight, its way to fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from reconciler import __version__
from reconciler.cli import main
from reconciler.cli.parameters import Listed
from reconciler.model.options import Topic
from tests.cli.altered import Wrap
from tests.world import Faulty, raising

HERE = Path(__file__).parent


def commands(
    command: click.Command = main, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += commands(inner, (*path, name))
    return found


def test_the_list_of_commands_says_what_each_is_for(workplace: Any) -> None:
    listed = workplace.ok("--help").out
    for path, command in commands():
        if len(path) == 1:
            assert command.help is not None
            summary = command.help.partition(".")[0]
            assert f"  {path[0]} " in listed
            assert " ".join(summary.split())[:24] in " ".join(listed.split())


@pytest.mark.parametrize("path", [(), ("store",)])
def test_a_group_without_a_command_shows_its_help(workplace: Any, path: tuple[str, ...]) -> None:
    result = workplace.run(*path)
    assert (result.code, result.out) == (1, "")
    assert result.err == workplace.ok(*path, "--help").out


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=[" ".join(path) or "main" for path, _ in commands()]
)
def test_help(workplace: Any, path: tuple[str, ...], command: click.Command) -> None:
    result = workplace.ok(*path, "--help")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in result.out
    assert workplace.ok(*path, "-h").out == result.out
    assert "Examples:" in result.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=[" ".join(path) or "main" for path, _ in commands()]
)
def test_help_fits_the_terminal(
    path: tuple[str, ...], command: click.Command, columns: int
) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=columns)
    lines = shown.stdout.splitlines()
    examples = lines.index("  Examples:")
    assert [line for line in lines[:examples] if len(line) > columns] == []
    assert [line for line in lines[examples:] if len(line) > 80] == []
    assert [line for line in lines if re.search(r"[a-z]-$", line)] == []  # an option in two
    headings = [line.removesuffix(":") for line in lines if re.fullmatch(r"[A-Z].*:", line)]
    known = [*(topic.value for topic in Topic), *["Commands"] * isinstance(command, click.Group)]
    assert headings == [heading for heading in known if heading in headings]
    assert "Output" in headings


def test_every_option_of_a_command_has_a_heading() -> None:
    """An option without one is listed under Output, wherever it belongs."""
    bare = {
        (path, parameter.name)
        for path, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not isinstance(parameter, Listed)
    }
    assert bare == {((), "version")}
    ((_, release),) = [item for item in commands() if item[0] == ("release",)]
    topics = {option.name: option.topic for option in release.params if isinstance(option, Listed)}
    assert topics["everything"] is topics["targets"] is Topic.WHAT


@pytest.mark.parametrize(
    "option",
    sorted(
        {
            name
            for _, command in commands()
            for parameter in command.params
            if isinstance(parameter, click.Option)
            for name in (*parameter.opts, *parameter.secondary_opts)
            if name.startswith("--")
        }
    ),
)
def test_every_option_is_used_by_a_test(option: str) -> None:
    tests = [path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py")]
    assert any(f'"{option}"' in text for text in tests)


def test_version(workplace: Any) -> None:
    assert __version__ in workplace.ok("--version").out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import json, sys\n"
        "from reconciler.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    imported = set(json.loads(result.stderr))
    heavy = {"yaml", "orjson", "deepdiff", "cryptography", "sqlite3", "kubernetes", "rich"}
    assert heavy & imported == set()
    # Each of these takes as long as all modules of ours that help needs.
    assert {"ctypes", "pathlib", "traceback", "reconciler.model.plans"} & imported == set()


@pytest.mark.usefixtures("shop")
def test_a_plan_imports_nothing_that_only_others_need() -> None:
    script = (
        "import json, sys\n"
        "from reconciler.cli import main\n"
        "try: main(['plan'])\n"
        "except SystemExit as end: assert not end.code\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert b"to create" in result.stdout
    imported = set(json.loads(result.stderr))
    of_others = {
        "reconciler.execution.executor",
        "reconciler.views.json",
        "reconciler.views.overview",
        "reconciler.workflow.checking",
        "reconciler.workflow.telling",
    }
    assert of_others & imported == set()


def test_a_fault_of_ours_shows_no_text_of_its_own(shop: Any, wrap_store: Wrap) -> None:
    fault = RuntimeError("text that might hold a value")
    wrap_store(lambda store: Faulty(store, raising(fault)))
    result = shop.run("plan")
    assert result.code == 1
    assert "RuntimeError" in result.err
    assert "might hold a value" not in result.out + result.err


@pytest.mark.usefixtures("shop")
def test_an_output_that_is_closed_early(process: Any) -> None:
    running = process("plan", "-o", "json")
    running.stdout.close()
    running.wait(timeout=60)
    assert b"Traceback" not in running.stderr.read()
    running.stdin.close()
    running.stderr.close()
