"""Keys that YAML takes for something else than what was written: ``NO:``, ``0123:``, ``1.10:``."""

from __future__ import annotations

import re

from reconciler.manifests.entries import Problem
from reconciler.manifests.nodes import Document, Entry, Mapping, Sequence
from reconciler.model.objects import Severity
from reconciler.rules import RulePath

# All plain scalars that are no strings consist of these characters. Without a colon behind it, the
# text may be a part of a value: {pin: 1,0123} has two keys.
_PLAIN_KEY = re.compile(r"([-+.\w]{1,80})[ \t]*:")


def written(document: Document, entry: Entry) -> str:
    """The key of `entry` as it was written; empty if that cannot be told, or is none of a map's."""
    if isinstance(entry.key, str):
        return str(entry.key)
    if entry.key is None or isinstance(entry.key, Sequence | Mapping):
        return ""
    match = _PLAIN_KEY.match(document.text, entry.place)
    return match[1] if match else ""


def renamed(document: Document, entry: Entry, name: str, path: RulePath) -> Problem | None:
    """A warning if the key of `entry` has become `name`, and was written as something else."""
    text = written(document, entry)
    if text in {"", name}:
        return None
    return Problem(
        "key-renamed",
        f"YAML reads the key {text} as {name}",
        (*path, name),
        entry.place,
        f'put the key in quotes: "{text}"',
        Severity.WARNING,
    )


def duplicate(document: Document, entry: Entry, first: Entry, name: str, path: RulePath) -> Problem:
    """The error of a second key `name`, which may have been written in another way."""
    line = document.source(first.place).line
    here, there = written(document, entry), written(document, first)
    message, hint = f"this key is already used on line {line}", "remove one of the two"
    if here and there and here != there:
        message = f"YAML reads both this key, {here}, and {there} on line {line} as {name}"
        hint = "put both keys in quotes"
    return Problem("key-duplicate", message, (*path, name), entry.place, hint, node=entry.node)
