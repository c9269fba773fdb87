"""Parses texts into desired objects, each with its place."""

from __future__ import annotations

from reconciler.manifests.lints import LINTS, OFF, LintSettings
from reconciler.manifests.loading import Loaded, objects_of, unprovided
from reconciler.manifests.plaintree import Placed, parse_document

__all__ = [
    "LINTS",
    "OFF",
    "LintSettings",
    "Loaded",
    "Placed",
    "objects_of",
    "parse_document",
    "unprovided",
]
