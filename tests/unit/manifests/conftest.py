from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests import Loaded
from reconciler.workflow import load

Loader = Callable[..., Loaded]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """Load a text or bytes as the file ``f.yaml`` of the current directory."""
    monkeypatch.chdir(tmp_path)

    def loader(content: str | bytes, file: str = "f.yaml", namespace: str = "default") -> Loaded:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / file).write_bytes(data)
        return load(file, namespace=namespace, environ={"PATH": ""})

    return loader
