"""Writes live objects as manifests that load back to the same objects."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

import yaml

from reconciler.escapes import is_plain, yaml_text
from reconciler.model.values import MASK, SecretValue

# Every YAML reader takes this for text without quotes, except for the words below.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def manifests(documents: Iterable[dict[str, Any]], *, reveal: bool) -> str:
    """A stream of `documents`, in the form of the API, whose ``data`` holds wrapped values.

    With `reveal`, text goes to ``stringData`` and anything else to ``data``, as base64. Otherwise
    a mask replaces each value, which no loader accepts.
    """
    text: str = yaml.dump_all(
        (_written(document, reveal=reveal) for document in documents),
        Dumper=_Dumper,
        allow_unicode=True,
        explicit_start=True,
        sort_keys=False,
        width=2**16,
    )
    return yaml_text(text)


def _written(document: dict[str, Any], *, reveal: bool) -> dict[str, Any]:
    written = {name: value for name, value in document.items() if name != "data"}
    values: dict[str, SecretValue] = document.get("data", {})
    if not reveal:
        return written | ({"data": dict.fromkeys(sorted(values), MASK)} if values else {})
    texts = {name: _text(values[name]) for name in sorted(values)}
    binary = {
        name: base64.b64encode(values[name].reveal()).decode()
        for name, text in texts.items()
        if text is None
    }
    plain = {name: text for name, text in texts.items() if text is not None}
    if binary:
        written["data"] = binary
    if plain:
        written["stringData"] = plain
    return written


def _text(value: SecretValue) -> str | None:
    """The value as text that people can read; ``None`` where it is none."""
    try:
        text = value.reveal().decode()
    except UnicodeDecodeError:
        return None
    return text if all(line.isprintable() for line in text.split("\n")) else None


class _Dumper(yaml.CSafeDumper):
    """Quotes all text that some YAML reader takes for another type."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    if "\n" in text and is_plain(text):
        style: str | None = "|"
    else:
        plain = _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT
        style = None if plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
