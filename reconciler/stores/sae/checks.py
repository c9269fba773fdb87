"""What the service refuses and an API server accepts.

From the page of CreateSecret (SAE, version 2019-05-06).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.objects import SECRET, Resource
from reconciler.rules import Violation
from reconciler.stores.sae.places import place_of

TYPES = ("Opaque", "kubernetes.io/dockerconfigjson", "kubernetes.io/tls")

# The page allows letters, digits and underscores, its own example has hyphens, and so does the
# pattern on another page of the service.
_STRICT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HYPHENS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def check(resource: Resource, url: str) -> Iterator[Violation]:
    """What the service would refuse of `resource`.

    Raises:
        ConfigError: the URL of the store cannot be used.
    """
    yield from violations(resource, hyphens=place_of(url).hyphens)


def violations(resource: Resource, *, hyphens: bool) -> Iterator[Violation]:
    """The same, with or without hyphens allowed in names."""
    if resource.kind != SECRET:
        yield Violation(
            ("kind",),
            "sae-kind",
            f"the service has no {resource.kind}s that could be managed here, only Secrets",
            "leave this manifest out; a namespace is created in the console",
        )
        return
    if resource.type not in TYPES:
        yield Violation(
            ("type",),
            "sae-type",
            f"the service does not know the type {resource.type!r}",
            f"it knows {', '.join(TYPES)}",
        )
    name = resource.name or resource.generate_name
    if not (_HYPHENS if hyphens else _STRICT).fullmatch(name):
        field = "name" if resource.name else "generateName"
        yield Violation(
            ("metadata", field),
            "sae-name",
            f"the service does not allow the name {name!r}",
            "use letters, digits and '_' and start with a letter"
            + (
                "; '-' too"
                if hyphens
                else "; '-' too where names=hyphens is added to the store's URL"
            ),
        )
    if not resource.data:
        yield Violation(
            ("data",),
            "sae-data",
            "the service takes no Secret without data",
            "give it a key, or leave the Secret out",
        )
