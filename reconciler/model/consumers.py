"""What uses a Secret."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.objects import ObjectKey


@dataclass(frozen=True, slots=True, order=True)
class Consumer:
    """One use of a Secret, or of one of its keys, by something that runs or would run.

    ``name`` ends in ``*`` where the user has only a ``generateName``. ``key`` is empty where the
    whole Secret is used. ``optional`` tells that the user does without it. ``field`` is where the
    user says so, as Kubernetes writes paths. ``manifest`` is ``FILE:LINE`` where a manifest holds
    the user, empty where the store does.
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
