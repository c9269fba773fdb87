"""Documents that SOPS encrypted, opened in the tree that has their places."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifests.sops import ciphertexts
from reconciler.manifests.sops.documents import Decryption, opened
from reconciler.manifests.yaml import documents, parts

__all__ = ["Decryption", "opened", "plain_values"]


def plain_values(text: str) -> Iterator[str]:
    """The values in a stream of manifests that are not encrypted: ``db: stringData.password``."""
    for part in parts(text):
        for document in documents(part, "", 0):
            for field in ciphertexts.plain_values(document.root):
                yield f"line {document.source(document.start).line}: {field}"
