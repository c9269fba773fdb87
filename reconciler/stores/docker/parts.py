"""Docker secrets, and what their labels say about the Secret they belong to.

The labels of a manifest stand as they are. What else belongs to the object stands in labels of
this tool's own, with every part: a part that is lost takes nothing of the others along.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.documents import from_document, to_document
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import OPAQUE, SECRET, Applied, Live, ObjectKey, Resource
from reconciler.model.plans import FieldPath
from reconciler.model.values import SecretValue, UnreadValue
from reconciler.stores.docker.layout import RESERVED

SET = f"{RESERVED}set"
SECRET_OF = f"{RESERVED}secret"
OBJECT = f"{RESERVED}object"
REPLACED = f"{RESERVED}replaced"
"""There while a part is the copy that a replace keeps, or an old version that is still used."""
_KEY_CHECK = ("key-check",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Docker secret that belongs to a Secret.

    ``key`` is the key of ``data`` in it, ``None`` where it holds all of ``keys``. ``record`` maps
    the fields that were applied to their fingerprints, ``ciphertexts`` to digests of what was
    encrypted; ``print_key`` tells which key the fingerprints were made with. ``complete`` tells
    that all other parts were written before it. ``marked`` is ``False`` for what this tool has not
    made.
    """

    id: str
    name: str
    version: int
    created: str
    labels: Mapping[str, str] = field(default_factory=dict)
    secret: ObjectKey
    uid: str
    key: str | None = None
    keys: tuple[str, ...] = ()
    set_name: str | None = None
    record: Mapping[FieldPath, str] = field(default_factory=dict)
    ciphertexts: Mapping[FieldPath, str] = field(default_factory=dict)
    print_key: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    generate_name: str = ""
    complete: bool = True
    replaced: bool = False
    marked: bool = True
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def holds(self) -> tuple[str, ...]:
        """The keys of ``data`` that are in it."""
        return self.keys if self.key is None else (self.key,)


def part_of(entry: Mapping[str, Any]) -> Part | None:
    """An entry of the API's list as a part; ``None`` without labels of this tool."""
    labels = entry["Spec"].get("Labels") or {}
    try:
        namespace, _, name = labels[SECRET_OF].partition("/")
        own = json.loads(labels[OBJECT])
        return Part(
            **_engine_fields(entry),
            labels={key: text for key, text in labels.items() if not key.startswith(RESERVED)},
            secret=ObjectKey(SECRET, namespace, name),
            uid=own["uid"],
            key=own.get("key"),
            keys=tuple(own.get("keys", ())),
            set_name=labels.get(SET),
            record={tuple(path): text for *path, text in own.get("record", ())},
            ciphertexts={tuple(path): text for *path, text in own.get("ciphertexts", ())},
            print_key=own.get("print", ""),
            content=own.get("content", {}),
            generate_name=own.get("generateName", ""),
            complete=own.get("complete", False),
            replaced=REPLACED in labels,
            marked=not own.get("foreign", False),
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None  # no label of ours, or one that somebody else has written


def foreign_part(entry: Mapping[str, Any], secret: ObjectKey, keys: tuple[str, ...]) -> Part:
    """Somebody else's Docker secret, as the part that a manifest would make of it."""
    single = keys[0] if len(keys) == 1 else None
    return Part(
        **_engine_fields(entry),
        labels=dict(entry["Spec"].get("Labels") or {}),
        secret=secret,
        uid=entry["ID"],
        key=single,
        keys=keys,
        content={"type": OPAQUE},
        marked=False,
    )


def _engine_fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry["ID"],
        "name": entry["Spec"]["Name"],
        "version": entry["Version"]["Index"],
        "created": entry["CreatedAt"],
        "raw": entry["Spec"],
    }


