"""``reconciler plan``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.diagnostics import warned_beside
from reconciler.cli.invocation import company, environment_name, is_one_of_several
from reconciler.cli.live import alive
from reconciler.cli.options import (
    ALLOW_WEAK_PLAN,
    EXPIRES,
    PARALLELISM,
    SERVER_DRY_RUN,
    STAGE,
    STORE,
    STRICT,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.output import is_same_file, output_options, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.paths import paths_argument
from reconciler.cli.requests import (
    apply_command,
    apply_directory_command,
    environment_of,
    is_stream,
    loaded_of,
    opened,
)
from reconciler.cli.several import Answer, Surveying, refuse_shared_place
from reconciler.cli.shards import is_staged
from reconciler.cli.terminal import remark
from reconciler.errors import ConfigError, ExitCode, PlanNotTrusted
from reconciler.escapes import escaped
from reconciler.model.options import Topic
from reconciler.model.store import Capability
from reconciler.stores.backend import ALLOW_RUN
from reconciler.views.formats import Subject

if TYPE_CHECKING:
    from reconciler.model.plans import Note
    from reconciler.model.shards import Share
    from reconciler.workflow import Environment, Planned


class Planning(Surveying):
    """Plans of several environments are saved in a directory, with an index."""

    def survey(
        self,
        ctx: click.Context,
        contexts: list[click.Context],
        share: Share | None,
        *,
        err: bool = False,
    ) -> ExitCode:
        """Plan for several environments side by side; the index is written when all is done."""
        out = ctx.params["out"]
        if out is None:
            return super().survey(ctx, contexts, share, err=err)
        from reconciler.planfile import INDEX, begin_directory, plan_file_of, save_index
        from reconciler.views.words import counted

        names = [context.obj.environment.name for context in contexts]
        files = [out / INDEX, *(plan_file_of(out, name) for name in names)]
        _refuse_report_there(files, ctx.params["reports"])
        begin_directory(out, names)
        code = super().survey(ctx, contexts, share, err=err)
        indexed = save_index(out, names, share)
        staged = share is not None and is_staged(ctx.obj.company.after, share.chosen)
        stage = f" {STAGE.flag} 1" if staged else ""
        count = sum(each.is_saved for each in indexed)
        remark(
            f"Saved {count} of {counted(len(names), 'plan')}. To apply just these: "
            f"{escaped(apply_directory_command(out))}{stage}"
        )
        return code


@click.command(
    cls=Planning,
    subject=Subject.PLAN,
    epilog=examples(
        "reconciler plan",
        "reconciler plan manifests/ --prune --out release.plan",
        "reconciler plan -o markdown --detailed-exitcode",
        "kustomize build overlays/prod | reconciler plan -",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options()
@run_options(SERVER_DRY_RUN, PARALLELISM, STRICT)
@listed(
    Topic.OUTPUT,
    "--out",
    type=click.Path(path_type=Path),
    help="Save the plan to this file, or plans of several environments to this directory.",
)
@run_options(EXPIRES, ALLOW_WEAK_PLAN)
@listed(
    Topic.OUTPUT,
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 2 if the plan has changes.",
)
@output_options(Subject.PLAN)
@verbosity_options()
def plan(
    paths: tuple[str, ...],
    out: Path | None,
    expires: timedelta | None,
    *,
    allow_weak_plan: bool,
    detailed_exitcode: bool,
    **settings: Any,
) -> Answer:
    """Show what an apply would change. Writes nothing, and needs no permission to write.

    PATH is a file or a directory of manifests, or - for standard input. The default is the
    directory `manifests`, or else the current directory if it contains manifests.

    Several environments are planned side by side; --out then names a directory, which gets a plan
    file for each and an index, for `reconciler apply DIRECTORY`.
    """
    from reconciler import workflow

    environment = environment_of(settings, paths)
    if out is not None:
        out = _plan_path(out)
        _refuse_report_there([out], settings["reports"])
        _refuse_streams(environment.inputs)
    else:
        _refuse_without_file(allow_weak_plan=allow_weak_plan)
    now = workflow.utc_now()
    with opened(environment) as store:
        loaded = loaded_of(environment, store=store, twice=True, to_plan=True)
        with warned_beside(loaded) as warned:
            if out is not None:
                workflow.refuse_unstable(loaded)
            with alive("Reading the store and planning"):
                planned = workflow.plan_of(environment, loaded, store)
        warned(planned)
    if is_one_of_several():
        refuse_shared_place(planned.plan)
    if out is not None and expires is not None:
        planned = replace(planned, expires=_timestamp(now + expires))
    code = workflow.Result(plan=planned.plan, for_review=True).exit_code
    if code is ExitCode.OK and detailed_exitcode and planned.plan.pending:
        code = ExitCode.CHANGES
    saving = None
    notes: tuple[Note, ...] = ()
    if out is not None:
        from reconciler.planfile import origin_notes

        notes = origin_notes(None, planned.expires, now)
        saving = partial(
            _save,
            planned,
            environment,
            out,
            _timestamp(now),
            allow_weak=allow_weak_plan,
        )
    return Answer(
        Subject.PLAN,
        planned.plan,
        code,
        notes,
        digests=lambda: workflow.value_digests(planned, company().key),
        then=saving,
    )


def _plan_path(out: Path) -> Path:
    """The file for the plan that is being made.

    Raises:
        ConfigError: ``--out`` names a directory, and there is only one plan.
    """
    from reconciler.planfile import plan_file_of

    if is_one_of_several():
        return plan_file_of(out, environment_name())
    if out.is_dir():
        raise ConfigError(f"--out: {out} is a directory", hint="name a file for the plan")
    return out


def _refuse_report_there(files: Iterable[Path], reports: Iterable[tuple[str, Path]]) -> None:
    """Make sure that no report is one of the `files` that ``--out`` writes.

    Raises:
        ConfigError: both name the same file.
    """
    for file, (_, path) in product(files, reports):
        if is_same_file(path, file):
            raise ConfigError(
                f"--out and --report name the same file, {escaped(str(file))}",
                hint="name a file for each",
            )


def _timestamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _refuse_streams(paths: tuple[str, ...]) -> None:
    """Make sure that apply can read the manifests again; ``-`` is piped into it once more.

    Raises:
        ConfigError: one of `paths` can be read only once, or only by this process.
    """
    stream = next((path for path in paths if is_stream(path)), "")
    if stream:
        raise ConfigError(
            f"--out: a plan of {stream} cannot be saved, since apply reads manifests again",
            hint="write the manifests to a file, or name standard input as -: apply is then given "
            "it again, as in … | reconciler apply FILE -",
        )


def _refuse_without_file(*, allow_weak_plan: bool) -> None:
    """What is typed about the plan file must not be lost where none is written.

    Raises:
        ConfigError: an option is given that says nothing without ``--out``.
    """
    context = click.get_current_context()
    for option in (EXPIRES, *([ALLOW_WEAK_PLAN] if allow_weak_plan else [])):
        if context.get_parameter_source(option.parameter) is ParameterSource.COMMANDLINE:
            raise ConfigError(
                f"{option.flag} is for a plan that is saved",
                hint="save it with --out FILE, or leave the option out",
            )


def _save(
    planned: Planned, environment: Environment, out: Path, created: str, *, allow_weak: bool
) -> None:
    from reconciler import planfile

    if planned.blocked:
        remark(f"{escaped(str(out))} was not written: the plan cannot be applied as it is.")
        return
    if planned.guessable and not allow_weak:
        raise PlanNotTrusted(
            f"{out} was not written: the store has no fingerprint key yet, and the values of the "
            "manifests are so weak that whoever gets the plan file could guess them",
            hint="set RECONCILER_FINGERPRINT_KEY (openssl rand -base64 32) for plan and apply, or "
            "use --allow-weak-plan and keep the file as secret as the values",
        )
    saved = planned.saved(
        environment.inputs,
        sources=environment.sources,
        exclude=environment.exclude,
        store=environment.store.url,
        created=created,
    )
    planfile.save(saved, out, planned.fingerprinter.key)
    if is_one_of_several():
        return
    if Capability.WRITES not in planned.snapshot.capabilities:
        remark(f"Saved, for review only. To show it: reconciler show {escaped(quote(str(out)))}")
        return
    piped, dash = ("… | ", " -") if "-" in environment.inputs else ("", "")
    command = escaped(apply_command(out, saved.store))
    allowed = f" {ALLOW_RUN.flag}" if environment.allow_run else ""
    remark(f"Saved. To apply just this plan: {piped}{command}{dash}{allowed}")
