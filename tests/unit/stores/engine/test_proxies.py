"""Proxies of each kind, with and without a login, and those that do not want to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.errors import ConfigError, StoreError, StoreUnavailable
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.engine.faults import ProxyRefused
from reconciler.stores.kubernetes.engine.pool import Pool, Server
from reconciler.stores.kubernetes.engine.proxies import (
    Proxy,
    UnusableProxy,
    is_exempt,
    proxy_of,
)
from reconciler.stores.kubernetes.engine.trust import trusting
from reconciler.stores.kubernetes.reaching import Access, ProxySettings, pool_of, proxy_settings
from tests.standins.http import OK, identity, passes_on, says, serving
from tests.standins.http import Server as Serving

LOGIN = b"dXNlcjpjYW5hcnk6d29yZA=="  # user:canary:word


def connecting(
    port: int, status: bytes = b"200 Connected"
) -> Callable[[socket.socket, bytes], None]:
    """A proxy by CONNECT to `port`, whatever host it is asked for."""

    def answer(connection: socket.socket, request: bytes) -> None:
        assert request.startswith(b"CONNECT api.example:6443 HTTP/1.1\r\n")
        connection.sendall(b"HTTP/1.1 %b\r\nVia: x\r\n\r\n" % status)
        if status.startswith(b"2"):
            passes_on(connection, socket.create_connection(("127.0.0.1", port)))

    return answer


@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_tunnel(tmp_path: Path, kind: str) -> None:
    of_server, of_proxy = identity("api.example"), identity("proxy")
    places = tmp_path / "server", tmp_path / "proxy"
    for place in places:
        place.mkdir()
    with serving(says(OK), trust=of_server.serving(places[0])) as server:
        outer = of_proxy.serving(places[1]) if kind == "https" else None
        with serving(connecting(server.port), trust=outer) as front:
            proxy = proxy_of(f"{kind}://user:canary%3Aword@127.0.0.1:{front.port}")
            trust = trusting(of_server.certificate)
            at_proxy = trusting(of_proxy.certificate) if outer else None
            pool = Pool(Server("api.example", 6443, trust, "", proxy, at_proxy))
            for _ in range(2):
                assert pool.request("GET", "/", body=None, headers={}).body == b"ok"
            assert front.connections == 1
            assert b"Proxy-Authorization: Basic " + LOGIN in front.requests[0]
            pool.close()
    assert "canary" not in repr(pool.server)


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"403 No", b"502 Bad"])
def test_a_proxy_that_does_not_want_to(status: bytes) -> None:
    with serving(connecting(0, status)) as front:
        proxy = ProxySettings(f"http://127.0.0.1:{front.port}")
        address = "https://api.example:6443"
        connection = Connection(address, pool_of(Access(address, proxy=proxy)))
        with pytest.raises(StoreError) as caught:
            connection.request("GET", "/api", "it")
        assert isinstance(caught.value, StoreUnavailable) == status.startswith(b"5")
        assert f"the proxy on the way to the API server at {address}" in caught.value.message
        assert status[:3].decode() in caught.value.message
        assert "proxy-url" in caught.value.hint


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 2", b"\r\n\r\n"])
def test_what_is_no_proxy(answer: bytes) -> None:
    def end(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with serving(end) as front:
        pool = Pool(Server("a", 1, None, "", Proxy("http", "127.0.0.1", front.port)))
        with pytest.raises(ProxyRefused):
            pool.request("GET", "/", body=None, headers={})


class Socks(Serving):
    """A SOCKS 5 proxy to `port`, for a login or for nobody in particular."""

    def __init__(self, port: int, login: tuple[bytes, bytes] | None, refusal: int = 0) -> None:
        self._target = port
        self._login = login
        self._refusal = refusal
        self.asked: list[bytes] = []
        super().__init__([says(b"")])

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self._shake_hands(connection)

    def _shake_hands(self, connection: socket.socket) -> None:
        way = 2 if self._login else 0
        assert connection.recv(2) == b"\x05\x01"
        if connection.recv(1)[0] != way:
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes([5, way]))
        if self._login:
            user, password = self._login
            expected = bytes([1, len(user), *user, len(password), *password])
            given = connection.recv(1000)
            connection.sendall(b"\x01\x00" if given == expected else b"\x01\x01")
            if given != expected:
                return
        self.asked.append(connection.recv(1000))
        connection.sendall(bytes([5, self._refusal, 0, 1]) + b"\0" * 6)
        if not self._refusal:
            passes_on(connection, socket.create_connection(("127.0.0.1", self._target)))


@pytest.mark.parametrize("login", [None, (b"user", b"canary")])
def test_socks(login: tuple[bytes, bytes] | None) -> None:
    with serving(says(OK)) as server:
        front = Socks(server.port, login)
        before = "user:canary@" if login else ""
        proxy = proxy_of(f"socks5://{before}127.0.0.1:{front.port}")
        pool = Pool(Server("api.example", 6443, None, "", proxy))
        assert pool.request("GET", "/", body=None, headers={}).body == b"ok"
        assert front.asked == [b"\x05\x01\x00\x03\x0bapi.example\x19\x2b"]
        pool.close()
        front.stop()


@pytest.mark.parametrize("given", ["", "user:wrong@"])
def test_a_socks_proxy_that_wants_another_login(given: str) -> None:
    front = Socks(0, (b"user", b"canary"))
    pool = Pool(Server("a", 1, None, "", proxy_of(f"socks5h://{given}127.0.0.1:{front.port}")))
    with pytest.raises(ProxyRefused):
        pool.request("GET", "/", body=None, headers={})
    front.stop()


def test_a_socks_proxy_that_reaches_nobody() -> None:
    front = Socks(0, None, refusal=5)
    pool = Pool(Server("a", 1, None, "", proxy_of(f"socks5://127.0.0.1:{front.port}")))
    with pytest.raises(ProxyRefused):
        pool.request("GET", "/", body=None, headers={})
    front.stop()


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy:3128", Proxy("http", "proxy", 3128)),
        ("proxy:3128", Proxy("http", "proxy", 3128)),
        ("https://proxy", Proxy("https", "proxy", 443)),
        ("http://proxy/", Proxy("http", "proxy", 80)),
        ("socks5://u:p%40@[::1]", Proxy("socks5", "::1", 1080, "u", "p@")),
    ],
)
def test_addresses_of_proxies(url: str, proxy: Proxy) -> None:
    assert proxy_of(url) == proxy


@pytest.mark.parametrize(
    "url", ["ftp://canary", "http://", "http://canary:x", "socks4://canary", "["]
)
def test_what_is_no_address_of_a_proxy(url: str) -> None:
    with pytest.raises(UnusableProxy):
        proxy_of(url)
    with pytest.raises(ConfigError) as caught:
        pool_of(Access("https://api", proxy=ProxySettings(url)))
    assert "canary" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("entry", "exempt"),
    [
        ("*", {"api.example", "sub.api.example", "10.1.2.3", "fd00::1"}),
        ("api.example", {"api.example", "sub.api.example"}),
        (".api.example", {"api.example", "sub.api.example"}),
        ("*.api.example", {"api.example", "sub.api.example"}),
        ("API.example:6443", {"api.example", "sub.api.example"}),
        ("api.example:443", set()),
        ("10.0.0.0/8", {"10.1.2.3"}),
        ("10.1.2.3", {"10.1.2.3"}),
        ("fd00::/8", {"fd00::1"}),
        ("[fd00::1]:6443", {"fd00::1"}),
        ("", set()),
        ("pi.example", set()),
        (" other , api.example ", {"api.example", "sub.api.example"}),
        (".", set()),
    ],
)
def test_what_goes_without_a_proxy(entry: str, exempt: set[str]) -> None:
    hosts = ("api.example", "sub.api.example", "10.1.2.3", "fd00::1", "notapi.example")
    assert {host for host in hosts if is_exempt(host, 6443, entry)} == exempt | (
        {"notapi.example"} if entry == "*" else set()
    )


def test_which_proxy_the_environment_names() -> None:
    environ = {"HTTPS_PROXY": "a", "http_proxy": "b", "NO_PROXY": "c"}
    assert proxy_settings(environ, "https://x") == ProxySettings("a", "c")
    assert proxy_settings(environ, "http://x") == ProxySettings("b", "c")
    assert proxy_settings({"ALL_PROXY": "d"}, "https://x") == ProxySettings("d")
    assert proxy_settings({}, "https://x") == ProxySettings()


def test_a_host_that_is_exempt_is_reached_without_the_proxy() -> None:
    settings = ProxySettings("http://proxy", "api.example")
    assert pool_of(Access("https://api.example", proxy=settings)).server.proxy is None
    other = pool_of(Access("https://other", proxy=settings))
    assert other.server.proxy == Proxy("http", "proxy", 80)
