"""Files encrypted with SOPS: who unwraps their data keys."""

from __future__ import annotations

from reconciler.inputs.sops.program import SopsProgram

__all__ = ["SopsProgram"]
