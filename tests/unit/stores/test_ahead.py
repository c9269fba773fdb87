"""What is read of a set before anybody asks for it, against a server that counts."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.model.store import Scope
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.engine.pool import Pool
from reconciler.stores.kubernetes.engine.pool import Server as Address
from reconciler.stores.kubernetes.store import KubernetesStore
from tests.standins.http import Server, serving

READ = Scope("shop", frozenset())
LIST: dict[str, Any] = {"kind": "List", "metadata": {}, "items": []}
MEMBERS = b"GET /api/v1/secrets?"


class Cluster:
    """Answers that nothing is there; the first `refused` lists of Secrets are forbidden."""

    def __init__(self) -> None:
        self.refused = 0
        self.silent = False
        self.asked = threading.Semaphore(0)

    def answer(self, connection: socket.socket, request: bytes) -> None:
        status, body = "200 OK", LIST
        if b"/secrets/reconciler-" in request:
            status, body = "404 Not Found", {"kind": "Status", "code": 404}
        elif request.startswith(MEMBERS) and self.refused:
            self.refused -= 1
            status, body = "403 Forbidden", {"kind": "Status", "code": 403}
        self.asked.release()
        if not self.silent:
            content = json.dumps(body).encode()
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            connection.sendall(head + content)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Server]:
    with serving(cluster.answer) as running:
        yield running


@pytest.fixture
def store(server: Server) -> Iterator[KubernetesStore]:
    connection = Connection(
        f"http://127.0.0.1:{server.port}", Pool(Address("127.0.0.1", server.port))
    )
    with KubernetesStore(connection, "default", 4, None) as opened:
        yield opened


def lists(server: Server) -> int:
    """How often the members among the Secrets were listed."""
    return sum(b"applyset" in each and each.startswith(MEMBERS) for each in server.requests)


def test_what_was_read_ahead_is_not_read_again_but_for_a_second_read(
    server: Server, store: KubernetesStore
) -> None:
    store.read_ahead("shop")
    store.read(READ)
    first = lists(server)
    store.read(READ)
    assert first
    assert lists(server) == 2 * first


def test_another_set_is_read_for_itself(server: Server, store: KubernetesStore) -> None:
    store.read(READ)
    alone = len(server.requests)
    store.read_ahead("other")
    store.read(READ)
    assert sum(b"reconciler-shop" in each for each in server.requests) == 2
    assert len(server.requests) > 2 * alone


def test_what_could_not_be_read_ahead_is_read_then(
    cluster: Cluster, store: KubernetesStore
) -> None:
    cluster.refused = 1
    store.read_ahead("shop")
    assert store.read(READ).objects == {}
    assert cluster.refused == 0


def test_the_end_of_a_store_ends_what_is_under_way(
    cluster: Cluster, store: KubernetesStore
) -> None:
    cluster.silent = True
    before = threading.active_count()
    store.read_ahead("shop")
    for _ in range(4):
        assert cluster.asked.acquire(timeout=60)
    store.close()
    for thread in threading.enumerate():
        if thread.daemon and "_run" in thread.name:
            thread.join(10)
            assert not thread.is_alive()
    assert threading.active_count() <= before + 4  # those of the server
