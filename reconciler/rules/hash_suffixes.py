"""The suffixes that kustomize gives to the names of generated Secrets.

Source: kustomize v5.8.2, api/hasher and kyaml/yaml/datamap.go. The suffix is the start of a
SHA-256 over the Secret as its manifest spells it. An object only knows its values, so every
spelling that kustomize writes, or leaves as it is, is tried.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from reconciler.model.objects import OPAQUE, SECRET, Resource
from reconciler.model.values import AbsentValue, SecretValue

_DIGITS = 10
_LINE = 70  # the generator breaks longer base64 into lines of this length
# Hexadecimal digits without vowels, and without those that look like letters.
_ENCODED = str.maketrans("013ae", "ghkmt")
_ALPHABET = frozenset("0123456789abcdef".translate(_ENCODED))
# Go's encoding/json escapes these in strings.
_ESCAPED_BY_GO = {code: f"\\u{code:04x}" for code in (*b"<>&", 0x2028, 0x2029)}

_SHOWN_HASH = "(hash)"
_HASH = re.compile(rf"(?<=-)[{''.join(sorted(_ALPHABET))}]{{{_DIGITS}}}(?![A-Za-z0-9-])")

_Spelling = dict[str, object]


def hashed_base(resource: Resource, data: Mapping[str, SecretValue]) -> str:
    """The name without its suffix, if that is the hash of `data`; empty for any other name.

    `data` are the values of `resource` that count; of one that is not here, nothing is known.
    """
    base, dash, suffix = resource.name.rpartition("-")
    if resource.kind != SECRET or not (base and dash) or len(suffix) != _DIGITS:
        return ""
    if not _ALPHABET.issuperset(suffix):
        return ""
    if any(isinstance(value, AbsentValue) for value in data.values()):
        return ""
    values = {key: value.reveal() for key, value in data.items()}
    hashes = map(_hash, _spellings(resource.type, values))
    return base if suffix in hashes else ""


def without_hashes(text: str) -> str:
    """`text` with ``(hash)`` for all that looks like such a suffix: ``db-(hash)``.

    It has sixteen of the letters and digits, and no vowel, so that hardly a word looks like it.
    """
    return _HASH.sub(_SHOWN_HASH, text)


def _spellings(kind: str, values: Mapping[str, bytes]) -> Iterator[_Spelling]:
    """The parts of a manifest that the hash covers, in every form that means the same."""
    types = (kind, "") if kind == OPAQUE else (kind,)
    for content in _contents(values):
        for written in types:
            # The hasher looks for the name in the wrong place, so that it is always empty.
            yield {"kind": SECRET, "name": "", "type": written, **content}


def _contents(values: Mapping[str, bytes]) -> Iterator[_Spelling]:
    encoded = {key: base64.b64encode(value).decode() for key, value in values.items()}
    if any(len(text) > _LINE for text in encoded.values()):
        yield {"data": {key: _in_lines(text) for key, text in encoded.items()}}
    yield {"data": encoded}
    if not values:
        yield {"data": ""}
        return
    try:
        texts = {key: value.decode() for key, value in values.items()}
    except UnicodeDecodeError:
        return
    yield {"data": "", "stringData": texts}


def _in_lines(text: str) -> str:
    if len(text) <= _LINE:
        return text
    lines = (text[start : start + _LINE] for start in range(0, len(text), _LINE))
    return "".join(f"{line}\n" for line in lines)


def _hash(spelling: _Spelling) -> str:
    text = json.dumps(spelling, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.translate(_ESCAPED_BY_GO).encode()).hexdigest()
    return digest[:_DIGITS].translate(_ENCODED)
