"""``reconciler.yaml``: options that a directory of manifests always goes with.

The file is named with ``--config``, or looked for upwards from the working directory. Its paths are
relative to its directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.command import Command
from reconciler.cli.environment import environ
from reconciler.cli.lints import SETTING, read_lints
from reconciler.cli.options import CONFIG, RUN_OPTIONS, STORE, parameter_of
from reconciler.cli.sources import SETTING as MANIFESTS
from reconciler.cli.sources import SOURCES, read_manifests, texts
from reconciler.cli.terminal import remark
from reconciler.cli.trust import nearest_file, trusted_content
from reconciler.cli.types import READINGS, relative_path
from reconciler.errors import ConfigError
from reconciler.escapes import escaped
from reconciler.model.inputs import Exclusion, InputSource
from reconciler.model.opening import StoreChoice
from reconciler.model.options import Option, OptionKind, Topic
from reconciler.model.plans import PLAN_OPTIONS
from reconciler.spelling import did_you_mean
from reconciler.stores import backend_of, builtin_options

if TYPE_CHECKING:
    from reconciler.manifests import Placed

_EXCLUDE = "exclude"
_EXCLUDE_SETTING = "excluded"  # no parameter's name: options add to the setting


@dataclass(frozen=True, slots=True)
class Invocation:
    """What surrounds a run of a command: click keeps it as the context's ``obj``.

    ``environ`` is the environment that the program was given. ``configuration`` is the path of the
    configuration file in use, empty where there is none; ``settings`` are those in it, by the names
    of parameters and `SETTING`. ``store_options`` are those of the kind of store that is meant.
    """

    environ: Mapping[str, str] = field(repr=False)
    configuration: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    store_options: tuple[Option, ...] = ()


class Configured(Command):
    """A command with ``--config``, whose other options may stand in ``reconciler.yaml``.

    One with ``--store`` takes the options of that store besides, and its function is given a
    `StoreChoice` that holds them.
    """

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params.append(parameter_of(CONFIG, expose_value=False))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Take the file's settings for defaults; help and completion do without them."""
        given = environ() if click.get_current_context(silent=True) else os.environ
        if {"-h", "--help"} & set(args) or extra.get("resilient_parsing"):
            invocation = Invocation(given, store_options=self._offered(args, given))
        else:
            invocation = self._configured(args, given)
        return super().make_context(
            info_name, args, parent, obj=invocation, default_map=dict(invocation.settings), **extra
        )

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters of the command, and those for the store that is meant."""
        own = super().get_params(ctx)
        names = {parameter.name for parameter in own}
        more = (
            parameter_of(option, topic=option.about or Topic.WHERE)
            for option in _invocation(ctx).store_options
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
        if self._has_store:
            offered = _invocation(ctx).store_options
            given = {option.name: ctx.params[option.parameter] for option in offered}
            options = {
                name: str(value)
                for name, value in given.items()
                if value is not None and value is not False
            }
            for name in {option.parameter for option in offered} - self._own_names:
                del ctx.params[name]
            ctx.params[STORE.parameter] = StoreChoice(ctx.params[STORE.parameter], options)
        return super().invoke(ctx)

    @property
    def _own_names(self) -> set[str | None]:
        return {parameter.name for parameter in self.params}

    @property
    def _has_store(self) -> bool:
        return STORE.parameter in self._own_names

    def _configured(self, args: Sequence[str], environ: Mapping[str, str]) -> Invocation:
        """What the configuration file says.

        Raises:
            ConfigError: the file cannot be used; the message has every problem with its place.
        """
        named = _given(CONFIG, args, environ)
        file = nearest_file(_working_directory()) if named is None else Path(named)
        if file is None:
            return Invocation(environ, store_options=self._store_options(args, environ, {}))
        content = trusted_content(file, environ) if named is None else _content(file)
        settings = _settings(file, content)
        return Invocation(
            environ,
            configuration=named or relative_path(file),
            settings=settings,
            store_options=self._store_options(args, environ, settings),
        )

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


def configuration() -> str:
    """The path of the configuration file in use, for headlines; empty where there is none."""
    return _invocation(click.get_current_context()).configuration


def given_places() -> Iterator[tuple[Option, str]]:
    """What the command line says of the store, the way to it, and the configuration file."""
    context = click.get_current_context()
    choice = context.params.get(STORE.parameter)
    assert isinstance(choice, StoreChoice)
    for option in (STORE, *_invocation(context).store_options, CONFIG):
        source = context.get_parameter_source(option.parameter)
        if source is ParameterSource.COMMANDLINE and option.kind is not OptionKind.FLAG:
            values = {STORE.name: choice.url, CONFIG.name: configuration(), **choice.options}
            yield option, values[option.name]


def tell_configuration() -> None:
    """Name the configuration file on standard error, where no headline does."""
    if configuration() and not click.get_current_context().params.get("quiet"):
        remark(escaped(f"Configuration: {configuration()}"))


def exclusions(patterns: Sequence[str]) -> tuple[Exclusion, ...]:
    """What the setting ``exclude`` leaves out, and what `patterns` of the command line add."""
    settings = _invocation(click.get_current_context()).settings
    setting: tuple[Exclusion, ...] = settings.get(_EXCLUDE_SETTING, ())
    return (*setting, Exclusion(".", tuple(patterns))) if patterns else setting


def configured_sources() -> tuple[InputSource, ...]:
    """The sources of manifests that the configuration file defines."""
    settings = _invocation(click.get_current_context()).settings
    sources: tuple[InputSource, ...] = settings.get(SOURCES, ())
    return sources


def setting_names() -> tuple[str, ...]:
    """The settings that ``reconciler.yaml`` may hold."""
    return (MANIFESTS, _EXCLUDE, *(option.setting for option in _options().values()), SETTING)


def _invocation(ctx: click.Context) -> Invocation:
    return ctx.obj if isinstance(ctx.obj, Invocation) else Invocation(os.environ)


def _given(option: Option, args: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """What `args` or `environ` say of `option`, before click parses the others."""
    texts: list[str] = []
    for position, argument in enumerate(args):
        if argument == "--":
            break
        if argument == option.flag:
            texts += args[position + 1 : position + 2]
        elif argument.startswith(f"{option.flag}="):
            texts.append(argument.partition("=")[2])
    return texts[-1] if texts else environ.get(option.variable) or None


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


def _settings(file: Path, content: bytes) -> dict[str, Any]:
    """The settings in `file`, by the names of the commands' parameters."""
    # PyYAML is needed only where there is a file to read.
    from reconciler.manifests import parse_document

    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8") from None
    root, diagnostics = parse_document(text, str(file))
    problems = [f"{item.source}: {item.message}" for item in diagnostics]
    values: dict[str, Any] = {}
    if root is not None and isinstance(root.value, dict):
        problems += _take(root.value, file.parent, values)
    elif root is not None:
        problems.append(f"{root.source}: must be a map of settings")
    if problems:
        raise ConfigError(
            f"{file}: the settings cannot be used",
            details=problems,
            hint=f"settings are {', '.join(setting_names())}",
        )
    return values


