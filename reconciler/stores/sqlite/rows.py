"""A live object as a row: its index columns in clear, its content and values sealed.

Each value is sealed by itself, bound to its object, key and version. The rest of the content is
sealed as one body, which also lists the values, so that none can be dropped or swapped. A keyed
checksum (the column ``mark``) covers the columns in clear, so that objects whose content is not
read are checked too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from reconciler.model.fields import DATA
from reconciler.model.objects import (
    Applied,
    Bystander,
    Live,
    ObjectKey,
    OwnerReference,
    Resource,
)
from reconciler.model.values import SecretValue
from reconciler.stores.sqlite.sealing import BrokenSeal, Sealer


class Row(NamedTuple):
    """A row of the tables ``objects`` and ``copies``.

    ``set_name`` is ``None`` where no set owns the object; ``owner_uids`` is a JSON list, or empty
    where there are none.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    version: int
    type: str
    created: str
    set_name: str | None
    owner_uids: str
    mark: bytes
    body: bytes
    data: bytes

    @property
    def key(self) -> ObjectKey:
        """The object's key."""
        return ObjectKey(self.kind, self.namespace, self.name)


_AS_THEY_ARE = ("labels", "annotations", "finalizers", "immutable", "settings")
_CLEAR = Row._fields.index("mark")
_CACHED_PATHS = 4096
_CACHED_TEXTS = 4096
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Damage(Exception):
    """A row is not what was written; the message names the object and, where known, the key."""


def to_row(live: Live, sealer: Sealer, *, automatic: bool = False) -> Row:
    """Seal `live`; a create may take over an `automatic` object, which no user has asked for.

    Raises:
        TypeError: a field holds what JSON cannot hold.
    """
    bound = _bound(*live.key, live.uid, live.resource_version)
    values: list[bytes] = []
    lengths: list[tuple[str, int]] = []
    for name, value in live.data.items():
        sealed = sealer.seal(value.reveal(), bound + b"\0data\0" + name.encode())
        values.append(sealed)
        lengths.append((name, len(sealed)))
    content = orjson.dumps(_content(live, lengths, automatic=automatic), default=_plain)
    owner_uids = orjson.dumps([owner.uid for owner in live.owners]).decode() if live.owners else ""
    clear = (
        *live.key,
        live.uid,
        int(live.resource_version),
        live.type,
        live.created,
        live.owner_set,
        owner_uids,
    )
    return Row(
        *clear,
        mark=_mark(clear, sealer),
        body=sealer.seal(content, bound + b"\0body"),
        data=b"".join(values),
    )


def from_row(row: Row, sealer: Sealer, twin: Resource | None = None) -> Live:
    """Open a row that `checked` returned.

    What is equal in `twin`, which is the object as its manifest has it, is not kept twice. Most
    objects are as their manifests say, so that halves the memory of a plan.

    Raises:
        Damage: it is not what `to_row` made.
    """
    version = str(row.version)
    bound = _bound(row.kind, row.namespace, row.name, row.uid, version)
    body = _body(row, sealer, bound)
    data = _values(row, sealer, bound, body.get("data", ()))
    labels, annotations = body.get("labels", _NOTHING), body.get("annotations", _NOTHING)
    if twin is not None:
        data = twin.data if twin.data == data else data
        labels = twin.labels if twin.labels == labels else labels
        annotations = twin.annotations if twin.annotations == annotations else annotations
    return Live(
        key=row.key if twin is None else twin.key,
        generate_name=body.get("generateName", ""),
        labels=labels,
        annotations=annotations,
        finalizers=tuple(body.get("finalizers", ())),
        owners=tuple(OwnerReference(*owner) for owner in body.get("owners", ())),
        type=intern(row.type),
        immutable=body.get("immutable", False),
        data=data,
        settings=body.get("settings", _NOTHING),
        uid=row.uid,
        resource_version=version,
        created=intern(row.created),
        applied=None if row.set_name is None else _applied(intern(row.set_name), body),
    )


