"""Programs that are run for their output: side by side, limited, and ended with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from reconciler.inputs.programs import Ended, Job, run_all

SHELL = "/bin/sh"


def shell(script: str, directory: Path) -> Job:
    return Job([SHELL, "-c", script], {"PATH": os.defpath}, str(directory))


def ran(*jobs: Job, seconds: float = 30, most_bytes: int = 1000) -> list[Ended]:
    return run_all(jobs, seconds=seconds, most_bytes=most_bytes, keep_complaints=True)


def is_running(pid: int) -> bool:
    """Whether the process is there and no mere zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2][1] != "Z"
    except OSError:
        return False


def is_gone(pid: int) -> bool:
    for _ in range(1000):
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def test_each_has_its_output_in_the_order_given(tmp_path: Path) -> None:
    ended = ran(*(shell(f"echo {number}; echo no >&2", tmp_path) for number in range(20)))
    assert [each.output for each in ended] == [f"{number}\n".encode() for number in range(20)]
    assert {each.failure for each in ended} == {""}


def test_they_run_side_by_side(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "there")
    os.mkfifo(tmp_path / "back")
    first = shell("echo a > there; cat back", tmp_path)
    second = shell("cat there; echo b > back", tmp_path)
    assert [each.output for each in ran(first, second)] == [b"b\n", b"a\n"]


def test_how_they_fail(tmp_path: Path) -> None:
    exits, killed, absent = ran(
        shell("echo out; echo why >&2; exit 7", tmp_path),
        shell("kill -s TERM $$", tmp_path),
        Job(["/no/such/program"], {}, str(tmp_path)),
    )
    assert (exits.failure, exits.output) == ("ended with exit code 7", b"")
    assert exits.complaint == b"why\n"
    assert killed.failure == "was ended by SIGTERM"
    assert absent.failure == "cannot be started: no such file or directory"


def test_one_that_prints_too_much_is_ended(tmp_path: Path) -> None:
    (ended,) = ran(shell("while :; do echo canary; done", tmp_path))
    assert len(ended.output) > 1000
    assert ended.failure == ""


def test_time_is_up_for_all_that_it_started(tmp_path: Path) -> None:
    (ended,) = ran(shell("sleep 600 & echo $! > pid; wait", tmp_path), seconds=0.5)
    assert ended.failure == "took more than 0.5 seconds"
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_what_it_leaves_behind_is_ended(tmp_path: Path) -> None:
    (ended,) = ran(shell("sleep 600 >/dev/null 2>&1 & echo $! > pid; echo done", tmp_path))
    assert ended.output == b"done\n"
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_all_end_with_this_process_even_when_it_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from reconciler.inputs.programs import Job, run_all\n"
        "job = Job(['/bin/sh', '-c', 'sleep 600 & echo $! $$ > new; mv new pids; wait'], "
        "{'PATH': '/usr/bin:/bin'}, sys.argv[1])\n"
        "run_all([job], seconds=600, most_bytes=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    while not (tmp_path / "pids").exists():
        assert process.poll() is None
        time.sleep(0.01)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert all(map(is_running, pids))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert all(map(is_gone, pids))
