"""The ``sops`` record of an encrypted document.

The reference is getsops/sops v3.13, ``stores/stores.go`` (fields) and ``sops.go`` (rules).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.manifests.nodes import Mapping, Node, Scalar, Sequence
from reconciler.model.sops import SERVER_FIELDS, KeyGroup, MasterKey

_KINDS = ("age", "pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault")
"""In the order in which their keys are tried: those first that need no service."""
_DEFAULT_SUFFIX = "_unencrypted"


class LeftToProgram(Exception):
    """Only the program sops can tell what the file means, or whether it was altered."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which values are encrypted: those with a key on their path that `matches`, or all others."""

    matches: Callable[[str], bool]
    encrypts_matching: bool


@dataclass(frozen=True, slots=True)
class Record:
    """What a ``sops`` record says; ``threshold`` groups suffice where there are several."""

    groups: tuple[KeyGroup, ...]
    threshold: int
    mac: str
    modified: str
    rule: Rule
    mac_only_encrypted: bool


def read_record(node: Mapping) -> Record:
    """The record that `node` holds.

    Raises:
        LeftToProgram: it lacks something, or has what only the program can judge.
    """
    groups = tuple(_groups(node))
    if not groups:
        raise LeftToProgram
    threshold = _leaf(node, "shamir_threshold")
    return Record(
        groups=groups,
        threshold=threshold if isinstance(threshold, int) and threshold else len(groups),
        mac=_text(node, "mac"),
        modified=_text(node, "lastmodified"),
        rule=_rule(node),
        mac_only_encrypted=_leaf(node, "mac_only_encrypted") is True,
    )


def servers(node: Node) -> Iterator[str]:
    """The addresses of servers that a record names, wherever in it they stand."""
    if isinstance(node, Mapping):
        for entry in node.all_entries():
            if entry.key in SERVER_FIELDS.values():
                yield str(entry.value)
            yield from servers(entry.node)
    for item in _items(node):
        yield from servers(item)


def _groups(node: Mapping) -> Iterator[KeyGroup]:
    single = _group(node)
    if single:
        yield single
        return
    groups = node.entries.get("key_groups")
    for group in _items(groups.node if groups else None):
        if isinstance(group, Mapping) and (keys := _group(group)):
            yield keys


def _group(node: Mapping) -> KeyGroup:
    return tuple(
        _master_key(kind, key)
        for kind in _KINDS
        if kind in node.entries
        for key in _items(node.entries[kind].node)
    )


def _master_key(kind: str, node: Node) -> MasterKey:
    if not isinstance(node, Mapping):
        raise LeftToProgram
    if "context" in node.entries:  # pairs that AWS wants to see again
        raise LeftToProgram
    fields = {
        name: entry.value for name, entry in node.entries.items() if isinstance(entry.value, str)
    }
    return MasterKey(kind, fields, fields.pop("enc", ""))


def _rule(node: Mapping) -> Rule:
    """The one rule that a record may have (``shouldBeEncrypted``)."""
    texts = {name: text for name in _RULES if (text := _leaf(node, name))}
    if any(name.endswith("_comment_regex") for name in node.entries) or len(texts) > 1:
        raise LeftToProgram  # no tree has comments
    name, text = next(iter(texts.items()), ("unencrypted_suffix", _DEFAULT_SUFFIX))
    if not isinstance(text, str):
        raise LeftToProgram
    return Rule(_RULES[name](text), encrypts_matching=name.startswith("encrypted"))


def _has_suffix(suffix: str) -> Callable[[str], bool]:
    return lambda key: key.endswith(suffix)


def _has_match(pattern: str) -> Callable[[str], bool]:
    try:
        search = re.compile(pattern).search
    except (re.error, RecursionError, OverflowError):
        raise LeftToProgram from None
    return lambda key: search(key) is not None


_RULES: dict[str, Callable[[str], Callable[[str], bool]]] = {
    "unencrypted_suffix": _has_suffix,
    "encrypted_suffix": _has_suffix,
    "unencrypted_regex": _has_match,
    "encrypted_regex": _has_match,
}


def _leaf(node: Mapping, name: str) -> object:
    entry = node.entries.get(name)
    return entry.value if entry and isinstance(entry.node, Scalar) else None


def _text(node: Mapping, name: str) -> str:
    text = _leaf(node, name)
    if not isinstance(text, str):
        raise LeftToProgram
    return text


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []
