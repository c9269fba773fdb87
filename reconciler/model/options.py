"""Options as data: every way to set one, and the documentation, derive from a single declaration.

The command line, environment variables, ``reconciler.yaml``, ``docs/configuration.md``, the JSON of
a plan and the headline of every format read the same `Option`s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class OptionKind(Enum):
    """What the value of an option is; ``reconciler.cli.types`` reads each kind."""

    FLAG = "flag"
    TEXT = "text"
    SET_NAME = "set name"
    NAMESPACE = "namespace"
    OBJECT = "object"
    OBJECT_KEY = "object key"
    DELETE_LIMIT = "delete limit"
    COUNT = "count"
    NUMBER = "number"
    RATE = "rate"
    SECONDS = "seconds"
    DURATION = "duration"
    STORE_URL = "store URL"
    PATH = "path"
    MAP = "map"
    COLOUR = "colour"
    DRIFT_KINDS = "kinds of drift"
    SHARD = "shard"


class Effect(Enum):
    """What an option does to a plan, and so whether the plan's headline must name it."""

    NONE = "none"
    """It does not change what a plan says."""
    IDENTITY = "identity"
    """It says what the plan is for. Headlines show it in words of their own."""
    SCOPE = "scope"
    """It widens or narrows what the plan does."""
    LOOSENS = "loosens"
    """It lets the plan pass a guard."""
    TIGHTENS = "tightens"
    """It makes a guard refuse more."""


class Topic(Enum):
    """What an option is about: the heading under which help lists it."""

    WHAT = "What"
    WHERE = "Where"
    GUARDS = "Guards"
    RUN = "Execution"
    OUTPUT = "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: ``--NAME``, ``RECONCILER_NAME``, and the setting ``name``.

    ``default_text`` says in words what happens without the option, where its default cannot.
    ``repeatable`` options collect their values in a tuple and have neither variable nor setting.
    Options that bypass a safeguard of a single run have no setting, so that no file can. ``about``
    is for options whose ``effect`` does not say what they are about.
    """

    name: str
    kind: OptionKind
    help: str
    default: Any = None
    default_text: str = ""
    short: str = ""
    metavar: str = ""
    repeatable: bool = False
    has_setting: bool = True
    effect: Effect = Effect.NONE
    about: Topic | None = None

    @property
    def topic(self) -> Topic:
        """What the option is about."""
        return self.about or _TOPICS[self.effect]

    @property
    def flag(self) -> str:
        """How the option is spelled on the command line."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable, or nothing."""
        return "" if self.repeatable else f"RECONCILER_{self.parameter.upper()}"

    @property
    def setting(self) -> str:
        """The setting in ``reconciler.yaml``, or nothing."""
        return self.name if self.has_setting and not self.repeatable else ""

    @property
    def parameter(self) -> str:
        """The name as an identifier of Python."""
        return self.name.replace("-", "_")

    def given(self, value: Any) -> tuple[str, ...]:
        """The arguments that set the option to `value`, as a person would type them."""
        if self.kind is OptionKind.FLAG:
            return (self.flag if value else f"--no-{self.name}",)
        values = value if self.repeatable else (value,)
        return tuple(f"{self.flag} {item}" for item in values)


def option_field(name: str, kind: OptionKind, default: Any, **attributes: Any) -> Any:
    """A field of a dataclass that an option sets; see `Option`."""
    declared = Option(name=name, kind=kind, default=default, **attributes)
    return field(default=default, metadata={_OPTION: declared})


def options_of(shape: type[Any]) -> dict[str, Option]:
    """The options that set the fields of the dataclass `shape`, by the fields' names."""
    return {
        name: declared.metadata[_OPTION]
        for name, declared in shape.__dataclass_fields__.items()
        if _OPTION in declared.metadata
    }


_OPTION = "option"
_TOPICS = {
    Effect.NONE: Topic.RUN,
    Effect.IDENTITY: Topic.WHAT,
    Effect.SCOPE: Topic.WHAT,
    Effect.LOOSENS: Topic.GUARDS,
    Effect.TIGHTENS: Topic.GUARDS,
}
