from __future__ import annotations

from tests.unit.manifests.conftest import loaded

__all__ = ["loaded"]
