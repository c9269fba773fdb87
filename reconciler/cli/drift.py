"""``reconciler drift``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.environment import environ
from reconciler.cli.invocation import environment_name
from reconciler.cli.live import alive
from reconciler.cli.options import (
    EVENTS,
    FAIL_ON,
    NOTIFY,
    NOTIFY_STATE,
    STORE,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.output import output_options, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.paths import paths_argument
from reconciler.cli.requests import command_line, environment_of, loaded_of, memory_file, opened
from reconciler.cli.several import Answer, Surveying
from reconciler.cli.terminal import remark
from reconciler.errors import ConfigError
from reconciler.model.drift import DriftKind, DriftReport
from reconciler.model.options import Topic
from reconciler.views.formats import Subject

if TYPE_CHECKING:
    from reconciler.workflow import Environment


@click.command(
    cls=Surveying,
    subject=Subject.DRIFT,
    epilog=examples(
        "reconciler drift",
        "reconciler drift manifests/ --unmanaged -o markdown",
        "reconciler drift --fail-on changed,vanished --baseline known.json",
        "reconciler drift --report prometheus=/var/lib/node_exporter/reconciler.prom",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options(
    "set_name",
    "namespace",
    "targets",
    "create_namespaces",
    "sops_ignore_mac",
    targets="Report only this object. Repeatable.",
    create_namespaces="Treat namespaces made by --create-namespaces as declared.",
)
@listed(
    Topic.WHAT,
    "--unmanaged",
    is_flag=True,
    help="Also list Secrets of no set in the set's namespaces.",
)
@run_options(FAIL_ON)
@listed(
    Topic.GUARDS,
    "--baseline",
    "baselines",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Known drift, from --report baseline=FILE of an earlier check. It does not count as long "
    "as it stays the same. Repeatable.",
)
@run_options(EVENTS, NOTIFY, NOTIFY_STATE)
@output_options(Subject.DRIFT)
@verbosity_options("objects in sync or in the baseline, and all names and commands")
def drift(
    paths: tuple[str, ...],
    *,
    unmanaged: bool,
    fail_on: frozenset[DriftKind],
    baselines: tuple[Path, ...],
    events: bool,
    **settings: Any,
) -> Answer:
    """Show what others have changed since the last apply. Writes nothing to the store.

    Pending changes of the manifests are not drift, and are listed separately. Exits with 2 if
    there is drift that counts, and with 0 if there is none.

    --notify takes web addresses, which get CloudEvents, and URLs of apprise (mail, chat, paging).

    PATH is a file or a directory of manifests, or - for standard input. The default is the
    directory `manifests`, or else the current directory if it contains manifests.
    """
    from reconciler import workflow

    check = workflow.DriftCheck(
        unmanaged=unmanaged,
        fail_on=fail_on,
        baselines=baselines,
        line=command_line(paths),
        events=events,
    )
    telling = workflow.telling_of(
        settings["set_name"],
        environment_name(),
        settings["notify"],
        memory_file(settings["notify_state"]),
        environ(),
        say=remark,
    )
    if telling is None:
        _refuse_memory_of_nobody()
    checked: list[Environment] = []

    def drifted() -> DriftReport:
        environment = environment_of(settings, paths)
        checked.append(environment)
        with opened(environment) as store:
            loaded = loaded_of(environment, store=store)
            with alive("Reading the store"):
                return workflow.drift_of(environment, loaded, store, check)

    end = workflow.ended(drifted)

    def after() -> None:
        if events and end.report is not None:
            workflow.announce(partial(opened, *checked), end.report, remark)
        if telling is not None:
            telling.tell(end)

    code = workflow.Result(drift=end.report).exit_code
    # Many reports wait for the end: one that nobody is told of is not kept for it.
    is_told = events or telling is not None
    return Answer(
        Subject.DRIFT, end.report, code, error=end.error, after=after if is_told else None
    )


def _refuse_memory_of_nobody() -> None:
    """A check whose receivers got lost, as in an unset variable, must not look as if it told them.

    Raises:
        ConfigError: the command line has ``--notify-state``, and there is no receiver.
    """
    source = click.get_current_context().get_parameter_source(NOTIFY_STATE.parameter)
    if source is ParameterSource.COMMANDLINE:
        raise ConfigError(
            f"{NOTIFY_STATE.flag} is given, and there is nobody to tell",
            hint="set RECONCILER_NOTIFY or RECONCILER_NOTIFY_FILE, or leave the option out",
        )
