"""``reconciler apply`` for several environments: in stages, from manifests or saved plans."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.approval import approved, carried_out
from reconciler.cli.config import Configured, chosen_environments, given_environments
from reconciler.cli.diagnostics import warned_beside
from reconciler.cli.environments import Described
from reconciler.cli.invocation import Company, company
from reconciler.cli.options import SHARD, STAGE, parameter_of
from reconciler.cli.output import shown_text, verbosity_of
from reconciler.cli.parallelism import at_a_time
from reconciler.cli.progress import reporter
from reconciler.cli.requests import environment_of, loaded_of, opened
from reconciler.cli.settings import Configuration
from reconciler.cli.several import Answer, Surveying, error_of, refuse_shared_place, with_name
from reconciler.cli.shards import keep, one_stage, refuse_part_of_one, stage_of
from reconciler.cli.terminal import heard_by, remark, say, stopping
from reconciler.errors import ConfigError, ExitCode, PlanFileError, StalePlan, worst
from reconciler.model.events import ApplyEnded
from reconciler.model.shards import Share
from reconciler.views.formats import Subject

if TYPE_CHECKING:
    from reconciler.manifests import Loaded
    from reconciler.model.objects import Desired
    from reconciler.model.shards import Shard
    from reconciler.model.store import Store
    from reconciler.planfile import PlanFile
    from reconciler.workflow import Environment, PendingPlans, Planned, Result


class Applying(Surveying):
    """Applies one environment by calling its function, and several in stages.

    Several are planned side by side, shown, approved as a whole, and applied in the order of
    ``after``. A directory of saved plans was approved before: it is applied as it is.
    """

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params[-1:-1] = [parameter_of(STAGE, expose_value=False, callback=keep)]

    def _chosen(self, configuration: Configuration, args: Sequence[str]) -> tuple[Described, ...]:
        directory = _plan_directory(args)
        if directory is None:
            return super()._chosen(configuration, args)
        return _of_directory(configuration, directory, given_environments(args))

    def _company(self, configuration: Configuration, args: Sequence[str]) -> Company | None:
        if _plan_directory(args) is not None:
            from reconciler.workflow import SharedLoads

            return Company(loads=SharedLoads(), after=configuration.after)
        return super()._company(configuration, args)

    def invoke(self, ctx: click.Context) -> ExitCode:
        """Apply one environment, or several."""
        if ctx.obj.company is None:
            refuse_part_of_one(ctx)
            code: ExitCode = Configured.invoke(self, ctx)
            return code
        return super().invoke(ctx)

    def _share(self, context: click.Context) -> Share | None:
        """Saved plans know which part of a run they are.

        Raises:
            ConfigError: the command line says another one.
        """
        asked = super()._share(context)
        directory = _plan_directory(context.params["paths"])
        saved = _shard_of_plans(directory) if directory is not None else None
        if saved is None:
            return asked
        if asked is not None and asked.shard != saved:
            raise ConfigError(
                f"{directory} has the plans of shard {saved}, not of shard {asked.shard}",
                hint=f"leave out {SHARD.flag} and {SHARD.variable}: the plans know their shard",
            )
        return Share(saved, self._names(context))

    def _own(self, context: click.Context, share: Share | None) -> tuple[str, ...]:
        """Those of a single stage, if one is named, or if other shards apply the others."""
        stage = stage_of(context)
        is_share = share is not None
        names = one_stage(context.obj.company.after, self._names(context), stage, is_share=is_share)
        return tuple(name for name in super()._own(context, share) if name in names)

    def survey(
        self,
        ctx: click.Context,
        contexts: list[click.Context],
        share: Share | None,
        *,
        err: bool = False,
    ) -> ExitCode:
        """Apply several environments; see `reconciler.workflow.roll_out`."""
        del err
        directory = _plan_directory(ctx.params["paths"])
        for context in contexts:
            self.choose_store(context)
        if directory is not None:
            if len(ctx.params["paths"]) > 1:
                raise ConfigError(f"{directory} holds saved plans: apply it alone")
            return _rolled_out(ctx, contexts, partial(_of_plan_file, directory))
        if ctx.params["require_sealed"]:
            raise ConfigError(
                "--require-sealed: no saved plans were given, so nothing was applied",
                hint="plan with `reconciler plan --all --out DIRECTORY`, and apply that",
            )
        from reconciler.workflow import PendingPlans

        self._pending = pending = PendingPlans()
        machine = ctx.params["output"] == "json"
        code = super().survey(ctx, contexts, share, err=machine)
        plan = pending.with_work
        if plan is not None and not ctx.params["auto_approve"] and not approved(plan):
            remark("Not approved: nothing was changed.")
            return ExitCode.ERROR
        return worst([code, _rolled_out(ctx, contexts, partial(_of_pending, pending))])

    def answer(self, context: click.Context) -> Answer:
        """The plan that is to be approved, which is kept."""
        from reconciler import workflow

        environment = environment_of(context.params, context.params["paths"])
        with opened(environment) as store:
            loaded = loaded_of(environment, store=store, twice=True, to_plan=True)
            with warned_beside(loaded) as warned:
                planned = workflow.plan_of(environment, loaded, store)
            warned(planned)
        refuse_shared_place(planned.plan)
        self._pending.keep(environment, planned, to_verify=context.params["verify"])
        return Answer(
            Subject.PLAN,
            planned.plan,
            workflow.Result(plan=planned.plan).exit_code,
            digests=lambda: workflow.value_digests(planned, company().key),
        )


class _Running:
    """What the applies of several environments share: signals, and who is told of events."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.begun = threading.Event()

    def carried_out(self, planned: Planned, store: Store, settings: dict[str, Any]) -> ApplyEnded:
        """Make the changes of a plan, if there are any."""
        name = click.get_current_context().obj.environment.name
        following = reporter(
            settings["output"], verbosity_of(settings), len(planned.plan.steps), name
        )
        with following as emit:
            if planned.plan.steps:
                return carried_out(
                    planned, store, settings, stop=self.stop, begun=self.begun, emit=emit
                )
            ended = ApplyEnded(results=())
            emit(ended)
        return ended


