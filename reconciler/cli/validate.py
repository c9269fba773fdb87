"""``reconciler validate``."""

from __future__ import annotations

import sys
from typing import Any

import click

from reconciler import __version__
from reconciler.cli.config import Configured, tell_configuration
from reconciler.cli.lints import lint_settings
from reconciler.cli.options import (
    STORE,
    STRICT,
    examples,
    format_option,
    paths_argument,
    plan_options,
    run_options,
    verbosity_options,
)
from reconciler.cli.requests import Verbosity, manifest_paths, show_notices, verbosity_of
from reconciler.cli.terminal import colour_on
from reconciler.errors import ExitCode
from reconciler.model.store import StoreChoice


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler validate",
        "reconciler validate manifests/ -o sarif > results.sarif",
        "reconciler validate --store docker:",
        "helm template chart/ | reconciler validate -",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options("namespace")
@run_options(STRICT)
@format_option("text", "json", "sarif")
@verbosity_options("the objects that were checked")
def validate(
    paths: tuple[str, ...], store: StoreChoice, namespace: str, output: str, **settings: Any
) -> ExitCode:
    """Check manifests as an API server would, without one.

    PATH is a file or a directory of manifests, or - for standard input; the directory
    `manifests` where none is given. What the store of --store refuses besides is an
    error too; it is not asked. Exits with 1 where there are errors.
    """
    from reconciler.manifests import load, unprovided
    from reconciler.model.objects import Severity
    from reconciler.planning.checks import errors_without_store
    from reconciler.stores import check, store_annotations
    from reconciler.views import json, sarif, text

    verbosity = verbosity_of(settings)
    tell_configuration()
    lints = lint_settings(strict=settings["strict"])
    loaded = load(manifest_paths(paths), namespace=namespace, lints=lints)
    found = (
        *loaded.diagnostics,
        *errors_without_store(loaded.objects, store_annotations()),
        *check(store, loaded.objects),
        *unprovided(loaded, lints),
    )
    counts = {"objects": len(loaded.objects), "files": loaded.files}
    match output:
        case "json":
            click.echo(json.diagnostics(found, **counts))
        case "sarif":
            click.echo(sarif.diagnostics(found, tool_version=__version__))
        case _:
            colour = colour_on(sys.stdout)
            if verbosity is Verbosity.VERBOSE and loaded.objects:
                click.echo(f"{text.sources(loaded.objects, colour=colour)}\n")
            click.echo(text.diagnostics(found, **counts, colour=colour))
    empty = [f"{one.path} holds no object at all" for one in loaded.inputs if one.empty]
    show_notices(*loaded.notices, *empty)
    invalid = any(item.severity is Severity.ERROR for item in found)
    return ExitCode.ERROR if invalid else ExitCode.OK
