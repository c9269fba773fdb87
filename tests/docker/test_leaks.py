"""Recognisable values go into a swarm; nothing that a command says or leaves behind holds one."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Workplace
from tests.cli.test_leaks import CANARIES, Searched, encoded, leaked
from tests.docker.conftest import KEY, Swarm


@pytest.fixture
def searched(
    swarm: Swarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Searched]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECONCILER_STORE", swarm.engine.url)
    for name, text in KEY.items():
        monkeypatch.setenv(name, text)
    caplog.set_level(logging.DEBUG)  # what urllib3 and docker-py say is searched too
    searched = Searched(Workplace(tmp_path))
    yield searched
    assert leaked(caplog.text.encode()) == []
    searched.files()


def manifests(searched: Searched, which: str, layout: str = "per-key") -> None:
    searched.workplace.write(
        "manifests/shop.yaml",
        f"""\
apiVersion: v1
kind: Secret
metadata:
  name: shop
  annotations: {{reconciler/docker-layout: {layout}}}
data:
  other: {encoded("token")}
stringData:
  password: {CANARIES[which].decode()}
  unicode: {CANARIES["unicode"].decode()}
""",
    )


def in_the_swarm(swarm: Swarm) -> bytes:
    kinds = ("secrets", "configs", "services")
    return json.dumps([swarm.engine.call("GET", f"/{kind}") for kind in kinds]).encode()


def test_through_the_life_of_a_secret(searched: Searched, swarm: Swarm) -> None:
    manifests(searched, "plain")
    for output in ("text", "json", "sarif"):
        searched.run("validate", "-o", output, code=0)
    searched.run("apply", "--auto-approve", "-o", "json", code=0)
    swarm.engine.service("web", "shop.password")
    manifests(searched, "changed")
    for output in ("text", "json", "markdown"):
        searched.run("plan", "-o", output, "--verbose", code=3)
    searched.run("plan", "--rotate-services", "--out", "second.plan", code=0)
    searched.run("apply", "second.plan", code=0)
    for output in ("text", "json", "markdown"):
        searched.run("drift", "-o", output, "-v", "--unmanaged", code=0)
    searched.run("get", code=0)
    searched.run("export", code=0)
    searched.run("export", "--reveal", "--out", "all.yaml", code=1)
    manifests(searched, "plain", "json")
    searched.run("apply", "--auto-approve", "--rotate-services", code=0)
    assert leaked(in_the_swarm(swarm)) == []
    searched.run("destroy", "--auto-approve", code=5)  # the service holds on to an old version
    swarm.engine.call("DELETE", "/services/web")
    searched.run("destroy", "--auto-approve", code=0)


# docker-py leaves a socket open that could not be connected; it is collected here.
def test_what_goes_wrong(searched: Searched, swarm: Swarm, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests(searched, "plain")
    swarm.engine.call("POST", "/secrets/create", {"Name": "shop.password", "Data": "eA=="})
    searched.run("plan", code=3)
    searched.run("apply", "--auto-approve", "--adopt", "--allow-replace", code=0)
    searched.run("apply", "--auto-approve", "--set", "other", code=3)
    monkeypatch.setenv("RECONCILER_STORE", "docker:unix:///nowhere/docker.sock")
    searched.run("apply", "--auto-approve", code=1)
    searched.run("plan", "--store", "docker:no-such-context", code=1)
    gc.collect()
