"""Names for objects whose manifests leave them to the server.

They are drawn here and not by a server, so that a create that is repeated after its answer was lost
makes no second object.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from reconciler import rules
from reconciler.errors import ObjectExists
from reconciler.model.objects import Live, Resource

_DRAWS = 8


def named(resource: Resource, create: Callable[[Resource], Live]) -> Live:
    """What `create` answers, which is given `resource` with a name.

    A name is drawn where there is none, and drawn again where it is taken.

    Raises:
        ObjectExists: the name, or every name that was drawn, is taken.
    """
    if resource.name:
        return create(resource)
    for _ in range(_DRAWS):
        with suppress(ObjectExists):
            return create(replace(resource, key=resource.key._replace(name=_drawn(resource))))
    raise ObjectExists(
        f"{resource.key}: every name drawn for {resource.generate_name!r} is taken",
        hint="try again, or use a longer generateName",
    )


def _drawn(resource: Resource) -> str:
    """A name with as many random letters, and of the same kind, as a server's."""
    letters = (secrets.choice(rules.SUFFIX_ALPHABET) for _ in range(rules.SUFFIX_LENGTH))
    return rules.generated_name(resource.generate_name, "".join(letters))
