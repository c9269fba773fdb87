"""A stand-in for the service, and applies to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler import workflow
from reconciler.execution.retries import RetryPolicy
from reconciler.model.events import ApplyEnded, Outcome
from reconciler.model.objects import Desired
from reconciler.model.opening import Opening
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan
from reconciler.stores.sae import SaeBackend
from reconciler.stores.sae.pace import Patience
from reconciler.stores.sae.store import SaeStore
from tests.standins.sae import Standin
from tests.world import IN_HAND

SHOP = "shop"


class Region:
    """A stand-in, and what is done with it, each time as a new process would."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.retries = RetryPolicy(first_delay=0.0)
        self.patience = Patience()

    def open(self, **options: str) -> SaeStore:
        opening = Opening(
            url=self.standin.url,
            environ=self.standin.environ,
            options={"qps": "100000", **options},
        )
        return SaeBackend(self.patience).open(opening)

    def planned(
        self, *desired: Desired, store: Any = None, options: PlanOptions = IN_HAND
    ) -> workflow.Planned:
        snapshot = workflow.read(desired, store or self.open(), options)
        return workflow.plan(desired, snapshot, options)

    def plan(self, *desired: Desired, options: PlanOptions = IN_HAND) -> Plan:
        return self.planned(*desired, options=options).plan

    def apply(
        self, *desired: Desired, store: Any = None, options: PlanOptions = IN_HAND, **how: Any
    ) -> ApplyEnded:
        store = store or self.open()
        planned = self.planned(*desired, store=store, options=options)
        assert not planned.plan.problems
        return workflow.apply(planned, store, retries=self.retries, **how)

    def settle(self, *desired: Desired) -> None:
        """Apply, and see that all is as it is wanted and that nothing is left to do."""
        ended = self.apply(*desired)
        assert [result for result in ended.results if result.outcome is not Outcome.APPLIED] == []
        self.settled(*desired)

    def settled(self, *desired: Desired) -> None:
        assert actions(self.plan(*desired)) == {}


def actions(plan: Plan) -> dict[str, Action]:
    return {change.key.name: change.action for change in plan.pending}


def failures(ended: ApplyEnded) -> Sequence[str]:
    return [result.message for result in ended.results if result.outcome is Outcome.FAILED]


@pytest.fixture
def standin() -> Iterator[Standin]:
    standin = Standin(namespaces=(SHOP,))
    yield standin
    standin.stop()


@pytest.fixture
def region(standin: Standin) -> Region:
    return Region(standin)


@pytest.fixture
def no_patience(region: Region) -> None:
    """What fails is not tried again, neither by the store nor by an apply."""
    region.retries = RetryPolicy(attempts=1)
    region.patience = Patience(attempts=1)


def without_data(desired: Desired, *names: str) -> Desired:
    return replace(
        desired, data={name: desired.data[name] for name in desired.data if name not in names}
    )
