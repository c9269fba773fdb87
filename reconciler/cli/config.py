"""``reconciler.yaml``: options that a directory of manifests always goes with.

The file is named with ``--config``, or looked for upwards from the working directory. Its paths are
relative to its directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from reconciler.cli.command import Command
from reconciler.cli.environment import environ
from reconciler.cli.environments import Described
from reconciler.cli.invocation import Company, Invocation, invocation_of
from reconciler.cli.options import CONFIG, ENV, STORE, parameter_of
from reconciler.cli.readings import relative_path
from reconciler.cli.settings import Configuration, read_configuration
from reconciler.cli.trust import nearest_file, trusted_content
from reconciler.errors import ConfigError
from reconciler.model.opening import StoreChoice
from reconciler.model.options import Option, Topic
from reconciler.spelling import did_you_mean
from reconciler.stores import backend_of, builtin_options


class Configured(Command):
    """A command with ``--config``, whose other options may stand in ``reconciler.yaml``.

    One with ``--store`` takes the options of that store besides, and its function is given a
    `StoreChoice` that holds them. Where the file has several environments, ``--env`` says which one
    is meant.
    """

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params.append(
            parameter_of(ENV, expose_value=False, callback=_refuse_hidden_environments)
        )
        self.params.append(parameter_of(CONFIG, expose_value=False))

    def parsed_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None, **extra: Any
    ) -> click.Context:
        """Take the file's settings for defaults; help and completion do without them."""
        given = environ() if click.get_current_context(silent=True) else os.environ
        if {"-h", "--help"} & set(args) or extra.get("resilient_parsing"):
            invocation = Invocation(given, store_options=self._offered(args, given))
            return super().parsed_context(info_name, args, parent, obj=invocation, **extra)
        configuration = _configuration(args, given)
        described = self._chosen(configuration, args)
        company = self._company(configuration, args)
        if company is not None and self._has_store and _given(STORE, args, given):
            raise ConfigError(
                f"{STORE.flag} or {STORE.variable} names one store, and several environments were "
                "chosen",
                hint="let each environment name its own, or choose one with --env NAME",
            )
        contexts = company.contexts if company is not None else []
        for each in described:
            with _naming(each):
                store_options = self._store_options(args, given, each.settings)
                chosen = given_environments(args)
                invocation = Invocation(
                    given, configuration.file, each, chosen, store_options, company
                )
                settings = {"obj": invocation, "default_map": dict(each.settings)}
                contexts.append(
                    super().parsed_context(info_name, [*args], parent, **settings, **extra)
                )
        return contexts[0]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters of the command, and those for the store that is meant."""
        own = super().get_params(ctx)
        names = {parameter.name for parameter in own}
        more = (
            parameter_of(option, topic=option.about or Topic.WHERE)
            for option in invocation_of(ctx).store_options
        )
        return [*own[:-1], *(option for option in more if option.name not in names), own[-1]]

    def _advised(self, ctx: click.Context, error: click.NoSuchOption) -> click.UsageError:
        """An option of another kind of store says so."""
        if error.option_name in {option.flag for option in builtin_options()}:
            message = f"{error.option_name}: the store that --store names has no such option"
            return click.UsageError(message, ctx)
        return super()._advised(ctx, error)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the function of the command, with what it takes to open the store in one value."""
        self.choose_store(ctx)
        return super().invoke(ctx)

    def choose_store(self, ctx: click.Context) -> None:
        """Put what it takes to open the store into one of the parameters of `ctx`."""
        if self._has_store:
            ctx.params[STORE.parameter] = self.choice(ctx)
            offered = {option.parameter for option in invocation_of(ctx).store_options}
            for name in offered - self._own_names:
                del ctx.params[name]

    @staticmethod
    def choice(ctx: click.Context) -> StoreChoice:
        """The store that `ctx` chooses, with the options of its kind."""
        offered = invocation_of(ctx).store_options
        given = {option.name: ctx.params[option.parameter] for option in offered}
        options = {
            name: str(value)
            for name, value in given.items()
            if value is not None and value is not False
        }
        return StoreChoice(ctx.params[STORE.parameter], options)

    @property
    def _own_names(self) -> set[str | None]:
        return {parameter.name for parameter in self.params}

    @property
    def _has_store(self) -> bool:
        return STORE.parameter in self._own_names

    def _chosen(self, configuration: Configuration, args: Sequence[str]) -> tuple[Described, ...]:
        """The environment that the command is to work on.

        Raises:
            ConfigError: it is not said which one, or there is none of that name.
        """
        described = chosen_environments(
            configuration, given_environments(args), every=False, all_allowed=False
        )
        if len(described) > 1:
            names = ", ".join(each.name for each in described)
            raise ConfigError(
                f"{self.name} works on one environment at a time, and several were chosen: {names}",
                hint="choose one with --env NAME",
            )
        return described

    def _company(self, configuration: Configuration, args: Sequence[str]) -> Company | None:
        """What the chosen environments share; nothing, for a command that takes only one."""
        del configuration, args
        return None

    def _store_options(
        self, args: Sequence[str], environ: Mapping[str, str], settings: Mapping[str, Any]
    ) -> tuple[Option, ...]:
        if not self._has_store:
            return ()
        url = _given(STORE, args, environ) or settings.get(STORE.parameter) or STORE.default
        return backend_of(url).options

    def _offered(self, args: Sequence[str], environ: Mapping[str, str]) -> tuple[Option, ...]:
        """The options to show in help; a store that does not exist has none."""
        try:
            return self._store_options(args, environ, {})
        except ConfigError:
            return ()


