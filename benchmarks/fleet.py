"""What many environments cost, beside the same commands one by one.

    python benchmarks/fleet.py                # 200 environments of 500 Secrets: half an hour
    python benchmarks/fleet.py --clusters 3   # and 8 on each of three control planes

Each environment has manifests, a set and an embedded store of its own; ``--clusters`` needs what
`make controlplane` has built. What is measured against what stands in docs/figures.md. Compare CPU
seconds, and memory: wall seconds are of a machine that servers and other programs share.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generate import generate
from measure import Run, ratio, run

if TYPE_CHECKING:
    from tests.clusters import Cluster

ENVIRONMENTS = 200
SECRETS = 500
BLOCK = 25
ON_EACH_CLUSTER = 8
_EMBEDDED = "store: sqlite:store.db"
_IN_TURN = "--in-turn"
_FINE = {0, 2}
_PROGRAM = [sys.executable, "-m", "reconciler"]
_REQUEST = re.compile(
    r'^apiserver_request_total\{.*,resource="(?P<resource>[^"]*)".*'
    r',verb="(?P<verb>[^"]*)".*\} (?P<count>\S+)$',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Environments in blocks: ``block-0/e000``, and so on. Each has its own ``reconciler.yaml``."""

    directory: Path

    def add(
        self, count: int, store: str, shared: Path | None = None, *, alike: bool = False
    ) -> None:
        """Add a block of `count` environments with the settings `store`.

        Manifests are their own, or those in `shared`; `alike`, they are of the same objects.
        """
        number = len(self.blocks())
        for place in range(count):
            name = f"e{number * BLOCK + place:03}"
            home = self.directory / f"block-{number}" / name
            manifests = shared or home / "manifests"
            if shared is None:
                seed = 0 if alike else number * BLOCK + place
                generate(SECRETS, manifests, seed=seed, namespace="team" if alike else name)
            home.mkdir(exist_ok=True, parents=True)
            (home / "reconciler.yaml").write_text(f"set: {name}\nmanifests: {manifests}\n{store}\n")

    def blocks(self) -> list[Path]:
        """The directories of the blocks."""
        return sorted(self.directory.glob("block-*"), key=lambda path: int(path.name[6:]))

    def homes(self, blocks: int) -> list[Path]:
        """The directories of the environments in the first blocks."""
        return sorted(home for block in self.blocks()[:blocks] for home in block.iterdir())

    def configuration(self, blocks: int) -> Path:
        """A file with all environments of the first blocks."""
        path = self.directory / f"first-{blocks}.yaml"
        patterns = [f"block-{number}/*/reconciler.yaml" for number in range(blocks)]
        path.write_text(f"environments: [{', '.join(patterns)}]\n")
        return path

    def together(self, command: str, blocks: int, *options: str) -> Run:
        """`command` for all environments of the first blocks."""
        config = ["--config", str(self.configuration(blocks))]
        return run([*_PROGRAM, command, "--all", "-q", *config, *options])

    def in_turn(self, command: str, blocks: int) -> Run:
        """`command` for each of them in turn, in one process."""
        return run([sys.executable, __file__, _IN_TURN, command, *map(str, self.homes(blocks))])

    def apart(self, command: str, blocks: int) -> float:
        """CPU seconds of `command` for each of them, each a process of its own."""
        return sum(
            run([*_PROGRAM, "-C", str(home), command, "-q"]).seconds for home in self.homes(blocks)
        )


def in_turn(command: str, homes: Sequence[str]) -> None:
    """Run `command` in each directory, as the program runs it, and let none fail."""
    from reconciler.cli import main

    for home in homes:
        try:
            main(["-C", home, command, "-q"])
        except SystemExit as end:
            if end.code not in _FINE:
                raise


def tell(name: str, figure: object) -> None:
    """Print a row of the table."""
    print(f"| {name} | {figure} |", flush=True)


def each(done: Run, environments: int) -> str:
    """The costs of one of `environments`, and the memory of all."""
    return (
        f"{done.seconds / environments:.2f} s of CPU, {done.wall / environments:.2f} s, each; "
        f"{done.peak:.0f} MiB"
    )


