"""The laws of applies over a second store: it shares no code with the embedded one.

Each of its calls is an HTTP request, so it is given fewer examples.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.events import ApplyEnded
from reconciler.model.objects import Applied, Desired, Live, Resource
from reconciler.model.plan_options import PlanOptions
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from tests.laws.strategies import plain_sets
from tests.laws.test_convergence import FAULTS, converges, survives
from tests.standins.sae import REGION, Standin
from tests.world import IN_HAND, World, held, run


class SaeWorld(World):
    """A region of the stand-in, emptied, and applies to it."""

    def __init__(self, standin: Standin) -> None:
        standin.namespaces[REGION].clear()
        self._standin = standin
        self._open()

    def _open(self) -> None:
        """Go on as another process would."""
        environ, options = self._standin.environ, {"qps": "100000"}
        self.truth = self.store = open_store(self._standin.url, environ, options=options)
        self.hand = held(self.truth)

    def apply(
        self, desired: Sequence[Desired], options: PlanOptions = IN_HAND, **how: Any
    ) -> ApplyEnded:
        work = self.work(desired, options, **how)
        session = held(self.truth)  # what is put off is written at its end, unless it was killed
        faulty = how.get("store")
        try:
            ended = run(replace(work, session=faulty.over(session) if faulty else session))
            session.give_back()
        finally:
            self._open()
        return ended

    def put(self, resource: Resource, applied: Applied | None = None) -> Live:
        assert applied is None
        self._write(resource.name, resource.data)
        live = self.get(resource)
        assert live is not None
        return live

    def meddle(self, resource: Resource, **content: Any) -> Live:
        return self.put(replace(resource, **content))

    def remove(self, resource: Resource) -> None:
        self._standin.drop(resource.name)

    def _write(self, name: str, data: Mapping[str, SecretValue]) -> None:
        """As somebody does in the console."""
        written = {key: b64encode(value.reveal()).decode() for key, value in data.items()}
        self._standin.put(name, written)


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    standin = Standin()
    yield standin
    standin.stop()


@given(data=st.data())
@settings(max_examples=20)
def test_an_apply_makes_live_equal_desired_and_the_next_plan_empty(
    standin: Standin, data: st.DataObject
) -> None:
    converges(SaeWorld(standin), data, plain_sets)


@pytest.mark.parametrize("fault", FAULTS)
@given(data=st.data())
@settings(max_examples=10)
def test_whatever_call_fails_a_second_run_converges_and_nothing_is_lost(
    standin: Standin, fault: str, data: st.DataObject
) -> None:
    survives(SaeWorld(standin), fault, data, plain_sets)
