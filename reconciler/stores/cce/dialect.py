"""What the API reference of CCE calls otherwise than an API server does.

From its page "Creating a Secret" (cce_02_0043), in English and in Chinese. Where the two differ
from each other or from a server, the server is right, and `reconciler.rules` have its rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler import rules
from reconciler.model.objects import OPAQUE, Live, Resource, Severity
from reconciler.rules import Violation

KNOWN_AS: Mapping[str, str] = {
    "opaque": OPAQUE,
    "kubernetes.io/.dockercfg": "kubernetes.io/dockercfg",
    "kubernetes.io/.dockerconfigjson": "kubernetes.io/dockerconfigjson",
}
"""From types as the page spells them to what an API server and kubelets know."""


def understood(resource: Resource) -> Resource:
    """`resource` with its type as a server knows it."""
    known = KNOWN_AS.get(resource.type)
    return resource if known is None else replace(resource, type=known)


def spelled_as(spelling: str, live: Live) -> Live:
    """`live` with its type spelled so, where that is the same type."""
    same = KNOWN_AS.get(spelling) == live.type
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
                (one.namespace, one.name, "" if one.name else one.generate_name): one.type
                for one in desired
                if one.type in KNOWN_AS
            }
        )

    def shown(self, live: Live) -> Live:
        """`live` with its type as its manifest spells it."""
        named = self.types.get((live.namespace, live.name, ""))
        drawn = self.types.get((live.namespace, "", live.generate_name))
        return spelled_as(named or drawn or live.type, live)


def check(resource: Resource) -> Iterator[Violation]:
    """What is to be said of a type that the page spells otherwise, and what its rules refuse."""
    if resource.type not in KNOWN_AS:
        return
    known = understood(resource)
    yield Violation(
        ("type",),
        "cce-type-spelling",
        f"a server knows the type {resource.type} as {known.type}, and is sent that",
        f"write {known.type}",
        Severity.WARNING,
    )
    said = {(fault.path, fault.code) for fault in rules.validate(resource)}
    for fault in rules.validate(known):
        if (fault.path, fault.code) not in said:
            yield fault
