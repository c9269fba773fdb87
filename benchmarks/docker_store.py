"""What the Docker store costs its client, beside a bare loop of docker-py that makes the same.

    python benchmarks/docker_store.py        # 1,000 Secrets, as root: it starts an engine

CPU seconds are those of this process, without the engine's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import docker

from reconciler import stores, workflow
from reconciler.model.objects import SECRET, Desired, ObjectKey, Source
from reconciler.model.plan_options import PlanOptions
from reconciler.model.values import SecretValue
from tests import engines

COUNT = 1_000
KEY = {"RECONCILER_FINGERPRINT_KEY": "a key of the benchmark, and of nobody else"}
_LABELS = {"app": "shop", "tier": "back"}


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of `work` in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def bare(engine: engines.Engine) -> None:
    """Make the Docker secrets one after the other."""
    with closing(docker.DockerClient(base_url=f"unix://{engine.socket}")) as client:
        for number in range(COUNT):
            client.secrets.create(name=f"s{number}", data=_value(number), labels=_LABELS)


def wanted() -> list[Desired]:
    """The same, as manifests have them."""
    return [
        Desired(
            key=ObjectKey(SECRET, "default", f"s{number}"),
            type="Opaque",
            labels=_LABELS,
            data={"password": SecretValue(_value(number))},
            source=Source("all.yaml", number + 1, 1),
        )
        for number in range(COUNT)
    ]


def _value(number: int) -> bytes:
    return f"not-a-real value {number} ".encode() * 20


def main() -> None:
    """Print the figures."""
    engine = engines.started()
    options = PlanOptions()
    try:
        loop = cpu(lambda: bare(engine))
        engine.empty()
        desired = wanted()
        with closing(stores.open_store(engine.url, KEY)) as store:
            planned = workflow.plan(desired, workflow.read(desired, store, options), options)
            apply = cpu(lambda: workflow.apply(planned, store, parallelism=1))
            again = cpu(
                lambda: workflow.plan(desired, workflow.read(desired, store, options), options)
            )
    finally:
        engine.stop()
    print(f"{COUNT} creates, bare docker-py   {loop:6.2f} s of CPU")
    print(f"{COUNT} creates, apply            {apply:6.2f} s of CPU   ratio {apply / loop:.2f}")
    print(f"a plan of {COUNT} in sync         {again:6.2f} s of CPU")


if __name__ == "__main__":
    main()
