"""Servers that answer as a test says, byte by byte, on loopback."""

from __future__ import annotations

import datetime as dt
import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = Callable[[socket.socket, bytes], None]
"""What a server does with a request that has come on a connection."""


@dataclass(frozen=True)
class Identity:
    """A certificate that is its own authority, for `names` and 127.0.0.1."""

    certificate: bytes
    key: bytes

    def files(self, place: Path) -> tuple[str, str]:
        paths = place / "certificate.pem", place / "key.pem"
        for path, content in zip(paths, (self.certificate, self.key), strict=True):
            path.write_bytes(content)
        return str(paths[0]), str(paths[1])

    def serving(self, place: Path, *, clients: str = "") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files(place))
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients)
        return context


def identity(*names: str) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of the tests")])
    now = dt.datetime.now(dt.UTC)
    places: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
    places.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(certificate.public_bytes(pem), plain)


class Server:
    """Serves connections in order of `answers`, one for each request; the last one is repeated."""

    def __init__(self, answers: Sequence[Answer], trust: ssl.SSLContext | None = None) -> None:
        self._answers = list(answers)
        self._trust = trust
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.requests: list[bytes] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._trust:
                connection = self._trust.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while request := read_request(connection):
                self.requests.append(request)
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                answer(connection, request)


def read_request(connection: socket.socket) -> bytes:
    held = b""
    while b"\r\n\r\n" not in held:
        part = connection.recv(65536)
        if not part:
            return b""
        held += part
    head, _, body = held.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(*answers: Answer, trust: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(answers, trust)
    try:
        yield server
    finally:
        server.stop()


def says(*parts: bytes) -> Answer:
    """Sends `parts`, each in a packet of its own."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


def says_and_ends(*parts: bytes) -> Answer:
    def answer(connection: socket.socket, request: bytes) -> None:
        says(*parts)(connection, request)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    return answer


def passes_on(connection: socket.socket, other: socket.socket) -> None:
    """Carry bytes between two connections until one of them ends."""
    with suppress(OSError, ValueError), connection, other:  # the latter where one is closed
        while True:
            ready, _, _ = select.select([connection, other], [], [])
            for source in ready:
                part = source.recv(65536)
                if not part:
                    return
                (other if source is connection else connection).sendall(part)
            if isinstance(connection, ssl.SSLSocket):
                while connection.pending():
                    other.sendall(connection.recv(65536))