Apply = Callable[[click.Context, _Running], "Result"]


def _rolled_out(ctx: click.Context, contexts: Sequence[click.Context], apply: Apply) -> ExitCode:
    """Apply the environments of `contexts` in stages, and say what became of each."""
    from reconciler import workflow

    by_name = {context.obj.environment.name: context for context in contexts}
    running = _Running()
    settings = ctx.params

    def apply_named(name: str) -> Result:
        context = by_name[name]
        with context.scope(), _named(name):
            try:
                return apply(context, running)
            except Exception as raised:  # noqa: BLE001 - no environment fails another
                return workflow.Result(error=error_of(raised))

    ends: dict[str, tuple[ExitCode, str]] = {}  # of results, which are as large as their plans
    with stopping(running.stop, running.begun):
        for result in workflow.roll_out(
            {name: context.obj.environment.after for name, context in by_name.items()},
            apply_named,
            at_a_time=at_a_time(ctx),
            max_failures=settings["max_failures"],
            stop=running.stop,
        ):
            _tell(result)
            ends[result.environment] = (result.exit_code, result.not_begun)
    return _tell_ends({name: ends[name] for name in by_name}, settings["output"])


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Meanwhile, let the remarks of this thread name the environment."""
    with heard_by(lambda line: say(with_name(name, line))):
        yield


def _tell(result: Result) -> None:
    """What kept an environment from being applied, on standard error."""
    from reconciler.views import text

    if result.error is not None:
        remark(with_name(result.environment, text.error(result.error, colour=False)))
    elif result.drift is not None and result.drift.drifted:
        shown = text.drift(result.drift, colour=False)
        remark(with_name(result.environment, f"drift right after the apply:\n{shown}"))


def _tell_ends(ends: Mapping[str, tuple[ExitCode, str]], output: str) -> ExitCode:
    """Say what each environment ended with, or why it was not begun; the worst of all."""
    from reconciler.views import json
    from reconciler.views.joined import ends_text

    code = worst(end for end, _ in ends.values())
    if output == "json":
        lines = [(name, None if why else int(end), why) for name, (end, why) in ends.items()]
        click.echo(json.environments_ended(lines, int(code)))
    else:
        codes = {name: end for name, (end, why) in ends.items() if not why}
        click.echo(ends_text(codes, {name: why for name, (_, why) in ends.items() if why}))
    return code


def _of_pending(pending: PendingPlans, context: click.Context, running: _Running) -> Result:
    """Apply the approved plan of the environment of `context`."""
    from reconciler import workflow

    kept = pending.pop(context.obj.environment.name)
    if kept is None:
        return workflow.Result(error=ConfigError("nothing could be planned"))
    if not isinstance(kept, workflow.Packed) and kept.blocked:
        return workflow.Result(plan=kept.plan)
    environment = environment_of(context.params, context.params["paths"])
    with opened(environment) as store:
        if isinstance(kept, workflow.Packed):
            loaded = loaded_of(environment, store=store, again=True)
            planned = workflow.unpacked(kept, environment, loaded, store)
        else:
            planned = kept
        ended = running.carried_out(planned, store, context.params)
        if ended.is_complete and context.params["verify"]:
            return _verified(environment, store, planned.desired, ended)
    return workflow.Result(plan=planned.plan, outcome=ended)


def _of_plan_file(directory: Path, context: click.Context, running: _Running) -> Result:
    """Apply the saved plan of the environment of `context`, unless it was applied before."""
    from reconciler import workflow
    from reconciler.planfile import load, origin_notes, plan_file_of

    name = context.obj.environment.name
    path = plan_file_of(directory, name)
    if not path.is_file():
        raise PlanFileError(
            f"there is no plan {path}: nothing could be planned, or the plan was refused",
            hint="see what `reconciler plan` says, and plan again",
        )
    file = load(path)
    settings = context.params
    environment = workflow.environment_of_plan(environment_of(settings), file)
    with opened(environment) as store:
        loaded = loaded_of(environment, store=store, to_plan=True)
        try:
            with warned_beside(loaded) as warned:
                planned, standing = workflow.plan_file_again(
                    environment, file, loaded, store, require_sealed=settings["require_sealed"]
                )
        except StalePlan:
            if not workflow.is_applied(environment, file, loaded, store):
                raise
            return _applied_before(environment, file, loaded, store, settings)
        warned(planned)
        origin = origin_notes(standing, planned.expires, workflow.utc_now())
        if settings["output"] != "json" or planned.blocked:
            shown = shown_text(Subject.PLAN, planned.plan, settings, origin)
            err = settings["output"] == "json"
            click.echo(f"Environment {name}\n{shown}\n", err=err)
        if planned.blocked:
            return workflow.Result(plan=planned.plan)
        ended = running.carried_out(planned, store, settings)
        if ended.is_complete and settings["verify"]:
            return _verified(environment, store, planned.desired, ended)
    return workflow.Result(plan=planned.plan, outcome=ended)


def _applied_before(
    environment: Environment, file: PlanFile, loaded: Loaded, store: Store, settings: dict[str, Any]
) -> Result:
    from reconciler import workflow

    remark("Applied before: nothing to do.")
    if settings["verify"]:
        return _verified(environment, store, loaded.objects, ApplyEnded(results=()))
    return workflow.Result(plan=file.saved.plan, outcome=ApplyEnded(results=()))


def _verified(
    environment: Environment, store: Store, desired: Sequence[Desired], ended: ApplyEnded
) -> Result:
    """What a drift check says right after the apply."""
    from reconciler import workflow

    report = workflow.drift_after(environment, desired, store)
    return workflow.Result(outcome=ended, drift=report)


def _plan_directory(words: Sequence[str]) -> Path | None:
    """The directory of saved plans among `words`, if there is one."""
    from reconciler.planfile import is_plan_directory

    return next((Path(word) for word in words if is_plan_directory(word)), None)


def _shard_of_plans(directory: Path) -> Shard | None:
    """The shard that the plans in `directory` are, if they are not those of a whole run."""
    from reconciler.planfile import load_index

    share = load_index(directory).share
    return None if share is None else share.shard


def _of_directory(
    configuration: Configuration, directory: Path, patterns: Sequence[str]
) -> tuple[Described, ...]:
    """The environments of the run whose plans, or a shard of them, are in `directory`.

    Raises:
        ConfigError: the configuration does not describe them, or none of them was chosen.
        PlanFileError: the index cannot be used.
    """
    from reconciler.planfile import load_index

    index = load_index(directory)
    names = {each.environment for each in index.entries}
    if index.share is not None:
        names |= {*index.share.chosen}
    unknown = sorted(names - {each.name for each in configuration.environments})
    if unknown:
        raise ConfigError(
            f"{directory} has plans of environments that "
            f"{configuration.file or 'no configuration file'} does not describe: "
            f"{', '.join(unknown)}",
            hint="apply with the configuration file that the plans were made with",
        )
    described = tuple(each for each in configuration.environments if each.name in names)
    planned = Configuration(str(directory), described)
    return chosen_environments(planned, patterns, every=not patterns, all_allowed=True)
