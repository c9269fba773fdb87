"""Replaces secret values by numbered references: nothing after this step contains a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.fields import (
    ANNOTATIONS,
    DATA,
    LABELS,
    METADATA,
    Fields,
    Leaf,
)
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.plans import FieldPath
from reconciler.model.search import ValueSearch
from reconciler.model.values import (
    GeneratedValue,
    SealedValue,
    SecretValue,
    UidOf,
    UnreadText,
    UnreadValue,
    ValueRef,
)
from reconciler.planning.scrubbing import COPYING_ANNOTATIONS

# Text with this prefix is a token, or was escaped so that it is not mistaken for one.
_TOKEN = "\0"  # noqa: S105 - a prefix, not a password
_ESCAPED = "\0="

_COPYING_PATHS = {
    (METADATA, group, name) for group in (ANNOTATIONS, LABELS) for name in COPYING_ANNOTATIONS
}


class Masking:
    """Numbers the values of a plan: equal values have equal numbers, which reveal nothing else."""

    def __init__(self, fingerprinter: Fingerprinter) -> None:
        self._fingerprinter = fingerprinter
        self._numbers: dict[SecretValue, int] = {}
        self._references: dict[str, ValueRef | UidOf] = {}

    @property
    def key(self) -> bytes:
        """The key of the fingerprints."""
        return self._fingerprinter.key

    @property
    def values(self) -> Mapping[int, SecretValue]:
        """The values that have a number, by number."""
        return {number: value for value, number in self._numbers.items()}

    def reference(self, namespace: str, path: FieldPath, value: SecretValue) -> ValueRef:
        """The reference that stands for `value` at `path` of an object in `namespace`."""
        fingerprint = self._fingerprinter.of(namespace, path, value)
        number = self._numbers.setdefault(value, len(self._numbers) + 1)
        return ValueRef(
            number,
            fingerprint,
            unread=isinstance(value, UnreadValue),
            generated=isinstance(value, GeneratedValue),
            sealed=isinstance(value, SealedValue),
        )

    def masked(self, namespace: str, shown: Fields, *sides: Fields) -> Fields:
        """`shown`, sorted, with references in place of values and of text that may hold one.

        `sides` are the object's fields before and after; text may repeat the values of either.
        Values are numbered in the order of their paths, so that numbers do not reveal the order
        within a manifest.
        """
        telling = telling_texts(shown, *sides)
        masked: Fields = {}
        for path in sorted(shown):
            leaf = shown[path]
            if path[0] == DATA:
                leaf = self.reference(namespace, path, leaf)
            elif isinstance(leaf, UnreadText):
                leaf = self.reference(namespace, path, UnreadValue(leaf.fingerprint))
            elif path in telling:
                leaf = self.reference(namespace, path, SecretValue(leaf.encode()))
            masked[path] = leaf
        return masked

    def tokens(self, masked: Fields) -> Fields:
        """`masked` as JSON, with tokens in place of references and unknown uids."""
        return {path: self._tokens_in(leaf) for path, leaf in masked.items()}

    def resolve(self, node: Any) -> Any:
        """`node`, JSON from `tokens`, with references and uids in place of tokens."""
        if isinstance(node, dict):
            return {name: self.resolve(child) for name, child in node.items()}
        if isinstance(node, list):
            return [self.resolve(child) for child in node]
        if isinstance(node, str) and node.startswith(_TOKEN):
            if node.startswith(_ESCAPED):
                return node.removeprefix(_ESCAPED)
            return self._references[node]
        return node

    def _tokens_in(self, leaf: Leaf) -> Leaf:
        if isinstance(leaf, ValueRef):
            return self._token(f"{leaf.number} {leaf.fingerprint}", leaf)
        if isinstance(leaf, UidOf):
            return self._token(f"uid {leaf.kind}/{leaf.namespace}/{leaf.name}", leaf)
        if isinstance(leaf, dict):
            return {name: self._tokens_in(child) for name, child in leaf.items()}
        if isinstance(leaf, list):
            return [self._tokens_in(child) for child in leaf]
        if isinstance(leaf, str) and leaf.startswith(_TOKEN):
            return f"{_ESCAPED}{leaf}"
        return leaf

    def _token(self, name: str, reference: ValueRef | UidOf) -> str:
        token = f"{_TOKEN}{name}"
        self._references[token] = reference
        return token


def telling_texts(shown: Fields, *sides: Fields) -> set[FieldPath]:
    """The paths of labels and annotations in `shown` that may contain a value of `sides`.

    All texts are searched at once first, since in most objects none contains any.
    """
    texts = {
        path: leaf
        for path, leaf in shown.items()
        if path[0] == METADATA and (path[1] == LABELS or path[1] == ANNOTATIONS)
    }
    if not texts:
        return set()
    search = ValueSearch(leaf for side in sides for path, leaf in side.items() if path[0] == DATA)
    telling = texts.keys() & _COPYING_PATHS
    if search.is_in("\0".join(texts.values())):
        telling |= {path for path, text in texts.items() if search.is_in(text)}
    return telling
