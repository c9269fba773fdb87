"""The annotation by which an object says which lints are not meant for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from reconciler.manifests.lints.settings import LINTS
from reconciler.model.lifecycle import LINT_IGNORE, ignored_lints
from reconciler.model.objects import Resource, Severity
from reconciler.rules import Violation


def ignoring_warnings(resource: Resource) -> Iterable[Violation]:
    """A warning for each code in the annotation that is none of a lint."""
    return _warnings(resource) if LINT_IGNORE in resource.annotations else ()


def _warnings(resource: Resource) -> Iterator[Violation]:
    for code in sorted(ignored_lints(resource.annotations) - LINTS):
        close = difflib.get_close_matches(code, LINTS, n=1)
        shown = code if code.replace("-", "").isalnum() and code.isascii() else "that"
        yield Violation(
            ("metadata", "annotations", LINT_IGNORE),
            "lint-ignore-unknown",
            f"there is no lint {shown!r}",
            f"did you mean {close[0]!r}?" if close else "docs/diagnostics.md lists the lints",
            Severity.WARNING,
        )
