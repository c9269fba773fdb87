"""The figures of docs/figures.md, as ratios within one run.

    python benchmarks/figures.py            # 1,000 and 10,000 Secrets: a few minutes
    python benchmarks/figures.py --large    # 100,000 too, which takes 2 GB of disk

What is measured and against what stands in docs/figures.md.
"""

from __future__ import annotations

import argparse
import gc
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drain import drain, drain_files
from generate import generate
from measure import Ratio, cpu, ratio, run

from reconciler import workflow
from reconciler.model.objects import SECRET, Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Snapshot, Store
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from reconciler.stores.sqlite.tables import SCHEMA
from reconciler.workflow import load

SIZE = 10_000
LARGE = 100_000
_OPTIONS = PlanOptions()
_PROGRAM = [sys.executable, "-m", "reconciler"]


@dataclass(slots=True)
class Bench:
    """A directory to work in, and how often each pair is compared."""

    directory: Path
    rounds: int
    stores: int = 0

    def manifests(self, size: int) -> Path:
        """A directory with `size` Secrets."""
        path = self.directory / f"manifests-{size}"
        if not path.exists():
            generate(size, path)
        return path

    def store(self) -> Store:
        """A new store."""
        return open_store(self.new_url(), {})

    def new_url(self) -> str:
        """The URL of a store that does not exist yet."""
        self.stores += 1
        return f"sqlite:{self.directory}/store-{self.stores}/store.db"


def start(bench: Bench) -> Ratio:
    """``--help`` against the import of click alone, as processes."""
    return ratio(
        bench.rounds * 4,
        lambda: run([*_PROGRAM, "--help"]).seconds,
        lambda: run([sys.executable, "-c", "import click"]).seconds,
    )


def loading(bench: Bench) -> Ratio:
    """Loading a directory against draining libyaml's events file by file."""
    path = bench.manifests(SIZE)
    return ratio(
        bench.rounds, lambda: cpu(lambda: load(path)), lambda: cpu(lambda: drain_files(str(path)))
    )


def loading_stream(bench: Bench) -> Ratio:
    """Loading one stream of all documents against draining its events."""
    path = bench.directory / "stream.yaml"
    files = sorted(bench.manifests(SIZE).iterdir())
    path.write_bytes(b"---\n".join(file.read_bytes() for file in files))
    return ratio(
        bench.rounds,
        lambda: cpu(lambda: load(path)),
        lambda: cpu(lambda: drain(path.read_bytes())),
    )


def planning(bench: Bench, desired: tuple[Desired, ...], snapshot: Snapshot) -> Ratio:
    """Planning against loading the same objects."""
    path = bench.manifests(SIZE)
    return ratio(
        bench.rounds,
        lambda: cpu(lambda: workflow.plan(desired, snapshot, _OPTIONS)),
        lambda: cpu(lambda: load(path)),
    )


def one_key_changed(desired: Iterable[Desired]) -> tuple[Desired, ...]:
    """The same objects, with another value at one key of each Secret."""
    return tuple(
        _changed(resource) if resource.kind == SECRET else resource for resource in desired
    )


def _changed(secret: Desired) -> Desired:
    key, value = min(secret.data.items())
    return replace(secret, data={**secret.data, key: SecretValue(value.reveal() + b"changed")})


def applying(bench: Bench) -> Ratio:
    """Applying an approved plan of creates against inserting the rows that it makes."""
    desired = load(bench.manifests(SIZE)).objects

    def apply() -> tuple[float, Store]:
        store = bench.store()
        planned = workflow.plan(desired, workflow.read(desired, store, _OPTIONS), _OPTIONS)
        return cpu(lambda: workflow.apply(planned, store)), store

    apply()[1].close()
    database = bench.directory / f"store-{bench.stores}" / "store.db"
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT * FROM objects").fetchall()
    return ratio(
        bench.rounds,
        lambda: apply()[0],
        lambda: insert_rows(rows, bench.directory / "bare.db"),
    )


