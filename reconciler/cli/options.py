"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.cli.types import DeleteLimitType, SetNameType, TargetType
from reconciler.model.plans import PlanOptions

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULTS = PlanOptions()


def examples(*lines: str) -> str:
    """The end of a command's help; click leaves a block that begins with a backspace as it is."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def paths_argument(command: Command) -> Command:
    """``[PATH]...``: files and directories of manifests, ``-`` for standard input."""
    return click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path())(command)


def namespace_option(command: Command) -> Command:
    """``--namespace``."""
    return click.option(
        "--namespace",
        "-n",
        envvar="RECONCILER_NAMESPACE",
        show_envvar=True,
        metavar="NAME",
        default=DEFAULTS.namespace,
        show_default=True,
        help="Namespace of manifests that name none.",
    )(command)


def store_option(command: Command) -> Command:
    """``--store``, and the options that only some stores have."""
    for option in reversed(_STORE_OPTIONS):
        command = option(command)
    return command


def store_options(context: click.Context, known: Collection[str]) -> dict[str, str]:
    """What was given of the options that only some stores have, by their names.

    Those of ``reconciler.yaml`` that are not `known` to the store are meant for another one.
    """
    found: dict[str, tuple[str, bool]] = context.meta.get(_STORE_META, {})
    return {
        name: value
        for name, (value, is_setting) in found.items()
        if name in known or not is_setting
    }


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        name = str(parameter.name).replace("_", "-")
        source = context.get_parameter_source(str(parameter.name))
        is_setting = source is ParameterSource.DEFAULT_MAP
        context.meta.setdefault(_STORE_META, {})[name] = (str(value), is_setting)


def _of_some_stores(name: str, **attributes: Any) -> Callable[[Any], Any]:
    return click.option(
        f"--{name}",
        envvar=f"RECONCILER_{name.replace('-', '_').upper()}",
        show_envvar=True,
        expose_value=False,
        callback=_remember,
        **attributes,
    )


def set_option(command: Command) -> Command:
    """``--set``."""
    return click.option(
        "--set",
        "set_name",
        type=SetNameType(),
        envvar="RECONCILER_SET",
        show_envvar=True,
        default=DEFAULTS.set_name,
        show_default=True,
        help="Name of the set that owns what these manifests make: the ownership mark.",
    )(command)


def max_deletes_option(command: Command) -> Command:
    """``--max-deletes``."""
    return click.option(
        "--max-deletes",
        type=DeleteLimitType(),
        envvar="RECONCILER_MAX_DELETES",
        show_envvar=True,
        default=str(DEFAULTS.max_deletes),
        show_default=True,
        help="Refuse plans that delete more; a percentage is of the set's live objects.",
    )(command)


def consumers_option(command: Command) -> Command:
    """``--consumers``."""
    return click.option(
        "--consumers/--no-consumers",
        envvar="RECONCILER_CONSUMERS",
        show_envvar=True,
        default=DEFAULTS.consumers,
        help="Ask the store too what uses Secrets. What the manifests hold always counts.",
    )(command)


def force_consumers_option(command: Command) -> Command:
    """``--force-consumers``."""
    return click.option(
        "--force-consumers/--no-force-consumers",
        envvar="RECONCILER_FORCE_CONSUMERS",
        show_envvar=True,
        default=DEFAULTS.force_consumers,
        help="Delete Secrets and keys though something requires them, or may use them.",
    )(command)


def parallelism_option(command: Command) -> Command:
    """``--parallelism``."""
    return click.option(
        "--parallelism",
        type=click.IntRange(1, 256),
        envvar="RECONCILER_PARALLELISM",
        show_envvar=True,
        default=10,
        show_default=True,
        help="How many changes are made at a time.",
    )(command)


def plan_options(command: Command) -> Command:
    """What decides how a plan comes out: it is saved in the plan file."""
    for option in reversed(_PLAN_OPTIONS):
        command = option(command)
    return command


def format_option(*formats: str) -> Callable[[Command], Command]:
    """``--output`` with the formats that a command has; the first is the default."""
    return click.option(
        "--output",
        "-o",
        "output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Format of what is printed.",
    )


def verbosity_options(
    more: str = "objects in sync and the order of steps",
) -> Callable[[Command], Command]:
    """``--verbose``, which shows `more`, and ``--quiet``."""

    def add(command: Command) -> Command:
        quiet = click.option("--quiet", "-q", is_flag=True, help=_QUIET_HELP)
        verbose = click.option("--verbose", "-v", is_flag=True, help=f"Show {more} too.")
        return verbose(quiet(command))

    return add


def applying_options(command: Command) -> Command:
    """What commands that change a store take besides: ``--auto-approve``, timeouts."""
    for option in reversed(_APPLYING_OPTIONS):
        command = option(command)
    return command


_QUIET_HELP = "Show only the summary and what needs attention."
_STORE_META = "reconciler.store-options"

_STORE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--store",
        envvar="RECONCILER_STORE",
        show_envvar=True,
        metavar="URL",
        default="sqlite:.reconciler/store.db",
        show_default=True,
        help="The store to reconcile with.",
    ),
    _of_some_stores(
        "kubeconfig", metavar="PATH", help="kubernetes, cce: the kubeconfig to use, for KUBECONFIG."
    ),
    _of_some_stores(
        "kube-context", metavar="NAME", help="kubernetes, cce: the context, for the one in the URL."
    ),
    _of_some_stores(
        "set-namespace",
        metavar="NAME",
        help="kubernetes, cce, sae: where the set keeps its record and lock; 'default' by default.",
    ),
    _of_some_stores(
        "sae-namespaces",
        metavar="NAME=ID,...",
        help="sae: namespaces that the service calls otherwise; REGION:NAME by default.",
    ),
    _of_some_stores("qps", metavar="N", help="sae: calls per second at most; 20 by default."),
)

_APPLYING_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--auto-approve",
        is_flag=True,
        envvar="RECONCILER_AUTO_APPROVE",
        show_envvar=True,
        help="Do not ask. Needed where there is no terminal.",
    ),
    click.option(
        "--lock-timeout",
        type=click.FloatRange(min=0),
        envvar="RECONCILER_LOCK_TIMEOUT",
        show_envvar=True,
        metavar="SECONDS",
        default=0,
        show_default=True,
        help="How long to wait while another apply of the set is under way.",
    ),
    click.option(
        "--wait-timeout",
        type=click.FloatRange(min=0),
        envvar="RECONCILER_WAIT_TIMEOUT",
        show_envvar=True,
        metavar="SECONDS",
        default=120,
        show_default=True,
        help="How long a step waits until its change has had its effect; 0 does not wait.",
    ),
)

_PLAN_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    set_option,
    click.option(
        "--target",
        "targets",
        type=TargetType(),
        multiple=True,
        help="Plan only this object and what it needs. May be given several times.",
    ),
    click.option(
        "--prune/--no-prune",
        envvar="RECONCILER_PRUNE",
        show_envvar=True,
        default=False,
        help="Delete objects of the set that no manifest names any more.",
    ),
    click.option(
        "--adopt/--no-adopt",
        envvar="RECONCILER_ADOPT",
        show_envvar=True,
        default=False,
        help="Take over existing objects that no set owns.",
    ),
    click.option(
        "--allow-replace/--no-allow-replace",
        envvar="RECONCILER_ALLOW_REPLACE",
        show_envvar=True,
        default=False,
        help="Allow changes that need a delete and a create, such as those of immutable Secrets.",
    ),
    click.option(
        "--allow-empty/--no-allow-empty",
        envvar="RECONCILER_ALLOW_EMPTY",
        show_envvar=True,
        default=False,
        help="Allow a prune after manifests without any Secret, or that leaves the set empty.",
    ),
    click.option(
        "--scrub/--no-scrub",
        envvar="RECONCILER_SCRUB",
        show_envvar=True,
        default=False,
        help="Remove annotations in which kubectl or kapp keep the values of Secrets.",
    ),
    consumers_option,
    force_consumers_option,
    click.option(
        "--rotate-services/--no-rotate-services",
        envvar="RECONCILER_ROTATE_SERVICES",
        show_envvar=True,
        default=False,
        help="docker: update the services that use a Secret to its new version.",
    ),
    max_deletes_option,
    click.option(
        "--server-dry-run/--no-server-dry-run",
        envvar="RECONCILER_SERVER_DRY_RUN",
        show_envvar=True,
        default=False,
        help="Have the store try each change too. Needs the right to write.",
    ),
    parallelism_option,
)
