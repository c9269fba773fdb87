"""A swarm for each test, emptied and not made anew, and applies to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from reconciler import stores, workflow
from reconciler.execution.retries import RetryPolicy
from reconciler.model.events import ApplyEnded, Outcome
from reconciler.model.objects import Desired
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.stores.docker.store import DockerStore
from reconciler.workflow import Planned
from tests.engines import Engine

HASTY = RetryPolicy(first_delay=0.0)
KEY = {"RECONCILER_FINGERPRINT_KEY": "a key of the tests, and of nobody else"}
IN_HAND = PlanOptions(
    prune=True,
    allow_empty=True,
    allow_replace=True,
    rotate_services=True,
    max_deletes=DeleteLimit(100, percent=True),
)


class Swarm:
    """The engine's swarm, and what is done to it through a store of its own for each act."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.strike: Callable[[str], None] | None = None

    def plan(
        self,
        desired: Sequence[Desired],
        options: PlanOptions = IN_HAND,
        environ: dict[str, str] = KEY,
    ) -> Planned:
        with self.opened(environ) as store:
            return workflow.plan(desired, workflow.read(desired, store, options), options)

    def apply(
        self,
        desired: Sequence[Desired],
        options: PlanOptions = IN_HAND,
        environ: dict[str, str] = KEY,
    ) -> ApplyEnded:
        with self.opened(environ) as store:
            snapshot = workflow.read(desired, store, options)
            planned = workflow.plan(desired, snapshot, options)
            return workflow.apply(planned, store, parallelism=1, retries=HASTY)

    def applied(self, desired: Sequence[Desired], options: PlanOptions = IN_HAND) -> None:
        """Apply, and make sure that all went well and nothing is left to do."""
        ended = self.apply(desired, options)
        assert [result.message for result in ended.results] == [""] * len(ended.results)
        assert ended.count(Outcome.APPLIED) == len(ended.results)
        assert self.plan(desired, options).plan.pending == ()

    def opened(self, environ: dict[str, str] = KEY) -> Any:
        from contextlib import closing

        store = stores.open_store(self.engine.url, environ)
        assert isinstance(store, DockerStore)
        if self.strike is not None:
            struck(store, self.strike)
        return closing(store)

    def names(self) -> set[str]:
        return {*self.engine.secrets()}

    def used_by(self, service: str) -> list[tuple[str, str, str, str, int]]:
        """Name of the secret, file, uid, gid and mode of each use."""
        spec = self.engine.call("GET", f"/services/{service}")["Spec"]
        found = spec["TaskTemplate"]["ContainerSpec"]["Secrets"]
        return [(one["SecretName"], *one["File"].values()) for one in found]


def struck(store: DockerStore, strike: Callable[[str], None]) -> None:
    """Have `strike` called before and after every write that the store sends."""
    request = store._engine._request

    def around(method: str, path: str, *more: Any, **named: Any) -> Any:
        if method == "GET":
            return request(method, path, *more, **named)
        strike(f"before {method} {path}")
        answer = request(method, path, *more, **named)
        strike(f"after {method} {path}")
        return answer

    store._engine._request = around  # type: ignore[method-assign]


@pytest.fixture
def swarm(engine: Engine) -> Iterator[Swarm]:
    engine.empty()
    yield Swarm(engine)
    engine.empty()
