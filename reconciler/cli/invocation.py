"""What surrounds a run of a command: configuration, environment, and the others of the run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli.environments import Described
from reconciler.cli.options import CONFIG, ENV, STORE
from reconciler.cli.settings import EXCLUDED
from reconciler.cli.sources import PATHS, SOURCES
from reconciler.cli.terminal import remark
from reconciler.escapes import escaped
from reconciler.model.inputs import Exclusion, InputSource
from reconciler.model.opening import StoreChoice
from reconciler.model.options import Option, OptionKind

if TYPE_CHECKING:
    from reconciler.workflow import SharedLoads


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The environments that one run of a command is for, each with a context of its own.

    ``loads`` has the manifests that several have in common. ``after`` has all environments of the
    configuration, chosen or not, and what each comes after. ``key`` is what values of different
    environments are compared by; it ends with the run.
    """

    contexts: list[click.Context] = field(default_factory=list, repr=False)
    loads: SharedLoads = field(repr=False)
    after: Mapping[str, tuple[str, ...]] = field(repr=False)
    key: bytes = field(default_factory=secrets.token_bytes, repr=False)
    places: dict[Hashable, str] = field(default_factory=dict, repr=False)
    """Which environment was the first to be planned for a set of a store."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What surrounds a run of a command: click keeps it as the context's ``obj``.

    ``environ`` is the environment that the program was given. ``configuration`` is the path of the
    configuration file in use, empty where there is none; ``environment`` is the one of its
    environments that is meant. ``settings`` are those of that environment, by the names of
    parameters and of what is no parameter. ``chosen`` is what ``--env`` was given.
    ``store_options`` are those of the kind of store that is meant. ``company`` is what it shares
    with the other environments of the run, if it is one of several.
    """

    environ: Mapping[str, str] = field(repr=False)
    configuration: str = ""
    environment: Described = field(default_factory=Described)
    chosen: tuple[str, ...] = ()
    store_options: tuple[Option, ...] = ()
    company: Company | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the environment."""
        return self.environment.settings


def configuration() -> str:
    """The path of the configuration file in use, for headlines; empty where there is none."""
    return invocation_of(click.get_current_context()).configuration


def given_places(*besides: ParameterSource) -> Iterator[tuple[Option, str]]:
    """What the command line says of the store, the way to it, and the configuration file.

    `besides` are other sources that count.
    """
    context = click.get_current_context()
    choice = context.params.get(STORE.parameter)
    assert isinstance(choice, StoreChoice)
    invocation = invocation_of(context)
    values = {STORE.name: choice.url, CONFIG.name: invocation.configuration, **choice.options}
    for option in (STORE, *invocation.store_options, CONFIG):
        source = context.get_parameter_source(option.parameter)
        sources = {ParameterSource.COMMANDLINE, *besides}
        if source in sources and option.kind is not OptionKind.FLAG:
            yield option, values[option.name]
    if invocation.environment.name:
        yield ENV, invocation.environment.name


def company() -> Company:
    """The environments that the run is for, where it is for several."""
    shared = invocation_of(click.get_current_context()).company
    assert shared is not None
    return shared


def environment_name() -> str:
    """The name of the environment that is meant; empty where it has none."""
    return invocation_of(click.get_current_context()).environment.name


def is_one_of_several() -> bool:
    """Whether what the command shows is one of several parts."""
    return invocation_of(click.get_current_context()).company is not None


def shared_loads() -> SharedLoads | None:
    """The manifests that several environments have in common."""
    return company().loads if is_one_of_several() else None


def tell_configuration() -> None:
    """Name the configuration file on standard error, where no headline does."""
    if is_one_of_several():
        return  # told once for all
    if configuration() and not click.get_current_context().params.get("quiet"):
        remark(escaped(f"Configuration: {configuration()}"))


def exclusions(patterns: Sequence[str]) -> tuple[Exclusion, ...]:
    """What the setting ``exclude`` leaves out, and what `patterns` of the command line add."""
    settings = invocation_of(click.get_current_context()).settings
    setting: tuple[Exclusion, ...] = settings.get(EXCLUDED, ())
    return (*setting, Exclusion(".", tuple(patterns))) if patterns else setting


def configured_paths() -> tuple[str, ...]:
    """The paths of manifests that the configuration file names."""
    paths: tuple[str, ...] = invocation_of(click.get_current_context()).settings.get(PATHS, ())
    return paths


def configured_sources() -> tuple[InputSource, ...]:
    """The sources of manifests that the configuration file defines."""
    settings = invocation_of(click.get_current_context()).settings
    sources: tuple[InputSource, ...] = settings.get(SOURCES, ())
    return sources


def invocation_of(ctx: click.Context) -> Invocation:
    """That of `ctx`; of a command without a configuration, it has the environment alone."""
    return ctx.obj if isinstance(ctx.obj, Invocation) else Invocation(os.environ)
