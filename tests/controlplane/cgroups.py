"""Cgroups (v1) of our own, below those that this process is in."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_REMOVAL_SECONDS = 10.0


def hierarchies() -> list[tuple[str, Path]]:
    """The v1 hierarchies: their controllers as mounts name them, and where this process is."""
    places = []
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers:  # v2 has none
            places.append((controllers, _ROOT / controllers.removeprefix("name=") / place[1:]))
    return places


def made(name: str) -> list[tuple[str, Path]]:
    """A new cgroup in each hierarchy, below the one that this process is in."""
    groups = []
    for controllers, parent in hierarchies():
        group = parent / name
        group.mkdir()
        if controllers == "cpuset":  # a new one has no processors
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (group / setting).write_text((parent / setting).read_text(encoding="ascii"))
        groups.append((controllers, group))
    return groups


def remove(group: Path) -> None:
    """Remove `group` and those below it, once their last processes have ended."""
    end = time.monotonic() + _REMOVAL_SECONDS
    while time.monotonic() < end:
        with suppress(OSError):
            below = [path for path in group.rglob("*") if path.is_dir()]
            for path in [*sorted(below, reverse=True), group]:
                path.rmdir()
            return
        time.sleep(0.05)
