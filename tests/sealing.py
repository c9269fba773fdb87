"""Encrypts documents as SOPS does, with the data key at hand instead of master keys."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reconciler.model.sops import KeyGroup, SopsRefusal

MODIFIED = "2026-11-28T02:41:00Z"
DATA_KEY = bytes(range(32))


@dataclass
class Holder:
    """Stands in for the program sops: it has the data key, and decrypts no whole file itself."""

    shares: dict[str, bytes] = field(default_factory=lambda: {"canary-recipient": DATA_KEY})
    asked: list[str] = field(default_factory=list)

    def share(self, group: KeyGroup) -> bytes:
        """The share of the first key that is here."""
        for key in group:
            if share := self.shares.get(key.fields.get("recipient", "")):
                return share
        raise SopsRefusal("sops-no-key", "no key", "hint")

    def decrypt(
        self, text: str, kind: str, servers: Collection[str], *, ignore_mac: bool = False
    ) -> str:
        """Refuse what our own reading does not verify."""
        del text, servers, ignore_mac
        self.asked.append(kind)
        raise SopsRefusal("sops-tampered", "tampered", "hint")


def sealed_text(value: Any, path: str, key: bytes = DATA_KEY) -> str:
    """``ENC[…]`` of a value."""
    kind, text = _typed(value)
    iv = os.urandom(32)
    box = AESGCM(key).encrypt(iv, text.encode(), path.encode())
    data, nonce, tag = (base64.b64encode(part).decode() for part in (box[:-16], iv, box[-16:]))
    return f"ENC[AES256_GCM,data:{data},iv:{nonce},tag:{tag},type:{kind}]"


def sealed(
    documents: Sequence[dict[str, Any]],
    encrypts: Callable[[Sequence[str]], bool] = bool,  # all of it, since no path is empty
    **record: Any,
) -> list[dict[str, Any]]:
    """The documents of one file, encrypted where `encrypts` says so of a path."""
    mac = hashlib.sha512()
    bodies = [_walked(document, (), encrypts, mac.update) for document in documents]
    age = [{"recipient": "canary-recipient", "enc": "wrapped"}]
    sops = {
        "lastmodified": MODIFIED,
        "mac": sealed_text(mac.hexdigest().upper(), MODIFIED),
        "version": "3.13.3",
        **({"age": age} if "key_groups" not in record else {}),
        **record,
    }
    return [{**body, "sops": sops} for body in bodies]


def as_yaml(documents: Sequence[dict[str, Any]]) -> str:
    """A stream of them."""
    return yaml.safe_dump_all(documents, sort_keys=False, width=10_000)


def as_json(document: dict[str, Any]) -> str:
    """A file of one."""
    return json.dumps(document, indent=1)


def _walked(
    node: Any,
    path: tuple[str, ...],
    encrypts: Callable[[Sequence[str]], bool],
    update: Callable[[bytes], object],
) -> Any:
    if isinstance(node, dict):
        return {key: _walked(child, (*path, key), encrypts, update) for key, child in node.items()}
    if isinstance(node, list):
        return [_walked(child, path, encrypts, update) for child in node]
    if node is None:
        return None
    update(_typed(node)[1].encode())
    if not encrypts(path) or node == "":
        return node
    return sealed_text(node, "".join(f"{key}:" for key in path))


def _typed(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return "bool", str(value)
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", f"{value:f}".rstrip("0").rstrip(".")
    return "str", value
