"""The ``metadata`` of an object (API reference: ObjectMeta v1 meta)."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.manifests.entries import Entries, noun
from reconciler.manifests.fields import Fields
from reconciler.manifests.nodes import Entry
from reconciler.model.objects import OwnerReference
from reconciler.rules import RulePath

PATH: RulePath = ("metadata",)

_READ_ONLY = frozenset(
    {"uid", "resourceVersion", "selfLink", "creationTimestamp", "deletionTimestamp"}
)
_TIMES = frozenset({"creationTimestamp", "deletionTimestamp"})  # Go parses what is no null
_SERVER_COUNTED = frozenset({"generation", "deletionGracePeriodSeconds"})
_SERVER_FILLED = _SERVER_COUNTED | {"managedFields"}
_SETTABLE = frozenset(
    {
        "name",
        "generateName",
        "namespace",
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
    }
)
_KNOWN = _SETTABLE | _READ_ONLY | _SERVER_FILLED
_OWNER_FIELDS = frozenset({"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"})


_REMOVE = "remove the field; it comes with objects that were exported from a cluster"


class Metadata(NamedTuple):
    """The metadata of an object; ``namespace`` is empty if the manifest sets none."""

    name: str
    generate_name: str
    namespace: str
    labels: dict[str, str]
    annotations: dict[str, str]
    finalizers: tuple[str, ...]
    owners: tuple[OwnerReference, ...]

    def __repr__(self) -> str:
        return f"<Metadata of {self.namespace}/{self.name}>"


def read_metadata(fields: Fields, entries: Entries) -> Metadata:
    """The metadata in an object's `entries`; fields that servers set are refused or dropped."""
    inner = fields.map(entries, "metadata", ())
    if not inner.keys() <= _SETTABLE:
        fields.refuse_unknown(inner, _KNOWN, PATH)
        for name in inner.keys() & _READ_ONLY:
            _refuse_read_only(fields, name, inner[name])
        _check_dropped(fields, inner)
    return Metadata(
        fields.text(inner, "name", PATH),
        fields.text(inner, "generateName", PATH),
        fields.text(inner, "namespace", PATH),
        fields.strings(inner, "labels", PATH),
        fields.strings(inner, "annotations", PATH),
        _finalizers(fields, inner) if "finalizers" in inner else (),
        _owners(fields, inner) if "ownerReferences" in inner else (),
    )


def _refuse_read_only(fields: Fields, name: str, entry: Entry) -> None:
    if entry.value == "" and name in _TIMES:
        fields.error("type-wrong", "must be null or a time", (*PATH, name), entry, _REMOVE)
    elif entry.value is not None and entry.value != "":
        fields.error(
            "field-read-only",
            f"only the server sets {name}",
            (*PATH, name),
            entry,
            _REMOVE,
        )


def _check_dropped(fields: Fields, inner: Entries) -> None:
    """Check the types of dropped fields, as a server would."""
    fields.list(inner, "managedFields", PATH)
    for name in inner.keys() & _SERVER_COUNTED:
        entry = inner[name]
        if entry.value is not None and type(entry.value) is not int:
            message = f"must be a whole number, not {noun(entry.node)}"
            fields.error("type-wrong", message, (*PATH, name), entry)
        elif name == "generation" and entry.value is not None and entry.value < 0:
            fields.error("type-wrong", "must not be negative", (*PATH, name), entry)


def _finalizers(fields: Fields, inner: Entries) -> tuple[str, ...]:
    entries = fields.list(inner, "finalizers", PATH)
    return tuple(
        [fields.string(entry, (*PATH, "finalizers", index)) for index, entry in enumerate(entries)]
    )


def _owners(fields: Fields, inner: Entries) -> tuple[OwnerReference, ...]:
    entries = fields.list(inner, "ownerReferences", PATH)
    return tuple(
        [
            _owner(fields, entry, (*PATH, "ownerReferences", index))
            for index, entry in enumerate(entries)
        ]
    )


def _owner(fields: Fields, entry: Entry, path: RulePath) -> OwnerReference:
    inner = fields.map_item(entry, path)
    fields.refuse_unknown(inner, _OWNER_FIELDS, path)
    return OwnerReference(
        api_version=fields.text(inner, "apiVersion", path),
        kind=fields.text(inner, "kind", path),
        name=fields.text(inner, "name", path),
        uid=fields.text(inner, "uid", path),
        controller=fields.flag(inner, "controller", path),
        block_owner_deletion=fields.flag(inner, "blockOwnerDeletion", path),
    )
