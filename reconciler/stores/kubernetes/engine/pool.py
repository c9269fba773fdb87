"""Connections to one server, kept and shared by threads."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.stores.kubernetes.engine.exchange import Line, Patience, Reply, encoded
from reconciler.stores.kubernetes.engine.faults import Unreachable
from reconciler.stores.kubernetes.engine.proxies import Proxy, layered, tunnel

_PORTS = {"http": 80, "https": 443}
_SILENT_SECONDS, _PROBE_SECONDS, _PROBES = 30, 10, 3


class UnusableAddress(Exception):
    """What is given as the server's address is no URL of HTTP."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and how it is reached.

    `trust` says whom to trust, and holds the client's certificate; ``None`` is for plain HTTP.
    `name` is that of the server in TLS, where it is not that of its address.
    """

    host: str
    port: int
    trust: ssl.SSLContext | None = None
    name: str = ""
    proxy: Proxy | None = None
    proxy_trust: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        """The host and the port, as the header ``Host`` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS["http" if self.trust is None else "https"]
        return host if self.port == usual else f"{host}:{self.port}"


def address_of(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a server's URL; the path has no slash at its end.

    Raises:
        UnusableAddress: it is no such one.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise UnusableAddress from None
    if not parts.hostname:
        raise UnusableAddress
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


class Pool:
    """Makes requests to `server`; for several threads at once, each on a connection of its own."""

    def __init__(self, server: Server, patience: Patience | None = None) -> None:
        self.server = server
        self._address = server.address
        self._patience = patience or Patience()
        self._idle: list[Line] = []
        self._busy: set[Line] = set()
        self._turn = threading.Lock()
        self._closed = False

    def request(
        self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Make a request, once.

        Raises:
            Unanswered: there is no answer; where no connection came about, it is `Unreachable`.
            Unsendable: it is not one of HTTP.
        """
        if "Host" not in headers:
            headers = {"Host": self._address, **headers}
        content = encoded(method, target, headers, body)
        line = self._kept() or self._new()
        reusable = False
        try:
            reply, reusable = line.exchange(content)
        finally:
            self._give_back(line, reusable=reusable)
        return reply

    def cut(self) -> None:
        """End the connections that are in use, under the threads that use them."""
        with self._turn:
            for line in self._busy:
                line.cut()

    def close(self) -> None:
        """End the connections that are kept; one that is in use is not kept any more."""
        with self._turn:
            self._closed = True
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def _kept(self) -> Line | None:
        """A connection that was kept, and that the server has not ended meanwhile.

        The last that was given back is the likeliest to live, and the one in the cache.
        """
        while True:
            with self._turn:
                if not self._idle:
                    return None
                line = self._idle.pop()
                self._busy.add(line)
            if not _has_something(line):
                return line
            self._give_back(line, reusable=False)

    def _give_back(self, line: Line, *, reusable: bool) -> None:
        with self._turn:
            self._busy.discard(line)
            if reusable and not self._closed:
                self._idle.append(line)
                return
        line.close()

    def _new(self) -> Line:
        """A new connection.

        Raises:
            Unreachable: there is none.
        """
        server, patience = self.server, self._patience
        proxy = server.proxy
        at = (proxy.host, proxy.port) if proxy else (server.host, server.port)
        try:
            connected = socket.create_connection(at, patience.connect)
        except (OSError, UnicodeError) as error:  # the latter for a name that no host can have
            raise Unreachable(error) from None
        line = Line(connected, patience)
        with self._turn:
            self._busy.add(line)
        try:
            _set_options(connected)
            self._prepare(line)
        except (OSError, ValueError) as error:
            self._give_back(line, reusable=False)
            raise Unreachable(error) from None
        except BaseException:
            self._give_back(line, reusable=False)
            raise
        return line

    def _prepare(self, line: Line) -> None:
        """Take `line` through the proxy, and secure it, where the server has that."""
        server, proxy = self.server, self.server.proxy
        if proxy:
            if server.proxy_trust:
                _secure(line, server.proxy_trust, proxy.host)
            tunnel(line.connected, proxy, server.host, server.port)
        if server.trust is None:
            return
        name = server.name or server.host.partition("%")[0]
        if isinstance(line.connected, ssl.SSLSocket):
            line.connected = layered(line.connected, server.trust, name)
        else:
            _secure(line, server.trust, name)


def _secure(line: Line, trust: ssl.SSLContext, name: str) -> None:
    """Add TLS; an end of the connection without TLS's own word is a cut, whoever made it."""
    secured = trust.wrap_socket(
        line.connected,
        server_hostname=name,
        suppress_ragged_eofs=False,
        do_handshake_on_connect=False,
    )
    line.connected = secured  # before the handshake, so that it can be cut meanwhile
    secured.do_handshake()


def _has_something(line: Line) -> bool:
    """Whether an idle connection has something to read: its end, or what nobody asked for."""
    poll = select.poll()
    poll.register(line.connected.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _set_options(connected: socket.socket) -> None:
    """Send at once, and notice a server that is gone without a word."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _SILENT_SECONDS),
        ("TCP_KEEPINTVL", _PROBE_SECONDS),
        ("TCP_KEEPCNT", _PROBES),
    ):
        with suppress(AttributeError, OSError):  # not every system has each
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
