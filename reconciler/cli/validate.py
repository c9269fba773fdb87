"""``reconciler validate``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from reconciler.cli.environment import environ
from reconciler.cli.invocation import shared_loads, tell_configuration
from reconciler.cli.options import STORE, STRICT, examples, plan_options, run_options
from reconciler.cli.output import output_options, verbosity_options
from reconciler.cli.paths import paths_argument
from reconciler.cli.requests import environment_of, source_errors
from reconciler.cli.several import Answer, Surveying
from reconciler.errors import ExitCode
from reconciler.views.formats import Checked, Subject


@click.command(
    cls=Surveying,
    subject=Subject.CHECK,
    epilog=examples(
        "reconciler validate",
        "reconciler validate manifests/ -o sarif > results.sarif",
        "reconciler validate --store docker:",
        "helm template chart/ | reconciler validate -",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options("namespace", "sops_ignore_mac")
@run_options(STRICT)
@output_options(Subject.CHECK)
@verbosity_options("the objects that were checked")
def validate(paths: tuple[str, ...], **settings: Any) -> Answer:
    """Check manifests as an API server would, without contacting one.

    PATH is a file or a directory of manifests, or - for standard input. The default is the
    directory `manifests`, or else the current directory if it contains manifests.
    With --store, what that kind of store would refuse is an error as well; the store itself is
    not contacted. Exits with 1 if there are errors.
    """
    from reconciler import workflow
    from reconciler.manifests import unprovided
    from reconciler.planning.checks import errors_without_store
    from reconciler.planning.emptied import input_notices
    from reconciler.stores import store_annotations

    tell_configuration()
    environment = environment_of(settings, paths)
    loaded = workflow.load_environment(
        environment,
        lambda desired: errors_without_store(desired, store_annotations(environment.store.url)),
        workflow.store_rules(environment),
        environ=environ(),
        twice=True,
        told=source_errors(),
        shared=shared_loads(),
    )
    unmet = unprovided(loaded, environment.lints)
    loaded = replace(loaded, diagnostics=(*loaded.diagnostics, *unmet))
    checked = Checked(
        diagnostics=loaded.diagnostics,
        objects=loaded.objects,
        files=loaded.files,
        notices=(*loaded.notices, *input_notices(loaded.inputs)),
    )
    return Answer(Subject.CHECK, checked, ExitCode.ERROR if loaded.errors else ExitCode.OK)
