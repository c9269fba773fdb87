"""Values that look like mistakes: encoded twice, with stray white space, never filled in."""

from __future__ import annotations

import binascii
import re

from reconciler.manifests.lints import names
from reconciler.model.objects import Severity
from reconciler.rules import Violation

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{6}[A-Za-z0-9+/\r\n]*+={0,2}")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# A random key sometimes decodes to eight bytes of text, hardly ever to sixteen; passwords and
# tokens are rarely files or numbers that look like base64. Padding or a line break settles it.
_SHORTEST_TEXT, _SHORTEST_CERTAIN_TEXT = 16, 8
_SHORTEST_CREDENTIAL, _SHORTEST_CERTAIN_CREDENTIAL = 12, 5
_HEAD = 12

_LONGEST_PLACEHOLDER = 80
_THINGS = rb"(?:password|passwd|pass|token|key|secret|username|user|name|id|url|value|credentials?)"
_PLACEHOLDER = re.compile(
    rb"""
      <[a-z_][\w .:-]*>                              # <password>, Go's <no value>
    | \$\{\{.*\}\} | \$\{[^{}]+\} | \$\([^()]+\)    # templates of all kinds
    | \#\{[^{}]+\}\#? | %[a-z_]+% | @[a-z_]+@ | __[a-z_]+__
    | \$[a-z]+(?:_[a-z0-9]+)+
    | x{3,}(?:[-_. ]x+)* | \*{3,} | \.{3,}
    | \[?(?:redacted|masked|placeholder)\]?
    | (?:[a-z]+[-_ ]){0,3}placeholder
    | (?:todo|tbd|fixme)(?:[:\ ].*)?
    | (?:please[-_ ]?)?change[-_ ]?(?:me|it|this)(?:[-_ ][a-z]+)*[-_ ]?[0-9!.]*
    | (?:please[-_ ]?)?(?:replace|fill|edit)[-_ ]?(?:me|it|this|in)(?:[-_ ][a-z]+)*[!.]*
    | (?:please[-_ ])?(?:replace|fill|insert|enter|put|set|add)[-_ ](?:[a-z]+[-_ ]){0,4}
      (?:here|THINGS)
    | your[-_ ]?(?:[a-z0-9]+[-_ ]){0,4}(?:here|THINGS)
    | (?:[a-z]+[-_ ]){0,4}goes[-_ ]here
    """.replace(b"THINGS", _THINGS),
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_LETTERS = re.compile(rb"[<$%*{@#_.\[acdefimnprstuxyACDEFIMNPRSTUXY]")
_NAMES_OF_VALUES = {
    *(b"password", b"passwd", b"pass", b"passphrase", b"secret", b"token", b"apikey"),
    *(b"secretkey", b"accesskey", b"accesstoken", b"clientsecret", b"mypassword", b"undefined"),
    *(b"dummy", b"null", b"none"),
}


def value_warnings(key: str, content: bytes) -> list[Violation]:
    """Warnings about the value `content` of `key`."""
    warnings = []
    bare = content.strip()
    if len(bare) != len(content) and _is_one_line(bare) and names.is_exact(key):
        warning = _warning(
            key,
            "value-whitespace",
            "the value begins or ends with white space or a line break, which is part of it",
            "remove it: encode with 'printf %s' rather than 'echo', write |- rather than |",
        )
        warnings.append(warning)
    if len(bare) <= _LONGEST_PLACEHOLDER and _is_placeholder(key, bare):
        warning = _warning(
            key,
            "value-placeholder",
            "the value looks like a placeholder that was never filled in",
            "replace it with the real value, or render the manifest first",
        )
        warnings.append(warning)
    if _BASE64.fullmatch(bare) and _holds_text(key, bare) and not names.says_encoded(key):
        warning = _warning(
            key,
            "value-encoded-twice",
            "the value is still base64 after decoding: it was encoded twice",
            "data takes base64 of the value itself, stringData the value as it is",
        )
        warnings.append(warning)
    return warnings


def _warning(key: str, code: str, message: str, hint: str) -> Violation:
    return Violation(("data", key), code, message, hint, Severity.WARNING)


def _is_one_line(bare: bytes) -> bool:
    """Whether this is plain text of one line and no JSON; a file may end in a line break."""
    if b"\n" in bare or bare[:1] + bare[-1:] in {b"{}", b"[]"} or _CONTROL.search(bare):
        return False
    return _text(bare) is not None


def _is_placeholder(key: str, bare: bytes) -> bool:
    if _FIRST_LETTERS.match(bare) is None:
        return False
    if _PLACEHOLDER.fullmatch(bare):
        return True
    low = bare.lower().translate(None, b"-_ ")
    never_real = low in _NAMES_OF_VALUES or (low.startswith(b"{{") and low.endswith(b"}}"))
    return never_real and names.is_credential(key)


def _holds_text(key: str, bare: bytes) -> bool:
    """Whether `bare`, whose beginning looks like base64, is canonical base64 of printable text."""
    try:
        if _CONTROL.search(binascii.a2b_base64(bare[:_HEAD])):
            return False
        joined = bare.translate(None, b"\r\n")
        decoded = binascii.a2b_base64(joined, strict_mode=True)
    except binascii.Error:
        return False
    certain = joined.endswith(b"=") or decoded.endswith(b"\n")
    if len(decoded) < _shortest_text(key, certain=certain):
        return False
    if binascii.b2a_base64(decoded, newline=False) != joined:
        return False
    text = _text(decoded.translate(None, b"\t\r\n"))
    return text is not None and text.isprintable()


def _shortest_text(key: str, *, certain: bool) -> int:
    if names.is_credential(key):
        return _SHORTEST_CERTAIN_CREDENTIAL if certain else _SHORTEST_CREDENTIAL
    return _SHORTEST_CERTAIN_TEXT if certain else _SHORTEST_TEXT


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