def insert_rows(rows: list[tuple[object, ...]], path: Path) -> float:
    """CPU seconds of inserting sealed rows into such a store, each in a transaction of its own."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    for statement in SCHEMA:
        connection.execute(statement)
    places = ", ".join("?" * len(rows[0]))

    def insert() -> None:
        for row in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"INSERT INTO objects VALUES ({places})", row)  # noqa: S608
            connection.execute("COMMIT")

    seconds = cpu(insert)
    connection.close()
    return seconds


def per_object(bench: Bench, size: int) -> str:
    """CPU microseconds for each object of every stage, and the memory of a plan as a process.

    What the first plan for a store takes whatever it holds, a slow key, is told apart.
    """
    path = bench.manifests(size)
    url = bench.new_url()
    store = open_store(url, {})
    micros_by_stage: dict[str, float] = {}

    def stage(name: str, call: Callable[[], Any]) -> Any:
        result: list[Any] = []
        micros_by_stage[name] = cpu(lambda: result.append(call())) / size * 1e6
        return result[0]

    desired = stage("load", lambda: load(path)).objects
    snapshot = workflow.read(desired, store, _OPTIONS)
    once = cpu(lambda: workflow.plan((), snapshot, _OPTIONS))
    planned = stage("plan", lambda: workflow.plan(desired, snapshot, _OPTIONS))
    micros_by_stage["plan"] -= once / size * 1e6
    command = [*_PROGRAM, "plan", str(path), "--store"]
    empty = run([*command, bench.new_url()])
    stage("apply", lambda: workflow.apply(planned, store))
    stage("read", lambda: workflow.read(desired, store, _OPTIONS))
    store.close()
    full = run([*command, url])
    stages = " · ".join(f"{name} {micros:.0f}" for name, micros in micros_by_stage.items())
    memory = f"{empty.peak:.0f} MiB (store empty), {full.peak:.0f} MiB (in sync)"
    return f"{stages} · first plan {once * 1000:.0f} ms once · `plan`: {memory}"


def whole_apply(bench: Bench) -> str:
    """CPU seconds of ``reconciler apply --auto-approve`` as a process."""
    command = [*_PROGRAM, "apply", str(bench.manifests(SIZE)), "--auto-approve", "--store"]
    return f"{run([*command, bench.new_url()]).seconds:.2f} s"


def _figures(bench: Bench, *, large: bool) -> None:
    def tell(name: str, figure: object) -> None:
        print(f"| {name} | {figure} |", flush=True)

    tell("`--help` : `import click`", start(bench))
    tell("load 10,000 files : their bare events", loading(bench))
    tell("load one stream : its bare events", loading_stream(bench))
    desired = load(bench.manifests(SIZE)).objects
    store = bench.store()
    empty = workflow.read(desired, store, _OPTIONS)
    tell("plan of 10,000 creates : load", planning(bench, desired, empty))
    workflow.apply(workflow.plan(desired, empty, _OPTIONS), store)
    full = workflow.read(desired, store, _OPTIONS)
    tell("plan of 10,000 objects in sync : load", planning(bench, desired, full))
    changed = one_key_changed(desired)
    tell("plan of 10,000 updates of one key : load", planning(bench, changed, full))
    store.close()
    del desired, changed, empty, full
    tell("apply of 10,000 creates : bare inserts", applying(bench))
    tell("`apply --auto-approve`, the whole process", whole_apply(bench))
    for size in (1_000, SIZE, LARGE) if large else (1_000, SIZE):
        tell(f"{size:,}: CPU µs for each object", per_object(bench, size))


def main() -> None:
    """Print the figures as rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="measure 100,000 Secrets too")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each comparison")
    chosen = parser.parse_args()
    gc.set_threshold(1_000_000, 50, 1000)  # as the program itself does, in cli/program.py
    with tempfile.TemporaryDirectory(prefix="reconciler-figures-") as directory:
        _figures(Bench(Path(directory), chosen.rounds), large=chosen.large)


if __name__ == "__main__":
    main()
