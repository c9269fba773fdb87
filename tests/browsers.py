"""A real browser for tests: Chromium, driven through its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from websocket import WebSocket, create_connection

INSTALL = Path(__file__).resolve().parent / "browser" / "install.sh"
_PATIENCE = 60.0


class Browser:
    """One page of a running Chromium. ``messages`` has what its console said."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._calls = 0
        self.messages: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """What the browser answers to a command."""
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": parameters}
        self._socket.send(json.dumps(call))
        while True:
            message = self._next()
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return message["result"]

    def visit(self, page: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Show `page`, and wait until it has loaded."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.resize(width, 900)
        self.messages.clear()
        self.requests.clear()
        self.call("Page.navigate", url=page.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def resize(self, width: int, height: int) -> None:
        """Make the page `width` by `height` CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript; that of a promise, once it has one."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, named as in ``KeyboardEvent.key``."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"Enter": 13, "Tab": 9}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=code,
            )

    def screenshot(self, path: Path) -> None:
        """Save what is seen as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv())
        parameters = message.get("params", {})
        match message.get("method"):
            case "Log.entryAdded":
                self.messages.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.messages.append(json.dumps(parameters))
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
        return message


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A Chromium with a profile of its own. Without one, the test is skipped, or fails in CI."""
    program = shutil.which("chromium")
    if program is None:
        raise _missing("Chromium")
    options = ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    options += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    log = (profile.parent / f"{profile.name}.log").open("wb")
    with log, subprocess.Popen([program, *options], stdout=log, stderr=log) as process:
        try:
            socket = create_connection(_page(profile), timeout=_PATIENCE, suppress_origin=True)
            try:
                yield Browser(socket)
            finally:
                socket.close()
        finally:
            process.terminate()


def axe() -> str:
    """The source of axe-core. Without it, the test is skipped, or fails in CI."""
    asked = subprocess.run([INSTALL, "--where"], capture_output=True, text=True, check=True)
    if not asked.stdout:
        raise _missing("axe-core")
    return Path(asked.stdout.strip()).read_text(encoding="utf-8")


def _page(profile: Path) -> str:
    """The address of the page that the browser begins with."""
    port = profile / "DevToolsActivePort"
    deadline = time.monotonic() + _PATIENCE
    while not (port.exists() and port.read_text().count("\n")):
        assert time.monotonic() < deadline, "the browser does not start"
        time.sleep(0.05)
    number = int(port.read_text().split("\n")[0])
    with urlopen(f"http://127.0.0.1:{number}/json") as answer:
        targets = json.load(answer)
    return next(str(each["webSocketDebuggerUrl"]) for each in targets if each["type"] == "page")


def _missing(what: str) -> BaseException:
    """What ends the test: a skip, or a failure in CI."""
    message = f"{what} is not installed: run `make browser`"
    return (pytest.fail if "CI" in os.environ else pytest.skip).Exception(message)
