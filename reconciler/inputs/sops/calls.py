"""Calls of a gRPC service over a Unix socket, one at a time.

The protocol is that of https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, with HTTP/2
by the library h2.
"""

from __future__ import annotations

import socket
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError

from reconciler.inputs.sops.failures import CallFailed, ServiceLost

_CHUNK_BYTES = 65536
_PREFIX_BYTES = 5  # compressed or not, and the length
_OK = b"0"


class Calls:
    """A connection to the service at `path`, which waits `seconds` at most for each answer."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.settimeout(seconds)
            self._socket.connect(str(path))
            self._http = H2Connection(H2Configuration(header_encoding=None))
            self._http.initiate_connection()
            self._send()
        except BaseException:
            self._socket.close()
            raise

    def call(self, method: str, message: bytes) -> bytes:
        """The answer to `message`.

        Raises:
            CallFailed: the service refuses the call.
            ServiceLost: there is no answer.
        """
        try:
            stream = self._http.get_next_available_stream_id()
            self._http.send_headers(
                stream,
                [
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", method),
                    (":authority", "localhost"),
                    ("te", "trailers"),
                    ("content-type", "application/grpc"),
                ],
            )
            framed = b"\0" + len(message).to_bytes(4, "big") + message
            self._http.send_data(stream, framed, end_stream=True)
            self._send()
            return self._answer(stream)
        except (OSError, ProtocolError) as error:
            raise ServiceLost from error

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _answer(self, stream: int) -> bytes:
        answer, status, ended = bytearray(), b"", False
        while not ended:
            for event in self._events():
                if isinstance(event, ConnectionTerminated | StreamReset):
                    raise ServiceLost
                if isinstance(event, ResponseReceived | TrailersReceived):
                    status = dict(event.headers).get(b"grpc-status", status)
                elif isinstance(event, DataReceived):
                    answer += event.data
                    self._http.acknowledge_received_data(event.flow_controlled_length, stream)
                ended = ended or isinstance(event, StreamEnded)
            self._send()
        if status != _OK:
            raise CallFailed
        return bytes(answer[_PREFIX_BYTES:])

    def _events(self) -> list[Event]:
        received = self._socket.recv(_CHUNK_BYTES)
        if not received:
            raise ServiceLost
        return self._http.receive_data(received)

    def _send(self) -> None:
        if waiting := self._http.data_to_send():
            self._socket.sendall(waiting)
