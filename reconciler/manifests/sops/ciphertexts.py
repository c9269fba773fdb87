"""The encrypted values of a document, where they stand, and what they were encrypted for."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifests.foreign import is_encrypted
from reconciler.manifests.nodes import Mapping, Node, Scalar, Sequence
from reconciler.model.ciphertexts import Ciphertext

RECORD = "sops"
"""The key at the top of a document under which SOPS keeps its record."""


def ciphertexts_of(root: Node | None) -> dict[int, Ciphertext]:
    """The encrypted values below `root` by their places, without those of the record.

    Their paths are those with which SOPS seals them: keys, each with a colon behind it; lists do
    not count (getsops/sops v3.13, ``sops.go``, ``Tree.Decrypt``).
    """
    return {place: ciphertext for place, ciphertext, _ in encrypted_leaves(root)}


def encrypted_leaves(
    root: Node | None,
) -> Iterator[tuple[int, Ciphertext, tuple[str, ...]]]:
    """The same, each with the keys on its way."""
    if isinstance(root, Mapping):
        for entry in root.all_entries():
            if entry.key != RECORD:
                yield from _below(entry.node, (str(entry.key),))


def without_record(root: Mapping) -> Mapping:
    """`root` without the record of SOPS."""
    entries = {name: entry for name, entry in root.entries.items() if name != RECORD}
    mixed = [entry for entry in root.mixed if entry.key != RECORD]
    return Mapping(entries, root.place, mixed)


def plain_values(root: Node | None) -> Iterator[str]:
    """The values of an object that are not encrypted, by the names of their fields."""
    entries = root.entries if isinstance(root, Mapping) else {}
    for group in ("data", "stringData"):
        values = entries[group].value if group in entries else None
        if isinstance(values, Mapping):
            for entry in values.all_entries():
                if entry.value not in {"", None} and not is_encrypted(entry.node):
                    yield f"{group}.{entry.key}"


def _below(node: Node, keys: tuple[str, ...]) -> Iterator[tuple[int, Ciphertext, tuple[str, ...]]]:
    if isinstance(node, Mapping):
        for entry in node.all_entries():
            yield from _below(entry.node, (*keys, str(entry.key)))
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _below(item, keys)
    elif isinstance(node, Scalar) and is_encrypted(node):
        path = "".join(f"{key}:" for key in keys)
        yield node.place, Ciphertext(path, str(node.value)), keys
