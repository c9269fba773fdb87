"""Why a request was not answered. None of these has a text that may hold a credential."""

from __future__ import annotations


class Unanswered(Exception):
    """There is no answer; whether the request has taken effect is not known."""


class Unreachable(Unanswered):
    """No connection came about, so the request was not sent; the cause says why."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


class ProxyRefused(Unanswered):
    """The proxy does not let the connection through; `status` is its answer, 0 where it has none.

    The request was not sent.
    """

    def __init__(self, status: int = 0) -> None:
        super().__init__(status)
        self.status = status


class Cut(Unanswered):
    """The connection ended before the answer did."""


class TooSlow(Unanswered):
    """The server was silent for too long, or its answer took too long."""


class Garbled(Unanswered):
    """What came is not an answer of HTTP/1.1."""


class Unsendable(Exception):
    """A header, such as a token, or the path has characters that HTTP does not allow there."""
