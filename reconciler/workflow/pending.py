"""The plans of several environments, between their approval and their apply."""

from __future__ import annotations

import pickle
import threading
import zlib
from dataclasses import dataclass, field

from reconciler.manifests import Loaded
from reconciler.model.plans import Plan
from reconciler.model.store import Store
from reconciler.workflow.environments import Environment, is_unstable, plan_of
from reconciler.workflow.planned import Planned, refuse_stale

MOST_HELD = 5_000
"""Objects whose plans are held as they are, at up to 7 KB each."""
_FAST = 1  # a level of zlib


@dataclass(frozen=True, slots=True)
class Packed:
    """A plan without the values and manifests beside it: ``content`` is its pickle, compressed.

    ``key`` is that of its fingerprints, and ``salt`` what it was derived with, if it was.
    """

    content: bytes = field(repr=False)
    key: bytes = field(repr=False)
    salt: str


class PendingPlans:
    """Plans that wait for their approval, in memory that does not grow with the fleet.

    Of a plan without work, nothing else is kept. Of the others, the first are held as they are, up
    to `most_held` objects. The rest is packed, and formed again when it is applied.
    """

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self._plans: dict[str, Planned | Packed] = {}
        self._room = most_held
        self._lock = threading.Lock()
        self.with_work: Plan | None = None
        """A plan that has something to do, without its changes, if any has."""

    def keep(self, environment: Environment, planned: Planned, *, to_verify: bool) -> None:
        """Keep of `planned`, the plan of `environment`, what an apply needs.

        With `to_verify`, it needs the manifests even where there is nothing to do.
        """
        if planned.has_work:
            self.with_work = planned.without_content().plan
        if planned.blocked or not (planned.has_work or to_verify):
            kept: Planned | Packed = planned.without_content()
        elif is_unstable(planned.diagnostics) or self._is_room_for(planned):
            kept = planned
        else:
            content = zlib.compress(pickle.dumps(planned.plan), _FAST)
            kept = Packed(content, planned.fingerprinter.key, planned.salt)
        self._plans[environment.name] = kept

    def _is_room_for(self, planned: Planned) -> bool:
        with self._lock:
            left = self._room - len(planned.desired) - len(planned.snapshot.objects)
            if left < 0:
                return False
            self._room = left
            return True

    def pop(self, name: str) -> Planned | Packed | None:
        """What was kept of the plan of the environment `name`; from now on, nothing is."""
        return self._plans.pop(name, None)


def unpacked(kept: Packed, environment: Environment, loaded: Loaded, store: Store) -> Planned:
    """The plan that `kept` is of, formed again from what is `loaded` now.

    Raises:
        InvalidManifests: the manifests have errors.
        StalePlan: manifests or store are no longer what the plan saw.
        ReconcilerError: the plan could not be formed.
    """
    planned = plan_of(environment, loaded, store, salt=kept.salt, key=kept.key)
    refuse_stale(
        pickle.loads(zlib.decompress(kept.content)),  # noqa: S301 - of this very process
        planned,
        same_key=kept.key == planned.fingerprinter.key,
        derived_key=bool(kept.salt),
    )
    return planned
