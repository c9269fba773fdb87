"""Jobs of a read of a cluster, when an interrupt comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from reconciler.stores.kubernetes.parts import Parts


def test_an_interrupt_ends_jobs_for_which_nobody_waits_yet() -> None:
    parts = Parts()
    began, cut = threading.Event(), threading.Event()
    cuts = 0

    def request() -> None:
        began.set()
        assert cut.wait(60)

    def end() -> None:
        nonlocal cuts
        cuts += 1
        if cuts > 1:  # the first one came between two requests
            cut.set()

    never: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(parts.run, request)
        pool.submit(parts.run, lambda: never.append("begun"))
        assert began.wait(60)
        parts.abandon(end)
        assert cut.is_set()
    first.result()
    assert cuts > 1
    assert never == []