def chosen_environments(
    configuration: Configuration, patterns: Sequence[str], *, every: bool, all_allowed: bool
) -> tuple[Described, ...]:
    """The environments whose names match one of `patterns`, in the order of the file.

    `every` chooses all of them, and is offered where `all_allowed`.

    Raises:
        ConfigError: nothing was chosen where there is something to choose from, or a pattern
            matches none.
    """
    described = configuration.environments
    names = [each.name for each in described]
    if not configuration.has_environments:
        if patterns or every:
            file = configuration.file
            reason = f"{file} has none" if file else "there is no configuration file"
            raise ConfigError(
                f"there are no environments to choose from: {reason}",
                hint="leave out --env and --all, or describe `environments` in reconciler.yaml",
            )
        return described
    if not patterns and not every:
        raise ConfigError(
            f"{configuration.file} has several environments, and none was chosen",
            hint=f"choose with {ENV.flag} NAME{' or --all' if all_allowed else ''}; they are "
            f"{', '.join(names)}",
        )
    idle = [
        pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)
    ]
    if idle:
        told = [f"{pattern!r} {did_you_mean(pattern, names)}".rstrip() for pattern in idle]
        raise ConfigError(
            f"--env: {configuration.file} has no such environment: {', '.join(told)}",
            hint=f"they are {', '.join(names)}",
        )
    return tuple(
        each
        for each in described
        if every or any(fnmatchcase(each.name, pattern) for pattern in patterns)
    )


def given_environments(args: Sequence[str]) -> tuple[str, ...]:
    """What `args` say of the environments, before click parses the others."""
    return tuple(_texts(ENV, args))


def _configuration(args: Sequence[str], environ: Mapping[str, str]) -> Configuration:
    """What the configuration file says.

    Raises:
        ConfigError: the file cannot be used; the message has every problem with its place.
    """
    named = _given(CONFIG, args, environ)
    file = nearest_file(_working_directory()) if named is None else Path(named)
    if file is None:
        return Configuration()

    def contents(path: Path) -> bytes:
        return trusted_content(path, environ) if named is None else _content(path)

    return read_configuration(file, contents(file), named or relative_path(file), contents)


def _given(option: Option, args: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """What `args` or `environ` say of `option`, before click parses the others."""
    texts = [*_texts(option, args)]
    return texts[-1] if texts else environ.get(option.variable) or None


def _texts(option: Option, args: Sequence[str]) -> Iterator[str]:
    """The values that `args` give to `option`."""
    for position, argument in enumerate(args):
        if argument == "--":
            return
        if argument in {option.flag, option.short or option.flag}:
            yield from args[position + 1 : position + 2]
        elif argument.startswith(f"{option.flag}="):
            yield argument.partition("=")[2]


@contextmanager
def _naming(described: Described) -> Iterator[None]:
    """Let what is wrong with a setting say which environment has it."""
    about = f"environment {described.name}: " if described.name else ""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(
            f"{about}{error.message}", hint=error.hint, details=error.details
        ) from None


def _refuse_hidden_environments(
    context: click.Context, _: click.Parameter, value: tuple[str, ...]
) -> None:
    """Make sure that click and `given_environments` read the same.

    Raises:
        UsageError: they do not, as with ``-qe NAME``, or with a name that is glued to its letter.
    """
    if not context.resilient_parsing and value != invocation_of(context).chosen:
        raise click.UsageError(f"write {ENV.short} NAME in two words of their own", context)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError("the working directory has been deleted", hint="cd to one") from None


def _content(file: Path) -> bytes:
    """What a file holds that somebody has named; where it is none, the name may be anything."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the configuration file cannot be read: {error.strerror}",
            hint="look at --config and RECONCILER_CONFIG; /dev/null is a file without settings",
        ) from None
