"""From the parameters of a command to an environment, and what its manifests deserve to be told."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.defaults import manifests_of, refuse_second_store
from reconciler.cli.diagnostics import is_plan_read, show_diagnostics, show_notices
from reconciler.cli.environment import environ
from reconciler.cli.invocation import (
    configured_sources,
    environment_name,
    exclusions,
    given_places,
    shared_loads,
)
from reconciler.cli.lints import lint_settings
from reconciler.cli.live import alive
from reconciler.cli.options import CONFIG, EXCLUDE, PARALLELISM, STORE, plan_options_of
from reconciler.cli.parameters import CHDIR
from reconciler.cli.paths import are_typed
from reconciler.cli.terminal import is_terminal, remark
from reconciler.errors import ConfigError
from reconciler.escapes import escaped
from reconciler.files import own_descriptor
from reconciler.model.options import Option, OptionKind
from reconciler.model.plan_options import PLAN_OPTIONS
from reconciler.stores.backend import ALLOW_RUN
from reconciler.stores.urls import shown_url

if TYPE_CHECKING:
    from reconciler.manifests import Loaded
    from reconciler.model.objects import Desired, Diagnostic
    from reconciler.model.remedies import CommandLine
    from reconciler.model.store import Store
    from reconciler.workflow import Environment

_OF_INPUTS = {
    "namespace": PLAN_OPTIONS["namespace"],
    "create_namespaces": PLAN_OPTIONS["create_namespaces"],
    "sops_ignore_mac": PLAN_OPTIONS["sops_ignore_mac"],
    EXCLUDE.parameter: EXCLUDE,
    ALLOW_RUN.parameter: ALLOW_RUN,
}
"""The options by which a command reads its manifests, by their parameters."""


def environment_of(
    settings: dict[str, Any], paths: Sequence[str] | None = None, **fixed: Any
) -> Environment:
    """The environment that the parameters of a command stand for.

    `paths` are those of manifests, as the command was given them, or ``None`` for a command that
    reads none; `fixed` sets plan options that are no parameters.

    Raises:
        ConfigError: there are no manifests where they are looked for.
    """
    from reconciler.workflow import Environment

    typed = paths is not None and are_typed(click.get_current_context())
    sources = () if typed else configured_sources()
    return Environment(
        name=environment_name(),
        store=settings["store"],
        inputs=() if paths is None or (sources and not paths) else manifests_of(paths),
        sources=sources,
        allow_run=settings.get(ALLOW_RUN.parameter, False),
        exclude=exclusions(settings.get(EXCLUDE.parameter, ())),
        options=plan_options_of(settings, **fixed),
        lints=lint_settings(strict=settings.get("strict", False)),
        server_dry_run=settings.get("server_dry_run", False),
        parallelism=settings.get("parallelism", PARALLELISM.default),
    )


@contextmanager
def opened(environment: Environment, *, to_write: bool = False) -> Iterator[Store]:
    """The store of `environment`, closed in the end.

    Raises:
        ConfigError: it cannot be opened so.
        StoreReadOnly: it is opened `to_write`, and can only be read.
    """
    from reconciler import workflow

    refuse_second_store(environment.store.url)
    with workflow.opened(environment, environ(), to_write=to_write) as store:
        yield store


def apply_command(planfile: Path, store: str, *, named: bool = False) -> str:
    """What to type to apply a saved plan as this command line reaches its `store`.

    A plan file decides neither on the store nor on the way to it, so what the command line says of
    both is repeated; `named` adds the store in any case.
    """
    given = {option.flag: value for option, value in given_places()}
    if named or STORE.flag in given:
        given[STORE.flag] = store  # without the credentials that may stand in the URL
    name = f"./{planfile}" if str(planfile).startswith("-") else str(planfile)
    words = (word for pair in given.items() for word in pair)
    place = click.get_current_context().meta.get(CHDIR)
    where = ["-C", place] if place else []
    return shlex.join(["reconciler", *where, "apply", name, *words])


def command_line(paths: Sequence[str]) -> CommandLine:
    """How another command reaches what this one does, in whatever shell it is typed.

    What variables say is repeated as options; what the configuration file says is not.
    """
    from reconciler.model.remedies import CommandLine

    context = click.get_current_context()
    place = context.meta.get(CHDIR)
    return CommandLine(
        before=("-C", place) if place else (),
        place=(*_store_words(), *_words_of(context, PLAN_OPTIONS["set_name"], "set_name")),
        inputs=(
            *(f"./{path}" if path[:1] == "-" != path else path for path in _typed_paths(paths)),
            *(
                word
                for name, option in _OF_INPUTS.items()
                for word in _words_of(context, option, name)
            ),
        ),
    )


def _typed_paths(paths: Sequence[str]) -> Sequence[str]:
    return paths if are_typed(click.get_current_context()) else ()


def _store_words() -> Iterator[str]:
    for option, value in given_places(ParameterSource.ENVIRONMENT):
        yield option.flag
        yield shown_url(value) if option is STORE else value


def _words_of(context: click.Context, option: Option, name: str) -> Iterator[str]:
    """The words that set `option`, which the parameter `name` takes, where somebody has set it."""
    if context.get_parameter_source(name) not in {
        ParameterSource.COMMANDLINE,
        ParameterSource.ENVIRONMENT,
    }:
        return
    value = context.params[name]
    if option.kind is OptionKind.FLAG:
        yield from option.given(value)
        return
    for entry in value if option.repeatable else (value,):
        yield option.flag
        yield str(entry)


def apply_directory_command(directory: Path) -> str:
    """What to type to apply saved plans of several environments."""
    context = click.get_current_context()
    given = [CONFIG.flag, context.obj.configuration]
    if context.get_parameter_source(CONFIG.parameter) is not ParameterSource.COMMANDLINE:
        given = []
    name = f"./{directory}" if str(directory).startswith("-") else str(directory)
    place = context.meta.get(CHDIR)
    return shlex.join(["reconciler", *(["-C", place] if place else []), "apply", name, *given])


def memory_file(path: str | None) -> str | None:
    """The file that remembers what was told of the running environment; each has its own."""
    name = click.get_current_context().obj.environment.name
    return f"{path}.{name}" if path and name else path


def takes_stdin(paths: Iterable[str]) -> bool:
    """Whether standard input is read for manifests, under whatever name."""
    return any(path == "-" or own_descriptor(path) == 0 for path in paths)


def is_stream(path: str) -> bool:
    """Whether `path` can be read only once, or only by this process."""
    place = Path(path)
    return own_descriptor(path) is not None or not (
        place.is_file() or place.is_dir() or not place.exists()
    )


def loaded_of(
    environment: Environment,
    *checks: Callable[[Sequence[Desired]], Iterable[Diagnostic]],
    store: Store | None = None,
    twice: bool = False,
    to_plan: bool = False,
    again: bool = False,
) -> Loaded:
    """The manifests of `environment`, with their diagnostics shown.

    Meanwhile, `store` begins to read what a plan or a drift check of them needs. With `to_plan`,
    warnings are left to `warned_beside` where the plan on standard output shows them to a person.
    What is loaded `again` has had its warnings shown.

    Their notices stand in what the command shows, unless errors end it before. `checks` say what
    else is wrong with them; without any, the store's own rules do. `twice` as in
    `load_environment`.
    """
    from reconciler import workflow

    checks = checks or (workflow.store_rules(environment),)
    if store is not None:
        store.read_ahead(environment.options.set_name)
    with alive("Reading manifests"):
        loaded = workflow.load_environment(
            environment,
            *checks,
            environ=environ(),
            twice=twice,
            told=source_errors(),
            shared=shared_loads(),
        )
    if loaded.errors or not (again or (to_plan and is_plan_read())):
        show_diagnostics(loaded, loaded.diagnostics)
    if loaded.errors:
        show_notices(loaded.notices)
    return loaded


def source_errors() -> Callable[[str, bytes], None] | None:
    """What shows the standard error of a program that failed, if that was asked for.

    Raises:
        ConfigError: it was, and there is no terminal: a log would keep values that it holds.
    """
    if not click.get_current_context().params.get("show_source_errors"):
        return None
    if not is_terminal(sys.stderr):
        raise ConfigError(
            "--show-source-errors: standard error is no terminal, and what programs say may hold "
            "values",
            hint="leave it out, or run the program by hand",
        )

    def show(name: str, complaint: bytes) -> None:
        for line in complaint.decode(errors="replace").splitlines():
            remark(escaped(f"{name}: {line}"))

    return show
