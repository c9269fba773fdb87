"""Why an input cannot be read, as diagnostics."""

from __future__ import annotations

from reconciler.model.inputs import Text
from reconciler.model.objects import Diagnostic, Severity, Source


def input_error(
    path: str, code: str, message: str, hint: str, source: Source | None = None
) -> Diagnostic:
    """An error about the file or directory at `path`, or about `source` in it."""
    return Diagnostic(
        severity=Severity.ERROR,
        code=code,
        message=message,
        field="",
        source=source or Source(printable(path), 1, 1),
        hint=hint,
    )


def unreadable(path: str, error: OSError | ValueError) -> Diagnostic:
    """The error for what the system does not let us read."""
    reason = error.strerror if isinstance(error, OSError) else None
    return input_error(
        path,
        "file-unreadable",
        f"cannot be read: {(reason or 'the path is not valid').lower()}",
        "check the path and its permissions",
    )


def not_empty(content: Text | Diagnostic, path: str, what: str) -> Text | Diagnostic:
    """`content`, or an error if a stream is empty: the command that writes to it has failed."""
    if isinstance(content, Text) and not content.text.strip():
        return input_error(
            path,
            "manifests-missing",
            f"{what} is empty",
            "check the command that should have written manifests to it",
        )
    return content


def printable(path: str) -> str:
    """`path` with characters that cannot be printed escaped."""
    if path.isprintable():
        return path
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in path
    )
