"""Values, names and places in words: what the formats for people share.

Names, paths and values come from manifests and from stores, so all of them pass through `escaped`
or `quoted`: none may forge a line of a plan or drive the terminal that shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from reconciler import rules
from reconciler.escapes import escaped
from reconciler.model.fields import DATA, METADATA
from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import Action, FieldPath
from reconciler.model.values import UidOf, ValueRef
from reconciler.rules import violations

ACTION_SYMBOLS = {
    Action.NO_OP: "=",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.RELEASE: ".",
    Action.RESTART: "^",
}

_json_text = json.JSONEncoder(ensure_ascii=False).encode
ACTION_WORDS = {action: action.value for action in Action} | {Action.NO_OP: "in sync"}
LATER = "(known after apply)"
GENERATED = "(generated at apply)"
UNREAD = "(a value that cannot be read)"
SEALED = "(sealed)"

_MAPS = {DATA, METADATA}
_INDEX = re.compile("[0-9]{1,9}")


def quoted(text: str) -> str:
    """`text` as a JSON string that is all visible."""
    return escaped(_json_text(text))


def value_text(value: Any) -> str:  # noqa: PLR0911 - a table of cases
    """A field's value in one line, with ``(value #2)`` where a secret one stands."""
    match value:
        case None:
            return "null"
        case str():
            return quoted(value)
        case ValueRef(unread=True):
            return UNREAD
        case ValueRef(generated=True):
            return GENERATED
        case ValueRef(sealed=True):
            return SEALED
        case ValueRef():
            return f"(value #{value.number})"
        case UidOf():
            return LATER
        case dict():
            inside = (f"{quoted(name)}: {value_text(value[name])}" for name in sorted(value))
            return f"{{{', '.join(inside)}}}"
        case list() | tuple():
            return f"[{', '.join(map(value_text, value))}]"
        case _:
            return json.dumps(value)


@lru_cache(maxsize=4096)  # objects have the same few
def field_text(path: FieldPath) -> str:
    r"""``metadata.labels[app]``, ``metadata.finalizers[x]`` or ``imagePullSecrets[0].name``.

    No two paths read alike: lists are only in what is neither ``data`` nor ``metadata``, so that
    digits are an index there and a name everywhere else, and a backslash is written as two.
    """
    parts: violations.RulePath = path
    if path[0] not in _MAPS:
        parts = tuple(int(part) if _INDEX.fullmatch(part) else part for part in path)
    return escaped(violations.field_text(parts).replace("\\", r"\\"))


def object_text(key: ObjectKey) -> str:
    """``Secret/shop/db``, ``Namespace/shop`` or ``Secret/shop/job-(known after apply)``.

    A name that is still to be generated ends with an asterisk in a plan.
    """
    text = str(key)
    return escaped(f"{text[:-1]}{LATER}" if text.endswith("*") else text)


def place_text(source: Source | None) -> str:
    """``manifests/db.yaml:12``, or nothing where no manifest names the object."""
    return escaped(f"{source.file}:{source.line}") if source else ""


def source_text(source: Source) -> str:
    """``manifests/db.yaml:12:3``; the file alone where no line is known."""
    return escaped(str(source) if source.line else source.file)


def names_text(names: Iterable[str]) -> str:
    """Names that cannot run into each other."""
    return ", ".join(name if rules.is_data_key(name) else quoted(name) for name in names)


def counted(number: int, noun: str) -> str:
    """``1 object``, ``2 objects``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
