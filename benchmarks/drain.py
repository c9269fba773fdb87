"""The least that a loader on libyaml must do; as a program: for the files of a directory."""

from __future__ import annotations

import os
import sys

from yaml._yaml import CParser
from yaml.events import StreamEndEvent


def drain_files(directory: str) -> None:
    """Read every file and drain its events: the least that a loader on libyaml must do."""
    # pathlib would add a tenth, and make the baseline easier to meet than it should be.
    for name in sorted(os.listdir(directory)):  # noqa: PTH208
        with open(f"{directory}/{name}", "rb") as file:  # noqa: PTH123
            content = file.read()
        drain(content)


def drain(content: bytes) -> None:
    """Ask libyaml for all events of a stream, and drop them."""
    get = CParser(content).get_event
    while type(get()) is not StreamEndEvent:
        pass


if __name__ == "__main__":
    drain_files(sys.argv[1])
