"""Lines ``---`` that are missing, or that do not stand alone.

kubectl refuses text behind ``---``, but for a comment (YAMLReader in k8s.io/apimachinery,
pkg/util/yaml/decoder.go: "invalid Yaml document separator"), and lets the last of several objects
win that no ``---`` parts. Neither is what the author meant.
"""

from __future__ import annotations

import re

from reconciler.manifests.nodes import Document, Mapping
from reconciler.model.objects import Diagnostic, Severity

CODE = "separator-missing"
MESSAGE = "a line --- is missing here, or does not stand alone"
HINT = "write --- on a line of its own between two objects"

# A longer line of dashes may be a slip, too; PEM has text behind its dashes.
GLUED = re.compile(r"^---(?:-+[ \t\r]*$|[ \t]*[^-\s#].*$|#.*$)", re.MULTILINE)
"""A line that begins as a separator and is none."""

_OF_EVERY_OBJECT = frozenset({"apiVersion", "kind", "metadata"})
_ENOUGH = 2  # a single one is more likely a key that was written twice


def missing(document: Document, root: Mapping) -> Diagnostic | None:
    """The error for a document that is several objects, by its keys."""
    seen: set[str] = set()
    twice = []
    for entry in root.mixed:
        if not isinstance(entry.key, str):
            continue
        if entry.key in seen and entry.key in _OF_EVERY_OBJECT:
            twice.append(entry.place)
        seen.add(entry.key)
    if len(twice) < _ENOUGH:
        return None
    return Diagnostic(
        severity=Severity.ERROR,
        code=CODE,
        message=MESSAGE,
        field="",
        source=document.source(twice[0]),
        hint=HINT,
    )
