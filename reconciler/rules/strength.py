"""A cautious estimate, in bits, of how hard values are to guess.

The measure is the number of characters times the logarithm of the alphabet that a value uses.
Choices of people are weaker than that, so the following count for less: common passwords, long runs
of letters, years and dates, repeated and consecutive characters. Structured values (JSON, URLs,
``KEY=value`` lines) count as their strongest part, since the rest may be public, and certificates
and public keys count for nothing. A random password of eight or more characters of
several classes stays above 40 bits; a PIN, a word and ``changeme`` stay far below.
"""

from __future__ import annotations

import base64
import json
import math
import re
import string
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from reconciler.model.values import AbsentValue, SecretValue

LEAST_BITS = 40
"""Below this, one machine needs less than a few thousand years for all likely guesses, at 0.1 s
each; the margin allows for a rough estimate."""

_COMMON = re.compile(
    "password|passwort|passwd|changeme|changeit|letmein|welcome|default|example|secret|"
    "administrator|admin|root|user|test|demo|guest|login|master|monkey|dragon|football|iloveyou|"
    "sunshine|princess|shadow|superman|qwertz|qwerty|azerty|asdf|zxcv|1q2w3e|hello|hunter|"
    "postgres|mysql|oracle|rabbitmq|redis|mongo|token|canary|summer|winter|spring|autumn"
)
_LEET = str.maketrans("013457@$!", "oieastasi")
_DATE = re.compile(r"(?:19|20)\d\d(?:[-./]?\d\d){0,2}|\d\d?[-./]\d\d?[-./](?:19|20)?\d\d")
_LETTERS = re.compile("[a-z]{5,}|[A-Z]{5,}|[A-Z][a-z]{4,}")
_PUBLIC = re.compile(
    r"-----BEGIN ((?:[A-Z0-9]+ )*(?:CERTIFICATE|PUBLIC KEY))-----.*?-----END \1-----", re.DOTALL
)
_STRUCTURE = re.compile(r"://|^[^\s:=]+\s*[:=].*\n", re.MULTILINE)
_PARTS = re.compile(r"""[\s"'{}\[\](),;:=&?@<>/]+""")
_BASE64 = re.compile("[A-Za-z0-9+/]{4,}={0,2}")
_HEXADECIMAL = re.compile("[0-9a-f]+|[0-9A-F]+")

_GONE = "\0"  # replaces a word or date that has been counted
_WORD_BITS = 10.0
_YEAR_BITS = 7.0
_DATE_BITS = 14.0
_LETTERS_IN_FULL = 4
_LETTER_BITS = 2.5  # for each further letter of a run, since natural language is predictable
_REPEATED_BITS = 1.0
_CLASSES = (
    (frozenset(string.ascii_lowercase), 26),
    (frozenset(string.ascii_uppercase), 26),
    (frozenset(string.digits), 10),
    (frozenset(string.punctuation + string.whitespace), 33),
)
_OTHERS = 100


def is_guessable(values: Iterable[SecretValue]) -> bool:
    """Whether all `values` together have fewer than `LEAST_BITS`; equal ones count once.

    False if there are no values. Those that are not here do not count.
    """
    bits, any_value = 0.0, False
    for content in {value.reveal() for value in values if not isinstance(value, AbsentValue)}:
        any_value = True
        bits += bits_of(content)
        if bits >= LEAST_BITS:
            return False
    return any_value


def bits_of(value: bytes) -> float:
    """The estimate for a single value."""
    try:
        text = value.decode().strip()
    except UnicodeDecodeError:
        return 8.0 * len({*value})
    return _bits(_PUBLIC.sub("", text))


def _bits(text: str) -> float:
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        if isinstance(document, dict | list):
            return max(map(_bits, _leaves(document)), default=0.0)
    parts = _PARTS.split(text) if _STRUCTURE.search(text) else [text]
    return max(map(_part_bits, parts))


def _leaves(document: Any) -> Iterator[str]:
    match document:
        case dict():
            for child in document.values():
                yield from _leaves(child)
        case list():
            for child in document:
                yield from _leaves(child)
        case _:
            yield str(document)


def _part_bits(text: str) -> float:
    """The estimate for text without structure; base64 of text counts as that text."""
    if not text:
        return 0.0
    if _BASE64.fullmatch(text) and len(text) % 4 == 0:
        with suppress(ValueError):
            inner = base64.b64decode(text, validate=True).decode("ascii")
            if all(character.isprintable() or character.isspace() for character in inner):
                return bits_of(inner.encode())
    period = (text + text).find(text, 1)
    return _text_bits(text[:period]) + math.log2(len(text) / period)


def _text_bits(text: str) -> float:
    """Words and dates count a fixed number of bits, the rest counts by its characters."""
    alphabet = _alphabet_bits(text)
    # Lower case and leet spelling keep the positions of characters, except some beyond ASCII.
    lower = text.lower() if text.isascii() else text
    spans = [
        *((*match.span(), _WORD_BITS) for match in _COMMON.finditer(lower)),
        *((*match.span(), _WORD_BITS) for match in _COMMON.finditer(lower.translate(_LEET))),
        *((*match.span(), _date_bits(match[0])) for match in _DATE.finditer(text)),
    ]
    bits, left = 0.0, [*text]
    for start, end, worth in spans:
        if _GONE not in left[start:end]:
            bits += worth
            left[start:end] = _GONE * (end - start)
    return bits + sum(_plain_bits(piece, alphabet) for piece in "".join(left).split(_GONE))


def _plain_bits(text: str, alphabet: float) -> float:
    worth = [alphabet] * len(text)
    for run in _LETTERS.finditer(text):
        for place in range(run.start() + _LETTERS_IN_FULL, run.end()):
            worth[place] = min(alphabet, _LETTER_BITS)
    codes = [ord(character) for character in text]
    for place in range(2, len(codes)):
        step = codes[place] - codes[place - 1]
        if abs(step) <= 1 and step == codes[place - 1] - codes[place - 2]:
            worth[place] = _REPEATED_BITS
    return sum(worth)


def _date_bits(date: str) -> float:
    return _YEAR_BITS if len(date) == len("2000") else _DATE_BITS


def _alphabet_bits(text: str) -> float:
    if _HEXADECIMAL.fullmatch(text) and not text.isdigit():
        return 4.0
    characters = {*text}
    size = sum(count for members, count in _CLASSES if characters & members)
    if characters.difference(*(members for members, _ in _CLASSES)):
        size += _OTHERS
    return math.log2(size)
