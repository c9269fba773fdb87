"""What there is to tell of manifests beside a command's output, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.cli.terminal import colour_on, remark
from reconciler.errors import ReconcilerError
from reconciler.escapes import escaped

if TYPE_CHECKING:
    from reconciler.manifests import Loaded
    from reconciler.model.objects import Diagnostic
    from reconciler.model.plans import Note
    from reconciler.workflow import Planned


@contextmanager
def warned_beside(loaded: Loaded) -> Iterator[Callable[[Planned], None]]:
    """Show the warnings of `loaded` on standard error, but those that the plan shows as well.

    What is yielded takes the plan. Without a plan, all of them are shown.
    """

    def beside(planned: Planned) -> None:
        verbose = click.get_current_context().params["verbose"]
        if not loaded.errors and is_plan_read():
            show_diagnostics(loaded, planned.warnings_beside(verbose=verbose))

    try:
        yield beside
    except ReconcilerError:
        if not loaded.errors and is_plan_read():
            show_diagnostics(loaded, loaded.diagnostics)
        raise


def is_plan_read() -> bool:
    """Whether a person reads the changes of the plan on standard output.

    A program reads the other formats there, so that the log would have no warnings without those
    on standard error.
    """
    params = click.get_current_context().params
    return params["output"] == "text" and not params["quiet"]


def show_diagnostics(loaded: Loaded, diagnostics: Sequence[Diagnostic]) -> None:
    """Those `diagnostics` of the loader, on standard error."""
    from reconciler.views import text

    if diagnostics:
        shown = text.diagnostics(
            diagnostics,
            objects=len(loaded.objects),
            files=loaded.files,
            colour=colour_on(sys.stderr),
        )
        remark(shown)


def show_notices(notices: Iterable[Note]) -> None:
    """What was left out of the manifests, on standard error, unless --quiet is given."""
    if click.get_current_context().params.get("quiet"):
        return
    for notice in notices:
        remark(f"Note: {escaped(notice.message)}")
