"""What the name of a key says about its value: ``DB_PASSWORD``, ``apiToken``, ``client-secret``."""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST_KEY = 253  # of data, in Kubernetes
_REMEMBERED = 1024  # keys, which are alike in most Secrets
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_CREDENTIAL_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
)
_CREDENTIALS = {"pass", "key", "pin", "pat", "psk", "jwt", "bearer"}
_FILES = {"htpasswd"}
_TEMPLATES = (".tmpl", ".tpl", ".gotmpl", ".ctmpl", ".j2", ".jinja", ".jinja2", ".erb", ".hbs")
_TEMPLATES_OF_VALUES = re.compile(r"values[\w.-]*\.ya?ml(?:\.gotmpl)?|[\w.-]+[.-]values\.ya?ml")
# What Kubernetes, in kubeconfigs and webhooks, and Argo CD call base64 of a certificate or key.
_ENCODED = re.compile(r"(?:ca|cert|key|certificate|authority)[-_.]?data|ca[-_.]?bundle")
_IDENTIFIERS = {
    *("username", "user", "login", "account", "email", "mail", "id", "name", "owner"),
    *("host", "hostname", "server", "port", "url", "uri", "endpoint", "address", "domain"),
    *("database", "db", "dbname", "schema", "namespace", "cluster", "project", "bucket"),
    *("region", "zone", "issuer", "realm", "provider", "description", "type", "version"),
    *("env", "environment"),
}
_EXACT = {"username", "user", "login", "email", "id", "host", "hostname", "url", "uri", "dsn"}


def is_credential(key: str) -> bool:
    """Tell whether `key` names a password, a token or the like; ``x.key`` is a file's name."""
    return len(key) <= _LONGEST_KEY and _is_credential(key)


def is_htpasswd(key: str) -> bool:
    """Tell whether `key` names a file of users and hashes, for a web server."""
    return _last_word(key) in _FILES


def is_identifier(key: str) -> bool:
    """Tell whether `key` names something that is no secret, such as a user or a host."""
    return _last_word(key) in _IDENTIFIERS


def is_exact(key: str) -> bool:
    """Tell whether white space around what `key` names can only be a mistake."""
    return is_credential(key) or _last_word(key) in _EXACT


def is_template(key: str) -> bool:
    """Tell whether `key` names a file that has directives by its nature, or a chart's values."""
    low = key.lower()
    return low.endswith(_TEMPLATES) or _TEMPLATES_OF_VALUES.fullmatch(low) is not None


def says_encoded(key: str) -> bool:
    """Tell whether `key` says that its value is base64 in its own right; ``auth`` is by HTTP."""
    low = key.lower()
    return (
        any(word in low for word in ("b64", "base64", "encoded", "basic"))
        or low in {"auth", "authorization"}
        or _ENCODED.search(low) is not None
    )


def _last_word(key: str) -> str:
    return _remembered_last_word(key) if len(key) <= _LONGEST_KEY else ""


@lru_cache(_REMEMBERED)
def _is_credential(key: str) -> bool:
    last = _last_word(key)
    if last in _FILES:
        return False
    return last.endswith(_CREDENTIAL_ENDINGS) or (last in _CREDENTIALS and not key.endswith(".key"))


@lru_cache(_REMEMBERED)
def _remembered_last_word(key: str) -> str:
    words = _WORD.findall(key)
    return words[-1].lower() if words else ""
