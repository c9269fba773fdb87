"""Parses the URLs of stores, and shows them without credentials."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Set as AbstractSet
from urllib.parse import parse_qsl, urlsplit

from reconciler.errors import ConfigError

_HIDDEN = "…"
# Only words that are known to be no secret are shown before a user name and a password.
_PREFIX = re.compile(
    r"(?:(?:cce|docker|kubernetes|sae|sqlite):)?((?:(?:fd|https?|npipe|ssh|tcp|unix):)?//)?"
)


def named_by(
    url: str, what: str, pattern: re.Pattern[str], expected: AbstractSet[str], example: str
) -> tuple[str, dict[str, str]]:
    """The name in ``SCHEME://NAME[?PARAMETER=…]``, and the parameters by their names.

    Raises:
        ConfigError: it is no such URL, the name of `what` does not fit `pattern`, or there is
            another parameter than the `expected`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # its text quotes the URL
        raise ConfigError(
            "the store's URL cannot be read", hint="look at its brackets and at its port"
        ) from None
    if not pattern.fullmatch(parts.netloc) or parts.path.strip("/") or parts.fragment:
        raise ConfigError(f"the URL of the store {parts.scheme}: names no {what}", hint=example)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if given.keys() - expected:
        raise ConfigError(
            f"the URL of the store {parts.scheme}: has a parameter that this store does not have",
            hint=f"it may have {' and '.join(f'{name}=' for name in sorted(expected))}",
        )
    return parts.netloc, given


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, so that nothing needs to be encrypted on the way."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown_url(url: str) -> str:
    """`url` without what may be a credential: user name and password, and all of the query.

    It takes any text, since a URL with a password may be malformed. Without ``//``, as in
    ``kubernetes:admin@shop``, a name before an ``@`` is part of a context's name, unless a colon
    makes it a user name with a password.
    """
    prefix = _PREFIX.match(url)
    assert prefix is not None
    before, at, after = url[prefix.end() :].rpartition("@")
    if at and (prefix[1] or re.search(r"[:?#]", before)):
        if re.search(r"[?#]", before):  # of the password? or does the query hold the @?
            return f"{prefix[0]}{_HIDDEN}"
        before, at = "", ""
    rest = f"{before}{at}{after}"
    plain = re.split(r"[?#]", rest, maxsplit=1)[0]
    return f"{prefix[0]}{plain}" if plain == rest else f"{prefix[0]}{plain}?{_HIDDEN}"


def shown_path(path: str) -> str:
    """`path` if it exists; else empty, since it may be a key in the wrong place."""
    # Path.exists() fails for a text that is too long for a path, as a key may be.
    return path if os.path.exists(path) else ""  # noqa: PTH110
