"""CPU seconds and ratios: what a busy machine disturbs least."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Ratio:
    """How long `subject` takes in terms of `baseline`, both the least of their CPU seconds."""

    ratio: float
    subject: float
    baseline: float

    def __str__(self) -> str:
        return f"{self.ratio:.2f} ({self.subject:.2f} s : {self.baseline:.2f} s)"


def ratio(rounds: int, subject: Callable[[], float], baseline: Callable[[], float]) -> Ratio:
    """The median of the ratios of `rounds` turns, in each of which both are run."""
    pairs = [(subject(), baseline()) for _ in range(rounds)]
    return Ratio(
        median(ours / theirs for ours, theirs in pairs),
        min(ours for ours, _ in pairs),
        min(theirs for _, theirs in pairs),
    )


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of this process, all threads and the system's part included.

    What `call` returns is freed after the clock has stopped, as the program frees it at its end.
    """
    gc.collect()
    start = time.process_time()
    result = call()
    seconds = time.process_time() - start
    del result
    return seconds


@dataclass(frozen=True, slots=True)
class Run:
    """A process that has ended: CPU seconds, the most memory that it had, in MiB, and its time."""

    seconds: float
    peak: float
    wall: float


def run(command: Sequence[str]) -> Run:
    """Run `command`, its output thrown away.

    It is started by a small process of its own: Linux counts what the starting process held as
    memory of the started one.
    """
    told = subprocess.run(
        [sys.executable, __file__, *command], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    return Run(*map(float, told.split()))


def _main(command: Sequence[str]) -> None:
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, wall)
    sys.exit(process.returncode)


if __name__ == "__main__":
    _main(sys.argv[1:])
