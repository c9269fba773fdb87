"""How a rule says that an object breaks it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from reconciler.model.objects import Severity

RulePath = tuple[str | int, ...]
"""Where a field stands in a manifest, for example ``("metadata", "ownerReferences", 0, "uid")``."""

_MAPS = {"labels", "annotations", "finalizers", "ownerReferences", "data", "stringData"}
"""Their entries stand in brackets; those of lists that are sets by nature go by their names."""


WARNINGS = frozenset(
    {
        "annotation-deprecated",
        "bootstrap-token-ignored",
        "label-overwritten",
        "owner-duplicate",
        "tls-pair-unusable",
    }
)
"""The codes of the violations that are warnings."""

CUMULATIVE = frozenset({"annotations-too-large", "data-too-large", "finalizers-conflict"})
"""The codes of what several parts do together, which mending another part does not undo."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule. ``message`` never holds a value of ``data``; ``hint`` says what to do.

    An error is what an API server refuses. A warning is what it accepts, though the author will
    not get what they asked for. ``of_key`` tells that the key at the end of ``path`` is wrong, and
    not what stands there. A value that slipped in among the keys may be part of the path, so
    ``repr`` leaves the path out.
    """

    path: RulePath = dataclasses.field(repr=False)
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    of_key: bool = False

    @property
    def field(self) -> str:
        """The path as Kubernetes prints it: ``metadata.labels[app]``, ``data[tls.crt]``."""
        return field_text(self.path)


def field_text(path: RulePath) -> str:
    """Print `path` as Kubernetes does (k8s.io/apimachinery/pkg/util/validation/field.Path)."""
    text = ""
    parent: str | int = ""
    for part in path:
        if isinstance(part, int) or parent in _MAPS:
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
        parent = part
    return text
