"""Documents that SOPS encrypted, opened in the tree that has their places."""

from __future__ import annotations

from reconciler.manifests.sops.documents import opened

__all__ = ["opened"]
