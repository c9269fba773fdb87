from __future__ import annotations

import base64
import os
from typing import Any


def test_a_new_key_file(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    old = (shop.path / ".reconciler/store.key").read_bytes()
    result = shop.ok("store", "rekey")
    assert "Encrypted 2 values" in result.out
    assert "store.key" in result.out
    assert (shop.path / ".reconciler/store.key").read_bytes() != old
    assert shop.run("plan", "--detailed-exitcode").code == 0


def test_a_given_key(shop: Any) -> None:
    keys = [base64.b64encode(os.urandom(32)).decode() for _ in range(2)]
    first, second = ({"RECONCILER_STORE_KEY": key} for key in keys)
    shop.ok("apply", "--auto-approve", env=first)
    assert not (shop.path / ".reconciler/store.key").exists()
    assert shop.run("store", "rekey", env=first).code == 1
    shop.ok("store", "rekey", env={**first, "RECONCILER_STORE_NEW_KEY": keys[1]})
    assert shop.run("plan", env=first).code == 1
    assert shop.run("plan", "--detailed-exitcode", env=second).code == 0


def test_only_the_embedded_store_has_a_key(shop: Any) -> None:
    result = shop.run("store", "rekey", "--store", "docker:")
    assert result.code == 1
    assert "embedded" in result.err


def test_no_store_no_rekey(workplace: Any) -> None:
    result = workplace.run("store", "rekey", "--store", "sqlite:nowhere/store.db")
    assert result.code == 1
    assert not (workplace.path / "nowhere").exists()
