"""What the stand-ins serve with."""

from __future__ import annotations

import socket
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """A server that knows when a client that was killed is through with it."""

    daemon_threads = True
    request_queue_size = 128
    _connections = 0
    _counting = threading.Lock()

    def settle(self) -> None:
        """Wait until the calls of clients that are gone are carried out; no other may be there."""
        with socket.create_connection(("127.0.0.1", self.server_port)) as last:
            last.shutdown(socket.SHUT_WR)
            last.recv(1)  # it is answered by a close, after all that came before have been taken
        while self._connections:
            time.sleep(0.001)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._counting:
            self._connections += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._counting:
                self._connections -= 1
