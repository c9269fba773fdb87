"""What loader and inputs say to each other about files that SOPS encrypted.

A file's values are sealed with its data key. The data key is wrapped for each master key of the
file, or split among groups of them. See https://getsops.io/docs/#encryption-protocol.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

SERVER_FIELDS = {"hc_vault": "vault_address", "azure_kv": "vault_url"}
"""The kinds of master keys that name a server, and their fields that do."""


_KEYLESS = frozenset(
    {"sops-no-key", "sops-program-missing", "sops-extra-missing", "sops-version", "sops-address"}
)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A master key, with the data key (or this group's share of it) as it wrapped it.

    ``kind`` and the names of ``fields`` are those of the file's record: ``age`` with ``recipient``,
    ``kms`` with ``arn`` and so on.
    """

    kind: str
    fields: Mapping[str, str]
    wrapped: str = field(repr=False)


KeyGroup = tuple[MasterKey, ...]
"""Master keys of which each gives the same share of the data key."""


class SopsRefusal(Exception):
    """A file cannot be opened. No text of this holds a value, a key or the path of a key."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    @property
    def lacks_key(self) -> bool:
        """Whether nothing is wrong with the file: its key, or what reads it, is not at hand."""
        return self.code in _KEYLESS


class Sops(Protocol):
    """The program sops, or what stands in for it."""

    def share(self, group: KeyGroup) -> bytes:
        """The data key, or the share of it, that any key of `group` unwraps.

        Raises:
            SopsRefusal: none does, or the program cannot be run.
        """
        ...

    def decrypt(
        self, text: str, kind: str, servers: Collection[str], *, ignore_mac: bool = False
    ) -> str:
        """The whole text decrypted, as the program does it; `kind` is ``yaml`` or ``json``.

        `servers` are the addresses that its record names. With `ignore_mac`, only single values
        are verified.

        Raises:
            SopsRefusal: the program refuses it, or cannot be run.
        """
        ...
