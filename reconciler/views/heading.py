"""The additional content of the first line of an output."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.drift import DriftReport
from reconciler.model.plans import Note, Plan


@dataclass(frozen=True, slots=True)
class Heading:
    """The content of the first line of a plan after its set, store and options.

    ``configuration`` is the configuration file in use. ``origin`` are notes on the plan file that
    the plan was read from, or is written to.
    """

    configuration: str = ""
    origin: tuple[Note, ...] = ()


NO_HEADING = Heading()


@dataclass(frozen=True, slots=True)
class HeadedPlan:
    """A plan, with what its first line says besides, and a name by which others tell it apart."""

    plan: Plan
    heading: Heading = NO_HEADING
    name: str = ""


@dataclass(frozen=True, slots=True)
class HeadedDrift:
    """A drift report, with the configuration file that the check had, and a name as above."""

    report: DriftReport
    configuration: str = ""
    name: str = ""
