"""Commands for one environment or many: the same function is called for each of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import Configured, chosen_environments, given_environments
from reconciler.cli.environments import Described, place_of, same_places
from reconciler.cli.invocation import Company, company, configuration, environment_name
from reconciler.cli.live import live
from reconciler.cli.options import ENV_PARALLELISM, SHARD, STORE, parameter_of
from reconciler.cli.output import (
    earlier_report,
    note_failure,
    output_of,
    show,
    style_of,
    write_report,
)
from reconciler.cli.parallelism import WAITING, at_a_time, given
from reconciler.cli.parameters import Listed
from reconciler.cli.program import fault_text
from reconciler.cli.settings import Configuration
from reconciler.cli.shards import keep, part_text, refuse_part_of_one, shard_of, stage_of
from reconciler.cli.terminal import colour_on, heard_by, remark, width_of
from reconciler.errors import ConfigError, ExitCode, ReconcilerError, worst
from reconciler.escapes import escaped
from reconciler.model.options import Topic
from reconciler.model.shards import Share
from reconciler.stores import backend_of
from reconciler.views.formats import Subject, rendered
from reconciler.views.heading import NO_HEADING

if TYPE_CHECKING:
    from reconciler.model.plans import Note, Plan
    from reconciler.views.joined import Part
    from reconciler.views.overview import Compact, Merging

ALL = "--all"
_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say of an environment: `shown` is a `subject`.

    ``origin`` is what there is to know of a plan's file. ``digests`` makes what new values of a
    plan are compared by with those of other environments; it is called only where they are.
    ``then`` is done once the answer was shown. ``error`` is what ended the work, if there is
    nothing to show. ``after`` is done at the very end, when all that was asked for is printed and
    written, or cannot be.
    """

    subject: Subject
    shown: Any
    code: ExitCode = ExitCode.OK
    origin: tuple[Note, ...] = ()
    digests: Callable[[], Mapping[int, int]] = dict
    then: Callable[[], None] | None = None
    error: Exception | None = field(default=None, repr=False)
    after: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """What is printed of an answer: a part for standard output, and one for each report.

    ``compact`` is for the comparison with other environments.
    """

    part: Part
    compact: Compact | None = None
    reports: tuple[Part, ...] = ()
    remarks: tuple[str, ...] = field(default=(), repr=False)
    after: Callable[[], None] | None = None


