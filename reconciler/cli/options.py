"""The options of the commands, made from their declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, TypeVar

import click

from reconciler.cli.parameters import COLOR, Listed, declaration
from reconciler.cli.readings import READINGS
from reconciler.model import drift
from reconciler.model.opening import DEFAULT_STORE
from reconciler.model.options import Option, OptionKind, Topic
from reconciler.model.plan_options import PLAN_OPTIONS, PlanOptions

Command = TypeVar("Command", bound=Callable[..., Any])


CONFIG = Option(
    name="config",
    kind=OptionKind.PATH,
    metavar="FILE",
    default_text="the nearest `reconciler.yaml`",
    has_setting=False,
    help="Configuration file to use. By default, the nearest reconciler.yaml.",
    about=Topic.WHERE,
)
ENV = Option(
    name="env",
    kind=OptionKind.TEXT,
    short="-e",
    metavar="NAME|GLOB",
    default=(),
    repeatable=True,
    help="Use this environment of the configuration file. Repeatable.",
    about=Topic.WHERE,
)
ENV_PARALLELISM = Option(
    name="env-parallelism",
    kind=OptionKind.COUNT,
    metavar="N",
    default_text="4; 1 where nothing waits",
    has_setting=False,
    help="Number of environments to work on at a time: by default 4, or 1 if no store has a server "
    "and no program prints manifests.",
)
SHARD = Option(
    name="shard",
    kind=OptionKind.SHARD,
    metavar="I/N|auto",
    default_text="all that are chosen",
    has_setting=False,
    help="Work only on part I of N of the chosen environments; auto takes both from the variables "
    "of a parallel job of GitLab or an Indexed Job of Kubernetes.",
    about=Topic.WHERE,
)
STAGE = Option(
    name="stage",
    kind=OptionKind.COUNT,
    metavar="N",
    default_text="all, one after the other",
    has_setting=False,
    help="Apply only the chosen environments of this stage of the configuration file, from 1.",
    about=Topic.WHERE,
)
STORE = Option(
    name="store",
    kind=OptionKind.STORE_URL,
    metavar="URL",
    default=DEFAULT_STORE,
    help="Store to reconcile with.",
    about=Topic.WHERE,
)
SERVER_DRY_RUN = Option(
    name="server-dry-run",
    kind=OptionKind.FLAG,
    default=False,
    help="Have the store try each change first. Needs permission to write.",
)
PARALLELISM = Option(
    name="parallelism",
    kind=OptionKind.COUNT,
    metavar="N",
    default=10,
    help="Number of changes to make at a time.",
)
STRICT = Option(
    name="strict",
    kind=OptionKind.FLAG,
    default=False,
    help="Treat warnings as errors.",
    about=Topic.GUARDS,
)
AUTO_APPROVE = Option(
    name="auto-approve",
    kind=OptionKind.FLAG,
    default=False,
    has_setting=False,
    help="Do not ask for approval. Required without a terminal.",
)
LOCK_TIMEOUT = Option(
    name="lock-timeout",
    kind=OptionKind.SECONDS,
    metavar="DURATION",
    default=0,
    help="How long to wait for another apply of the set to end, such as 90s or 5m.",
)
WAIT_TIMEOUT = Option(
    name="wait-timeout",
    kind=OptionKind.SECONDS,
    metavar="DURATION",
    default=120,
    help="How long to wait for a change to take effect, such as 5m; 0 does not wait.",
)
MAX_FAILURES = Option(
    name="max-failures",
    kind=OptionKind.NUMBER,
    metavar="N",
    default=0,
    has_setting=False,
    help="How many environments may fail before no further stage begins.",
    about=Topic.GUARDS,
)

EXPIRES = Option(
    name="expires",
    kind=OptionKind.DURATION,
    default_text="never",
    help="How long the saved plan stays valid, such as 90m, 24h or 7d.",
    about=Topic.OUTPUT,
)
ALLOW_WEAK_PLAN = Option(
    name="allow-weak-plan",
    kind=OptionKind.FLAG,
    default=False,
    has_setting=False,
    help="Save the plan even if its file makes weak values easy to guess.",
    about=Topic.GUARDS,
)
REQUIRE_SEALED = Option(
    name="require-sealed",
    kind=OptionKind.FLAG,
    default=False,
    has_setting=False,
    help="Apply only a saved plan whose seal is verified.",
    about=Topic.GUARDS,
)
EXCLUDE = Option(
    name="exclude",
    kind=OptionKind.TEXT,
    metavar="PATTERN",
    default=(),
    repeatable=True,
    help="Leave out files in directories, as in .gitignore. Repeatable.",
    about=Topic.WHAT,
)

FAIL_ON = Option(
    name="fail-on",
    kind=OptionKind.DRIFT_KINDS,
    metavar="KIND,...",
    default=",".join(kind for kind in drift.DriftKind if kind in drift.FAIL_ON),
    help=f"Kinds of drift that count for the exit code: {', '.join(drift.DriftKind)}.",
    about=Topic.GUARDS,
)
EVENTS = Option(
    name="events",
    kind=OptionKind.FLAG,
    default=False,
    help="Write an Event of the cluster for the set and each object with drift that counts. Needs "
    "the permission to write Events.",
    about=Topic.OUTPUT,
)
NOTIFY = Option(
    name="notify",
    kind=OptionKind.TEXT,
    metavar="URL",
    default=(),
    repeatable=True,
    help="Notify this URL when drift appears, changes or goes, or the check fails or recovers. "
    "Other users can see it: RECONCILER_NOTIFY is safer. Repeatable.",
    about=Topic.OUTPUT,
)
NOTIFY_STATE = Option(
    name="notify-state",
    kind=OptionKind.PATH,
    metavar="FILE",
    default_text="no notifications",
    has_setting=False,
    help="File that remembers what was sent to whom.",
    about=Topic.OUTPUT,
)

RUN_OPTIONS = (
    CONFIG,
    STORE,
    SERVER_DRY_RUN,
    PARALLELISM,
    ENV_PARALLELISM,
    SHARD,
    STAGE,
    STRICT,
    AUTO_APPROVE,
    LOCK_TIMEOUT,
    WAIT_TIMEOUT,
    MAX_FAILURES,
    EXPIRES,
    ALLOW_WEAK_PLAN,
    REQUIRE_SEALED,
    FAIL_ON,
    EVENTS,
    NOTIFY_STATE,
    COLOR,
)
"""The options that decide how a command runs, and are no part of a plan."""


def examples(*lines: str) -> str:
    """The end of a command's help; click leaves a block that begins with a backspace as it is."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def parameter_of(option: Option, **attributes: Any) -> click.Option:
    """The parameter of a command for `option`, with more `attributes` of click's."""
    names, own = _declaration(option, option.parameter)
    return Listed(names, **own | attributes)


