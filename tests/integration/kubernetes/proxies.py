"""A TCP proxy between the program and an API server, which cuts connections."""

from __future__ import annotations

import random
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: what is closed is reset, and what was not sent is lost."""


@dataclass
class _Limits:
    """How many bytes a connection carries each way, until it is cut; ``None`` for any number."""

    up: int | None = None
    down: int | None = None


class Proxy:
    """Listens on a port of its own; TLS passes through.

    About `share` of the connections are cut, each after a number of bytes that `seed` decides.
    What was the last to pass was a whole number of bytes of one direction, so that requests, or
    their answers, are lost in part or whole.
    """

    def __init__(self, server: str, seed: str, share: float) -> None:
        at = urlsplit(server)
        self._server = (str(at.hostname), int(at.port or 443))
        self._random = random.Random(seed)  # noqa: S311 - to be the same again
        self._share = share
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def kubeconfig(self, original: Path, file: Path) -> Path:
        """A copy of a kubeconfig, by which the server is reached through the proxy."""
        document = yaml.safe_load(original.read_text())
        for entry in document["clusters"]:
            entry["cluster"]["server"] = f"https://127.0.0.1:{self.port}"
        file.write_text(yaml.safe_dump(document))
        file.chmod(0o600)
        return file

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            limits = self._limits()
            for source, target, limit in (
                (client, server, limits.up),
                (server, client, limits.down),
            ):
                threading.Thread(
                    target=self._pass, args=(source, target, limit), daemon=True
                ).start()

    def _limits(self) -> _Limits:
        """A handshake takes some 3 kB each way, a small request and its answer 1 to 2 kB."""
        if self._random.random() >= self._share:
            return _Limits()
        if self._random.random() < 0.5:
            return _Limits(up=self._random.randrange(1, 9000))
        return _Limits(down=self._random.randrange(1, 20000))

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if limit is not None and passed + len(chunk) >= limit:
                    target.sendall(chunk[: limit - passed])
                    self.cuts += 1
                    self._cut(source)
                    break
                target.sendall(chunk)
                passed += len(chunk)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def _cut(end: socket.socket) -> None:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
