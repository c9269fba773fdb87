"""Violations of rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.objects import Resource, Severity

RulePath = tuple[str | int, ...]
"""The path of a field in a manifest, for example ``("metadata", "ownerReferences", 0, "uid")``."""

_MAPS = {"labels", "annotations", "finalizers", "ownerReferences", "data", "stringData"}
"""Maps, whose keys are printed in brackets, and lists that are really sets, with names as keys."""


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
"""The codes of violations by several parts together, which fixing another part does not resolve."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule. ``message`` never contains a value of ``data``; ``hint`` says what to do.

    An API server refuses errors. It accepts warnings, but the effect is not what the author asked
    for. ``of_key`` says that the key at the end of ``path`` is wrong, not its content. A path may
    contain a value that was written as a key by mistake, so ``repr`` leaves it out.
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


Check = Callable[[Resource], Iterable[Violation]]
"""The violations by an object of one rule, or of some; none if they are not for its kind."""


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
