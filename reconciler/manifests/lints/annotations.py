"""Annotations that expose a value: anybody who may list the metadata of Secrets can read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.manifests.lints import names
from reconciler.model.objects import SECRET, Resource, Severity
from reconciler.model.search import ValueSearch
from reconciler.model.values import AbsentValue, SecretValue
from reconciler.rules import Violation

_LAST_APPLIED = ("kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original")
"""How names begin under which kubectl and kapp keep the whole object, values included."""


def annotation_warnings(secret: Resource) -> Iterable[Violation]:
    """The annotations of `secret` that hold, or may hold, one of its values.

    All of them are searched at once first, for all values, which finds nothing in most Secrets.
    """
    annotations = secret.annotations
    if not annotations or secret.key.kind != SECRET:
        return ()
    repeats = ValueSearch(secret.data.values()).is_in("\0".join(annotations.values()))
    named = "\0".join(annotations)
    if repeats or any(map(named.__contains__, _LAST_APPLIED)):
        return _warnings(secret, repeats=repeats)
    return ()


def _warnings(secret: Resource, *, repeats: bool) -> Iterator[Violation]:
    keys = _keys_by_value(secret) if repeats else {}
    search = ValueSearch(keys) if repeats else None
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
                "remove the value from the annotation, and treat it as exposed",
            )


def _keys_by_value(secret: Resource) -> dict[SecretValue, str]:
    """The values that are secrets; words of plain letters, names of hosts and users are none."""
    keys: dict[SecretValue, str] = {}
    for key, value in secret.data.items():
        if isinstance(value, AbsentValue):
            continue
        if not names.is_identifier(key) and (
            names.is_credential(key) or not value.reveal().strip().isalpha()
        ):
            keys.setdefault(value, key)
    return keys


def _warning(name: str, code: str, message: str, hint: str) -> Violation:
    path = ("metadata", "annotations", name)
    return Violation(path, code, message, hint, Severity.WARNING)
