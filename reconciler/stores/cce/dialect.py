"""Types that the API reference of CCE spells differently than an API server does.

From its page "Creating a Secret" (cce_02_0043), in English and in Chinese. Where the two differ
from each other or from a server, the server is right, and `reconciler.rules` have its rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler import rules
from reconciler.model.objects import OPAQUE, Live, Resource, Severity
from reconciler.rules import Violation

SERVER_TYPES: Mapping[str, str] = {
    "opaque": OPAQUE,
    "kubernetes.io/.dockercfg": "kubernetes.io/dockercfg",
    "kubernetes.io/.dockerconfigjson": "kubernetes.io/dockerconfigjson",
}
"""The types of the page, by the page's spelling, as an API server and kubelets know them."""


def understood(resource: Resource) -> Resource:
    """`resource` with the type that a server knows."""
    server_type = SERVER_TYPES.get(resource.type)
    return resource if server_type is None else replace(resource, type=server_type)


def spelled_as(spelling: str, live: Live) -> Live:
    """`live` with its type in that spelling, if it is the same type."""
    same = SERVER_TYPES.get(spelling) == live.type
    return replace(live, type=spelling) if same else live


@dataclass(frozen=True, slots=True)
class Spellings:
    """The types that manifests spell as the page does, by namespace, name and generateName."""

    types: Mapping[tuple[str, str, str], str]

    @classmethod
    def of(cls, desired: Iterable[Resource]) -> Spellings:
        """Those of `desired`."""
        return cls(
            {
                (
                    resource.namespace,
                    resource.name,
                    "" if resource.name else resource.generate_name,
                ): resource.type
                for resource in desired
                if resource.type in SERVER_TYPES
            }
        )

    def shown(self, live: Live) -> Live:
        """`live` with its type as its manifest spells it."""
        named = self.types.get((live.namespace, live.name, ""))
        drawn = self.types.get((live.namespace, "", live.generate_name))
        return spelled_as(named or drawn or live.type, live)


def check(resource: Resource) -> Iterator[Violation]:
    """A warning about the page's spelling of a type, and what the rules of that type refuse."""
    if resource.type not in SERVER_TYPES:
        return
    sent = understood(resource)
    yield Violation(
        ("type",),
        "cce-type-spelling",
        f"a server knows the type {resource.type} as {sent.type}, and is sent that",
        f"write {sent.type}",
        Severity.WARNING,
    )
    reported = {(fault.path, fault.code) for fault in rules.validate(resource)}
    for fault in rules.validate(sent):
        if (fault.path, fault.code) not in reported:
            yield fault
