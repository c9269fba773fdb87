"""An apply that is stopped, by a signal or for good, and the one after it."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest


def many(workplace: Any, count: int) -> None:
    documents = [
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s{number}}}\nstringData: {{a: b}}\n"
        for number in range(count)
    ]
    workplace.write("manifests/many.yaml", "---\n".join(documents))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_what_is_in_flight(workplace: Any, process: Any, number: int) -> None:
    many(workplace, 400)
    apply = process("apply", "--auto-approve", "--parallelism", "2")
    for line in apply.stdout:
        if line.startswith(b"created"):
            break
    apply.send_signal(number)
    out, err = apply.communicate(timeout=120)
    assert apply.returncode == 130, err
    assert b"Stopping" in err
    summary = re.search(rb"Applied: (\d+) created\..*Skipped: (\d+)", out)
    assert summary, out[-500:]
    created, skipped = map(int, summary.groups())
    assert created > 0
    assert skipped > 0
    assert created + skipped == 400
    again = workplace.ok("apply", "--auto-approve")
    assert f"Applied: {400 - created} created." in again.out
    assert workplace.run("plan", "--detailed-exitcode").code == 0


def test_a_kill_loses_nothing_that_was_reported(workplace: Any, process: Any) -> None:
    many(workplace, 300)
    apply = process("apply", "--auto-approve", "--parallelism", "4")
    reported = []
    for line in apply.stdout:
        if line.startswith(b"created"):
            reported.append(line.split()[1].decode())
        if len(reported) == 40:
            apply.kill()
            break
    apply.communicate(timeout=60)
    assert apply.returncode == -signal.SIGKILL
    plan = workplace.ok("plan", "--verbose").out
    for key in reported:
        assert f"= {key} (in sync)" in plan
    # The lock of what was killed is still there, and expires by itself.
    locked = workplace.run("apply", "--auto-approve")
    assert locked.code == 1
    assert f"process {apply.pid}" in locked.err
