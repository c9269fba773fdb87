"""Which Docker secrets a Secret is made of, and what a swarm refuses of one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import SECRET, ObjectKey, Resource
from reconciler.model.search import ValueSearch
from reconciler.model.values import AbsentValue, SecretValue
from reconciler.rules import Violation
from reconciler.stores.docker.annotations import (
    ANNOTATIONS,
    DRIVER,
    DRIVER_OPTIONS,
    LAYOUT,
    NAME,
    PREFIX,
    TEMPLATING,
    TEMPLATING_OPTIONS,
)

PER_KEY = "per-key"
LAYOUTS = (PER_KEY, "json", "env", "raw")
RESERVED = "reconciler."
"""What the labels begin with that are not the manifest's."""

DEFAULT_NAMESPACE = "default"
MOST_BYTES = 511_999
# The engine takes 64; what is left is for the number of a later version.
MOST_CHARACTERS = 59
_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?")
_LINE_ENDS = re.compile(rb"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One Docker secret of a Secret.

    ``key`` is that of ``data`` which it holds, ``None`` where it holds all of ``keys``. ``content``
    is ``None`` where a driver finds the value, unread where the swarm has it already.
    """

    name: str
    key: str | None
    keys: tuple[str, ...]
    content: SecretValue | None


def base_name(key: ObjectKey) -> str:
    """The name of a Secret's only Docker secret: as stacks have it, the namespace comes first."""
    return key.name if key.namespace == DEFAULT_NAMESPACE else f"{key.namespace}_{key.name}"


def pieces(resource: Resource) -> tuple[Piece, ...]:
    """The Docker secrets that `resource` is to be made of, sorted by name.

    `check` has let `resource` through.
    """
    keys = tuple(sorted(resource.data))
    pattern = resource.annotations.get(NAME)
    whole = pattern or base_name(resource.key)
    layout = resource.annotations.get(LAYOUT, PER_KEY)
    if DRIVER in resource.annotations:
        return (Piece(whole, None, (), None),)
    if layout != PER_KEY:
        return (Piece(whole, None, keys, _joined(layout, resource.data)),)
    if len(keys) == 1 and "{key}" not in whole:
        return (Piece(whole, keys[0], keys, resource.data[keys[0]]),)
    each = pattern or f"{whole}.{{key}}"
    return tuple(Piece(each.replace("{key}", key), key, (key,), resource.data[key]) for key in keys)


def specification(resource: Resource) -> dict[str, Any]:
    """``Driver`` and ``Templating`` as the API has them, where they are asked for."""
    chosen_drivers = {}
    for field, name, options in (
        ("Driver", DRIVER, DRIVER_OPTIONS),
        ("Templating", TEMPLATING, TEMPLATING_OPTIONS),
    ):
        if name in resource.annotations:
            driver_options = resource.annotations.get(options, "{}")
            chosen_drivers[field] = {
                "Name": resource.annotations[name],
                "Options": json.loads(driver_options),
            }
    return chosen_drivers


def check(resource: Resource) -> Iterator[Violation]:
    """What a swarm refuses of `resource`; no message holds a value."""
    if not resource.name:  # what a store appends to a prefix has five characters
        key = resource.key._replace(name=f"{resource.generate_name}00000")
        resource = replace(resource, key=key)
    if resource.kind != SECRET:
        message = f"a swarm has no {resource.kind}s, only Secrets"
        yield Violation(("kind",), "docker-kind", message, "leave this manifest out")
        return
    faults = [
        *_annotation_faults(resource.annotations),
        *_data_faults(resource),
        *_layout_faults(resource),
    ]
    yield from faults
    for name in resource.labels:
        if name.startswith(RESERVED):
            message = f"labels that begin with {RESERVED} are this tool's own"
            yield Violation(("metadata", "labels", name), "docker-label", message, "rename it")
    yield from _telling_texts(resource)
    if not faults:
        for piece in pieces(resource):
            yield from _piece_faults(piece)
        yield from _alike(pieces(resource))


def _telling_texts(resource: Resource) -> Iterator[Violation]:
    """Refuse values in labels and annotations: more people may read those than the value."""
    search = ValueSearch(resource.data.values())
    for group, texts in (("labels", resource.labels), ("annotations", resource.annotations)):
        for name, text in texts.items():
            if search.is_in(text):
                message = "it repeats a value, and would be a label that many may read"
                path = ("metadata", group, name)
                yield Violation(path, "docker-text-holds-value", message, "remove it")


def _annotation_faults(annotations: Mapping[str, str]) -> Iterator[Violation]:
    for name, text in annotations.items():
        if not name.startswith(PREFIX):
            continue
        path = ("metadata", "annotations", name)
        code = "docker-annotation"
        if name not in ANNOTATIONS:
            names = ", ".join(sorted(ANNOTATIONS))
            yield Violation(path, code, f"{name} means nothing", f"known are {names}")
        elif name == LAYOUT and text not in LAYOUTS:
            yield Violation(path, code, "no such layout", f"write one of {', '.join(LAYOUTS)}")
        elif name in {DRIVER_OPTIONS, TEMPLATING_OPTIONS} and not _is_options(text):
            yield Violation(path, code, "no map of texts in JSON", 'write {"option": "value"}')
        elif not text:
            yield Violation(path, code, f"{name} is empty", "leave it out, or say which")


def _data_faults(resource: Resource) -> Iterator[Violation]:
    driven = DRIVER in resource.annotations
    if driven and resource.data:
        message = "a secret with a driver has its value from there"
        yield Violation(("data",), "docker-data", message, "leave data and stringData out")
    if not (driven or resource.data):
        message = "a Docker secret cannot be empty"
        yield Violation(("data",), "docker-data", message, "add at least one key")


def _layout_faults(resource: Resource) -> Iterator[Violation]:
    layout = resource.annotations.get(LAYOUT, PER_KEY)
    at = ("metadata", "annotations", LAYOUT)
    if layout == "raw" and len(resource.data) > 1:
        message = "the layout raw is for a single key"
        yield Violation(at, "docker-layout", message, "use per-key, json or env")
    if layout != PER_KEY and lifecycle(resource).ignored_keys:
        message = f"with the layout {layout}, a key cannot be left to others"
        hint = "use per-key, or remove reconciler/ignore-keys"
        yield Violation(at, "docker-layout", message, hint)
    for key, value in resource.data.items():
        if layout == "env" and not _fits_a_line(key, value):
            message = "does not fit a line of KEY=VALUE"
            yield Violation(("data", key), "docker-layout", message, "use json")
        if layout == "json" and not _is_text(value):
            message = "is not UTF-8, so JSON cannot hold it"
            yield Violation(("data", key), "docker-layout", message, "use per-key")
    several = layout == PER_KEY and len(resource.data) > 1
    if several and "{key}" not in resource.annotations.get(NAME, "{key}"):
        path = ("metadata", "annotations", NAME)
        message = "several keys would have one name"
        yield Violation(path, "docker-name", message, "write {key} where the key belongs")


def _piece_faults(piece: Piece) -> Iterator[Violation]:
    path = ("metadata", "name") if piece.key is None else ("data", piece.key)
    shown = piece.name
    if not _NAME.fullmatch(shown):
        message = f"{shown!r} is no name for a Docker secret"
        hint = f"letters, digits, '-', '_' and '.', a letter or digit at both ends; see {NAME}"
        yield Violation(path, "docker-name", message, hint)
    if len(shown) > MOST_CHARACTERS:
        message = (
            f"the Docker secret's name {shown!r} has {len(shown)} characters, and may have "
            f"{MOST_CHARACTERS}, so that a later version has room for its number"
        )
        yield Violation(path, "docker-name", message, f"give a shorter one with {NAME}")
    if isinstance(piece.content, SecretValue) and not isinstance(piece.content, AbsentValue):
        size = len(piece.content.reveal())
        if not size:
            message = "a Docker secret cannot be empty"
            yield Violation(path, "docker-size", message, "give it a value, or leave it out")
        if size > MOST_BYTES:
            message = f"a Docker secret holds at most {MOST_BYTES:,} bytes"
            yield Violation(path, "docker-size", message, "split it")


def _alike(split: tuple[Piece, ...]) -> Iterator[Violation]:
    """Refuse names that differ only in case: the engine treats them as equal."""
    first_by_name: dict[str, Piece] = {}
    for piece in split:
        first = first_by_name.setdefault(piece.name.lower(), piece)
        if first is not piece:
            message = f"its name differs from that of {first.key} only in case"
            hint = f"rename the key, or name it otherwise with {NAME}"
            yield Violation(("data", piece.key or ""), "docker-name", message, hint)


def _joined(layout: str, data: Mapping[str, SecretValue]) -> SecretValue:
    """All of `data` as one value; one that is not here where any is."""
    absent = [value for value in data.values() if isinstance(value, AbsentValue)]
    if absent:
        return absent[0]
    values = {key: data[key].reveal() for key in sorted(data)}
    if layout == "json":
        texts = {key: value.decode() for key, value in values.items()}
        return SecretValue(json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode())
    if layout == "env":
        lines = (key.encode() + b"=" + value + b"\n" for key, value in values.items())
        return SecretValue(b"".join(lines))
    return SecretValue(b"".join(values.values()))


def _is_options(text: str) -> bool:
    try:
        parsed = json.loads(text)
    except ValueError:
        return False
    return isinstance(parsed, dict) and all(isinstance(value, str) for value in parsed.values())


def _fits_a_line(key: str, value: SecretValue) -> bool:
    absent = isinstance(value, AbsentValue)
    return "=" not in key and (absent or not _LINE_ENDS.search(value.reveal()))


def _is_text(value: SecretValue) -> bool:
    if isinstance(value, AbsentValue):
        return True
    try:
        value.reveal().decode()
    except UnicodeDecodeError:
        return False
    return True
