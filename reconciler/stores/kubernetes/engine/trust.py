"""Whom a connection trusts, and as whom it presents itself.

As in Go, and so in kubectl, any certificate that is given as an authority is one, whether or not it
has signed itself. What OpenSSL calls strict is left out: it refuses authorities that clusters have.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from contextlib import ExitStack
from typing import IO


class UnusableAuthority(Exception):
    """What is given as the certificate authority is none."""


class UnusableCertificate(Exception):
    """The client certificate or its key is none, they do not belong together, or it is locked."""


def trusting(authority: bytes = b"", *, verify: bool = True) -> ssl.SSLContext:
    """A context that trusts the certificates in `authority` (PEM), or else what the system does.

    Without `verify`, whoever answers is trusted.

    Raises:
        UnusableAuthority: there is no certificate in it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not authority:
        context.load_default_certs()
        return context
    if authority:
        try:  # what is between the certificates may be in any language
            context.load_verify_locations(cadata=authority.decode("ascii", "ignore"))
        except (OSError, ValueError):  # as all errors of OpenSSL are
            raise UnusableAuthority from None
    return context


def present(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Let connections present `certificate` (PEM); without a `key`, it is in there too.

    OpenSSL reads certificates from files alone; these are in no directory, and gone when read.

    Raises:
        UnusableCertificate: one of them cannot be used.
    """
    with ExitStack() as files:
        places = []
        for content in (certificate, key or certificate):
            file = files.enter_context(_nameless())
            file.write(content)
            file.seek(0)
            places.append(f"/dev/fd/{file.fileno()}")
        try:  # with no password, OpenSSL would ask for one on standard input
            context.load_cert_chain(places[0], places[1], password="")
        except (OSError, ValueError):
            raise UnusableCertificate from None


def _nameless() -> IO[bytes]:
    """A file without a name: in memory where the system has that, else a temporary one."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("reconciler"), "w+b", buffering=0)  # noqa: PTH123
    return tempfile.TemporaryFile(buffering=0)
