"""``reconciler snapshot``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.environment import environ
from reconciler.cli.invocation import tell_configuration
from reconciler.cli.live import alive
from reconciler.cli.options import STORE, examples, plan_options, run_options
from reconciler.cli.parameters import listed
from reconciler.cli.paths import paths_argument
from reconciler.cli.requests import environment_of, loaded_of, opened
from reconciler.cli.terminal import remark
from reconciler.errors import ExitCode
from reconciler.files import write_over_own
from reconciler.model.options import Topic
from reconciler.stores.keys import given_fingerprint_key


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler snapshot --out seen.json",
        "reconciler snapshot --store kubernetes:shop --consumers --out seen.json",
        "reconciler plan --store snapshot:seen.json",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options(
    "set_name",
    "namespace",
    "consumers",
    "sops_ignore_mac",
    consumers="Also record what in the store uses Secrets.",
)
@listed(
    Topic.OUTPUT,
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file, which only you can read.",
)
def snapshot(paths: tuple[str, ...], *, out: Path, **settings: Any) -> ExitCode:
    """Write what the store holds to a file, without values, for plans without credentials.

    The file has names, types, keys and owners, and keyed fingerprints in place of values, labels
    and annotations. --store snapshot:FILE plans against it.

    PATH is a file or a directory of manifests, or - for standard input. The default is the
    directory `manifests`, or else the current directory if it contains manifests.
    """
    from reconciler import workflow
    from reconciler.stores.snapshot.document import MARK

    tell_configuration()
    environment = environment_of(settings, paths)
    loaded = loaded_of(environment)
    with opened(environment) as store, alive("Reading the store"):
        taken = workflow.taken(
            environment,
            loaded,
            store,
            now=workflow.utc_now(),
            commit=workflow.origin_of(environ()).commit,
        )
    write_over_own(out, taken.content, mode=0o600, mark=MARK)
    if given_fingerprint_key(environ()) is None:
        remark(
            "Note: the fingerprints are under the store's own key, so that plans can compare only "
            "encrypted values; with RECONCILER_FINGERPRINT_KEY, they can compare all of them"
        )
    return ExitCode.OK
