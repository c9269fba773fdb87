"""``reconciler rbac``."""

from __future__ import annotations

import click

from reconciler.cli.invocation import tell_configuration
from reconciler.cli.options import (
    examples,
    plan_options,
)
from reconciler.cli.parameters import Word, listed
from reconciler.cli.several import Answer, Surveying
from reconciler.cli.types import NamespaceType
from reconciler.errors import ConfigError
from reconciler.model.options import Topic
from reconciler.views.formats import Subject

_PURPOSES = ("plan", "apply", "drift", "unlock", "release")


@click.command(
    cls=Surveying,
    subject=Subject.ROLES,
    epilog=examples(
        "reconciler rbac --for apply | kubectl apply -f -",
        "reconciler rbac --for plan --namespaced shop --namespaced billing",
    ),
)
@listed(
    Topic.WHAT,
    "--for",
    "purpose",
    type=Word(_PURPOSES),
    required=True,
    help="What the roles allow.",
)
@listed(
    Topic.WHERE,
    "--namespaced",
    "namespaces",
    type=NamespaceType(),
    multiple=True,
    help="Grant rights in this namespace only. Repeatable.",
)
@listed(Topic.WHAT, "--consumers", is_flag=True, help="Also allow finding what uses Secrets.")
@listed(
    Topic.WHAT,
    "--restart-workloads",
    "restarts",
    is_flag=True,
    help="Also allow restarting workloads, and finding them.",
)
@listed(Topic.WHAT, "--events", is_flag=True, help="With --for drift, also allow writing Events.")
@plan_options("set_name")
@listed(
    Topic.WHERE,
    "--set-namespace",
    type=NamespaceType(),
    envvar="RECONCILER_SET_NAMESPACE",
    show_envvar=True,
    default="default",
    show_default=True,
    help="Namespace of the set's own Secret and lock.",
)
def rbac(
    purpose: str,
    namespaces: tuple[str, ...],
    set_name: str,
    set_namespace: str,
    *,
    consumers: bool,
    restarts: bool,
    events: bool,
) -> Answer:
    """Print the minimal RBAC roles that a cluster must grant, as YAML for kubectl.

    Contacts no server. With --namespaced, the set can hold Secrets and ServiceAccounts in those
    namespaces; the namespaces themselves are only read. `apply --adopt-from SET` also needs what
    `--for release --set SET` prints.
    """
    from reconciler.stores.kubernetes.roles import Purpose, manifests, roles

    tell_configuration()
    if events and purpose != Purpose.DRIFT:
        raise ConfigError(f"--events: only drift writes Events, and the roles are for {purpose}")
    objects = roles(
        Purpose(purpose),
        set_name,
        set_namespace,
        namespaces,
        consumers=consumers,
        restarts=restarts,
        events=events,
    )
    return Answer(Subject.ROLES, manifests(objects).removesuffix("\n"))