def run_options(*options: Option) -> Callable[[Command], Command]:
    """Options that decide how a command runs."""
    return _added(_declaration(option, option.parameter) for option in options)


def plan_options(*names: str, **helps: str) -> Callable[[Command], Command]:
    """The options that set the fields `names` of `PlanOptions`; all of them without names.

    `helps` has other help texts for single fields.
    """
    chosen = names or tuple(PLAN_OPTIONS)
    return _added(_declaration(PLAN_OPTIONS[name], name, helps.get(name, "")) for name in chosen)


def plan_options_of(settings: dict[str, Any], **fixed: Any) -> PlanOptions:
    """What the parameters of `plan_options` among `settings` come to, and what is `fixed`."""
    names = {field.name for field in fields(PlanOptions)}
    given = {name: value for name, value in settings.items() if name in names}
    return PlanOptions(**given | fixed)


def _declaration(option: Option, name: str, text: str = "") -> tuple[list[str], dict[str, Any]]:
    return declaration(option, name, READINGS[option.kind].type, text)


def _added(
    declarations: Iterable[tuple[list[str], dict[str, Any]]],
) -> Callable[[Command], Command]:
    """A decorator that adds options, in that order in the help."""
    decorators = [
        click.option(*names, cls=Listed, **attributes) for names, attributes in declarations
    ]

    def add(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return add
