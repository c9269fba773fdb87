"""Annotations that give a value away: anybody who may list Secrets by metadata reads them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifests.lints import names
from reconciler.model.objects import Resource, Severity
from reconciler.model.search import ValueSearch
from reconciler.rules import Violation

_LAST_APPLIED = ("kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original")
"""How names begin under which kubectl and kapp keep the whole object, values included."""


def annotation_warnings(secret: Resource) -> Iterator[Violation]:
    """The annotations of `secret` that hold, or may hold, one of its values."""
    search = _search(secret)
    keys = {value: key for key, value in reversed([*secret.data.items()])} if search else {}
    for name, text in secret.annotations.items():
        if name.startswith(_LAST_APPLIED):
            yield _warning(
                name,
                "annotation-last-applied",
                "this annotation is another tool's copy of the whole Secret, values included",
                "remove the annotation; it comes with objects that were exported from a cluster",
            )
        elif search and (value := search.value_in(text)):
            yield _warning(
                name,
                "annotation-repeats-value",
                f"this annotation repeats the value of the key {keys[value]}",
                "remove the value from the annotation, and consider it known",
            )


def _search(secret: Resource) -> ValueSearch | None:
    """The search for the values that annotations hold, if they hold any.

    Words of plain letters, names of hosts and users are no secrets. All texts are searched at once,
    which finds nothing in most Secrets.
    """
    if not secret.annotations:
        return None
    search = ValueSearch(
        value
        for key, value in secret.data.items()
        if not names.is_identifier(key)
        and (names.is_credential(key) or not value.reveal().strip().isalpha())
    )
    return search if search.is_in("\0".join(secret.annotations.values())) else None


def _warning(name: str, code: str, message: str, hint: str) -> Violation:
    path = ("metadata", "annotations", name)
    return Violation(path, code, message, hint, Severity.WARNING)
