"""``reconciler diff``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import Configured, chosen_environments, given_environments
from reconciler.cli.diagnostics import show_notices
from reconciler.cli.environments import Described
from reconciler.cli.invocation import Company, configured_paths
from reconciler.cli.options import (
    EXCLUDE,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.output import output_options, show, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, loaded_of
from reconciler.cli.settings import Configuration
from reconciler.cli.several import with_name
from reconciler.cli.terminal import heard_by, remark
from reconciler.errors import ConfigError, ExitCode
from reconciler.model.opening import DEFAULT_STORE, StoreChoice
from reconciler.model.options import Topic
from reconciler.stores.backend import ALLOW_RUN
from reconciler.views.formats import Subject

if TYPE_CHECKING:
    from reconciler.manifests import Loaded


class Comparing(Configured):
    """A command whose function loads the manifests of each of two environments."""

    def _chosen(self, configuration: Configuration, args: Sequence[str]) -> tuple[Described, ...]:
        """The two environments, in the order of the command line.

        Raises:
            ConfigError: there are not two.
        """
        choices: list[tuple[str, ...]] = [(each,) for each in given_environments(args)]
        chosen = {
            described.name: described
            for choice in choices or [()]
            for described in chosen_environments(
                configuration, choice, every=False, all_allowed=False
            )
        }
        if len(chosen) != 2:  # noqa: PLR2004 - as many as are compared
            names = [name for name in chosen if name]
            raise ConfigError(
                f"{self.name} compares two environments, and "
                + (f"these were chosen: {', '.join(names)}" if names else "there are none"),
                hint=f"choose two of reconciler.yaml: reconciler {self.name} --env A --env B",
            )
        return tuple(chosen.values())

    def _company(self, configuration: Configuration, args: Sequence[str]) -> Company:
        from reconciler.workflow import SharedLoads

        del args
        return Company(loads=SharedLoads(), after=configuration.after)

    def invoke(self, ctx: click.Context) -> ExitCode:
        """Load the manifests of both environments, compare them, and show what differs."""
        from reconciler.workflow import difference

        first, second = ctx.obj.company.contexts
        before, after = self._loaded(first), self._loaded(second)
        names = (first.obj.environment.name, second.obj.environment.name)
        compared = difference(names, before, after)
        show(Subject.DIFFERENCE, compared, ctx.params)
        differs = compared.has_any and ctx.params["detailed_exitcode"]
        return ExitCode.CHANGES if differs else ExitCode.OK

    def _loaded(self, context: click.Context) -> Loaded:
        """The manifests of the environment of `context`, whose name begins what is said of them."""
        remarks: list[str] = []
        try:
            with context.scope(), heard_by(remarks.append):
                loaded: Loaded = super().invoke(context)
        finally:
            for line in remarks:
                remark(with_name(context.obj.environment.name, line))
        return loaded


@click.command(
    cls=Comparing,
    epilog=examples(
        "reconciler diff --env staging --env eu-1",
        "reconciler diff -e staging -e eu-1 -o json --detailed-exitcode",
    ),
)
@plan_options("namespace", "sops_ignore_mac")
@run_options(EXCLUDE, ALLOW_RUN)
@listed(
    Topic.OUTPUT,
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 2 if the environments differ.",
)
@output_options(Subject.DIFFERENCE)
@verbosity_options("objects and values that are equal")
def diff(**settings: Any) -> Loaded:
    """Show what differs between the manifests of two environments, without any value.

    The first --env is the old side, the second the new one. No store is contacted: `plan` shows
    how an environment differs from its store.

    Objects are matched by kind, namespace and name. Their type, keys, labels, annotations and all
    other fields are compared; of values, the output only says whether they are equal.
    """
    environment = environment_of(
        {**settings, "store": StoreChoice(DEFAULT_STORE)}, configured_paths()
    )
    loaded = loaded_of(environment, lambda _: ())
    if not loaded.errors:
        show_notices(loaded.notices)
    return loaded
