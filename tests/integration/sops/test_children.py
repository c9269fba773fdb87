"""What the processes that the program starts are given: never a value, and none of its keys."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Workplace, workplace
from tests.integration.sops.conftest import Vault

__all__ = ["workplace"]

SHARED = Path("/dev") / "shm"
PROGRAMS = ("kustomize", "helm", "sops")
# Clusters of tests that run beside this one keep their values in /dev/shm too.
CANARY = f"canary-of-children-{uuid.uuid4().hex}"
VALUES = {each: f"{CANARY}-{each}" for each in PROGRAMS}
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {{name: {0}, namespace: shop}}\n"
    "stringData:\n  token: {1}\n"
)
OBSERVED = """\
#!/bin/sh
{{ printf '%s\\n' "$@"; export -p; }} >> '{seen}/{name}'
/usr/bin/grep -rlsF {canary} '{temporary}' '{shared}' >> '{seen}/files'
exec '{program}' "$@"
"""


@pytest.fixture
def seen(
    vault: Vault, workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A directory in which each real program notes with what it was started, and what lay where."""
    seen, temporary, front = tmp_path / "seen", tmp_path / "tmp", tmp_path / "front"
    for directory in (seen, temporary, front):
        directory.mkdir()
    for name in PROGRAMS:
        observed = front / name
        program = vault.programs / name
        assert program.is_file()
        observed.write_text(
            OBSERVED.format(
                canary=CANARY,
                seen=seen,
                name=name,
                temporary=temporary,
                shared=SHARED,
                program=program,
            )
        )
        observed.chmod(0o755)
    monkeypatch.setenv("PATH", f"{front}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(temporary))
    workplace.write(
        "reconciler.yaml",
        '{"manifests": ["plain", {"kustomize": "o"}, {"helm": {'
        '"chart": "chart", "release": "r", "namespace": "shop", "values": ["v.yaml"]}}]}',
    )
    return seen


def test_no_process_is_given_a_value_or_a_key(
    age: Callable[..., str], seen: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.write("plain/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    workplace.write(
        "plain/sops.yaml",
        age(SECRET.format("sealed", VALUES["sops"]), "--encrypted-regex", "^stringData$"),
    )
    workplace.write("o/kustomization.yaml", "resources: [secret.yaml]\n")
    workplace.write("o/secret.yaml", SECRET.format("built", VALUES["kustomize"]))
    workplace.write("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
    workplace.write("chart/templates/s.yaml", SECRET.format("charted", "{{ .Values.token }}"))
    workplace.write("v.yaml", f"token: {VALUES['helm']}\n")
    monkeypatch.setenv("RECONCILER_FINGERPRINT_KEY", "A" * 43 + "=")

    shown = workplace.ok("plan", "--out", "saved.plan").out
    shown += workplace.ok("apply", "saved.plan").out
    workplace.ok("export", "--reveal", "--out", "live.yaml")
    live = (workplace.path / "live.yaml").read_text()

    for name in PROGRAMS:
        assert VALUES[name] in live, name
        given = (seen / name).read_text()
        assert "TMPDIR" in given or "HOME" in given, "it notes its environment"
        assert CANARY not in given, name
        assert "RECONCILER" not in given, name
    assert (seen / "files").read_text() == ""
    assert CANARY not in shown
    left = subprocess.run(
        ["/usr/bin/grep", "-rlsF", CANARY, os.environ["TMPDIR"], SHARED],
        capture_output=True,
        check=False,
    )
    assert left.stdout == b""
