"""Which store a plan is for, as a URL that may lie in a file."""

from __future__ import annotations

import re

_USER = re.compile(r"//.*@")
_SSH_USER = re.compile(r"ssh://(?P<user>[^/:@]*)(?::[^/@]*)?@")
_SECRET_PARAMETER = re.compile(
    r"(?<=[?&#;])[^=&#;]*(?:key|token|secret|pass|pwd|auth|cred|sig)[^=&#;]*=[^&#;]*[&;]?",
    re.IGNORECASE,
)


def without_credentials(url: str) -> str:
    """The URL of a store without user names, passwords, and parameters that are named like secrets.

    A user name for SSH stays: it is an address and no credential.
    """
    ssh = _SSH_USER.search(url)
    bare = _USER.sub("//", url) if ssh is None else _SSH_USER.sub(r"ssh://\g<user>@", url)
    return _SECRET_PARAMETER.sub("", bare).rstrip("?&;#")
