"""Secrets as most of them are written, without the detour over events and a tree with places.

Most manifests are nothing but ``key: value`` lines, and libyaml needs longer for their events than
everything else takes. Here a regular expression reads such lines, and only where they can mean one
thing. What is found is used only where nothing is to be said of it; everything else goes through
`reconciler.manifests.yaml` and `reconciler.manifests.decode`, which are the measure: tests hold
that both ways agree wherever this one has an answer.
"""

from __future__ import annotations

import json
import re
from sys import intern
from typing import Any

from reconciler.manifests import foreign
from reconciler.manifests.kinds import FIELDS
from reconciler.manifests.scalars import WORDS, decode_base64, resolve
from reconciler.manifests.yaml import Part
from reconciler.model.objects import OPAQUE, SECRET, Desired, ObjectKey, Source
from reconciler.model.values import SecretValue

Tree = dict[str, Any]
"""Texts, bools and trees by key."""

_LONGEST = 256 * 1024  # characters; the limits that longer ones may break are not checked here
_BEGUN = "\n"  # the indentation of a map that has no line yet
_TEXT = {str}
_METADATA = frozenset({"name", "namespace", "labels", "annotations"})

_WORD = "|".join(map(re.escape, filter(None, WORDS)))
_STARTS = re.escape("".join(sorted({word[0] for word in WORDS if word})))
_SHORT = rf"[{_STARTS}][!-9;-~]{{0,4}}+"  # as all words are, and few texts
# What follows the first character of a plain scalar: no ": ", no " #", no space at the end.
_REST = r"[!-9;-~]*+(?:(?::(?=[!-~])|[ ]++(?=[!-~])(?!\#))[!-9;-~]*+)*+"
_BLANK = r"(?:\n|[ ]*+\#[ -~]*+\n)"
_START = re.compile(rf"(?:---[ ]*+\n)?{_BLANK}*+", re.VERBOSE)
_USUAL = f"apiVersion: v1\nkind: {SECRET}\n"
"""How nearly all Secrets begin, read without looking."""
_LINE = re.compile(
    rf"""
    (?P<indent>[ ]*+)
    (?!(?={_SHORT}:)(?:{_WORD}):)(?P<key>\.?[A-Za-z_][A-Za-z0-9._/-]*+):
    (?: [ ](?!(?={_SHORT}\n)(?:{_WORD})\n)(?P<text>[A-Za-z/_<$(=]{_REST})\n
      | \n                      # a map begins
      | [ ](?P<other>(?:[0-9+.tf]|-(?=[!-~])){_REST}
          | "(?:[ !\#-\[\]-~]|\\["\\bfnrt])*+"
          | '(?:[ -&(-~]|'')*+'
        )\n
      | [ ]\|(?P<literal>-?\n
          (?P=indent)[ ]{{2}}[!-~](?:[ -~]*[!-~])?\n
          (?:\n*+(?P=indent)[ ]{{2}}[ -~]*[!-~]\n)*+
        )(?!\n*+(?P=indent)[ ]{{2}})
    )
    | {_BLANK}++
    | (?P<strange>.+)           # to the end
    """,
    re.VERBOSE | re.DOTALL,
)


def simple_secret(part: Part, file: str, index: int, namespace: str) -> Desired | None:
    """The Secret in `part`, if there is one as simple as can be and nothing else; else ``None``.

    `index` is the number of the document in `file`. A Secret that names no namespace gets
    `namespace`. The rules have not been asked.
    """
    text = part.text
    if len(text) > _LONGEST:
        return None
    start = _START.match(text)
    assert start is not None
    begin = start.end()
    tree: Tree = {}
    if usual := text.startswith(_USUAL, begin):
        tree = {"apiVersion": "v1", "kind": SECRET}
    if not _read(text, begin + usual * len(_USUAL), tree):
        return None
    line = part.first_line + text.count("\n", 0, begin) + 1
    return _secret(tree, Source(file, line, 1, index), namespace)


def _read(text: str, start: int, root: Tree) -> bool:  # noqa: C901, PLR0912 - see below
    """Add what stands in `text` from `start` on to `root`, unless there is anything unusual.

    A map begins with a deeper line: one that has none of its own would be ``null``.

    One long loop, since there is a turn for each line of a manifest.
    """
    around: list[tuple[str, Tree]] = []
    here, at = root, ""
    for indent, key, plain, other, literal, strange in _LINE.findall(text, start):
        if not key:
            if strange:
                return False
            continue
        if indent != at:
            if at == _BEGUN:
                if indent <= around[-1][0]:
                    return False
                at = indent
            while indent != at:
                if not around:
                    return False
                at, here = around.pop()
        if key in here:
            return False
        if plain:
            here[intern(key)] = plain
        elif other or literal:
            value = _value(other) if other else _unindented(literal, at)
            if value is None:
                return False
            here[intern(key)] = value
        else:
            around.append((at, here))
            inner = here[intern(key)] = {}
            here, at = inner, _BEGUN
    return at != _BEGUN


def _value(written: str) -> str | bool | None:
    """What stands in quotes, or begins like a number; ``None`` for what is a number."""
    if written[0] == '"':
        text: str = json.loads(written) if "\\" in written else written[1:-1]
        return text
    if written[0] == "'":
        return written[1:-1].replace("''", "'")
    value = resolve(written)
    return value if isinstance(value, str | bool) else None


def _unindented(literal: str, indent: str) -> str:
    """The text of a literal block: ``literal`` is its head (``-`` or nothing) and its lines."""
    text = literal.replace(f"\n{indent}  ", "\n")
    return text[2:-1] if text[0] == "-" else text[1:]


def _secret(tree: Tree, source: Source, namespace: str) -> Desired | None:
    """The Secret in `tree`; ``None`` where anything is odd, or is to be said of it."""
    metadata = tree.get("metadata")
    if (
        tree.get("kind") != SECRET
        or tree.get("apiVersion") != "v1"
        or type(metadata) is not dict
        or not tree.keys() <= FIELDS[SECRET]
    ):
        return None
    immutable = tree.get("immutable", False)
    labels = metadata.get("labels", {})
    annotations = metadata.get("annotations", {})
    data = _data(tree.get("data", {}), tree.get("stringData", {}))
    name = metadata.get("name", "")
    own_namespace = metadata.get("namespace", "")
    secret_type = tree.get("type", "")
    if (
        data is None
        or type(immutable) is not bool
        or not metadata.keys() <= _METADATA
        or type(labels) is not dict
        or type(annotations) is not dict
        or {type(name), type(own_namespace), type(secret_type)} != _TEXT
        or not {*map(type, labels.values()), *map(type, annotations.values())} <= _TEXT
    ):
        return None
    return Desired(
        key=ObjectKey(SECRET, intern(own_namespace) or namespace, name),
        labels=labels,
        annotations=annotations,
        type=intern(secret_type) or OPAQUE,
        immutable=immutable,
        data=data,
        source=source,
    )


def _data(encoded: Any, plain: Any) -> dict[str, SecretValue] | None:
    """``data`` and ``stringData`` together, where they share no key."""
    if type(encoded) is not dict or type(plain) is not dict:
        return None
    if encoded and plain and not encoded.keys().isdisjoint(plain):
        return None
    data = {}
    for key, text in encoded.items():
        if type(text) is not str:
            return None
        try:
            data[key] = SecretValue(decode_base64(text))
        except ValueError:
            return None
    for key, text in plain.items():
        if type(text) is not str or foreign.is_encrypted_text(text):
            return None
        data[key] = SecretValue(text.encode())
    return data
