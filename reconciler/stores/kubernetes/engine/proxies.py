"""Proxies: which one is asked for, and how it is asked for a connection.

``HTTPS_PROXY`` and the like are read by the official client, and so is ``proxy-url`` of a
kubeconfig. Proxies are reached by plain HTTP, by TLS, or as SOCKS 5 (RFC 1928, 1929).
"""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

from reconciler.stores.kubernetes.engine.faults import ProxyRefused

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_LONGEST_HEAD = 65_536
_OK = range(200, 300)
_VERSION, _NO_LOGIN, _PASSWORD = 5, 0, 2
_ADDRESS_SIZES = {1: 4, 4: 16}
_NAME = 3


class UnusableProxy(Exception):
    """The proxy's address is none, or one of a kind that is not spoken here."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, and who asks; `kind` is the scheme of its URL."""

    kind: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def proxy_of(url: str) -> Proxy:
    """The proxy at `url`; without a scheme it is one of HTTP.

    Raises:
        UnusableProxy: the URL is no such one.
    """
    try:
        parts: SplitResult = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise UnusableProxy from None
    if not parts.hostname:
        raise UnusableProxy
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    return Proxy(parts.scheme, parts.hostname, port, *login)


def is_exempt(host: str, port: int, exempt: str) -> bool:
    """Whether `exempt`, a list as in ``NO_PROXY``, has a host: by name, domain, address or network.

    The forms are those that Go reads, and with it kubectl: ``*``, ``name``, ``.domain``,
    ``name:port``, ``10.0.0.0/8``. A name stands for all that is below it, too.
    """
    return any(_matches(host.lower(), port, entry.strip().lower()) for entry in exempt.split(","))


def _matches(host: str, port: int, entry: str) -> bool:
    if entry in {"", "*"}:
        return entry == "*"
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal():
        if int(number) != port:
            return False
        entry = name.strip("[]")
    bare = entry.removeprefix("*").lstrip(".")
    return bool(bare) and (host == bare or host.endswith(f".{bare}"))


def tunnel(connected: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have `proxy` connect to `host`; from then on, `connected` is a connection to it.

    Raises:
        ProxyRefused: it does not.
        OSError: the connection to it broke.
    """
    (_socks if proxy.kind.startswith("socks") else _connect)(connected, proxy, host, port)


def _connect(connected: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """The method CONNECT (RFC 9110, 9.3.6)."""
    name = f"[{host}]" if ":" in host else host
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    if proxy.user or proxy.password:
        login = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    connected.sendall("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # byte by byte: what comes after is not ours to read
        part = connected.recv(1)
        if not part or len(head) > _LONGEST_HEAD:
            raise ProxyRefused
        head += part
    words = head.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1][:3].isdigit() else 0
    if not head.startswith(b"HTTP/1.") or status not in _OK:
        raise ProxyRefused(status)


def _socks(connected: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """A connection by SOCKS 5, where the proxy looks up names."""

    def read(size: int) -> bytes:
        held = b""
        while len(held) < size:
            part = connected.recv(size - len(held))
            if not part:
                raise ProxyRefused
            held += part
        return held

    user, password = proxy.user.encode(), proxy.password.encode()
    name = host.encode("idna")
    if max(map(len, (user, password, name))) > 255:  # noqa: PLR2004 - the lengths are one byte
        raise ProxyRefused
    way = _PASSWORD if user or password else _NO_LOGIN
    connected.sendall(bytes([_VERSION, 1, way]))
    if read(2) != bytes([_VERSION, way]):
        raise ProxyRefused
    if way == _PASSWORD:
        connected.sendall(bytes([1, len(user), *user, len(password), *password]))
        if read(2)[1]:
            raise ProxyRefused
    connected.sendall(bytes([_VERSION, 1, 0, _NAME, len(name), *name, *port.to_bytes(2)]))
    _, refusal, _, kind = read(4)
    if refusal:
        raise ProxyRefused
    read((_ADDRESS_SIZES.get(kind) or read(1)[0]) + 2)


def layered(connected: socket.socket, context: ssl.SSLContext, name: str) -> socket.socket:
    """`connected`, which has TLS to a proxy, with TLS to the server `name` within."""
    from urllib3.util.ssltransport import SSLTransport

    layer: Any = SSLTransport(connected, context, name, suppress_ragged_eofs=False)
    return cast("socket.socket", layer)  # as far as it is used here
