"""``reconciler apply``."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.approval import approved_and_applied
from reconciler.cli.diagnostics import warned_beside
from reconciler.cli.live import alive
from reconciler.cli.options import (
    AUTO_APPROVE,
    EXCLUDE,
    LOCK_TIMEOUT,
    MAX_FAILURES,
    PARALLELISM,
    REQUIRE_SEALED,
    SERVER_DRY_RUN,
    STORE,
    STRICT,
    WAIT_TIMEOUT,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.output import format_option, shown_text, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.paths import paths_argument
from reconciler.cli.requests import apply_command, environment_of, loaded_of, opened, takes_stdin
from reconciler.cli.rollout import Applying
from reconciler.cli.terminal import confirmed, is_terminal
from reconciler.errors import ConfigError, ExitCode, PlanNotTrusted
from reconciler.escapes import escaped
from reconciler.model.opening import StoreChoice
from reconciler.model.options import Topic
from reconciler.views.formats import Subject

if TYPE_CHECKING:
    from reconciler.model.store import Store
    from reconciler.planfile import SavedPlan
    from reconciler.workflow import Environment, Planned


@click.command(
    cls=Applying,
    subject=Subject.PLAN,
    epilog=examples(
        "reconciler apply",
        "reconciler apply manifests/ --prune --auto-approve",
        "reconciler apply release.plan",
        "sops -d secrets.yaml | reconciler apply release.plan -",
        "reconciler apply --all --verify",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options()
@run_options(
    SERVER_DRY_RUN,
    PARALLELISM,
    STRICT,
    REQUIRE_SEALED,
    AUTO_APPROVE,
    LOCK_TIMEOUT,
    WAIT_TIMEOUT,
    MAX_FAILURES,
)
@listed(
    Topic.GUARDS,
    "--verify",
    is_flag=True,
    help="Check for drift after the apply of each environment.",
)
@format_option("text", "json")
@verbosity_options()
def apply(
    paths: tuple[str, ...],
    *,
    auto_approve: bool,
    require_sealed: bool,
    **settings: Any,
) -> ExitCode:
    """Plan, ask for approval and make the changes, or apply a saved plan.

    PATH is a file, a pipe or a directory of manifests, or - for standard input. The default is
    the directory `manifests`, or else the current directory if it contains manifests.

    PATH can also be one file that `reconciler plan --out` has written, followed by - if that
    plan was made from standard input. The options then come from the plan, and contradicting
    them is an error. Approval is not asked for again. If nothing but the plan names its store,
    you are asked to confirm the store.

    Several environments are applied in stages, in the order of `after`. PATH can then be a
    directory that `reconciler plan --out` has written: its plans are applied, and what was applied
    before is left out, so that a second run goes on where the first one stopped.
    """
    path = _plan_file(paths)
    if path is not None:
        piped = "-" in paths
        return _of_plan_file(path, settings, require_sealed=require_sealed, piped=piped)
    if require_sealed:
        raise PlanNotTrusted(
            "--require-sealed: no plan file was given, so nothing was applied",
            hint="plan with `reconciler plan --out FILE`, and apply FILE",
        )
    return _of_manifests(paths, settings, ask=not auto_approve)


def _of_manifests(paths: tuple[str, ...], settings: dict[str, Any], *, ask: bool) -> ExitCode:
    from reconciler import workflow

    environment = environment_of(settings, paths)
    with opened(environment, to_write=True) as store:
        loaded = loaded_of(environment, store=store, twice=True, to_plan=True)
        with warned_beside(loaded) as warned, alive("Reading the store and planning"):
            planned = workflow.plan_of(environment, loaded, store)
        warned(planned)
        code = approved_and_applied(
            planned, store, settings, ask=ask, stdin_taken=takes_stdin(paths)
        )
        return code or _verified(environment, planned, store, settings)


def _of_plan_file(
    path: Path, settings: dict[str, Any], *, require_sealed: bool, piped: bool
) -> ExitCode:
    from reconciler import workflow
    from reconciler.planfile import load, origin_notes

    file = load(path)
    _refuse_contradictions(file.saved, settings)
    _refuse_other_inputs(file.saved, path, piped=piped)
    environment = replace(
        environment_of(settings), store=_store_for(file.saved, path, settings["store"])
    )
    environment = workflow.environment_of_plan(environment, file)
    with opened(environment, to_write=True) as store:
        loaded = loaded_of(environment, store=store, to_plan=True)
        with warned_beside(loaded) as warned, alive("Reading the store and planning"):
            planned, standing = workflow.plan_file_again(
                environment, file, loaded, store, require_sealed=require_sealed
            )
        warned(planned)
        origin = origin_notes(standing, planned.expires, workflow.utc_now())
        code = approved_and_applied(planned, store, settings, ask=False, origin=origin)
        return code or _verified(environment, planned, store, settings)


def _verified(
    environment: Environment, planned: Planned, store: Store, settings: dict[str, Any]
) -> ExitCode:
    """What a drift check right after the apply comes to, if it was asked for."""
    from reconciler import workflow

    if not settings["verify"]:
        return ExitCode.OK
    report = workflow.drift_after(environment, planned.desired, store)
    if report.drifted:
        click.echo(shown_text(Subject.DRIFT, report, settings), err=settings["output"] == "json")
    return workflow.Result(drift=report).exit_code


def _store_for(saved: SavedPlan, path: Path, choice: StoreChoice) -> StoreChoice:
    """The store to apply to; a plan file alone never decides where values go.

    Raises:
        ConfigError: only the plan names that store, and nobody confirms it.
    """
    from reconciler.planfile import without_credentials

    source = click.get_current_context().get_parameter_source("store")
    if source is not ParameterSource.DEFAULT or saved.store in {
        "",
        without_credentials(choice.url),
    }:
        return choice
    if not is_terminal(sys.stdin):
        raise ConfigError(
            f"the plan was made for the store {saved.store}, which nothing else names, so nothing "
            "was done",
            hint=f"if it is the right one, name it: {apply_command(path, saved.store, named=True)}",
        )
    if not confirmed(escaped(f"This plan is for the store {saved.store}. Apply it there?")):
        raise ConfigError("not confirmed, so nothing was done", hint="name the store with --store")
    return StoreChoice(saved.store)


def _plan_file(paths: tuple[str, ...]) -> Path | None:
    """The plan file that was given in place of manifests, if so."""
    from reconciler.planfile import is_plan_file

    plan_files = [Path(path) for path in paths if path != "-" and is_plan_file(Path(path))]
    if not plan_files:
        return None
    if len(paths) > 1 and sorted(paths) != sorted(("-", str(plan_files[0]))):
        raise ConfigError(f"{plan_files[0]} is a plan file: apply it alone, or together with -")
    return plan_files[0]


def _refuse_other_inputs(saved: SavedPlan, path: Path, *, piped: bool) -> None:
    """Standard input is read again for a plan that was made from it, and for no other one.

    Raises:
        ConfigError: it was given to a plan without it, or not to one that needs it.
    """
    needed = "-" in saved.manifests
    if needed and not piped:
        raise ConfigError(
            f"{path} was made from standard input, which apply reads again",
            hint="pipe the same manifests into it: "
            f"… | reconciler apply {shlex.quote(str(path))} -",
        )
    if piped and not needed:
        raise ConfigError(f"{path} was not made from standard input", hint="leave - out")


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
    if settings[EXCLUDE.parameter]:
        given.append(EXCLUDE.flag)
    if given:
        raise ConfigError(
            f"the saved plan was made with other options: {', '.join(given)}",
            hint="leave them out, or plan again with them",
        )
