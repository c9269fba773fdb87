"""What the chart and the kustomize base make, as documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.clusters import HERE

SOURCES = HERE.parent / "integrations" / "kubernetes"
CHART = SOURCES / "chart"
FLEET = SOURCES / "examples" / "fleet"
KUBERNETES = "1.35.4"
"""The release that the tests run; helm by itself would take another for granted."""

Documents = list[dict[str, Any]]


def helm(tools: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tools / "helm", *arguments], capture_output=True, text=True, check=False)


def rendered(tools: Path, namespace: str, **values: Any) -> Documents:
    """The objects of a release named `reconciler`, in the order of the chart."""
    done = helm(
        tools,
        *("template", "reconciler", CHART, "--namespace", namespace, "--kube-version", KUBERNETES),
        *settings(**values),
    )
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


def settings(**values: Any) -> list[str]:
    """Values as options of helm, each by its path with ``__`` for dots."""
    return [
        word
        for name, value in values.items()
        for word in ("--set-json", f"{name.replace('__', '.')}={json.dumps(value)}")
    ]


def parsed(text: str) -> Documents:
    return [document for document in yaml.safe_load_all(text) if document is not None]
