"""``reconciler plan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.lints import strict_option
from reconciler.cli.options import (
    examples,
    format_option,
    namespace_option,
    paths_argument,
    plan_options,
    store_option,
    verbosity_options,
)
from reconciler.cli.requests import (
    is_stream,
    opened,
    planned_of,
    rendered,
    request_of,
    takes_stdin,
    verbosity_of,
    verdict,
)
from reconciler.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from reconciler.workflow import Planned


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler plan",
        "reconciler plan manifests/ --prune --out release.plan",
        "reconciler plan -o markdown --detailed-exitcode",
        "kustomize build overlays/prod | reconciler plan -",
    ),
)
@paths_argument
@store_option
@namespace_option
@plan_options
@strict_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan to this file, for `reconciler apply FILE`.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where the plan has changes.")
@format_option("text", "json", "markdown")
@verbosity_options()
def plan(
    paths: tuple[str, ...],
    out: Path | None,
    output: str,
    *,
    detailed_exitcode: bool,
    **settings: Any,
) -> ExitCode:
    """Show what an apply would change. Writes nothing, and needs no right to.

    PATH is a file or a directory of manifests, or - for standard input; the directory
    `manifests` where none is given.
    """
    request = request_of(paths, settings)
    if out is not None:
        _refuse_streams(request.manifests)
    with opened(request.store, request.parallelism) as store:
        planned = planned_of(request, store)
    click.echo(rendered(planned.plan, output, verbosity_of(settings)))
    code = verdict(planned.plan)
    if out is not None:
        _save(planned, request.manifests, out)
    if code is ExitCode.OK and detailed_exitcode and planned.plan.pending:
        return ExitCode.CHANGES
    return code


def _refuse_streams(paths: tuple[str, ...]) -> None:
    """Make sure that apply can read the manifests again.

    Raises:
        ConfigError: one of `paths` can be read only once, or only by this process.
    """
    if takes_stdin(paths):
        stream = "standard input"
    else:
        stream = next((path for path in paths if is_stream(path)), "")
    if stream:
        raise ConfigError(
            f"--out: a plan of {stream} cannot be saved, since apply reads manifests again",
            hint="write the manifests to a file, and plan that",
        )


def _save(planned: Planned, manifests: tuple[str, ...], out: Path) -> None:
    from reconciler import planfile

    if planned.blocked:
        click.echo(f"{out} was not written: the plan cannot be applied as it is.", err=True)
        return
    planfile.save(planned.saved(manifests), out)
    click.echo(f"Saved. To apply just this plan: reconciler apply {out}", err=True)
