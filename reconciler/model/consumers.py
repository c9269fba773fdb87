"""Uses of Secrets."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.objects import ObjectKey


@dataclass(frozen=True, slots=True, order=True)
class Consumer:
    """A use of a Secret, or of one of its keys, by another object.

    ``name`` ends in ``*`` if the user has only a ``generateName``. ``key`` is empty if the whole
    Secret is used. ``optional`` says that the user works without it. ``field`` is the field with
    the reference, in Kubernetes notation. ``manifest`` is ``FILE:LINE`` if the user is in a
    manifest, and empty if it is in the store.
    """

    kind: str
    namespace: str
    name: str
    secret: ObjectKey
    key: str = ""
    optional: bool = False
    field: str = ""
    manifest: str = ""

    def __str__(self) -> str:
        """``KIND/NAMESPACE/NAME`` of the user."""
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)
