"""Requests and answers, byte by byte; what is half an answer is none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing

import pytest

from reconciler.stores.kubernetes.engine.exchange import Patience, Reply
from reconciler.stores.kubernetes.engine.faults import (
    Cut,
    Garbled,
    TooSlow,
    Unanswered,
    Unreachable,
    Unsendable,
)
from reconciler.stores.kubernetes.engine.pool import Pool, Server
from tests.standins.http import OK, Answer, says, says_and_ends, serving

SOON = Patience(connect=1, silence=0.3, whole=1)


def asked(
    *answers: Answer, times: int = 1, patience: Patience | None = None
) -> tuple[list[Reply], int]:
    """The replies to `times` requests, and on how many connections they were made."""
    with serving(*answers) as server:
        with closing(Pool(Server("127.0.0.1", server.port), patience)) as pool:
            replies = [pool.request("GET", "/", body=None, headers={}) for _ in range(times)]
        return replies, server.connections


def test_a_request_as_it_is_on_the_wire() -> None:
    with serving(says(OK)) as server, closing(Pool(Server("127.0.0.1", server.port))) as pool:
        reply = pool.request("POST", "/a?b=c", body=b"{}", headers={"Accept": "x/y"})
        pool.request("DELETE", "/a", body=None, headers={"Host": "other"})
        assert reply == Reply(200, {"content-length": ["2"]}, b"ok")
        assert server.requests == [
            b"POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: x/y\r\nContent-Length: 2"
            b"\r\n\r\n{}" % server.port,
            b"DELETE /a HTTP/1.1\r\nHost: other\r\n\r\n",
        ]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE: Mapping[str, tuple[tuple[bytes, ...], bytes]] = {
    "by length": ((OK,), b"ok"),
    "byte by byte": (tuple(bytes([one]) for one in OK), b"ok"),
    "in chunks": ((CHUNKED + b"1\r\no\r\n1;a=b\r\nk\r\n0\r\n\r\n",), b"ok"),
    "in chunks, byte by byte": (
        tuple(bytes([one]) for one in CHUNKED + b"00A\r\n0123456789\r\n0\r\n\r\n"),
        b"0123456789",
    ),
    "with trailers": ((CHUNKED + b"2\r\nok\r\n0\r\nDigest: x\r\n\r\n",), b"ok"),
    "long": (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", b"x" * 300_000),
        b"x" * 300_000,
    ),
    "after an announcement": ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,), b"ok"),
    "without a body": ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
    "without a reason": ((b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",), b""),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_keeps_the_connection(name: str) -> None:
    parts, body = WHOLE[name]
    replies, connections = asked(says(*parts), times=3)
    assert [reply.body for reply in replies] == [body] * 3
    assert connections == 1


LAST: Mapping[str, tuple[bytes, bytes]] = {
    "by its word": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "by its word, among others": (
        b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 2\r\n\r\nok",
        b"ok",
    ),
    "of an old server": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "with more than was asked for": (OK + b"HTTP/1.1 200 OK\r\n", b"ok"),
    "of two lengths that agree with chunks": (
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\n\r\n"
        ),
        b"ok",
    ),
}


@pytest.mark.parametrize("name", LAST)
def test_an_answer_that_is_the_last_of_its_connection(name: str) -> None:
    answer, body = LAST[name]
    replies, connections = asked(says(answer), times=2)
    assert [reply.body for reply in replies] == [body] * 2
    assert connections == 2


def test_an_answer_that_its_connection_ends() -> None:
    replies, connections = asked(says_and_ends(b"HTTP/1.1 200 OK\r\n\r\nabc"), times=2)
    assert [reply.body for reply in replies] == [b"abc"] * 2
    assert connections == 2


HALF: Mapping[str, bytes] = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": OK[:-1],
    "half a chunk": CHUNKED + b"5\r\nab",
    "chunks without an end": CHUNKED + b"2\r\nok\r\n",
    "an announcement alone": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("name", HALF)
def test_half_an_answer_is_none(name: str) -> None:
    with pytest.raises(Cut):
        asked(says_and_ends(HALF[name]))


@pytest.mark.parametrize("name", HALF)
def test_a_server_that_falls_silent_is_given_up(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(TooSlow):
        asked(says(HALF[name]), patience=SOON)
    assert time.monotonic() - began < 20


def test_a_server_that_drips_is_given_up() -> None:
    def drip(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.05)

    with pytest.raises(TooSlow):
        asked(drip, patience=SOON)


def test_a_server_that_takes_nothing_is_given_up() -> None:
    with serving(says(OK)) as server:
        listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        pool = Pool(Server("127.0.0.1", listener.getsockname()[1]), SOON)
        with closing(listener), pytest.raises(TooSlow):
            pool.request("POST", "/", body=b"x" * 50_000_000, headers={})
        assert not server.requests


def test_what_a_server_says_while_it_takes_no_more_is_heard() -> None:
    """As an API server does with a request that is too large."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

        thread = threading.Thread(target=refuse)
        thread.start()
        with closing(Pool(Server("127.0.0.1", listener.getsockname()[1]))) as pool:
            reply = pool.request("POST", "/", body=b"x" * 50_000_000, headers={})
        thread.join()
    assert (reply.status, reply.body) == (413, b"no")


GARBAGE: Mapping[str, bytes] = {
    "another protocol": b"SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nabc\r\n\r\n",
    "a folded header": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "chunks without a length": CHUNKED + b"xyz\r\n",
    "a negative chunk": CHUNKED + b"-1\r\n",
    "a chunk that is longer than it says": CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
    "what nobody asked for": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
    "a coding that nobody knows": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000,
    "a chunk line without an end": CHUNKED + b"1;" + b"a" * 10_000,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_is_no_answer_is_refused(name: str) -> None:
    with pytest.raises(Garbled):
        asked(says(GARBAGE[name]), patience=SOON)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer canary\n"},
        {"Authorization": "Bearer canary\r\nX: y"},
        {"Authorization": "canary\u2028"},
    ],
)
def test_a_header_that_would_be_two_is_not_sent(headers: dict[str, str]) -> None:
    with serving(says(OK)) as server:
        with pytest.raises(Unsendable) as caught:
            Pool(Server("127.0.0.1", server.port)).request("GET", "/", body=None, headers=headers)
        assert "canary" not in repr(caught.value)
        assert server.connections == 0


@pytest.mark.parametrize("target", ["", "a", "/a b", "/a\r\n", "/é", "http://other/"])
def test_a_target_that_is_no_path_is_not_sent(target: str) -> None:
    with pytest.raises(Unsendable):
        Pool(Server("127.0.0.1", 1)).request("GET", target, body=None, headers={})


def test_a_connection_that_the_server_has_ended_meanwhile_is_not_used() -> None:
    """A write on it would be lost, and nobody could say whether it has happened."""
    with serving(says_and_ends(OK)) as server:
        with closing(Pool(Server("127.0.0.1", server.port))) as pool:
            for count in range(3):
                pool.request("POST", "/", body=b"", headers={})
                assert server.connections == count + 1
                time.sleep(0.05)
        assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_is_made_once(method: str) -> None:
    with serving(says_and_ends(b"")) as server:
        with pytest.raises(Cut):
            Pool(Server("127.0.0.1", server.port)).request(method, "/", body=None, headers={})
        assert len(server.requests) == 1


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        Pool(Server("127.0.0.1", port)).request("GET", "/", body=None, headers={})
    assert isinstance(caught.value.cause, ConnectionRefusedError)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_cannot_be(host: str) -> None:
    with pytest.raises(Unanswered):
        Pool(Server(host, 1)).request("GET", "/", body=None, headers={})
