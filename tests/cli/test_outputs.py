"""Outputs and inputs that are full, closed early, or closed from the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FULL = Path("/dev/full")


def many(workplace: Any, count: int) -> None:
    documents = [
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s{number}}}\nstringData: {{a: b}}\n"
        for number in range(count)
    ]
    workplace.write("manifests/many.yaml", "---\n".join(documents))


@pytest.fixture(params=["buffered", "unbuffered"], autouse=True)
def buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left in a buffer is written at exit, where it may fail once more."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    if request.param == "unbuffered":
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")


def in_a_shell(workplace: Any, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command.replace("reconciler", f"'{sys.executable}' -m reconciler")],
        cwd=workplace.path,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", ["plan", "apply --auto-approve", "plan -o json", "--help"])
def test_an_output_that_is_full(shop: Any, command: str) -> None:
    result = in_a_shell(shop, f"reconciler {command} > {FULL}")
    assert result.returncode == 1
    assert result.stderr == "Error: the output cannot be written: No space left on device\n"
    assert not (shop.path / ".reconciler").exists()


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_errors_that_cannot_be_told_keep_their_exit_code(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    assert in_a_shell(shop, f"reconciler drift --set no:set 2> {FULL}").returncode == 1
    shop.ok("plan", "--out", "p")
    shop.secret("more", a="b")
    assert in_a_shell(shop, f"reconciler apply p 2> {FULL}").returncode == 4


@pytest.mark.parametrize("output", ["text", "json"])
def test_an_apply_goes_on_where_nobody_reads_any_more(
    workplace: Any, process: Any, output: str
) -> None:
    many(workplace, 100)
    apply = process("apply", "--auto-approve", "-o", output)
    for line in apply.stdout:
        if line.startswith((b"created", b"{")):
            break
    apply.stdout.close()
    said = apply.stderr.read()
    assert apply.wait(timeout=60) == 0
    assert said.count(b"\n") == 1
    assert b"The apply goes on" in said
    apply.stdin.close()
    apply.stderr.close()
    assert workplace.run("plan", "--detailed-exitcode").code == 0


def test_a_signal_counts_where_nobody_reads_any_more(workplace: Any, process: Any) -> None:
    """Ctrl-C at ``reconciler apply 2>&1 | tee log`` ends the reader as well."""
    number = 3000  # the first line is read late where the machine is busy
    many(workplace, number)
    apply = process("apply", "--auto-approve", stderr=subprocess.STDOUT)
    for line in apply.stdout:
        if line.startswith(b"created"):
            break
    apply.stdout.close()
    apply.send_signal(signal.SIGINT)
    assert apply.wait(timeout=60) == 130
    apply.stdin.close()
    assert 0 < int(workplace.ok("get", "-q").out.split()[0]) < number


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_streams_that_are_closed_from_the_start(shop: Any, closed: str) -> None:
    result = in_a_shell(shop, f"reconciler apply --auto-approve {closed}")
    assert (result.returncode, result.stderr) == (0, "")
    assert shop.run("plan", "--detailed-exitcode").code == 0


def test_nobody_is_asked_where_there_is_no_input(shop: Any) -> None:
    result = in_a_shell(shop, "reconciler apply <&-")
    assert result.returncode == 1
    assert "reconciler apply FILE" in result.stderr
    shop.ok("apply", "--auto-approve")
    result = in_a_shell(shop, "reconciler destroy <&-")
    assert result.returncode == 1
    assert "hint: use --auto-approve" in result.stderr


VALUE = "not-a-real-password"


def test_an_exported_file_may_be_what_standard_output_is(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    # As /dev/stdout is a link, which a fault could replace on the machine that runs this test.
    (shop.path / "stdout").symlink_to("/proc/self/fd/1")
    result = in_a_shell(
        shop,
        "umask 022; { echo '# before'; reconciler export --reveal --out stdout; "
        "echo '# after'; } > f",
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    lines = (shop.path / "f").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("# before", "# after")
    assert any(VALUE in line for line in lines)
    assert (shop.path / "f").stat().st_mode & 0o777 == 0o600
    assert (shop.path / "stdout").is_symlink()
    piped = in_a_shell(shop, "reconciler export --reveal --out stdout | cat")
    assert VALUE in piped.stdout


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("export --reveal --out ", "kind: Secret"),
        ("plan --out ", '"reconciler.plan-file/v2"'),
        ("drift --report prometheus=", "reconciler_drift"),
    ],
)
def test_every_output_file_may_be_a_link_a_pipe_or_a_full_device(
    shop: Any, command: str, target: str
) -> None:
    shop.ok("apply", "--auto-approve")
    (shop.path / "elsewhere").mkdir()
    (shop.path / "link").symlink_to("elsewhere/file")
    (shop.path / "loop").symlink_to("loop")
    for _ in ("dangling", "there"):
        assert in_a_shell(shop, f"reconciler {command}link").returncode == 0
        assert (shop.path / "link").is_symlink()
        assert target in (shop.path / "elsewhere/file").read_text()
    assert [path.name for path in (shop.path / "elsewhere").iterdir()] == ["file"]
    pipe = in_a_shell(
        shop, f"mkfifo pipe; cat pipe > got & reconciler {command}pipe >/dev/null; wait; cat got"
    )
    assert target in pipe.stdout
    assert (shop.path / "pipe").is_fifo()
    (shop.path / "full").symlink_to(FULL)
    for place in ("loop", *(["full"] * FULL.exists())):
        failed = in_a_shell(shop, f"reconciler {command}{place}")
        assert failed.returncode == 1
        assert f"Error: {place}: cannot be written: " in failed.stderr
        assert "Traceback" not in failed.stderr
        assert "bug" not in failed.stderr
