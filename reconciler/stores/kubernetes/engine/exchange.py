"""One request and its answer on a connection (RFC 9112)."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from reconciler.stores.kubernetes.engine.faults import Cut, Garbled, TooSlow, Unanswered, Unsendable

_CHUNK = 65_536
_LONGEST_HEAD = 262_144
_LONGEST_CHUNK_LINE = 4096
_HEAD_END = b"\r\n\r\n"
_TARGET = re.compile(r"/[!-~]*")
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,15}")
_NO_BODY = frozenset({204, 304})
_FINAL = 200


@dataclass(frozen=True, slots=True)
class Patience:
    """The longest that things may take, in seconds: connecting, a silence, and a whole answer."""

    connect: float = 10.0
    silence: float = 60.0
    whole: float = 600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; names of headers are in small letters, and each may come more than once."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """The header `name`, the last one where there are several."""
        values = self.headers.get(name)
        return values[-1] if values else None


def encoded(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """A request as it is sent.

    Raises:
        Unsendable: the target or a header holds what would make another request of it.
    """
    length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
    lines = "".join([f"{name}: {text}\r\n" for name, text in headers.items()])
    if not _TARGET.fullmatch(target) or lines.count("\n") + lines.count("\r") != 2 * len(headers):
        raise Unsendable
    try:
        head = f"{method} {target} HTTP/1.1\r\n{lines}{length}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise Unsendable from None
    return head + body if body else head


class Line:
    """A connection, on which one request is made at a time."""

    __slots__ = ("_buffer", "_end", "_patience", "connected")

    def __init__(self, connected: socket.socket, patience: Patience) -> None:
        self.connected = connected
        self._patience = patience
        self._buffer = b""
        self._end = 0.0

    def exchange(self, request: bytes) -> tuple[Reply, bool]:
        """The answer to `request`, and whether the connection can be used again.

        Raises:
            Cut: the connection ended before the answer did.
            TooSlow: the server was silent for too long, or the answer took too long.
            Garbled: the answer is not HTTP.
        """
        self._end = time.monotonic() + self._patience.whole
        if self.connected.gettimeout() != self._patience.silence:  # setting it asks the system
            self.connected.settimeout(self._patience.silence)
        refused = self._send(request)
        try:
            reply, reusable = self._reply()
        except Unanswered:
            if refused is not None:
                raise Cut(refused) from None
            raise
        return reply, reusable and refused is None

    def _send(self, request: bytes) -> OSError | None:
        """Send `request`; the error where the server takes no more of it, and may have said why."""
        try:
            self.connected.sendall(request)
        except TimeoutError:
            raise TooSlow from None
        except OSError as error:
            return error
        return None

    def _reply(self) -> tuple[Reply, bool]:
        while True:
            keeps, status, headers = _head(self._until(_HEAD_END, _LONGEST_HEAD))
            if status >= _FINAL:  # others announce the answer
                break
        body, ended = self._body(status, headers)
        return Reply(status, headers, body), ended and keeps and not self._buffer

    def close(self) -> None:
        """End the connection."""
        self.connected.close()

    def cut(self) -> None:
        """End the connection under whoever waits on it, in another thread."""
        with suppress(OSError):  # it may have ended by itself
            other = socket.socket(fileno=os.dup(self.connected.fileno()))
            with other:
                other.shutdown(socket.SHUT_RDWR)

    def _body(self, status: int, headers: Mapping[str, list[str]]) -> tuple[bytes, bool]:
        """The body, and whether its end is the server's word and not that of the connection."""
        if headers.get("content-encoding", ["identity"]) != ["identity"]:
            raise Garbled  # nobody asked for it
        if status in _NO_BODY:
            return b"", True
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if [text.lower() for text in coding] != ["chunked"]:
                raise Garbled
            return self._chunked(), "content-length" not in headers
        lengths = headers.get("content-length")
        if lengths is None:
            return self._rest(), False
        if len(set(lengths)) != 1 or not _LENGTH.fullmatch(lengths[0]):
            raise Garbled
        return self._exactly(int(lengths[0])), True

    def _chunked(self) -> bytes:
        parts = []
        while True:
            line = _SIZE.fullmatch(self._until(b"\r\n", _LONGEST_CHUNK_LINE))
            if line is None:
                raise Garbled
            size = int(line[1], 16)
            if not size:
                break
            parts.append(self._exactly(size))
            if self._exactly(2) != b"\r\n":
                raise Garbled
        while self._until(b"\r\n", _LONGEST_CHUNK_LINE):
            pass  # trailers say nothing that matters here
        return b"".join(parts)

    def _rest(self) -> bytes:
        parts = [self._buffer]
        self._buffer = b""
        while part := self._receive():
            parts.append(part)
        return b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        held = self._buffer
        if len(held) < size:
            parts, missing = [held], size - len(held)
            while missing > 0:
                part = self._received()
                parts.append(part)
                missing -= len(part)
            held = b"".join(parts)
        self._buffer = held[size:]
        return held if len(held) == size else held[:size]

    def _until(self, end: bytes, longest: int) -> bytes:
        """What comes before `end`, which is taken away too."""
        held, searched = self._buffer, 0
        while (at := held.find(end, searched)) < 0:
            if len(held) > longest:
                raise Garbled
            searched = max(0, len(held) - len(end) + 1)
            held += self._received()
        self._buffer = held[at + len(end) :]
        return held[:at]

    def _received(self) -> bytes:
        part = self._receive()
        if not part:
            raise Cut
        return part

    def _receive(self) -> bytes:
        """What has come; nothing where the server has ended the connection in good order."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooSlow
        if left < self._patience.silence:
            self.connected.settimeout(left)
        try:
            return self.connected.recv(_CHUNK)
        except TimeoutError:
            raise TooSlow from None
        except OSError as error:
            raise Cut(error) from None


@lru_cache(maxsize=256)  # each answer has the same few
def _name(text: str) -> str:
    """The name of a header in small letters."""
    if not _NAME.fullmatch(text):
        raise Garbled
    return text.lower()


def _head(text: bytes) -> tuple[bool, int, dict[str, list[str]]]:
    """Whether the connection will be kept, the status, and the headers."""
    first, *lines = text.decode("latin-1").split("\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise Garbled
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Garbled
        headers.setdefault(_name(name), []).append(value.strip(" \t"))
    asked = headers.get("connection")
    if asked is None:
        return status[1] == "1", int(status[2]), headers
    options = {option.strip().lower() for text in asked for option in text.split(",")}
    keeps = "close" not in options and (status[1] == "1" or "keep-alive" in options)
    return keeps, int(status[2]), headers
