"""Keys do not reach the programs that a command starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

KEYS = {
    "RECONCILER_STORE_KEY": "00" * 32,
    "RECONCILER_STORE_NEW_KEY": "11" * 32,
    "RECONCILER_STORE_KEY_FILE": "canary/store",
    "RECONCILER_STORE_NEW_KEY_FILE": "canary/new",
    "RECONCILER_FINGERPRINT_KEY": "canary-of-sixteen-bytes",
}
DUMP = """#!/bin/sh
env > "$DUMPS/$$.own"
cat "/proc/$PPID/environ" > "$DUMPS/$$.parent"
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}'
"""


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    directory = tmp_path / "dumps"
    directory.mkdir()
    return directory


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def kubeconfig(path: Path, user: dict[str, Any]) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "shop",
        "contexts": [{"name": "shop", "context": {"cluster": "shop", "user": "me"}}],
        "clusters": [{"name": "shop", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": user}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def plugin(command: str) -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": command, "interactiveMode": "Never"}}


def provider(command: str) -> dict[str, Any]:
    config = {"cmd-path": command, "token-key": "{.token}", "expiry-key": "{.expiry}"}
    return {"auth-provider": {"name": "gcp", "config": config}}


@pytest.mark.parametrize("user", [plugin, provider])
def test_a_credentials_plugin_is_given_no_key(
    process: Callable[..., subprocess.Popen[bytes]],
    shop: Any,
    dumps: Path,
    monkeypatch: pytest.MonkeyPatch,
    user: Callable[[str], dict[str, Any]],
) -> None:
    file = kubeconfig(shop.path / "conf", user(str(executable(shop.path / "dump", DUMP))))
    for name, text in {**KEYS, "DUMPS": str(dumps), "MARK": "here"}.items():
        monkeypatch.setenv(name, text)
    store = ("--store", "kubernetes:", "--kubeconfig", str(file), "--allow-run")
    started = process("plan", *store)
    started.communicate()
    assert started.returncode == 1
    own = [file.read_bytes() for file in dumps.glob("*.own")]
    assert own
    assert all(b"MARK=here" in text for text in own)
    for dump in dumps.iterdir():
        content = dump.read_bytes()
        for text in KEYS.values():
            assert text.encode() not in content, dump


def test_the_command_itself_has_its_keys(shop: Any) -> None:
    shop.ok("apply", "--auto-approve", env={"RECONCILER_STORE_KEY": KEYS["RECONCILER_STORE_KEY"]})
    assert not (shop.path / ".reconciler/store.key").exists()
    keys = {name: KEYS[name] for name in ("RECONCILER_STORE_KEY", "RECONCILER_STORE_NEW_KEY")}
    shop.ok("store", "rekey", env=keys)
    shop.ok("plan", env={"RECONCILER_STORE_KEY": KEYS["RECONCILER_STORE_NEW_KEY"]})


def test_whoever_calls_the_program_keeps_the_environment(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in KEYS.items():
        monkeypatch.setenv(name, text)
    before = dict(os.environ)
    for _ in range(2):
        shop.run("plan")
        assert dict(os.environ) == before
        shown = subprocess.run(
            [sys.executable, "-c", "import os; print(os.environ['RECONCILER_STORE_KEY'])"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.strip() == KEYS["RECONCILER_STORE_KEY"]
