"""Several environments applied in stages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial

from reconciler.planning.stages import stages
from reconciler.workflow.parallel import abreast
from reconciler.workflow.reports import INTERRUPTED, Result


def roll_out(
    after: Mapping[str, Collection[str]],
    apply: Callable[[str], Result],
    *,
    at_a_time: int,
    max_failures: int,
    stop: threading.Event,
) -> Iterator[Result]:
    """Apply the environments of `after`, each after those that it names; yield what became of each.

    Within a stage, at most `at_a_time` are applied side by side, by calling `apply` with the name
    in a thread of its own. A stage begins when the one before has ended. An environment is not
    begun where one that it comes after is not as it was to be, and no stage is begun once more than
    `max_failures` environments have failed, or `stop` is set. `apply` raises nothing.
    """
    good: set[str] = set()
    failed: set[str] = set()

    def why_not(name: str) -> str:
        """Why the environment may not be begun; empty where it may."""
        if stop.is_set():
            return INTERRUPTED
        bad = [other for other in after[name] if other in after and other not in good]
        if bad:
            return f"it comes after {', '.join(bad)}"
        if len(failed) > max_failures:
            return f"{len(failed)} failed, and --max-failures allows {max_failures}"
        return ""

    for stage in stages(after):
        reasons = {name: why_not(name) for name in stage}
        ready = [name for name in stage if not reasons[name]]
        for name in stage:
            if reasons[name]:
                yield Result(environment=name, not_begun=reasons[name])
        work = [partial(_unless_stopped, name, apply, stop) for name in ready]
        for name, result in zip(ready, abreast(work, at_a_time), strict=True):
            if not result.not_begun:
                (failed if result.exit_code else good).add(name)
            yield replace(result, environment=name)


def _unless_stopped(name: str, apply: Callable[[str], Result], stop: threading.Event) -> Result:
    if stop.is_set():
        return Result(environment=name, not_begun=INTERRUPTED)
    return apply(name)
