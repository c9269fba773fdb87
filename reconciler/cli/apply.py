"""``reconciler apply``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.approval import approved_and_applied
from reconciler.cli.config import Configured
from reconciler.cli.lints import strict_option
from reconciler.cli.options import (
    applying_options,
    examples,
    format_option,
    namespace_option,
    paths_argument,
    plan_options,
    store_option,
    verbosity_options,
)
from reconciler.cli.requests import (
    opened,
    planned_again,
    planned_of,
    request_of,
    takes_stdin,
    verbosity_of,
)
from reconciler.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from reconciler.planfile import SavedPlan


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler apply",
        "reconciler apply manifests/ --prune --auto-approve",
        "reconciler apply release.plan",
    ),
)
@paths_argument
@store_option
@namespace_option
@plan_options
@strict_option
@applying_options
@format_option("text", "json")
@verbosity_options()
def apply(
    paths: tuple[str, ...],
    output: str,
    *,
    auto_approve: bool,
    **settings: Any,
) -> ExitCode:
    """Plan, ask, and make the changes; or make just those of a saved plan.

    PATH is a file, a pipe or a directory of manifests, - for standard input, or one file
    that `reconciler plan --out` has written: its options count then, other ones are an
    error, and nothing is asked.
    """
    from reconciler.planfile import load

    request = request_of(paths, settings)
    file = _plan_file(paths)
    with opened(request.store, request.parallelism) as store:
        if file is None:
            planned = planned_of(request, store)
        else:
            saved = load(file)
            _refuse_contradictions(saved, settings)
            planned = planned_again(saved, request, store)
        return approved_and_applied(
            planned,
            store,
            output,
            verbosity_of(settings),
            ask=file is None and not auto_approve,
            stdin_taken=takes_stdin(paths),
            parallelism=request.parallelism,
            lock_timeout=settings["lock_timeout"],
            wait_timeout=settings["wait_timeout"],
        )


def _plan_file(paths: tuple[str, ...]) -> Path | None:
    """The plan file that was given in place of manifests, if so."""
    from reconciler.planfile import is_plan_file

    found = [Path(path) for path in paths if path != "-" and is_plan_file(Path(path))]
    if not found:
        return None
    if len(paths) > 1:
        raise ConfigError(f"{found[0]} is a plan file, and can only be applied alone")
    return found[0]


def _refuse_contradictions(saved: SavedPlan, settings: dict[str, Any]) -> None:
    """What is asked for on the command line must be what the saved plan was made with.

    What stands in the environment or in ``reconciler.yaml`` is for all commands, and may differ.

    Raises:
        ConfigError: an option is given that would make another plan.
    """
    context = click.get_current_context()
    options = saved.plan.options
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if hasattr(options, str(parameter.name))
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        and settings[str(parameter.name)] != getattr(options, str(parameter.name))
    ]
    if given:
        raise ConfigError(
            f"the saved plan was made with other options: {', '.join(given)}",
            hint="leave them out, or plan again with them",
        )
