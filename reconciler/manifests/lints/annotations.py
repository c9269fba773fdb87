"""Annotations that expose a value: anybody who may list the metadata of Secrets can read them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifests.lints import names
from reconciler.model.objects import Resource, Severity
from reconciler.model.values import SecretValue
from reconciler.rules import Violation

_LAST_APPLIED = ("kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original")
"""How names begin under which kubectl and kapp keep the whole object, values included."""


def annotation_warnings(secret: Resource) -> Iterator[Violation]:
    """The annotations of `secret` that hold, or may hold, one of its values."""
    repeated = _repeated(secret)
    for name, text in secret.annotations.items():
        if name.startswith(_LAST_APPLIED):
            yield _warning(
                name,
                "annotation-last-applied",
                "this annotation is another tool's copy of the whole Secret, values included",
                "remove the annotation; it comes with objects that were exported from a cluster",
            )
        elif repeated and (
            key := next((key for key, value in repeated if value.occurs_in(text)), "")
        ):
            yield _warning(
                name,
                "annotation-repeats-value",
                f"this annotation repeats the value of the key {key}",
                "remove the value from the annotation, and treat it as exposed",
            )


def _repeated(secret: Resource) -> list[tuple[str, SecretValue]]:
    """The values that annotations repeat, except plain words and names of hosts and users.

    One search through all texts settles most Secrets, which repeat none.
    """
    joined = "\0".join(secret.annotations.values())
    return [
        (key, value)
        for key, value in secret.data.items()
        if value.occurs_in(joined)
        and not names.is_identifier(key)
        and (names.is_credential(key) or not value.reveal().strip().isalpha())
    ]


def _warning(name: str, code: str, message: str, hint: str) -> Violation:
    path = ("metadata", "annotations", name)
    return Violation(path, code, message, hint, Severity.WARNING)