class Surveying(Configured):
    """A command whose function returns an `Answer`, for one environment or for many.

    A single one is shown by itself. Several environments are looked at side by side, and what
    became of each is a part of one output, in the order of the file. None of them fails another.
    """

    def __init__(self, *args: Any, subject: Subject, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self._subject = subject
        self.params[-1:-1] = [
            Listed(
                [ALL, "every_environment"],
                topic=Topic.WHERE,
                is_flag=True,
                expose_value=False,
                help="Work on all environments of the configuration file.",
            ),
            parameter_of(SHARD, expose_value=False, callback=keep),
            parameter_of(ENV_PARALLELISM, expose_value=False, callback=keep),
        ]

    def _chosen(self, configuration: Configuration, args: Sequence[str]) -> tuple[Described, ...]:
        """The environments that the command is to work on; see `chosen_environments`."""
        return chosen_environments(
            configuration, given_environments(args), every=_is_all(args), all_allowed=True
        )

    def _company(self, configuration: Configuration, args: Sequence[str]) -> Company | None:
        """What the environments share, unless a single one was named.

        So the shape of the output does not depend on how many a pattern matches.
        """
        patterns = given_environments(args)
        named = len(patterns) == 1 and not _WILDCARDS & set(patterns[0])
        if not configuration.has_environments or (named and not _is_all(args)):
            return None
        from reconciler.workflow import SharedLoads

        return Company(loads=SharedLoads(), after=configuration.after)

    def invoke(self, ctx: click.Context) -> ExitCode:
        """Call the function for each environment, and show what it answers."""
        if ctx.obj.company is None:
            refuse_part_of_one(ctx)
            answer: Answer = super().invoke(ctx)
            with _followed_by(answer.after):
                if answer.error is not None:
                    note_failure(ctx.params)
                    raise answer.error
                show(answer.subject, answer.shown, ctx.params, answer.origin)
                if answer.then is not None:
                    answer.then()
            return answer.code
        contexts = ctx.obj.company.contexts
        refuse_same_places(contexts)
        _refuse_standard_input(ctx)
        _refuse_other_formats(output_of(self._subject, ctx.params), ctx.params)
        if configuration() and not ctx.params.get("quiet"):
            remark(escaped(f"Configuration: {configuration()}"))
        share = self._share(ctx)
        names = self._own(ctx, share)
        if len(names) < len(contexts) and not ctx.params.get("quiet"):
            remark(part_text(share, stage_of(ctx), len(names), len(contexts)))
        own = [each for each in contexts if each.obj.environment.name in names]
        return self.survey(ctx, own, share)

    def _share(self, context: click.Context) -> Share | None:
        """Which part of the run this is, if it is one of several."""
        shard = shard_of(context)
        return Share(shard, self._names(context)) if shard is not None else None

    def _own(self, context: click.Context, share: Share | None) -> tuple[str, ...]:
        """The names of the chosen environments that this run is to work on."""
        return self._names(context) if share is None else share.own

    @staticmethod
    def _names(context: click.Context) -> tuple[str, ...]:
        """The names of all chosen environments."""
        return tuple(each.obj.environment.name for each in context.obj.company.contexts)

    def answer(self, context: click.Context) -> Answer:
        """What the function answers in `context`."""
        answer: Answer = Configured.invoke(self, context)
        return answer

    def survey(
        self,
        ctx: click.Context,
        contexts: list[click.Context],
        share: Share | None,
        *,
        err: bool = False,
    ) -> ExitCode:
        """Ask for the answers of several environments side by side, and show their parts.

        `contexts` are those of `ctx` that belong to its `share` of the run. With `err`, they are
        shown as text on standard error.
        """
        from reconciler.views.joined import has_overview, joined
        from reconciler.views.overview import Merging
        from reconciler.workflow import abreast

        merging = Merging() if has_overview(self._subject, len(contexts)) else None
        params = ctx.params
        output = "text" if err else output_of(self._subject, params)
        work = [partial(self._told, context, output, len(contexts)) for context in contexts]
        told: list[_Told] = []
        codes: list[ExitCode] = []

        def parts() -> Iterator[Part]:
            with live(lambda: f"{len(codes)} of {len(contexts)} environments"):
                for each in abreast(work, at_a_time(ctx)):
                    codes.append(each.part.code)
                    for line in each.remarks:
                        remark(line)
                    if merging is not None and each.compact is not None:
                        merging.add(each.compact)
                    told.append(replace(each, part=replace(each.part, text=""), compact=None))
                    yield each.part

        stream = sys.stderr if err else sys.stdout
        style = replace(
            style_of(params), colour=colour_on(stream), share=share, width=width_of(stream)
        )
        for text in joined(output, parts(), self._subject, style, merging):
            click.echo(text, err=err)
        with _followed_by(partial(_follow_up, contexts, told)):
            self._write_reports(params, told, share, merging)
        return worst(codes)

    def _told(self, context: click.Context, output: str, environments: int) -> _Told:
        """What the function answers in `context`, in the formats that were asked for."""
        remarks: list[str] = []
        with context.scope(), heard_by(remarks.append):
            name = environment_name()
            told = self._answered(context, name, output, environments)
            if told.part.error is not None and output != "text":
                from reconciler.views import text

                remarks.append(text.error(told.part.error, colour=colour_on(sys.stderr)))
        return replace(told, remarks=tuple(with_name(name, line) for line in remarks))

    def _answered(self, context: click.Context, name: str, output: str, environments: int) -> _Told:
        from reconciler.views.joined import Part, has_overview, has_sections
        from reconciler.views.joined import style_of as one_of_several
        from reconciler.views.overview import compact_of

        texts: list[str] = []
        params = context.params
        formats = [output, *(each for each, _ in params.get("reports", ()))]
        code, error, after = ExitCode.OK, None, None
        shown: Any = None
        heading = NO_HEADING
        digests: Callable[[], Mapping[int, int]] = dict
        try:
            answer = self.answer(context)
            code, after = answer.code, answer.after
            if answer.error is not None:
                raise answer.error  # noqa: TRY301 - as if it came from the call
            style = style_of(params, answer.origin)
            shown, heading, digests = answer.shown, style.heading, answer.digests
            for index, each in enumerate(formats):
                colour = not index and colour_on(sys.stdout)
                own = replace(
                    one_of_several(each, style, environments),
                    colour=colour,
                    quiet=style.quiet and not index,
                )
                is_shown = has_sections(each, answer.subject, own, environments)
                texts.append(rendered(answer.subject, each, shown, own) if is_shown else "")
            if answer.then is not None:
                answer.then()
        except Exception as raised:  # noqa: BLE001 - no environment fails another
            error = error_of(raised)
            code = error.exit_code
        texts += [""] * (len(formats) - len(texts))
        first, *others = (Part(name, code, text, error) for text in texts)
        compact = None
        if has_overview(self._subject, environments):
            compact = compact_of(name, shown, heading=heading, digests=digests(), error=error)
        return _Told(first, compact, tuple(others), after=after)

    def _write_reports(
        self,
        params: dict[str, Any],
        told: Sequence[_Told],
        share: Share | None,
        merging: Merging | None,
    ) -> None:
        """Write the reports that were asked for, each with the parts of all environments.

        Raises:
            FileNotWritten: a report cannot be written.
        """
        from reconciler.views.joined import joined, with_earlier

        style = replace(style_of(params), quiet=False, share=share)
        for index, (format_name, path) in enumerate(params.get("reports", ())):
            parts = [each.reports[index] for each in told]
            parts = with_earlier(format_name, parts, partial(earlier_report, path))
            texts = [*joined(format_name, parts, self._subject, style, merging)]
            write_report(path, "".join(f"{text}\n" for text in texts))


@contextmanager
def _followed_by(after: Callable[[], None] | None) -> Iterator[None]:
    """Call `after` at the end of the block, be it an error; not where somebody interrupts it."""
    try:
        yield
    except Exception:
        if after is not None:
            after()
        raise
    if after is not None:
        after()


def _follow_up(contexts: Sequence[click.Context], told: Sequence[_Told]) -> None:
    """Do what is to be done at the very end for each environment, side by side.

    That waits for receivers, whatever the rest of the work waits for.
    """
    from reconciler.workflow import abreast

    work = [partial(_followed_up, *pair) for pair in zip(contexts, told, strict=True)]
    for lines in abreast(work, (contexts and given(contexts[0])) or WAITING):
        for line in lines:
            remark(line)


def _followed_up(context: click.Context, told: _Told) -> list[str]:
    remarks: list[str] = []
    if told.after is not None:
        with context.scope(), heard_by(remarks.append):
            told.after()
    return [with_name(told.part.environment, line) for line in remarks]


def error_of(raised: Exception) -> ReconcilerError:
    """What ended the work on an environment, as an error that may be shown."""
    if isinstance(raised, ReconcilerError):
        return raised
    if isinstance(raised, click.ClickException):
        return ConfigError(raised.format_message())
    return ReconcilerError(fault_text(raised))


def _is_all(args: Sequence[str]) -> bool:
    words = [*args]
    end = words.index("--") if "--" in words else len(words)
    return ALL in words[:end]


def with_name(name: str, line: str) -> str:
    """`line`, which is about the environment `name`."""
    separator = "\n" if "\n" in line else " "
    return f"{name}:{separator}{line}"


def refuse_same_places(contexts: Sequence[click.Context]) -> None:
    """Make sure that the command line has not sent two environments to one place.

    Raises:
        ConfigError: it has.
    """
    places = {
        context.obj.environment.name: place_of(
            Configured.choice(context), str(context.params["set_name"])
        )
        for context in contexts
        if {STORE.parameter, "set_name"} <= context.params.keys()
    }
    shared = [", ".join(names) for names in same_places(places)]
    if shared:
        raise ConfigError(
            "several environments would have the same store and set",
            details=shared,
            hint="leave out what the command line or the variables say of the store and the set",
        )


def refuse_shared_place(plan: Plan) -> None:
    """Make sure that no other environment of the run was planned for the same set of a server.

    Two addresses, or two contexts, can lead to the same server; only its answer tells. A file is
    told by its path: a copy has the same identity.

    Raises:
        ConfigError: another one was.
    """
    context = click.get_current_context()
    if not plan.store.id or not backend_of(context.params[STORE.parameter].url).has_server:
        return
    name = environment_name()
    first = company().places.setdefault((plan.store, plan.options.set_name), name)
    if first != name:
        raise ConfigError(
            f"{name} has the same store and set as {first}: their addresses lead to one place",
            hint="give one of them another store or set",
        )


def _refuse_other_formats(output: str, params: dict[str, Any]) -> None:
    """Make sure that what is to be shown of several environments can be one output.

    Raises:
        ConfigError: a format cannot join the parts.
    """
    from reconciler.views.joined import can_join

    for name in (output, *(each for each, _ in params.get("reports", ()))):
        if not can_join(name):
            raise ConfigError(
                f"the format {name} shows one environment at a time",
                hint="name a single environment with --env",
            )


def _refuse_standard_input(context: click.Context) -> None:
    """Make sure that nothing is to be read once for each environment that can be read only once.

    Raises:
        ConfigError: standard input or a pipe is among the manifests.
    """
    from reconciler.cli.requests import is_stream

    streams = [path for path in context.params.get("paths", ()) if is_stream(path) or path == "-"]
    if streams:
        raise ConfigError(
            f"{streams[0]} can be read only once, and several environments were chosen",
            hint="write the manifests to a file",
        )
