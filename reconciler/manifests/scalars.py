"""Scalars as kubectl 1.32 reads them: YAML 1.1 with the exceptions of its library.

The reference is sigs.k8s.io/yaml v1.4.0: ``goyaml.v2/resolve.go`` for the values, ``yaml.go`` for
the conversion of keys to strings.
"""

from __future__ import annotations

import math
import re
import struct

from reconciler.manifests.nodes import MERGE, Mapping, Sequence, Value
from reconciler.rules.base64 import decode_base64

NUMERIC = frozenset("+-.0123456789")
"""The first characters of plain scalars that may be numbers."""

WORDS: dict[str, Value] = {
    "": None,
    **dict.fromkeys(("~", "null", "Null", "NULL")),
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True
    ),
    **dict.fromkeys(
        ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False
    ),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    "<<": MERGE,
}
"""The plain scalars that are neither strings nor numbers."""

_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)"
    r"|0[oO]?(?P<octal>[0-7]+)|(?P<decimal>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FLOAT = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
_SIGNED_BINARY = re.compile(r"0b(?P<digits>[-+][01]+)")
_BASES = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
_LONGEST_INTEGER = 70  # 64 binary digits, and then some; what is longer is out of range anyway
_LEAST_EXPONENT, _GREATEST_EXPONENT = -4, 5  # beyond them Go writes 1e+06
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)

_TAG = "tag:yaml.org,2002:"
MERGE_TAG = _TAG + "merge"
_TYPES: dict[str, type] = {
    _TAG + "bool": bool,
    _TAG + "int": int,
    _TAG + "float": float,
    _TAG + "null": type(None),
}


class BadTag(ValueError):
    """A scalar is not what its tag says."""


def resolve(text: str) -> Value:
    """What a plain, untagged scalar stands for."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first == ".":
        return _float(text) if _POINT_FLOAT.fullmatch(text) else text
    if first in "+-0123456789":
        number = _number(text.replace("_", ""))
        return text if number is None else number
    return text


def resolve_tagged(tag: str, text: str) -> Value:
    """What a scalar with an explicit tag stands for; unknown tags make strings.

    Raises:
        BadTag: the text does not fit the tag.
    """
    if tag == _TAG + "binary":
        return _binary(text)
    if tag == _TAG + "timestamp":
        if not _TIMESTAMP.fullmatch(text):
            raise BadTag
        return text
    if tag == MERGE_TAG and text == MERGE:
        return MERGE
    if tag not in _TYPES:
        return text
    value = resolve(text)
    if tag == _TAG + "float" and type(value) is int and -(2**63) <= value < 2**63:
        return float(value)
    if type(value) is not _TYPES[tag]:
        raise BadTag
    return value


def key_text(value: Value | Sequence | Mapping) -> str | None:
    """The string that a key of JSON becomes, or ``None`` for what cannot be one."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value < 2**63 else None
    if isinstance(value, float):
        return _float_key(value)
    return None


def _number(text: str) -> int | float | None:
    """A number in one of Go's notations, or ``None``; what overflows 64 bits is a float."""
    if len(text) <= _LONGEST_INTEGER and (match := _INTEGER.fullmatch(text)):
        notation = str(match.lastgroup)
        value = int(match["sign"] + match[notation], _BASES[notation])
        if -(2**63) <= value < (2**63 if match["sign"] else 2**64):
            return value
    if _FLOAT.fullmatch(text):
        value_or_text = _float(text)
        return value_or_text if isinstance(value_or_text, float) else None
    if len(text) <= _LONGEST_INTEGER and (match := _SIGNED_BINARY.fullmatch(text)):
        return int(match["digits"], 2)
    return None


def _float(text: str) -> float | str:
    value = float(text)
    return text if math.isinf(value) else value


def _binary(text: str) -> str:
    try:
        return decode_base64(text).decode()
    except ValueError:
        raise BadTag from None


def _float_key(value: float) -> str:
    """Go's ``strconv.FormatFloat(value, 'g', -1, 32)``, with YAML's words for the rest."""
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isnan(single):
        return ".nan"
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    digits = next(
        text
        for precision in range(9)
        if struct.pack("f", float(text := f"{single:.{precision}e}")) == struct.pack("f", single)
    )
    mantissa, _, exponent = digits.partition("e")
    if not _LEAST_EXPONENT <= int(exponent) <= _GREATEST_EXPONENT:
        return f"{mantissa}e{int(exponent):+03d}"
    decimals = max(len(mantissa.lstrip("-").replace(".", "")) - 1 - int(exponent), 0)
    return f"{single:.{decimals}f}"
