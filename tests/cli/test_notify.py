"""Receivers of notifications are real servers on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from reconciler.model.patches import Operation
from reconciler.model.values import SecretValue
from tests.cli.test_drift import DATABASE, touch

TOKEN = "canary-of-a-token"
STATE = "told.json"


class Web:
    """A web hook: what it was sent, and what it answers."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.paths: list[str] = []
        self.status = 204
        self.on_arrival: Callable[[], None] | None = None
        self.silence = threading.Event()
        self.arrived = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                outer.events.append(json.loads(content))
                outer.headers.append(self.headers)
                outer.paths.append(self.path)
                outer.arrived.set()
                if outer.on_arrival is not None:
                    outer.on_arrival()
                if outer.silence.is_set():
                    time.sleep(3)
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://user:{TOKEN}@127.0.0.1:{self._server.server_port}/hook/{TOKEN}?key={TOKEN}"

    @property
    def types(self) -> list[str]:
        return [event["type"].removeprefix("reconciler.") for event in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def applied(shop: Any) -> Any:
    shop.ok("apply", "--auto-approve")
    return shop


def check(place: Any, *urls: str, code: int, **env: str) -> Any:
    flags = [word for url in urls for word in ("--notify", url)]
    result = place.run("drift", *flags, "--notify-state", STATE, env=env)
    assert result.code == code, result
    shown = result.out + result.err + Path(STATE).read_text() if Path(STATE).exists() else ""
    assert TOKEN not in shown
    assert "intruder" not in shown
    return result


def intrude(value: bytes = b"intruder-value") -> None:
    touch(DATABASE, Operation("replace", "/data/password", SecretValue(value)))


def due_again() -> None:
    """Let the pauses between tries be over."""
    document = json.loads(Path(STATE).read_text())
    for told in document["receivers"].values():
        if told["attempt"]:
            told["attempt"]["at"] -= 4000
    Path(STATE).write_text(json.dumps(document))


def test_a_message_is_sent_when_something_changes_and_only_then(applied: Any, web: Web) -> None:
    check(applied, web.url, code=0)
    assert web.events == []
    intrude()
    for _ in range(3):
        check(applied, web.url, code=2)
    assert web.types == ["drift.appeared"]
    intrude(b"intruder-again")
    for _ in range(2):
        check(applied, web.url, code=2)
    assert web.types[1:] == ["drift.changed"]
    applied.write("manifests/broken.yaml", "kind: [")
    for _ in range(2):
        check(applied, web.url, code=1)
    assert web.types[2:] == ["check.failed"]
    (applied.path / "manifests/broken.yaml").unlink()
    check(applied, web.url, code=2)
    assert web.types[3:] == ["check.recovered"]
    applied.ok("apply", "--auto-approve")
    for _ in range(2):
        check(applied, web.url, code=0)
    assert web.types[4:] == ["drift.gone"]
    assert len({event["id"] for event in web.events}) == 5


def failing(metrics: str) -> str:
    (line,) = [line for line in metrics.splitlines() if line.startswith("reconciler_drift_check_f")]
    return line[-1]


def test_a_message_is_sent_when_reports_are_written(applied: Any, web: Web) -> None:
    seen: list[str] = []
    web.on_arrival = lambda: seen.append(Path("r.prom").read_text())
    report = ("--notify", web.url, "--notify-state", STATE, "--report", "prometheus=r.prom")
    intrude()
    assert applied.run("drift", *report).code == 2
    assert 'object="Secret/shop/database"' in seen.pop()
    applied.write("manifests/broken.yaml", "kind: [")
    assert applied.run("drift", *report).code == 1
    assert failing(seen.pop()) == "1", "of a check that fails too"
    (applied.path / "manifests/broken.yaml").unlink()
    assert applied.run("drift", *report).code == 2
    assert failing(seen.pop()) == "0"
    assert web.types == ["drift.appeared", "check.failed", "check.recovered"]


def test_a_report_that_cannot_be_written_silences_nobody(applied: Any, web: Web) -> None:
    intrude()
    Path("no").touch()
    report = ("--notify", web.url, "--notify-state", STATE, "--report", "prometheus=no/r.prom")
    result = applied.run("drift", *report)
    assert result.code == 1
    assert "no/r.prom: cannot be written" in result.err
    assert web.types == ["drift.appeared"]


def test_of_several_environments_each_is_told_when_all_reports_are_written(
    workplace: Any, web: Web
) -> None:
    seen: list[str] = []
    web.on_arrival = lambda: seen.append(Path("r.prom").read_text())
    workplace.write(
        "reconciler.yaml",
        "environments:\n  a: {store: 'sqlite:a.db'}\n  b: {store: 'sqlite:b.db'}\n"
        "  c: {store: 'sqlite:c.db'}\n",
    )
    workplace.secret("database", password="not-a-real-one")
    workplace.ok("apply", "--env", "[ab]", "--auto-approve")
    for name in ("a", "b"):
        key = DATABASE._replace(namespace="default")
        touch(key, url=f"sqlite:{name}.db")
    dead = "http://127.0.0.1:9/"
    result = workplace.run(
        *("drift", "--all", "--report", "prometheus=r.prom"),
        *("--notify", web.url, "--notify", dead, "--notify-state", STATE),
    )
    assert result.code == 1
    assert sorted(web.types) == ["check.failed", "drift.appeared", "drift.appeared"]
    assert {event["source"] for event in web.events} == {
        f"urn:reconciler:environment:{name}:set:default" for name in "abc"
    }
    assert {event["data"]["environment"] for event in web.events} == {*"abc"}
    for text in seen:
        assert text.count('object="Secret/default/database"') == 2
    for name in "abc":
        assert f"{name}: Warning: receiver 2 (http) was not told" in result.err


def test_the_event_is_a_cloudevent_without_values(applied: Any, web: Web) -> None:
    intrude()
    check(applied, web.url, code=2)
    (event,), (headers,) = web.events, web.headers
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["Authorization"].startswith("Basic ")
    assert web.paths == [f"/hook/{TOKEN}?key={TOKEN}"]
    assert {"specversion", "id", "source", "type", "time", "data"} <= event.keys()
    assert event["specversion"] == "1.0"
    assert event["source"] == "urn:reconciler:set:default"
    assert event["data"]["drift"] == [
        {
            "kind": "Secret",
            "state": "drifted",
            "fields": [{"field": "data[password]", "state": "changed"}],
            "count": 1,
            "objects": ["Secret/shop/database"],
        }
    ]
    assert "intruder" not in json.dumps(event)
    assert "not-a-real" not in json.dumps(event)


def test_the_same_drift_of_many_objects_is_one_message(workplace: Any, web: Web) -> None:
    for number in range(8):
        workplace.secret(f"db-{number}", password="not-a-real-one")
    workplace.ok("apply", "--auto-approve")
    for number in range(8):
        key = DATABASE._replace(namespace="default", name=f"db-{number}")
        touch(key, Operation("replace", "/data/password", SecretValue(b"intruder-value")))
    check(workplace, web.url, code=2)
    (event,) = web.events
    (group,) = event["data"]["drift"]
    assert group["count"] == len(group["objects"]) == 8


def test_two_checks_with_two_news_tell_both(applied: Any, web: Web) -> None:
    intrude()
    applied.write("manifests/broken.yaml", "kind: [")
    check(applied, web.url, code=1)
    (applied.path / "manifests/broken.yaml").unlink()
    check(applied, web.url, code=2)
    assert web.types == ["check.failed", "check.recovered", "drift.appeared"]


@pytest.mark.parametrize("status", [302, 401, 500])
def test_a_receiver_that_refuses_is_said_and_told_again_after_a_pause(
    applied: Any, web: Web, status: int
) -> None:
    intrude()
    web.status = status
    result = check(applied, web.url, code=2)
    assert f"receiver 1 (http) was not told: the server answered {status}" in result.err
    for _ in range(5):
        check(applied, web.url, code=2)
    assert len(web.events) == 1, "never a storm"
    web.status = 204
    due_again()
    check(applied, web.url, code=2)
    check(applied, web.url, code=2)
    first, second = web.events
    assert first["id"] == second["id"]
    assert web.paths == [web.paths[0]] * 2


def test_a_receiver_that_fails_keeps_the_others_from_nothing(applied: Any, web: Web) -> None:
    intrude()
    nobody = f"https://127.0.0.1:9/{TOKEN}"
    result = check(applied, nobody, web.url, code=2)
    assert "receiver 1 (https) was not told: Connection refused" in result.err
    check(applied, nobody, web.url, code=2)
    assert web.types == ["drift.appeared"]
    check(applied, web.url, nobody, code=2)
    assert web.types == ["drift.appeared"], "the order of receivers does not matter"


def test_a_new_receiver_is_told_how_things_are(applied: Any, web: Web) -> None:
    intrude()
    check(applied, web.url, code=2)
    check(applied, web.url, web.url.replace("/hook", "/other"), code=2)
    assert web.types == ["drift.appeared"] * 2
    assert len({event["id"] for event in web.events}) == 2


def test_killed_after_it_was_sent_it_is_sent_again_with_the_same_id(applied: Any, web: Web) -> None:
    intrude()
    web.silence.set()
    command = [sys.executable, "-m", "reconciler", "drift", "--notify-state", STATE]
    environment = os.environ | {"RECONCILER_NOTIFY": web.url}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as killed:
        assert web.arrived.wait(60)
        killed.send_signal(signal.SIGKILL)
    web.silence.clear()
    check(applied, web.url, code=2)
    assert len(web.events) == 1, "killed again and again, it sends no storm either"
    due_again()
    check(applied, web.url, code=2)
    check(applied, web.url, code=2)
    first, second = web.events
    assert first["id"] == second["id"]


def test_whoever_cannot_remember_tells_nobody(applied: Any, web: Web) -> None:
    intrude()
    for content, reason in (("{}", "no memory"), ("[", "no memory")):
        Path(STATE).write_text(content)
        result = check(applied, web.url, code=2)
        assert f"nobody was told: {STATE}: this is {reason}" in result.err
        assert Path(STATE).read_text() == content
    Path(STATE).unlink()
    result = applied.run("drift", "--notify", web.url, "--notify-state", "no/where.json")
    assert result.code == 2
    assert "nobody was told: no/where.json" in result.err
    assert web.events == []
    check(applied, web.url, code=2)
    result = applied.run("drift", "--set", "blue", "--notify", web.url, "--notify-state", STATE)
    assert "memory of another set" in result.err


def test_two_checks_at_once_do_not_both_tell(applied: Any, web: Web) -> None:
    intrude()
    with Path(f"{STATE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another check is using it" in check(applied, web.url, code=2).err
    assert web.events == []
    check(applied, web.url, code=2)
    assert len(web.events) == 1


def test_the_file_is_its_owners_alone_and_tells_no_url(applied: Any, web: Web) -> None:
    intrude()
    check(applied, web.url, code=2)
    assert stat.S_IMODE(Path(STATE).stat().st_mode) == 0o600
    assert "127.0.0.1" not in Path(STATE).read_text()


@contextmanager
def post_office() -> Iterator[tuple[int, list[EmailMessage]]]:
    """A mail server on this machine, and what it has accepted."""
    mails: list[EmailMessage] = []

    class Handler:
        async def handle_DATA(  # noqa: N802 - as aiosmtpd looks for it
            self, _server: Any, _session: Any, envelope: Any
        ) -> str:
            mails.append(message_from_bytes(envelope.content, policy=default))
            return "250 OK"

    with socket.socket() as free:  # the controller connects to the port that it was given
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, mails
    finally:
        controller.stop()


def of_its_own(url: str) -> subprocess.CompletedProcess[str]:
    """A check in a process that may ask for the name of this machine, as clients of mail do."""
    command = [sys.executable, "-m", "reconciler", "drift", "--notify-state", STATE]
    environment = os.environ | {"RECONCILER_NOTIFY": url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


# aiosmtpd's own: the connection by which its controller sees that it has started.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.usefixtures("applied")
def test_mail() -> None:
    intrude()
    with post_office() as (port, mails):
        url = (
            f"mailto://127.0.0.1:{port}?smtp=127.0.0.1&mode=insecure"
            f"&from=reconciler@example.com&to=oncall@example.com&name={TOKEN}"
        )
        for _ in range(2):
            ended = of_its_own(url)
            assert (ended.returncode, ended.stderr) == (2, "")
        (mail,) = mails
        assert mail["Subject"] == "Drift in set default"
        body = str(mail)
        assert "Secret/shop/database" in body
        assert "data[password]" in body
        assert "intruder" not in body
        assert "Last applied" in body
    intrude(b"intruder-again")
    ended = of_its_own(url)
    assert ended.returncode == 2
    assert "receiver 1 (E-Mail) was not told: the service did not accept" in ended.stderr
    assert TOKEN not in ended.stdout + ended.stderr


def test_urls_come_from_a_variable_or_a_file(applied: Any, web: Web) -> None:
    intrude()
    check(applied, code=2, RECONCILER_NOTIFY=f"{web.url}\n{web.url}2")
    assert len(web.events) == 2
    Path("urls").write_text(f"# on call\n{web.url}3\n")
    check(applied, code=2, RECONCILER_NOTIFY_FILE="urls")
    assert len(web.events) == 3
    both = {"RECONCILER_NOTIFY": web.url, "RECONCILER_NOTIFY_FILE": "urls"}
    assert "both set" in check(applied, code=1, **both).err


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (TOKEN, "receiver 1 of notifications is no URL"),
        (f"nosuchthing://{TOKEN}", "apprise does not understand its URL"),
        (f"slack://{TOKEN}", "apprise does not understand its URL"),
    ],
)
def test_what_is_no_receiver(applied: Any, url: str, message: str) -> None:
    assert message in check(applied, url, code=1).err


def test_the_configuration_names_no_receiver(applied: Any) -> None:
    for name in ("notify", "notify-state"):
        applied.write("reconciler.yaml", f"{name}: {TOKEN}\n")
        result = applied.run("drift")
        assert result.code == 1
        assert f"unknown setting '{name}'" in result.err


def test_a_memory_of_nobody_is_an_error(applied: Any, web: Web) -> None:
    result = applied.run("drift", "--notify-state", STATE, env={"RECONCILER_NOTIFY": ""})
    assert (result.code, result.out) == (1, "")
    assert "there is nobody to tell" in result.err
    assert applied.run("drift", env={"RECONCILER_NOTIFY_STATE": STATE}).code == 0
    assert check(applied, web.url, code=0).code == 0


def test_a_memory_is_asked_for(applied: Any, web: Web) -> None:
    result = applied.run("drift", "--notify", web.url)
    assert result.code == 1
    assert "--notify-state FILE" in result.err
    assert TOKEN not in result.err


def test_what_does_not_count_is_not_told(applied: Any, web: Web) -> None:
    intrude()
    flags = ("--notify", web.url, "--notify-state", STATE)
    assert applied.run("drift", *flags, "--fail-on", "vanished").code == 0
    assert applied.run("drift", "--report", "baseline=known.json").code == 2
    assert applied.run("drift", *flags, "--baseline", "known.json").code == 0
    assert web.events == []


def test_children_do_not_inherit_the_urls() -> None:
    program = (
        "import os;from reconciler.cli.environment import keys_withheld\n"
        "with keys_withheld(): print({k for k in os.environ if 'NOTIFY' in k}, "
        "open('/proc/self/environ').read().count('canary'))"
    )
    env = os.environ | {"RECONCILER_NOTIFY": TOKEN, "RECONCILER_NOTIFY_STATE": "x"}
    shown = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "{'RECONCILER_NOTIFY_STATE'} 0"
