"""What the first line of an output says besides its subject."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.plans import Note


@dataclass(frozen=True, slots=True)
class Heading:
    """What the first line of a plan says besides its set, its store and its options.

    ``configuration`` is the configuration file in use. ``origin`` is what there is to know of the
    plan file that the plan comes from, or goes to.
    """

    configuration: str = ""
    origin: tuple[Note, ...] = ()


NO_HEADING = Heading()
