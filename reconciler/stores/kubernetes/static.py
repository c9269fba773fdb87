"""Kubeconfigs that need neither a program nor a renewal: a certificate or a token, and a server.

Most are of that kind, and reading one takes a hundredth of what importing the official client does.
Whatever is not plainly of it is left to that client, which also says what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from reconciler.stores.kubernetes.reaching import Access, ProxySettings, proxy_settings

_IN_USER = frozenset(
    {
        *("client-certificate", "client-certificate-data", "client-key", "client-key-data"),
        *("token", "extensions"),
    }
)
_IN_CLUSTER = frozenset(
    {
        *("server", "certificate-authority", "certificate-authority-data", "proxy-url"),
        *("insecure-skip-tls-verify", "tls-server-name", "disable-compression", "extensions"),
    }
)


class _Other(Exception):
    """It is not of that kind."""


def read(
    file: str, context: str, environ: Mapping[str, str]
) -> tuple[Access, Callable[[], Mapping[str, str]]] | None:
    """What `context` of a kubeconfig, or the current one, gives access to, and the headers.

    ``None`` where the official client has to look at it.
    """
    try:
        with Path(file).open("rb") as stream:
            document = yaml.load(stream, Loader=yaml.CSafeLoader)
        return _access(document, Path(file).absolute().parent, context, environ)
    except (_Other, OSError, ValueError, yaml.YAMLError, RecursionError):
        return None


def _access(
    document: Any, place: Path, context: str, environ: Mapping[str, str]
) -> tuple[Access, Callable[[], Mapping[str, str]]]:
    name = context or _text(document, "current-context")
    chosen = _entry(document, "contexts", "context", name)
    cluster = _entry(document, "clusters", "cluster", _text(chosen, "cluster"))
    user = _entry(document, "users", "user", _text(chosen, "user"))
    if user.keys() - _IN_USER or cluster.keys() - _IN_CLUSTER:
        raise _Other
    address = _text(cluster, "server").rstrip("/")
    if not address.startswith("https://"):
        raise _Other  # the client leaves out certificates there
    insecure = cluster.get("insecure-skip-tls-verify", False)
    if not isinstance(insecure, bool):
        raise _Other
    environment = proxy_settings(environ, address)
    proxy = _text(cluster, "proxy-url", environment.url)
    access = Access(
        address,
        _content(cluster, "certificate-authority", place),
        not insecure,
        _text(cluster, "tls-server-name", ""),
        ProxySettings(proxy, environment.exempt),
        _content(user, "client-certificate", place),
        _content(user, "client-key", place),
    )
    token = _text(user, "token", "")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return access, partial(dict, headers)


def _entry(document: Any, group: str, kind: str, name: str) -> Mapping[str, Any]:
    """The one entry of a name in one of the lists."""
    entries = document.get(group) if isinstance(document, dict) else None
    if not isinstance(entries, Sequence):
        raise _Other
    named = [entry for entry in entries if isinstance(entry, dict) and entry.get("name") == name]
    if len(named) != 1 or not isinstance(named[0].get(kind), dict):
        raise _Other
    content: Mapping[str, Any] = named[0][kind]
    return content


def _text(entry: Any, field: str, default: str | None = None) -> str:
    """A text that is there, or the default."""
    text = entry.get(field, default) if isinstance(entry, dict) else None
    if not isinstance(text, str) or not (text or default == ""):
        raise _Other
    return text


def _content(entry: Mapping[str, Any], field: str, place: Path) -> bytes:
    """What a field holds, or the file that it names; empty where it is not there."""
    if f"{field}-data" in entry:
        try:
            content = base64.b64decode(_text(entry, f"{field}-data"), validate=True)
        except binascii.Error:
            raise _Other from None
    elif field in entry:
        content = Path(os.path.normpath(place / _text(entry, field))).read_bytes()
    else:
        return b""
    if not content:
        raise _Other
    return content
