"""Diagnostics as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.objects import Diagnostic, Severity
from reconciler.model.plans import Note
from reconciler.views.json.parts import Document, note_document, serialised, source_document

DIAGNOSTICS_FORMAT = "reconciler.diagnostics/v1"


def diagnostics(
    diagnostics: Sequence[Diagnostic], *, objects: int, files: int, notices: Sequence[Note] = ()
) -> str:
    """What is wrong with manifests (``diagnostics-v1.json``); `objects` and `files` were read.

    `notices` say what was left out.
    """
    errors = sum(item.severity is Severity.ERROR for item in diagnostics)
    return serialised(
        {
            "format": DIAGNOSTICS_FORMAT,
            "summary": {
                "errors": errors,
                "warnings": len(diagnostics) - errors,
                "objects": objects,
                "files": files,
            },
            "diagnostics": [diagnostic_document(item) for item in diagnostics],
            "notices": [note_document(notice) for notice in notices],
        }
    )


def diagnostic_document(item: Diagnostic) -> Document:
    """One diagnostic, with all that is known of it."""
    return {
        "severity": item.severity,
        "code": item.code,
        "message": item.message,
        "hint": item.hint,
        "object": item.object,
        "field": item.field,
        "source": source_document(item.source),
    }
