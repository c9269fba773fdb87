"""What somebody at a terminal sees: the question, the colours, the bar."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import threading
import time
from contextlib import closing
from typing import Any

import pytest

from reconciler.stores import open_store

ESCAPE = b"\x1b["
ASKED = b"Only 'yes' is accepted: "
PATIENCE = 60


def at_a_terminal(workplace: Any, *args: str, answer: bytes = b"", **env: str) -> tuple[int, bytes]:
    """Run the program with a pseudo-terminal for all three streams.

    The answer is given after a second of silence, and again after another: a key that comes before
    the program waits for one may make a signal that nobody notices.
    """
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *args],
        stdin=child,
        stdout=child,
        stderr=child,
        cwd=workplace.path,
        env={**os.environ, "PYTHONSAFEPATH": "1", "TERM": "xterm", **env},
        # Keys that make signals make them only on the terminal that a session has for its own.
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads yet
    )
    os.close(child)
    seen = b""
    given_up = time.monotonic() + PATIENCE
    while time.monotonic() < given_up:
        if not select.select([parent], [], [], 1)[0]:
            if answer and (ASKED in seen or seen.endswith(b"]: ")):
                os.write(parent, answer)
            continue
        try:
            chunk = os.read(parent, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(parent)
    return process.wait(timeout=PATIENCE), seen


def test_yes_is_a_yes(shop: Any) -> None:
    code, seen = at_a_terminal(shop, "apply", answer=b"yes\n")
    assert code == 0, seen
    assert b"Make these changes?" in seen
    assert b"2 created" in seen
    assert shop.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("answer", [b"no\n", b"y\n", b"YES\n", b"\n", b"\x04"])
def test_anything_else_is_a_no(shop: Any, answer: bytes) -> None:
    code, seen = at_a_terminal(shop, "apply", answer=answer)
    assert code == 1
    assert b"nothing was changed" in seen
    assert not (shop.path / ".reconciler").exists()


def test_control_c_at_the_question(shop: Any) -> None:
    code, _ = at_a_terminal(shop, "apply", answer=b"\x03")
    assert code == 130
    assert not (shop.path / ".reconciler").exists()


def test_colours_on_a_terminal_and_nowhere_else(shop: Any) -> None:
    _, seen = at_a_terminal(shop, "plan")
    assert ESCAPE in seen
    _, plain = at_a_terminal(shop, "plan", NO_COLOR="1")
    assert ESCAPE not in plain
    assert "\x1b[" not in shop.ok("plan").out


def screen(seen: bytes) -> list[str]:
    """The lines that a terminal shows at last: a carriage return writes over what is there."""
    lines = []
    for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", seen.decode()).split("\n"):
        shown = ""
        for part in line.rstrip("\r").split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines


def slow_pipe(workplace: Any) -> threading.Thread:
    """A pipe of manifests that gives nothing for a while after somebody has opened it."""
    pipe = workplace.path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("w") as file:
            time.sleep(3)
            file.write("# nothing\n")

    writer = threading.Thread(target=write)
    writer.start()
    return writer


def test_what_takes_long_shows_life_and_leaves_no_trace(workplace: Any) -> None:
    writer = slow_pipe(workplace)
    _, seen = at_a_terminal(workplace, "plan", "pipe")
    writer.join()
    assert b"| Reading manifests (" in seen
    assert not any("Reading manifests" in line for line in screen(seen))


def test_an_apply_that_waits_shows_its_count(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("more", x="1")
    store = open_store("sqlite:.reconciler/store.db", {})
    with closing(store), store.session("default", "somebody@elsewhere", 60):
        code, seen = at_a_terminal(shop, "apply", "--auto-approve", "--lock-timeout", "3")
    assert code == 1
    assert b"Applying 0/1, 1 s" in seen
    lines = screen(seen)
    assert not any("Applying" in line for line in lines)
    assert sum(line.startswith("Waiting: ") for line in lines) == 1


def test_nothing_moves_on_a_dumb_terminal(workplace: Any) -> None:
    writer = slow_pipe(workplace)
    _, seen = at_a_terminal(workplace, "plan", "pipe", TERM="dumb")
    writer.join()
    assert b"Reading manifests" not in seen


@pytest.mark.parametrize(
    ("args", "env", "painted"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": ""}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color=never",), {"FORCE_COLOR": "1"}, False),
        ((), {"RECONCILER_COLOR": "always"}, True),
        (("--color=never",), {"RECONCILER_COLOR": "always"}, False),
    ],
)
def test_colour_where_no_terminal_is(
    shop: Any, args: tuple[str, ...], env: dict[str, str], *, painted: bool
) -> None:
    assert ("\x1b[" in shop.ok("plan", *args, env=env).out) is painted
    assert ("\x1b[" in shop.ok(*args, "plan", env=env).out) is painted
    assert ("\x1b[" in shop.run("plan", "nowhere", *args, env=env).err) is painted
    assert "\x1b[" not in shop.ok("plan", "-o", "json", *args, env=env).out


def test_the_word_nearest_to_the_command_decides_on_colour(shop: Any) -> None:
    assert "\x1b[" not in shop.ok("--color=always", "plan", "--color=never").out
    assert "\x1b[" in shop.ok("--color=never", "plan", "--color=always").out
    assert "\x1b[" not in shop.ok("plan").out


def test_no_colour_on_a_terminal_that_was_told_so(shop: Any) -> None:
    _, seen = at_a_terminal(shop, "plan", "--color", "never")
    assert ESCAPE not in seen
    _, dumb = at_a_terminal(shop, "plan", TERM="dumb")
    assert ESCAPE not in dumb
