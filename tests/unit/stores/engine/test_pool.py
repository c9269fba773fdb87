"""Connections: kept, shared, secured, cut."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.stores.kubernetes.engine.exchange import Patience
from reconciler.stores.kubernetes.engine.faults import Cut, Unanswered, Unreachable
from reconciler.stores.kubernetes.engine.pool import Pool, Server, UnusableAddress, address_of
from reconciler.stores.kubernetes.engine.trust import (
    UnusableAuthority,
    UnusableCertificate,
    present,
    trusting,
)
from tests.standins.http import OK, Identity, identity, says, serving


@pytest.fixture(scope="module")
def of_server() -> Identity:
    return identity("api.example")


def get(pool: Pool) -> bytes:
    return pool.request("GET", "/", body=None, headers={}).body


def once(server: Server) -> bytes:
    with closing(Pool(server)) as pool:
        return get(pool)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


def test_threads_have_connections_of_their_own_and_share_them() -> None:
    def slowly(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.01)
        number = request.split()[1].strip(b"/")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(number) + number)

    def ask(number: int) -> int:
        return int(pool.request("GET", f"/{number}", body=None, headers={}).body)

    with serving(slowly) as server, closing(Pool(Server("127.0.0.1", server.port))) as pool:
        with ThreadPoolExecutor(8) as workers:
            assert list(workers.map(ask, range(200))) == list(range(200))
        assert 1 < server.connections <= 8


def test_the_server_is_held_against_the_authority(of_server: Identity, place: Path) -> None:
    with serving(says(OK), trust=of_server.serving(place)) as server:
        trust = trusting(of_server.certificate)
        assert once(Server("127.0.0.1", server.port, trust)) == b"ok"
        other = trusting(identity().certificate)
        with pytest.raises(Unreachable) as caught:
            once(Server("127.0.0.1", server.port, other))
        assert isinstance(caught.value.cause, ssl.SSLCertVerificationError)
        assert once(Server("127.0.0.1", server.port, trusting(verify=False))) == b"ok"


def test_the_name_that_a_kubeconfig_gives_is_the_one_that_counts(
    of_server: Identity, place: Path
) -> None:
    names: list[str | None] = []
    context = of_server.serving(place)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with serving(says(OK), trust=context) as server:
        trust = trusting(of_server.certificate)
        assert once(Server("127.0.0.1", server.port, trust, "api.example")) == b"ok"
        with pytest.raises(Unreachable) as caught:
            once(Server("127.0.0.1", server.port, trust, "other.example"))
        assert isinstance(caught.value.cause, ssl.SSLCertVerificationError)
        with pytest.raises(Unreachable) as caught:
            once(Server("localhost", server.port, trust))
        assert isinstance(caught.value.cause, ssl.SSLCertVerificationError)
    assert names == ["api.example", "other.example", "localhost"]


@pytest.mark.parametrize("separate", [True, False])
def test_a_client_certificate(
    of_server: Identity, place: Path, monkeypatch: pytest.MonkeyPatch, *, separate: bool
) -> None:
    of_client = identity()
    context = of_server.serving(place, clients=of_client.certificate.decode())
    with serving(says(OK), trust=context) as server:
        trust = trusting(of_server.certificate)
        with pytest.raises(Unanswered):
            once(Server("127.0.0.1", server.port, trust))
        files = sorted(place.rglob("*"))
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        if separate:
            present(trust, of_client.certificate, of_client.key)
        else:
            present(trust, of_client.key + of_client.certificate, b"")
        assert sorted(place.rglob("*")) == files
        assert once(Server("127.0.0.1", server.port, trust)) == b"ok"


def test_where_memory_has_no_files_they_have_no_name(
    of_server: Identity, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.delattr(os, "memfd_create", raising=False)
    present(trusting(), of_server.certificate, of_server.key)
    assert [*place.rglob("*")] == []


def test_what_is_no_certificate(of_server: Identity) -> None:
    with pytest.raises(UnusableAuthority):
        trusting(b"canary")
    for certificate, key in ((b"", b""), (of_server.certificate, identity().key), (b"x", b"y")):
        with pytest.raises(UnusableCertificate):
            present(trusting(verify=False), certificate, key)


def test_an_end_without_the_word_of_tls_is_a_cut(of_server: Identity, place: Path) -> None:
    """Whoever is between us and the server could shorten an answer of unknown length."""

    def tear(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        socket.socket(fileno=connection.detach()).close()

    with serving(tear, trust=of_server.serving(place)) as server:
        trust = trusting(of_server.certificate)
        with pytest.raises(Cut):
            once(Server("127.0.0.1", server.port, trust))


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that takes connections and never says anything."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("secured", [True, False], ids=["in the handshake", "in the answer"])
def test_what_waits_can_be_cut(deaf: int, *, secured: bool) -> None:
    """So that an interrupted program ends at once, and not when a server's time is up."""
    pool = Pool(Server("127.0.0.1", deaf, trusting(verify=False) if secured else None))
    ended: list[float] = []

    def wait() -> None:
        with pytest.raises(Unanswered):
            get(pool)
        ended.append(time.monotonic())

    waiting = [threading.Thread(target=wait) for _ in range(4)]
    for thread in waiting:
        thread.start()
    time.sleep(0.3)
    assert not ended
    began = time.monotonic()
    pool.cut()
    for thread in waiting:
        thread.join(10)
    assert len(ended) == 4
    assert max(ended) - began < 1


def test_after_a_cut_there_are_other_connections() -> None:
    with serving(says(OK)) as server, closing(Pool(Server("127.0.0.1", server.port))) as pool:
        assert get(pool) == b"ok"
        pool.cut()
        assert get(pool) == b"ok"


def test_a_handshake_that_never_ends_is_given_up(deaf: int) -> None:
    pool = Pool(Server("127.0.0.1", deaf, trusting(verify=False)), Patience(connect=0.2))
    with pytest.raises(Unreachable) as caught:
        get(pool)
    assert isinstance(caught.value.cause, TimeoutError)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example", ("https", "api.example", 443, "")),
        ("https://api.example:6443/", ("https", "api.example", 6443, "")),
        ("http://[::1]:8080/k8s/c1/", ("http", "::1", 8080, "/k8s/c1")),
        ("https://user:word@api.example/a", ("https", "api.example", 443, "/a")),
    ],
)
def test_addresses(url: str, expected: tuple[str, str, int, str]) -> None:
    assert address_of(url) == expected


@pytest.mark.parametrize(
    "url", ["", "api.example", "ftp://a", "https://", "https://a:b", "http://["]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UnusableAddress):
        address_of(url)


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (Server("a", 80), "a"),
        (Server("a", 443), "a:443"),
        (Server("::1", 8080), "[::1]:8080"),
    ],
)
def test_the_address_in_the_header(server: Server, address: str) -> None:
    assert server.address == address