def embedded(directory: Path, environments: int, rounds: int) -> None:
    """Measure environments with embedded stores."""
    fleet = Fleet(directory / "embedded")
    for _ in range(environments // BLOCK):
        fleet.add(BLOCK, _EMBEDDED)
    blocks = environments // BLOCK
    applied = fleet.together("apply", blocks, "--auto-approve")
    tell(f"apply of {environments} x {SECRETS} creates", each(applied, environments))
    sizes = [size for size in (1, 2, 4, blocks) if size <= blocks]
    for command in ("plan", "drift"):
        for size in sizes if command == "plan" else [blocks]:
            done = fleet.together(command, size)
            tell(f"{command} of {size * BLOCK} x {SECRETS} in sync", each(done, size * BLOCK))
    for at_a_time in ("4", "1"):
        option = ("--env-parallelism", at_a_time)
        pair = ratio(
            rounds,
            lambda option=option: fleet.together("plan", 1, *option).seconds,  # type: ignore[misc]
            lambda: fleet.in_turn("plan", 1).seconds,
        )
        tell(f"plan of {BLOCK}, {at_a_time} at a time : in turn in one process", pair)
    pair = ratio(
        max(1, rounds // 3),
        lambda: fleet.together("plan", 1).seconds,
        lambda: fleet.apart("plan", 1),
    )
    tell(f"plan of {BLOCK} : a process for each", pair)


def alike(directory: Path, environments: int) -> None:
    """Measure an apply of environments that have the same objects, as most fleets do."""
    fleet = Fleet(directory / "alike")
    for _ in range(environments // BLOCK):
        fleet.add(BLOCK, _EMBEDDED, alike=True)
    applied = fleet.together("apply", environments // BLOCK, "--auto-approve")
    name = f"apply of {environments} x {SECRETS} creates, the same objects in each"
    tell(name, each(applied, environments))


def sharing(directory: Path, rounds: int) -> None:
    """Measure what it saves to load what environments share once."""
    shared = Fleet(directory / "shared")
    shared.add(BLOCK, _EMBEDDED, shared=directory / "embedded/block-0/e000/manifests")
    shared.together("apply", 1, "--auto-approve")
    pair = ratio(
        rounds,
        lambda: shared.together("plan", 1).seconds,
        lambda: shared.in_turn("plan", 1).seconds,
    )
    tell(f"plan of {BLOCK} that share their manifests : in turn in one process", pair)


def clusters(directory: Path, count: int, rounds: int) -> None:
    """Measure environments on several control planes, and count what these are asked."""
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    from tests.clusters import started

    fleet = Fleet(directory / "clusters")
    with ExitStack() as stack:
        running: list[Cluster] = []
        for _ in range(count):
            running.append(started())
            stack.callback(running[-1].stop)
            store = f"store: 'kubernetes:'\nkubeconfig: {running[-1].kubeconfig}"
            fleet.add(ON_EACH_CLUSTER, store)
        environments = count * ON_EACH_CLUSTER
        where = f"{environments} x {SECRETS} on {count} control planes"
        for command, options in (("apply", ["--auto-approve"]), ("plan", []), ("drift", [])):
            before = asked(running)
            done = fleet.together(command, count, *options)
            tell(f"{command}, {where}", each(done, environments))
            tell(f"requests of that {command}, each", told(before, asked(running), environments))
        pair = ratio(
            rounds,
            lambda: fleet.together("plan", count).seconds,
            lambda: fleet.in_turn("plan", count).seconds,
        )
        tell(f"plan, {where} : in turn in one process", pair)


def asked(running: Sequence[Cluster]) -> Counter[str]:
    """How often the servers have been asked so far, by verb and resource; theirs are among it."""
    counts: Counter[str] = Counter()
    for cluster in running:
        for match in _REQUEST.finditer(cluster.kubectl("get", "--raw", "/metrics")):
            counts[f"{match['verb']} {match['resource']}"] += int(float(match["count"]))
    return counts


def told(before: Counter[str], after: Counter[str], environments: int) -> str:
    """What was asked for each environment, without what was asked less than once for two."""
    return ", ".join(
        f"{name} {count / environments:.1f}"
        for name, count in sorted((after - before).items())
        if count * 2 >= environments
    )


def main() -> None:
    """Print the figures as rows of a table, or be a part of it."""
    if sys.argv[1:2] == [_IN_TURN]:
        in_turn(sys.argv[2], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environments", type=int, default=ENVIRONMENTS, help=f"in {BLOCK}s")
    parser.add_argument("--clusters", type=int, default=0, help="control planes to start")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each comparison")
    chosen = parser.parse_args()
    os.environ.pop("RECONCILER_STORE", None)
    with tempfile.TemporaryDirectory(prefix="reconciler-fleet-") as directory:
        if chosen.environments:
            embedded(Path(directory), chosen.environments, chosen.rounds)
            alike(Path(directory), chosen.environments)
            sharing(Path(directory), chosen.rounds)
        if chosen.clusters:
            clusters(Path(directory), chosen.clusters, chosen.rounds)


if __name__ == "__main__":
    main()
