"""The manifests that a command line names."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from reconciler.cli.options import EXCLUDE, Command, run_options
from reconciler.cli.parameters import listed
from reconciler.model.options import Topic
from reconciler.stores.backend import ALLOW_RUN

_FILENAMES = "filenames"
_KUSTOMIZED = "kustomized"


def paths_argument(command: Command) -> Command:
    """``[PATH]...``: files and directories of manifests, ``-`` for standard input; or ``-f PATH``.

    ``-k DIR`` is a directory that holds a kustomization for sure. With any of them, what the
    configuration file has for ``manifests`` does not count.
    """
    argument = click.argument(
        "paths", metavar="[PATH]...", nargs=-1, type=click.Path(), callback=_all_paths
    )
    option = listed(
        Topic.WHAT,
        "--filename",
        "-f",
        _FILENAMES,
        metavar="PATH",
        multiple=True,
        type=click.Path(),
        is_eager=True,
        expose_value=False,
        callback=_keep,
        help="Same as PATH, as in kubectl. Repeatable.",
    )
    failures = listed(
        Topic.OUTPUT,
        "--show-source-errors",
        is_flag=True,
        help="Show the error output of a program that fails, which may hold values. At a terminal "
        "only.",
    )
    kustomize = listed(
        Topic.WHAT,
        "--kustomize",
        "-k",
        _KUSTOMIZED,
        metavar="DIR",
        multiple=True,
        type=click.Path(),
        is_eager=True,
        expose_value=False,
        callback=_keep_kustomized,
        help="A directory with a kustomization, which is built. Repeatable.",
    )
    options = run_options(EXCLUDE, ALLOW_RUN)(failures(command))
    return argument(option(kustomize(options)))


def are_typed(context: click.Context) -> bool:
    """Whether the command line names manifests, so that the configuration file's do not count."""
    source = context.get_parameter_source("paths")
    return source is ParameterSource.COMMANDLINE or bool(_named_by_options(context))


def _keep(context: click.Context, _: click.Parameter, value: tuple[str, ...]) -> None:
    context.meta[_FILENAMES] = value


def _keep_kustomized(context: click.Context, _: click.Parameter, value: tuple[str, ...]) -> None:
    from reconciler.inputs.bases import kustomization_in

    for directory in value:
        if not Path(directory).is_dir():
            raise click.BadParameter(f"there is no directory {directory!r}", context)
        if not kustomization_in(directory):
            raise click.BadParameter(f"{directory!r} holds no kustomization", context)
    context.meta[_KUSTOMIZED] = value


def _named_by_options(context: click.Context) -> tuple[str, ...]:
    return (*context.meta.get(_FILENAMES, ()), *context.meta.get(_KUSTOMIZED, ()))


def _all_paths(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    filenames = _named_by_options(context)
    typed = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    return (*value, *filenames) if typed or not filenames else filenames