def labels_of(part: Part) -> dict[str, str]:
    """`part` as labels."""
    own = {
        "uid": part.uid,
        "key": part.key,
        "keys": list(part.keys),
        "record": [[*path, text] for path, text in sorted(part.record.items())],
        "ciphertexts": [[*path, text] for path, text in sorted(part.ciphertexts.items())],
        "print": part.print_key,
        "content": part.content,
        "generateName": part.generate_name,
        "complete": part.complete,
        "foreign": not part.marked,
    }
    labels = dict(part.labels)
    if not part.marked and not part.replaced:
        return labels
    labels[SECRET_OF] = f"{part.secret.namespace}/{part.secret.name}"
    labels[OBJECT] = json.dumps(
        {name: value for name, value in own.items() if value}, ensure_ascii=False, sort_keys=True
    )
    if part.set_name is not None:
        labels[SET] = part.set_name
    if part.replaced:
        labels[REPLACED] = "true"
    return labels


def described(part: Part, resource: Resource, applied: Applied | None, print_key: str) -> Part:
    """`part` with the metadata of `resource` and its record."""
    document = to_document(replace(resource, data={}))
    labels = document["metadata"].pop("labels", {})
    return replace(
        part,
        labels=labels,
        set_name=None if applied is None else applied.set_name,
        record={} if applied is None else applied.fields,
        ciphertexts={} if applied is None else applied.ciphertexts,
        print_key=print_key,
        content=document,
        generate_name=resource.generate_name,
    )


def live_of(parts: Iterable[Part], print_key: str) -> Live:
    """The object that `parts`, all of one Secret, form.

    Its metadata are those of the part that was written first, so that an interrupted update shows
    as an update that is still to be made. Fingerprints that were made with another key than that
    of `print_key` are ignored.
    """
    parts = sorted(parts, key=lambda part: part.version)
    first = parts[0]
    held = {("data", key) for part in parts for key in part.holds}
    # The record of a key whose part is gone stays, so that the next plan misses the key.
    record = {path: text for path, text in first.record.items() if path not in held}
    digests = {path: text for path, text in first.ciphertexts.items() if path not in held}
    data: dict[str, SecretValue] = {}
    for part in parts:
        for key in part.holds:
            fingerprint = part.record.get(("data", key))
            if fingerprint is not None:
                record["data", key] = fingerprint
            if ("data", key) in part.ciphertexts:
                digests["data", key] = part.ciphertexts["data", key]
            data[key] = UnreadValue(fingerprint if part.print_key == print_key else None)
    document = {**first.content, "data": {key: data[key] for key in sorted(data)}}
    document["metadata"] = {**document.get("metadata", {}), "labels": dict(first.labels)}
    return Live.of(
        from_document(first.secret, document, first.generate_name),
        uid=first.uid,
        resource_version=".".join(str(part.version) for part in parts),
        created=min(part.created for part in parts),
        applied=None
        if first.set_name is None
        else Applied(set_name=first.set_name, fields=record, ciphertexts=digests),
    )


def print_key_of(key: bytes) -> str:
    """Identifies a fingerprint key without revealing it."""
    return hashlib.sha256(Fingerprinter(key).of("", _KEY_CHECK, "").encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Holding:
    """All Docker secrets of one Secret.

    ``current`` are the parts of the object, empty where it does not exist. ``copy`` are the parts
    of an object that a replace, or its first creation, has left unfinished. ``old`` are versions
    that newer ones have replaced.
    """

    current: tuple[Part, ...] = ()
    copy: tuple[Part, ...] = ()
    old: tuple[Part, ...] = ()

    @property
    def all(self) -> tuple[Part, ...]:
        """All of them."""
        return (*self.current, *self.copy, *self.old)


def holding(parts: Iterable[Part]) -> Holding:
    """Sort `parts`, all of one Secret, into current ones, a copy and old versions."""
    oldest_first = sorted(parts, key=lambda part: (part.replaced, part.created, part.version))
    active = [part for part in oldest_first if not part.replaced]
    replaced = [part for part in oldest_first if part.replaced]
    if any(part.complete for part in active):
        return Holding(current=tuple(active), old=tuple(replaced))
    # The newest part of each key; older ones are left from an earlier replace.
    newest: dict[str | None, Part] = {}
    for part in [*replaced, *active]:
        newest[part.key] = part
    copy = tuple(newest.values())
    return Holding(copy=copy, old=tuple(part for part in oldest_first if part not in copy))
