"""What the program needs to know of a kind of store before it opens one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from reconciler.model.options import Option, OptionKind, Topic

if TYPE_CHECKING:
    from reconciler.model.objects import Resource
    from reconciler.model.opening import Opening, StoreChoice
    from reconciler.model.store import Store
    from reconciler.rules import Violation


class Backend(Protocol):
    """A kind of store. Importing its module must be cheap: every ``--help`` does it.

    A package outside of this project provides one by an entry point of the group
    ``reconciler.stores``, named like the scheme. A class that inherits from this one gets options,
    annotations and a check of its own only where it has any.
    """

    @property
    def scheme(self) -> str:
        """The scheme of the URLs of its stores."""
        ...

    @property
    def options(self) -> tuple[Option, ...]:
        """Its own options, offered where the URL names a store of this kind."""
        return ()

    @property
    def annotations(self) -> frozenset[str]:
        """The annotations under ``reconciler/`` that only this kind of store obeys."""
        return frozenset()

    @property
    def has_server(self) -> bool:
        """Whether its stores are behind a server, for whose answers their users wait."""
        return False

    def place(self, url: str) -> str:
        """What is equal for URLs that name the same store, as far as can be told without it."""
        return url

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """What such a store would refuse of `resource` by its own rules. Contacts no server.

        Raises:
            ConfigError: the URL or an option cannot be used.
        """
        del resource, choice
        yield from ()

    def open(self, opening: Opening) -> Store:
        """Open a store; where possible, contact no server before the store is used.

        Raises:
            ConfigError: the URL, an option or the environment cannot be used.
            StoreError: the store refuses.
        """
        ...


SET_NAMESPACE = Option(
    name="set-namespace",
    kind=OptionKind.NAMESPACE,
    metavar="NAME",
    default_text="default",
    help="Namespace in which the set keeps its record and lock.",
)
KUBECONFIG = Option(
    name="kubeconfig",
    kind=OptionKind.PATH,
    metavar="PATH",
    default_text="that of kubectl",
    help="Kubeconfig to use in place of the one in KUBECONFIG.",
)
KUBE_CONTEXT = Option(
    name="context",
    kind=OptionKind.TEXT,
    metavar="NAME",
    default_text="that of the URL, else the current one",
    help="Context to use in place of the one in the URL.",
)
ALLOW_RUN = Option(
    name="allow-run",
    kind=OptionKind.FLAG,
    default=False,
    has_setting=False,
    help="Run the programs that this checkout names. Only for one that you trust.",
    about=Topic.GUARDS,
)
