"""When the certificates in live objects end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.drift import CertificateEnd
from reconciler.model.objects import Live, ObjectKey
from reconciler.rules import certificate_dates


def certificate_ends(objects: Mapping[ObjectKey, Live]) -> Iterator[CertificateEnd]:
    """The end of each certificate among the values of `objects`, sorted by object and key.

    A chain ends with its first certificate to end; see `certificate_dates`.
    """
    for key, live in sorted(objects.items()):
        for name, value in sorted(live.data.items()):
            dates = certificate_dates(value)
            if dates is not None:
                yield CertificateEnd(key, name, dates[1])