def _applied(set_name: str, body: Mapping[str, Any]) -> Applied:
    fields: dict[tuple[str, ...], str] = {}
    for fingerprint, *names in body.get("applied", ()):
        path = _path(*names)
        # Values differ from object to object, types, labels and annotations hardly.
        fields[path] = fingerprint if path[0] == DATA else _text(fingerprint)
    digests = body.get("ciphertexts")
    return Applied(
        set_name=set_name,
        fields=fields,
        ciphertexts={_path(*path): value for value, *path in digests} if digests else _NOTHING,
    )


@lru_cache(_CACHED_PATHS)  # objects have the same few
def _path(*names: str) -> tuple[str, ...]:
    return names


@lru_cache(_CACHED_TEXTS)
def _text(text: str) -> str:
    return text


def is_automatic(row: Row, sealer: Sealer) -> bool:
    """Whether the object was made automatically and is unchanged since."""
    bound = _bound(row.kind, row.namespace, row.name, row.uid, str(row.version))
    return _body(row, sealer, bound).get("automatic", False) is True


def to_bystander(row: Row) -> Bystander:
    """The bystander in a row that `checked` returned; the row is not opened."""
    uids = tuple(orjson.loads(row.owner_uids)) if row.owner_uids else ()
    return Bystander(row.key, row.uid, uids, row.set_name)


def checked(columns: tuple[Any, ...], sealer: Sealer) -> Row:
    """A row as it was read, after checking its columns in clear.

    Raises:
        Damage: they do not fit.
    """
    row = Row._make(columns)
    if _mark(columns[:_CLEAR], sealer) != row.mark:
        raise Damage(f"the entry {columns[:3]!r:.200} does not fit its checksum")
    return row


def _bound(kind: str, namespace: str, name: str, uid: str, version: str) -> bytes:
    return f"{kind}\0{namespace}\0{name}\0{uid}\0{version}".encode()


def _mark(clear: tuple[Any, ...], sealer: Sealer) -> bytes:
    # None and the empty text must differ: the first stands for an object of no set.
    return sealer.mark(repr(clear).encode())


def _content(live: Live, lengths: list[tuple[str, int]], *, automatic: bool) -> dict[str, Any]:
    content = {name: value for name in _AS_THEY_ARE if (value := getattr(live, name))}
    if live.generate_name:
        content["generateName"] = live.generate_name
    if live.owners:
        content["owners"] = [_owner_list(owner) for owner in live.owners]
    if live.applied and live.applied.fields:
        fields = live.applied.fields.items()
        content["applied"] = [(fingerprint, *path) for path, fingerprint in fields]
    if live.applied and live.applied.ciphertexts:
        digests = live.applied.ciphertexts.items()
        content["ciphertexts"] = [(digest, *path) for path, digest in digests]
    if automatic:
        content["automatic"] = True
    if lengths:
        content["data"] = lengths
    return content


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _owner_list(owner: OwnerReference) -> list[str | bool | None]:
    return [
        owner.api_version,
        owner.kind,
        owner.name,
        owner.uid,
        owner.controller,
        owner.block_owner_deletion,
    ]


def _body(row: Row, sealer: Sealer, bound: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(sealer.open(row.body, bound + b"\0body"))
    except BrokenSeal:
        raise Damage(f"the content of {row.key} does not open") from None
    assert isinstance(body, dict)
    return body


def _values(
    row: Row, sealer: Sealer, bound: bytes, lengths: list[tuple[str, int]]
) -> Mapping[str, SecretValue]:
    values: dict[str, SecretValue] = {}
    if not isinstance(row.data, bytes):  # SQLite keeps the type with each value
        raise Damage(f"the values of {row.key} do not open")
    start = 0
    for name, length in lengths:
        end = start + length
        try:
            value = sealer.open(row.data[start:end], bound + b"\0data\0" + name.encode())
        except BrokenSeal:
            raise Damage(f"{row.key}: the value of key {name!r} does not open") from None
        values[name] = SecretValue(value)
        start = end
    if start != len(row.data):
        raise Damage(f"{row.key}: there is more than its values")
    return values
