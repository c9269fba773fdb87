"""Uses of Secrets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.objects import ObjectKey


class Way(StrEnum):
    """How a user gets the values of a Secret."""

    VARIABLE = "variable"
    """As environment variables, which are set when a container starts."""
    SUB_PATH = "sub-path"
    """As files mounted with ``subPath``, which are made when a container starts."""
    VOLUME = "volume"
    """As files of a volume, which a kubelet keeps up to date."""
    DRIVER = "driver"
    """As credentials that a volume driver is given when it mounts a volume."""
    PULL = "pull"
    """As credentials with which images are pulled."""
    ACCOUNT = "account"
    """As credentials with which the images of the Pods of a ServiceAccount are pulled."""
    OTHER = "other"


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
    way: Way = Way.OTHER

    def __str__(self) -> str:
        """``KIND/NAMESPACE/NAME`` of the user."""
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)
