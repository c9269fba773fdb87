"""Inputs that are pipes, and inputs that came to nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from typing import Any

import pytest


def empties(workplace: Any) -> None:
    for name in ("a", "b"):
        workplace.secret(name, x="1")
    workplace.ok("apply", "--auto-approve")
    workplace.write("empty.yaml", "")
    workplace.write("comments.yaml", "# nothing\n---\n# here\n")
    workplace.write("skipped.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n")
    workplace.write("void/a.yaml", "# nothing\n")


@pytest.mark.parametrize("path", ["empty.yaml", "comments.yaml", "skipped.yaml", "void"])
def test_manifests_that_came_to_nothing_prune_nothing(workplace: Any, path: str) -> None:
    empties(workplace)
    result = workplace.run("apply", path, "--prune", "--auto-approve", "--max-deletes", "100%")
    assert result.code == 3
    assert "--allow-empty" in result.out
    assert f"{path} holds " in result.out
    assert "2 objects" in workplace.ok("get", "-q").out
    kept = workplace.ok("plan", path)
    assert ("holds no object at all" in kept.out) == (path != "skipped.yaml")
    plan = json.loads(workplace.ok("plan", path, "--prune", "--allow-empty", "-o", "json").out)
    assert plan["options"]["allowEmpty"] is True
    emptied = workplace.ok("apply", path, "--prune", "--allow-empty", "--auto-approve").out
    assert "with --prune --allow-empty" in emptied
    assert "2 deleted" in emptied


@pytest.mark.parametrize("text", ["# nothing\n", "{kind: Pod, apiVersion: v1, metadata: {}}\n"])
def test_standard_input_that_came_to_nothing_prunes_nothing(workplace: Any, text: str) -> None:
    empties(workplace)
    result = workplace.run("apply", "-", "--prune", "--auto-approve", stdin=text)
    assert result.code == 3
    assert "<stdin> holds " in result.out
    assert "2 objects" in workplace.ok("get", "-q").out


def test_one_input_that_is_empty_stops_a_prune(workplace: Any) -> None:
    empties(workplace)
    workplace.write("skipped.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n")
    paths = ("manifests/a.yaml", "empty.yaml")
    assert workplace.run("plan", *paths, "--prune").code == 3
    assert workplace.run("plan", *paths, "--prune", "--out", "p").code == 3
    assert not (workplace.path / "p").exists()
    assert workplace.run("plan", "manifests/a.yaml", "skipped.yaml", "--prune").code == 0
    workplace.ok("plan", *paths, "--prune", "--allow-empty", "--out", "p")
    assert workplace.run("apply", "p", "--no-allow-empty").code == 1
    assert "1 deleted" in workplace.ok("apply", "p").out


def test_an_input_that_has_come_to_nothing_since_makes_a_plan_stale(workplace: Any) -> None:
    empties(workplace)
    (workplace.path / "manifests/b.yaml").unlink()
    workplace.ok("plan", "manifests/a.yaml", "skipped.yaml", "--prune", "--out", "p")
    workplace.write("skipped.yaml", "")
    stale = workplace.run("apply", "p")
    assert stale.code == 4
    assert "skipped.yaml holds nothing" in stale.err
    assert "2 objects" in workplace.ok("get", "-q").out


def test_destroy_is_there_to_leave_nothing(workplace: Any) -> None:
    empties(workplace)
    assert "2 deleted" in workplace.ok("destroy", "--auto-approve").out


def test_validate_tells_of_an_input_without_any_object(workplace: Any) -> None:
    empties(workplace)
    result = workplace.ok("validate", "manifests", "comments.yaml", "skipped.yaml")
    assert result.out.count("holds no object") == 1
    assert "! comments.yaml holds no object at all\n" in result.out


def piped(process: Any, command: str, *, stdin: bytes | None = None) -> tuple[int, str, str]:
    """Run the program with a pipe for its standard input."""
    running: subprocess.Popen[bytes] = process(*command.split())
    out, err = running.communicate(stdin, timeout=120)
    return running.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("paths", ["/dev/stdin", "-", "/dev/fd/0 -", "- /dev/stdin", "/dev/fd/0"])
def test_a_pipe_is_applied_whole(workplace: Any, process: Any, paths: str) -> None:
    for name in ("a", "b"):
        workplace.secret(name, x="1")
    workplace.ok("apply", "--auto-approve")
    text = (workplace.path / "manifests/a.yaml").read_bytes()
    code, out, err = piped(process, f"apply {paths} --prune --auto-approve", stdin=text)
    assert (code, err) == (0, "")
    assert "1 deleted" in out
    assert "deleted Secret/default/b" in out
    assert "1 object" in workplace.ok("get", "-q").out
    again, out, err = piped(process, f"apply {paths} --prune --auto-approve", stdin=text)
    assert (again, err) == (0, "")
    assert "No changes. 1 object in sync." in out


@pytest.mark.parametrize(
    "command", ["apply --auto-approve --prune", "plan --prune", "validate", "graph", "drift"]
)
def test_an_empty_pipe_is_an_error_everywhere(workplace: Any, process: Any, command: str) -> None:
    workplace.secret("a", x="1")
    workplace.ok("apply", "--auto-approve")
    code, out, err = piped(process, f"{command} /dev/stdin", stdin=b"")
    assert code == 1
    assert "the pipe is empty" in out + err
    assert "1 object" in workplace.ok("get", "-q").out


@pytest.mark.parametrize("command", ["validate", "graph", "drift", "plan"])
def test_every_command_reads_the_whole_of_a_named_pipe(
    workplace: Any, process: Any, command: str
) -> None:
    workplace.secret("a", x="1")
    workplace.ok("apply", "--auto-approve")
    text = (workplace.path / "manifests/a.yaml").read_bytes()
    os.mkfifo(workplace.path / "pipe")
    writer = threading.Thread(target=lambda: (workplace.path / "pipe").write_bytes(text))
    writer.start()
    code, out, err = piped(process, f"{command} pipe")
    writer.join(timeout=60)
    assert (code, err) == (0, "")
    assert re.search("Secret/default/a|1 object|in sync", out)


def test_a_saved_plan_is_shown_from_a_pipe(shop: Any, process: Any) -> None:
    shop.ok("plan", "--out", "p")
    content = (shop.path / "p").read_bytes()
    code, out, _ = piped(process, "show /dev/stdin", stdin=content)
    assert (code, out) == (0, shop.ok("show", "p").out)


def test_a_plan_of_a_pipe_cannot_be_saved(shop: Any, process: Any) -> None:
    text = (shop.path / "manifests/shop.yaml").read_bytes()
    os.mkfifo(shop.path / "pipe")
    for path in ("/dev/stdin", "pipe", "/dev/fd/0", "- /dev/stdin"):
        code, _, err = piped(process, f"plan {path} --out p", stdin=text)
        assert code == 1
        assert "cannot be saved, since apply reads manifests again" in err
        assert not (shop.path / "p").exists()


def test_what_is_excluded_is_not_read(workplace: Any) -> None:
    workplace.secret("a", x="1")
    workplace.secret("b", file="manifests/drafts/b.yaml", x="1")
    out = workplace.ok("plan", "--exclude", "drafts/").out
    assert "Secret/default/a" in out
    assert "Secret/default/b" not in out
