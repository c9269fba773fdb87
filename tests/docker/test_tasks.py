"""Services whose tasks run: a rotation as their containers see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.model.events import Outcome
from tests import engines, nodes
from tests.docker.conftest import Swarm
from tests.engines import TaskEngine
from tests.world import secret, wrapped

SHOP = secret("shop", {"password": "one"})
NEW = replace(SHOP, data=wrapped({"password": "two"}))
FILE = "/run/secrets/password"
SECOND = 10**9
PATIENCE = 60.0


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TaskEngine]:
    engine = engines.started_with_tasks()
    try:
        engine.load(nodes.busybox(tmp_path_factory.mktemp("image")))
        yield engine
    finally:
        engine.stop()


def serve(engine: TaskEngine, condition: str, **update: object) -> None:
    """A service that runs as long as `condition` is true when it starts, and reads the secret."""
    reference = {
        "SecretID": engine.secrets()["shop"]["ID"],
        "SecretName": "shop",
        "File": {"Name": "password", "UID": "0", "GID": "0", "Mode": 0o400},
    }
    container = {
        "Image": nodes.BUSYBOX,
        "Command": ["sh", "-c", f"{condition} || exit 1; exec sleep 1000"],
        "Secrets": [reference],
        "StopGracePeriod": 0,
    }
    config = {"Monitor": SECOND, "Delay": 0, **update}
    body = {
        "Name": "web",
        "TaskTemplate": {"ContainerSpec": container},
        "Mode": {"Replicated": {"Replicas": 1}},
        "UpdateConfig": config,
        "RollbackConfig": {"Monitor": SECOND, "Delay": 0},
    }
    engine.call("POST", "/services/create", body)
    awaited(lambda: engine.inside("web", "cat", FILE) == "one", "the first task runs")


def awaited(done: Callable[[], bool], what: str) -> float:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < PATIENCE, f"in vain: {what}"
        time.sleep(0.1)
    return time.monotonic() - began


@pytest.fixture
def swarm(tasks: TaskEngine) -> Iterator[Swarm]:
    tasks.empty()
    yield Swarm(tasks)
    tasks.empty()


def test_a_container_reads_the_new_value_when_the_apply_has_ended(
    swarm: Swarm, tasks: TaskEngine, figures: Callable[[str], None]
) -> None:
    swarm.applied([SHOP])
    serve(tasks, "true")
    began = time.monotonic()
    swarm.applied([NEW])
    took = time.monotonic() - began
    assert tasks.inside("web", "cat", FILE) == "two"
    assert swarm.names() == {"shop-2"}
    figures(f"rotated and converged in {took:.1f} s")


def test_a_service_that_fails_with_the_new_value_is_rolled_back_and_keeps_the_old_one(
    swarm: Swarm, tasks: TaskEngine, figures: Callable[[str], None]
) -> None:
    swarm.applied([SHOP])
    only_one = f"[ $(cat {FILE}) = one ]"
    serve(tasks, only_one, FailureAction="rollback", MaxFailureRatio=0)
    began = time.monotonic()
    ended = swarm.apply([NEW])
    took = time.monotonic() - began
    (result,) = ended.results
    assert result.outcome is Outcome.FAILED
    assert "service web" in result.message
    assert "rolled back" in result.message
    awaited(lambda: tasks.inside("web", "cat", FILE) == "one", "the old task is back")
    assert swarm.used_by("web")[0][0] == "shop"
    assert swarm.names() == {"shop", "shop-2"}, "what the service uses stays"
    figures(f"failed and rolled back in {took:.1f} s")
