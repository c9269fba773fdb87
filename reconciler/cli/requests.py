"""From the parameters of a command to an environment, and what its manifests deserve to be told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import exclusions
from reconciler.cli.environment import environ
from reconciler.cli.lints import lint_settings
from reconciler.cli.options import EXCLUDE, PARALLELISM, plan_options_of
from reconciler.cli.terminal import colour_on, remark
from reconciler.escapes import escaped
from reconciler.files import own_descriptor

if TYPE_CHECKING:
    from reconciler.manifests import Loaded
    from reconciler.model.objects import Desired, Diagnostic
    from reconciler.model.plans import Note
    from reconciler.model.store import Store
    from reconciler.workflow import Environment

DEFAULT_MANIFESTS = "manifests"


def environment_of(
    settings: dict[str, Any], paths: Sequence[str] = (), **fixed: Any
) -> Environment:
    """The environment that the parameters of a command stand for.

    `paths` are those of manifests, ``manifests`` where there are none; `fixed` sets plan options
    that are no parameters.
    """
    from reconciler.workflow import Environment

    return Environment(
        store=settings["store"],
        inputs=tuple(paths) or (DEFAULT_MANIFESTS,),
        exclude=exclusions(settings.get(EXCLUDE.parameter, ())),
        options=plan_options_of(settings, **fixed),
        lints=lint_settings(strict=settings.get("strict", False)),
        server_dry_run=settings.get("server_dry_run", False),
        parallelism=settings.get("parallelism", PARALLELISM.default),
    )


@contextmanager
def opened(environment: Environment) -> Iterator[Store]:
    """The store of `environment`, closed in the end.

    Raises:
        ConfigError: it cannot be opened so.
    """
    from reconciler import workflow

    with workflow.opened(environment, environ()) as store:
        yield store


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
    environment: Environment, *checks: Callable[[Sequence[Desired]], Iterable[Diagnostic]]
) -> Loaded:
    """The manifests of `environment`, with their diagnostics shown.

    Their notices stand in what the command shows, unless errors end it before. `checks` say what
    else is wrong with them; without any, the store's own rules do.
    """
    from reconciler import workflow

    checks = checks or (workflow.store_rules(environment),)
    loaded = workflow.load_environment(environment, *checks)
    show_diagnostics(loaded)
    if loaded.errors:
        show_notices(loaded.notices)
    return loaded


def show_diagnostics(loaded: Loaded) -> None:
    """Diagnostics of the loader, on standard error."""
    from reconciler.views import text

    if loaded.diagnostics:
        shown = text.diagnostics(
            loaded.diagnostics,
            objects=len(loaded.objects),
            files=loaded.files,
            colour=colour_on(sys.stderr),
        )
        click.echo(shown, err=True)


def show_notices(notices: Iterable[Note]) -> None:
    """What was left out of the manifests, on standard error, unless --quiet is given."""
    if click.get_current_context().params.get("quiet"):
        return
    for notice in notices:
        remark(f"Note: {escaped(notice.message)}")
