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
from reconciler.cli.requests import opened, planned_of, rendered, request_of, verbosity_of, verdict
from reconciler.cli.terminal import remark
from reconciler.errors import ConfigError, ExitCode
from reconciler.escapes import escaped

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
    if out is not None and "-" in paths:
        raise ConfigError(
            "--out: a plan of standard input cannot be saved, since apply reads manifests again",
            hint="write the manifests to a file, and plan that",
        )
    request = request_of(paths, settings)
    with opened(request.store, request.parallelism) as store:
        planned = planned_of(request, store)
    click.echo(rendered(planned.plan, output, verbosity_of(settings)))
    code = verdict(planned.plan)
    if out is not None:
        _save(planned, request.manifests, out)
    if code is ExitCode.OK and detailed_exitcode and planned.plan.pending:
        return ExitCode.CHANGES
    return code


def _save(planned: Planned, manifests: tuple[str, ...], out: Path) -> None:
    from reconciler import planfile

    if planned.blocked:
        remark(f"{escaped(str(out))} was not written: the plan cannot be applied as it is.")
        return
    planfile.save(planned.saved(manifests), out)
    remark(f"Saved. To apply just this plan: reconciler apply {escaped(str(out))}")
