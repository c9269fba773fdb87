"""An apply that is stopped, by a signal or for good, and the one after it."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from typing import Any

import pytest

from reconciler.stores import open_store
from tests.cli.altered import Wrap
from tests.standins.http import serving
from tests.world import Faulty, raising


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "variable",
    ["RECONCILER_STORE_KEY_FILE", "RECONCILER_FINGERPRINT_KEY_FILE", "manifests", "store.key"],
)
def test_a_pipe_that_nobody_writes_to_is_given_up_at_the_first_signal(
    workplace: Any, process: Any, variable: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.secret("a", x="1")
    pipe = workplace.path / "pipe"
    args = ["apply", "--auto-approve"]
    if variable == "store.key":
        workplace.ok(*args)
        pipe = workplace.path / ".reconciler/store.key"
        pipe.unlink()
    elif variable == "manifests":
        args.append("pipe")
    else:
        monkeypatch.setenv(variable, "pipe")
    os.mkfifo(pipe)
    running = process(*args)
    handle = os.open(pipe, os.O_WRONLY)  # waits until the program has opened it, too
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    os.close(handle)
    assert (running.returncode, out) == (130, b""), err
    assert err.strip() == b"Interrupted."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wait_for_the_lock_is_given_up_at_the_first_signal(
    workplace: Any, process: Any, number: int
) -> None:
    workplace.secret("a", x="1")
    workplace.ok("apply", "--auto-approve")
    workplace.secret("b", x="1")
    store = open_store("sqlite:.reconciler/store.db", {})
    with closing(store), store.session("default", "somebody@elsewhere", 600):
        waiting = process("apply", "--auto-approve", "--lock-timeout", "600")
        assert waiting.stderr.readline().startswith(b"Waiting")
        waiting.send_signal(number)
        _, err = waiting.communicate(timeout=60)
        assert waiting.returncode == 130, err
    assert "1 created" in workplace.ok("apply", "--auto-approve").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("loading", [True, False])
def test_a_server_that_falls_silent_is_given_up_at_the_first_signal(
    workplace: Any, process: Any, number: int, *, loading: bool
) -> None:
    """It would be waited for for a minute, by each of the threads that list something.

    They list while manifests are loaded, which lasts as long as standard input is open.
    """
    workplace.secret("a", x="1")
    listing = threading.Barrier(4)  # of three kinds, and this test

    def answer(connection: socket.socket, request: bytes) -> None:
        if b"GET /api/v1/namespaces/default/secrets/" in request:  # the set's own
            body = b'{"kind": "Status", "code": 404}'
            head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body)
        else:
            with suppress(threading.BrokenBarrierError):
                listing.wait(60)

    with serving(answer) as server:
        entry = {"name": "silent", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}
        context = {"name": "silent", "context": {"cluster": "silent"}}
        kubeconfig = {"clusters": [entry], "contexts": [context], "current-context": "silent"}
        workplace.write("kubeconfig", json.dumps(kubeconfig))
        inputs = ["-"] if loading else []
        running = process("plan", *inputs, "--store", "kubernetes:", "--kubeconfig", "kubeconfig")
        listing.wait(60)
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, b""), err
    assert err.strip().endswith(b"Interrupted.")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "Error: the memory ran out: "),
        (RecursionError("canary-text"), "Error: the input is nested too deeply\n"),
        (
            OSError(24, "Too many open files", "canary-text"),
            "refused a call: Too many open files\n",
        ),
        (OSError(28, "No space left on device"), "refused a call: No space left on device\n"),
        (ImportError("canary-text", name="_cffi"), "Error: the module _cffi cannot be imported"),
        (RuntimeError("can't start new thread"), "Error: no thread can be started"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_machine_refuses_is_no_bug(
    workplace: Any, wrap_store: Wrap, error: Exception, told: str
) -> None:
    workplace.secret("a", x="1")
    wrap_store(lambda store: Faulty(store, raising(error)))
    result = workplace.run("plan")
    assert result.code == 1
    assert told in result.err
    for word in ("bug", "Traceback", "canary-text"):
        assert word not in result.err


def test_out_of_memory_is_told_plainly(workplace: Any, process: Any) -> None:
    workplace.write("manifests/many.yaml", f"# {'x' * 95}\n" * 900_000)
    room = 150 * 1024 * 1024

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (room, room))

    running = process("validate", preexec_fn=limit)
    out, err = running.communicate(timeout=300)
    assert (running.returncode, out) == (1, b""), err
    assert err.startswith(b"Error: the memory ran out: ")
    assert err.count(b"\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        ("KeyboardInterrupt()", 130, "Interrupted.\n"),
        ("MemoryError()", 1, "Error: the memory ran out: "),
        ("ImportError(name='click')", 1, "Error: the module click cannot be imported"),
        ("OSError(24, 'Too many open files')", 1, "refused a call: Too many open files"),
    ],
)
def test_what_happens_during_the_import_shows_no_traceback(
    error: str, code: int, told: str
) -> None:
    script = (
        "import builtins, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'click': raise {error}\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from reconciler.__main__ import run\n"
        "run()\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert result.returncode == code
    assert told in result.stderr.decode()
    assert b"Traceback" not in result.stderr
