"""The figures of docs/figures.md for a cluster, as ratios within one run.

    python benchmarks/kubernetes_store.py                     # 1,000 Secrets: some minutes
    python benchmarks/kubernetes_store.py --large --rounds 3  # 10,000 too, three times each

Starts control planes of its own, of what `make controlplane` has built, and needs Go and curl for
what is measured against. What that is stands in docs/figures.md. Wall seconds are of cores that
server and client share.
"""

from __future__ import annotations

import argparse
import base64
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson
from generate import generate

from reconciler.model.fields import flatten
from reconciler.model.objects import NAMESPACE, Applied
from reconciler.stores.kubernetes import paths, wire
from reconciler.workflow import load
from tests.clusters import Cluster, started

SMALL, LARGE = 1_000, 10_000
WORKERS = 16
ROUNDS = 5
CHANGES = 100
_DRAIN = Path(__file__).with_name("drain.py")
_LOOP = Path(__file__).with_name("loop")
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

    def differing(self) -> Cost:
        """What kubectl takes to find no difference; it answers 1 where it finds one."""
        front = [str(self.cluster.program), "kubectl", "--kubeconfig", str(self.cluster.kubeconfig)]
        how = ["--server-side", "--force-conflicts", f"--concurrency={WORKERS}"]
        return of_process([*front, "diff", *how, "-f", self.manifests], codes=(0, 1))

    def floor(self) -> Cost:
        """Every Secret listed by curl, page by page, and libyaml's events over the manifests."""
        return self._listed() + of_process([sys.executable, _DRAIN, self.manifests])

    def loop(self, program: Path, waves: Sequence[Path]) -> Cost:
        """The same bodies sent by a loop in Go."""
        (self.cluster.directory / "address").write_text(self._address())
        command = [str(program), str(self.cluster.directory), str(WORKERS), *map(str, waves)]
        told = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
        return Cost(*map(float, told.split()))

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


@dataclass(slots=True)
class Round:
    """What one round came to; ``loop`` and ``apply`` had an empty cluster each."""

    loop: Cost
    apply: Cost
    floor: Cost
    plan: Cost
    changes: Cost
    diff: Cost


def one_round(program: Path, manifests: Path, waves: Sequence[Path], turn: int) -> Round:
    """Measure each once."""
    with cluster() as fresh:
        loop = Bench(fresh, manifests).loop(program, waves)
    with cluster() as fresh:
        bench = Bench(fresh, manifests)
        apply = bench.ours("apply", "--auto-approve")
        floor, plan = bench.floor(), bench.ours("plan")
        diff = bench.differing()
        change(manifests, turn)
        return Round(loop, apply, floor, plan, bench.ours("apply", "--auto-approve"), diff)


def change(manifests: Path, turn: int) -> None:
    """Give `CHANGES` of the Secrets a further key; by another value in each turn."""
    changed = 0
    for path in sorted(manifests.iterdir()):
        text = path.read_text()
        before, data, after = text.partition("\ndata:\n")
        if data and changed < CHANGES:
            value = base64.b64encode(f"turn {turn}".encode()).decode()
            kept = after if turn == 0 else after.partition("\n")[2]
            path.write_text(f"{before}{data}  turn: {value}\n{kept}")
            changed += 1


def bodies(manifests: Path) -> list[Path]:
    """Files with the requests of all creates: those of namespaces, and those of all else."""
    loaded = load((str(manifests),), namespace="default")
    lines: dict[bool, list[bytes]] = {True: [], False: []}
    for each in loaded.objects:
        applied = Applied(set_name="bare", fields=dict.fromkeys(flatten(each), _MARK))
        body = wire.body(each, applied, "x")
        path = paths.collection(body["kind"], body["metadata"].get("namespace", ""))
        lines[each.kind == NAMESPACE].append(b"%b\t%b\n" % (path.encode(), orjson.dumps(body)))
    waves = [manifests.with_name(f"{manifests.name}-wave-{number}") for number in (1, 2)]
    for wave, is_first in zip(waves, (True, False), strict=True):
        wave.write_bytes(b"".join(lines[is_first]))
    return waves


def compare(size: int, directory: Path, program: Path, rounds: int) -> None:
    """Print every figure for `size` Secrets: the median of the ratios, and of the costs."""
    manifests = directory / f"manifests-{size}"
    generate(size, manifests)
    waves = bodies(manifests)
    done = [one_round(program, manifests, waves, turn) for turn in range(rounds)]

    def tell(name: str, ratio: float, ours: list[Cost], theirs: list[Cost]) -> None:
        print(f"{size:>7,}  {name:<36} {ratio:6.2f}  {middle(ours)} : {middle(theirs)}", flush=True)

    for name, subject, baseline in (
        ("apply : bare loop in Go", "apply", "loop"),
        ("plan in sync : list and events", "plan", "floor"),
        ("kubectl diff : plan in sync", "diff", "plan"),
        (f"apply of {CHANGES} changes : plan in sync", "changes", "plan"),
    ):
        ours = [getattr(round_, subject) for round_ in done]
        theirs = [getattr(round_, baseline) for round_ in done]
        pairs = list(zip(ours, theirs, strict=True))
        tell(name, median(our.wall / their.wall for our, their in pairs), ours, theirs)
        tell("  CPU", median(our.cpu / their.cpu for our, their in pairs), ours, theirs)
    each = median(round_.apply.cpu for round_ in done) / size
    print(f"{size:>7,}  {'CPU of the apply, an object':<36} {each * 1000:6.2f} ms", flush=True)


def middle(costs: Sequence[Cost]) -> Cost:
    """The medians of wall, CPU and memory."""
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.peak for cost in costs),
    )


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new and empty one."""
    fresh = started()
    try:
        yield fresh
    finally:
        fresh.stop()


def main() -> None:
    """Measure, or be a part of it."""
    if sys.argv[1:2] == ["--measure"]:
        print(orjson.dumps(measured(sys.argv[2:])).decode())
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--large", action="store_true", help="10,000 Secrets too")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is measured")
    given = parser.parse_args()
    sizes = [SMALL, LARGE] if given.large else [SMALL]
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "loop"
        subprocess.run(["go", "build", "-o", program, "."], cwd=_LOOP, check=True)  # noqa: S607
        for size in sizes:
            compare(size, Path(directory), program, given.rounds)


if __name__ == "__main__":
    main()
