"""What makes a context manager of a store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class Closable(ABC):
    """A store that ``with`` closes."""

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def read_ahead(self, set_name: str) -> None:
        """Nothing: a read does not take long, or is all of one piece."""
        del set_name

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and files."""
