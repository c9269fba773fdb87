"""Values that look like mistakes: empty, encoded twice, with stray white space or line breaks."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from reconciler.manifests.lints import names
from reconciler.manifests.lints.placeholders import placeholder_warning
from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import Resource, Severity
from reconciler.model.values import AbsentValue
from reconciler.rules import Violation

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{6}[A-Za-z0-9+/\r\n]*+={0,2}")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# A random key sometimes decodes to eight bytes of text, hardly ever to sixteen; passwords and
# tokens are rarely files or numbers that look like base64. Padding or a line break settles it.
_SHORTEST_TEXT, _SHORTEST_CERTAIN_TEXT = 16, 8
_SHORTEST_CREDENTIAL, _SHORTEST_CERTAIN_CREDENTIAL = 12, 5
_HEAD = 12
_LF, _CR = b"\n\r"
# What comes with text from web pages and editors: no-break and zero-width spaces, the mark.
_INVISIBLE = tuple(map(str.encode, "\xa0\u2009\u200b\u200c\u200d\u2028\u202f\u2060\ufeff"))
_QUOTES = frozenset(b"\"'")
_ASCII = 0x7F
_SHORTEST_QUOTED = 3
_HTPASSWD = re.compile(rb"[^\s:]+:(?:\$(?:apr1|2[aby]|[156])\$|\{SHA\})")
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----\r"


def value_warnings(secret: Resource) -> list[Violation]:
    """Warnings about the values of `secret`."""
    warnings: list[Violation] = []
    for key, value in secret.data.items():
        if isinstance(value, AbsentValue):
            continue
        content = value.reveal()
        warnings += _warnings(key, content) if content else _empty_warnings(secret, key)
    return warnings


def _empty_warnings(secret: Resource, key: str) -> Iterator[Violation]:
    """A warning of the empty value of `key`, where that names a password and nothing fills it."""
    if not names.is_credential(key):
        return
    steering = lifecycle(secret)
    if not (steering.create_only or steering.ignores(key)):
        yield _warning(
            key,
            "value-empty",
            "the value is empty, though its key names a password, a token or the like",
            "give it a value, or remove the key; where something else fills it in, say so with "
            "the annotation reconciler/ignore-keys",
        )


def _warnings(key: str, content: bytes) -> list[Violation]:
    """Warnings about the value `content` of `key`, which is not empty."""
    bare = content.strip()
    placeholder = placeholder_warning(key, content, bare)
    warnings = [] if placeholder is None else [placeholder]
    if len(bare) != len(content) and _is_one_line(bare) and names.is_exact(key):
        warning = _warning(
            key,
            "value-whitespace",
            "the value begins or ends with white space or a line break, which is part of it",
            "remove it: encode with 'printf %s' rather than 'echo', write |- rather than |",
        )
        warnings.append(warning)
    elif _CR in content and _breaks_at_cr(key, content, bare):
        warning = _warning(
            key,
            "value-carriage-return",
            "the value has carriage returns (CR), which become part of what is read",
            "save it with the line breaks of Unix (LF), for example with dos2unix",
        )
        warnings.append(warning)
    elif (content[0] > _ASCII or content[-1] > _ASCII) and _is_framed(key, content):
        warning = _warning(
            key,
            "value-whitespace",
            "the value begins or ends with an invisible character, such as a no-break space, a "
            "zero-width space or a byte order mark",
            "retype its first and last character: invisible ones come with text that is copied",
        )
        warnings.append(warning)
    elif content[0] == content[-1] and content[0] in _QUOTES and _is_quoted(key, content):
        warning = _warning(
            key,
            "value-quoted",
            "the value stands in quotes, which are part of it",
            "remove them: unlike a shell, neither 'kubectl create secret --from-env-file' nor "
            "kustomize's envs takes them away",
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


def _breaks_at_cr(key: str, content: bytes, bare: bytes) -> bool:
    """Whether what reads the value takes a carriage return for a part of it.

    A single line is taken as it is. Web servers take it for the end of a hash in an htpasswd file,
    the kernel for the end of an interpreter's name, and OpenSSH knows only LF in its own format.
    """
    return (
        _is_one_line(bare)
        or names.is_htpasswd(key)
        or _HTPASSWD.match(content) is not None
        or content.startswith((b"#!", _OPENSSH))
    )


def _is_framed(key: str, content: bytes) -> bool:
    """Whether an invisible character stands around what is to be taken exactly as it is."""
    return names.is_exact(key) and (content.startswith(_INVISIBLE) or content.endswith(_INVISIBLE))


def _is_quoted(key: str, content: bytes) -> bool:
    """Whether `content`, which begins and ends with the same quote, is a single text in quotes."""
    return (
        len(content) >= _SHORTEST_QUOTED
        and content[0] not in content[1:-1]
        and _is_one_line(content)
        and names.is_exact(key)
    )


def _warning(key: str, code: str, message: str, hint: str) -> Violation:
    return Violation(("data", key), code, message, hint, Severity.WARNING)


def _is_one_line(bare: bytes) -> bool:
    """Whether this is plain text of one line and no JSON; a file may end in a line break."""
    if _LF in bare or bare[:1] + bare[-1:] in {b"{}", b"[]"} or _CONTROL.search(bare):
        return False
    return _text(bare) is not None


def _holds_text(key: str, bare: bytes) -> bool:
    """Whether `bare`, whose beginning looks like base64, is canonical base64 of printable text."""
    try:
        if _CONTROL.search(binascii.a2b_base64(bare[:_HEAD])):
            return False
        joined = bare.translate(None, b"\r\n")
        decoded = binascii.a2b_base64(joined, strict_mode=True)
    except binascii.Error:
        return False
    if decoded[:1] + decoded[-1:] == b"{}" and names.is_credential(key):
        return False  # so some programs write their tokens, such as those of Cloudflare's tunnels
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
