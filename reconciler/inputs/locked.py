"""Files that another program has encrypted, or keeps elsewhere: known by how they begin.

Sources: git-crypt (``commands.cpp``, the header of an encrypted file), Ansible ("Encrypted with
Ansible Vault: file format"), age (age-encryption.org/v1), Git LFS ("Git LFS specification: the
pointer"), git-annex ("internals: pointer files"), OpenPGP (RFC 9580, sections 4.2, 5.1, 5.3 and
6.2), OpenSSL ``enc`` by itself and as transcrypt uses it, Strongbox (``crypto.go``, the prefix).
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from reconciler.inputs.problems import input_error, printable
from reconciler.model.objects import Diagnostic

_UTF8_MARK = b"\xef\xbb\xbf"
_LONGEST_HEAD = 256


class _Lock(NamedTuple):
    """How the content begins, what has made it, and the command that opens it."""

    head: bytes
    is_what: str
    command: str


_PLAN = " | reconciler plan -"
_LOCKS = (
    _Lock(b"\0GITCRYPT\0", "encrypted with git-crypt", "git-crypt unlock"),
    _Lock(
        b"$ANSIBLE_VAULT;",
        "encrypted with Ansible Vault",
        "ansible-vault view {}" + _PLAN,
    ),
    _Lock(b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted with age", "age -d {}" + _PLAN),
    _Lock(b"age-encryption.org/v1", "encrypted with age", "age -d {}" + _PLAN),
    _Lock(b"-----BEGIN PGP MESSAGE-----", "encrypted with OpenPGP", "gpg -d {}" + _PLAN),
    _Lock(
        b"# STRONGBOX ENCRYPTED RESOURCE",
        "encrypted with Strongbox",
        "strongbox -decrypt -recursive .",
    ),
    _Lock(b"U2FsdGVkX1", "encrypted with transcrypt or openssl", "transcrypt"),
    _Lock(b"Salted__", "encrypted with openssl", "openssl enc -d -in {}" + _PLAN),
    _Lock(
        b"version https://git-lfs.github.com/spec/",
        "a pointer of Git LFS to a file that was not fetched",
        "git lfs pull --include {}",
    ),
    _Lock(
        b"/annex/objects/",
        "a pointer of git-annex to a file that was not fetched",
        "git annex get {}",
    ),
)
_HEADS = tuple(lock.head for lock in _LOCKS)
_OPENPGP = next(lock for lock in _LOCKS if "OpenPGP" in lock.is_what)
# The session key, for a public key or by a password, of version 3 or 4 and more: no text has these
# bytes at its beginning.
_BINARY_OPENPGP = re.compile(
    rb"(?:\x84.|\x85..|\xc1[\x00-\xbf]|\xc1[\xc0-\xdf].)[\x03\x06]|(?:\x8c|\xc3).[\x04-\x06]",
    re.DOTALL,
)


def locked(path: str, content: bytes) -> Diagnostic | None:
    """The error for the file at `path` if another program has to open it first."""
    head = content[:_LONGEST_HEAD].removeprefix(_UTF8_MARK).lstrip()
    if head.startswith(_HEADS):
        lock = next(lock for lock in _LOCKS if head.startswith(lock.head))
    elif not content[:1].isascii() and _BINARY_OPENPGP.match(content):
        lock = _OPENPGP
    else:
        return None
    return input_error(
        path,
        "file-locked",
        f"the file is {lock.is_what}",
        f"open it first: {lock.command.format(shlex.quote(printable(path)))}",
    )
