"""Where a command works: ``-C``, ``-f``, and the version of what works there."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from reconciler import __version__


@pytest.mark.parametrize("spelling", ["-C", "--chdir"])
def test_another_directory(shop: Any, spelling: str) -> None:
    shop.write("deep/reconciler.yaml", "set: blue\n")
    shop.secret("inner", file="deep/manifests/inner.yaml", token="not-a-real-token")
    assert "Set blue," in shop.ok(spelling, "deep", "plan").out
    shop.ok(spelling, "deep", "apply", "--auto-approve")
    assert (shop.path / "deep/.reconciler/store.db").exists()
    assert "Set default," in shop.ok("plan").out


def test_the_command_of_a_saved_plan_names_the_directory(shop: Any) -> None:
    shop.secret("inner", file="deep down/manifests/inner.yaml", token="x7#kQ9!z-canary-canary")
    said = shop.ok("-C", "deep down", "plan", "--out", "p").err
    words = shlex.split(said.partition("this plan: ")[2])
    assert words == ["reconciler", "-C", "deep down", "apply", "p"]
    assert "created Secret/default/inner" in shop.ok(*words[1:]).out


@pytest.mark.parametrize("name", ["nowhere", "manifests/shop.yaml"])
def test_a_directory_that_is_none(shop: Any, name: str) -> None:
    result = shop.run("-C", name, "plan")
    assert result.code == 1
    assert f"--chdir: {name}: " in result.err


@pytest.mark.parametrize("spelling", ["-f", "--filename"])
def test_paths_as_kubectl_spells_them(shop: Any, spelling: str) -> None:
    shop.secret("other", file="other.yaml", token="not-a-real-token")
    shop.secret("third", file="third.yaml", token="not-a-real-token")
    shop.write("reconciler.yaml", "manifests: third.yaml\n")
    shown = shop.ok("plan", "manifests", spelling, "other.yaml").out
    assert "Secret/shop/database" in shown
    assert "Secret/default/other" in shown
    alone = shop.ok("plan", spelling, "other.yaml").out
    assert "Plan: 1 to create" in alone
    piped = shop.ok("plan", "-f", "-", stdin=(shop.path / "other.yaml").read_text())
    assert "Secret/default/other" in piped.out


def test_a_plan_file_as_kubectl_would_name_it(shop: Any) -> None:
    shop.ok("plan", "--out", "p")
    assert "Applied: 2 created." in shop.ok("apply", "-f", "p").out


def test_the_version(shop: Any) -> None:
    assert f"reconciler {__version__} (Python 3." in shop.ok("version").out
    assert json.loads(shop.ok("version", "-o", "json").out)["version"] == __version__