def _take(entries: Mapping[str, Placed], directory: Path, values: dict[str, Any]) -> Iterator[str]:
    """Put the settings among `entries` into `values`, and yield what is wrong with the others."""
    options = {option.setting: (name, option) for name, option in _options().items()}
    for name, entry in entries.items():
        if name == SETTING:
            yield from read_lints(entry, values, directory)
        elif name == MANIFESTS:
            yield from read_manifests(entry, directory, values)
        elif name == _EXCLUDE:
            patterns = texts(entry.value)
            if patterns is None:
                yield f"{entry.source}: the setting {name!r} must be a pattern or a list of them"
            else:
                values[_EXCLUDE_SETTING] = (Exclusion(relative_path(directory), patterns),)
        elif name in options:
            parameter, option = options[name]
            reading = READINGS[option.kind]
            value = reading.setting(entry.value, directory)
            if value is None:
                yield f"{entry.source}: the setting {name!r} must be {reading.expected}"
            else:
                values[parameter] = value
        else:
            advice = did_you_mean(name, setting_names())
            yield f"{entry.key}: unknown setting {name!r}" + (f"; {advice}" if advice else "")


def _options() -> dict[str, Option]:
    """The options that have a setting, by the names of the parameters that take them."""
    others = {option.parameter: option for option in (*RUN_OPTIONS, *builtin_options())}
    return {name: option for name, option in (others | PLAN_OPTIONS).items() if option.setting}
