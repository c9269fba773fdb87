"""The figures of docs/figures.md for a cluster: beside kubectl, and beside the least there is.

    python benchmarks/kubernetes_store.py           # 1,000 Secrets: some minutes
    python benchmarks/kubernetes_store.py --large   # 10,000 too

Starts control planes of its own, of what `make controlplane` has built. What is measured and
against what stands in docs/figures.md. Wall seconds are of cores that server and client share.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson
from generate import generate
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_kube_config

from reconciler.model.fields import flatten
from reconciler.model.objects import Applied
from reconciler.stores.kubernetes import paths, wire
from reconciler.workflow import load
from tests.clusters import Cluster, started

SMALL, LARGE = 1_000, 10_000
WORKERS = 16
_DRAIN = Path(__file__).with_name("drain.py")
_PAGE = 500
_MARK = "0" * 32


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds of something, and the most memory of a process, in MiB."""

    wall: float
    cpu: float
    peak: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))

    def __str__(self) -> str:
        memory = f", {self.peak:.0f} MiB" if self.peak else ""
        return f"{self.wall:6.2f} s ({self.cpu:.2f} s of CPU{memory})"


def of_process(command: Sequence[str | Path], codes: tuple[int, ...] = (0,)) -> Cost:
    """What `command` costs, its output thrown away.

    It is started by a small process of its own: Linux counts what the starting process held as
    memory of the started one.
    """
    done = subprocess.run(
        [sys.executable, __file__, "--measure", *map(str, command)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    code, wall, cpu, peak = orjson.loads(done.stdout)
    if code not in codes:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {code}")
    return Cost(wall, cpu, peak)


def measured(command: Sequence[str]) -> list[float]:
    """Exit code, wall seconds, CPU seconds and MiB of `command`."""
    start = time.perf_counter()
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [done.returncode, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]


@dataclass(slots=True)
class Bench:
    """A cluster and a directory of manifests, and the programs that are held side by side."""

    cluster: Cluster
    manifests: Path

    def ours(self, *arguments: str) -> Cost:
        """One of our commands."""
        store = ["--store", "kubernetes:", "--kubeconfig", str(self.cluster.kubeconfig)]
        command: list[str | Path] = [sys.executable, "-m", "reconciler", *arguments, self.manifests]
        return of_process([*command, *store, "-q", "--parallelism", str(WORKERS)])

    def kubectl(self, *arguments: str) -> Cost:
        """One of kubectl's, which answers 1 where a diff finds something."""
        front = [str(self.cluster.program), "kubectl", "--kubeconfig", str(self.cluster.kubeconfig)]
        return of_process([*front, *arguments, "-f", self.manifests], codes=(0, 1))

    def floor(self) -> Cost:
        """Every Secret listed by curl, page by page, and libyaml's events over the manifests."""
        return self._listed() + of_process([sys.executable, _DRAIN, self.manifests])

    def bare_creates(self) -> Cost:
        """A loop that sends the bodies of all creates through the official client, untyped."""
        loaded = load((str(self.manifests),), namespace="default")
        bodies = [
            wire.body(one, Applied(set_name="bare", fields=dict.fromkeys(flatten(one), _MARK)), "x")
            for one in loaded.objects
        ]
        waves = [
            [body for body in bodies if (body["kind"] == "Namespace") is first]
            for first in (True, False)
        ]
        settings = Configuration()
        load_kube_config(str(self.cluster.kubeconfig), client_configuration=settings)
        settings.connection_pool_maxsize = WORKERS
        client = ApiClient(settings)

        def send(body: dict[str, Any]) -> None:
            path = paths.collection(body["kind"], body["metadata"].get("namespace", ""))
            headers = {"Content-Type": "application/json"}
            request = client.param_serialize(
                "POST", path, header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer = client.call_api(*request)
            answer.read()
            assert answer.status == HTTPStatus.CREATED

        wall, cpu = time.perf_counter(), time.process_time()
        for wave in waves:
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(send, wave))
        client.close()
        return Cost(time.perf_counter() - wall, time.process_time() - cpu)

    def _listed(self) -> Cost:
        folder, page = self.cluster.directory, self.manifests.parent / "page.json"
        credentials = ["--cacert", "ca.crt", "--cert", "admin.crt", "--key", "admin.key"]
        # To curl by its own name, the server writes indented JSON.
        curl: list[str | Path] = ["curl", "-sSf", "-A", "a-list", "-o", page]
        curl += [folder / part if part.endswith((".crt", ".key")) else part for part in credentials]
        total, token = Cost(0, 0), ""
        while True:
            query = f"limit={_PAGE}&continue={token}"
            total += of_process([*curl, f"{self._address()}/api/v1/secrets?{query}"])
            token = orjson.loads(page.read_bytes())["metadata"].get("continue", "")
            if not token:
                return total

    def _address(self) -> str:
        shown = "jsonpath={.clusters[0].cluster.server}"
        return self.cluster.kubectl("config", "view", "-o", shown)


def compare(size: int, directory: Path) -> None:
    """Print every figure for `size` Secrets."""
    manifests = directory / f"manifests-{size}"
    generate(size, manifests)
    tell = _teller(size)
    with closing(_Stopping(started())) as fresh:
        tell("bare creates", bare := Bench(fresh.cluster, manifests).bare_creates())
    with closing(_Stopping(started())) as fresh:
        bench = Bench(fresh.cluster, manifests)
        floor = bench.floor()
        tell("floor of a first plan", floor)
        tell("first plan", first := bench.ours("plan"), first.wall / floor.wall)
        applied = bench.ours("apply", "--auto-approve")
        tell("apply, all creates", applied, applied.wall / bare.wall)
        print(f"{size:>7,}  its CPU : that of the bare creates: {applied.cpu / bare.cpu:.2f}")
        floor = bench.floor()
        tell("floor of a no-op plan", floor)
        tell("no-op plan", noop := bench.ours("plan"), noop.wall / floor.wall)
    with closing(_Stopping(started())) as fresh:
        bench = Bench(fresh.cluster, manifests)
        namespaces = [name for name in manifests.iterdir() if name.name.startswith("namespace")]
        serverside = ["--server-side"]
        for one in namespaces:
            Bench(fresh.cluster, one).kubectl("apply", *serverside)
        tell("kubectl apply --server-side", bench.kubectl("apply", *serverside))
        diff = bench.kubectl("diff", *serverside, f"--concurrency={WORKERS}")
        tell("kubectl diff --server-side", diff, diff.wall / noop.wall)


class _Stopping:
    """A cluster that ends with the block that uses it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def close(self) -> None:
        self.cluster.stop()


def _teller(size: int) -> Callable[..., None]:
    def tell(name: str, cost: Cost, times: float | None = None) -> None:
        ratio = "" if times is None else f"  {times:.2f} times"
        print(f"{size:>7,}  {name:<28} {cost}{ratio}", flush=True)

    return tell


def main() -> None:
    """Measure, or be a part of it."""
    if sys.argv[1:2] == ["--measure"]:
        print(orjson.dumps(measured(sys.argv[2:])).decode())
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--large", action="store_true", help="10,000 Secrets too")
    sizes = [SMALL, LARGE] if parser.parse_args().large else [SMALL]
    with tempfile.TemporaryDirectory() as directory:
        for size in sizes:
            compare(size, Path(directory))


if __name__ == "__main__":
    main()
