"""A snapshot file as a store."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from reconciler.errors import ConfigError, StoreDamaged
from reconciler.model.fields import ANNOTATIONS, METADATA
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES, Fingerprinter
from reconciler.model.generation import RecipeKind
from reconciler.model.lifecycle import PREFIX, VERSION_OF
from reconciler.model.objects import Applied, Bystander, Live, ObjectKey
from reconciler.model.opening import Opening
from reconciler.model.plans import Note, StoreIdentity
from reconciler.model.seals import key_check
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.times import span_text
from reconciler.model.values import UnreadText
from reconciler.stores.keys import VARIABLE, given_fingerprint_key
from reconciler.stores.kit.readonly import ReadOnly, assumed
from reconciler.stores.snapshot.document import seal_of
from reconciler.stores.snapshot.reading import SnapshotFile, load
from reconciler.stores.snapshot.seen import SeenObject

_NOT_HERE = {
    Capability.EVENTS,
    Capability.WRITES,
    Capability.SERVER_DRY_RUN,
    Capability.RESTARTS,
    Capability.ROTATION,
    Capability.ONE_WRITER,
}
"""What the store can do that was seen, and a snapshot of it cannot."""
_WORDS = ("true", "false", "exact", "merge", "allowed", "versioned", *RecipeKind)
"""What annotations of this tool usually say: a fingerprint of it is recognised."""
_DIGITS = 32
_UNSURE = "whoever can replace the file decides what this plan is compared with"


def opened(opening: Opening) -> SnapshotStore:
    """The store that the URL names.

    Raises:
        ConfigError: it names no file.
        StoreError: the file cannot be read.
        StoreDamaged: it is no snapshot, or was changed after it was taken.
    """
    path = opening.url.partition(":")[2]
    if not path or "\0" in path:
        raise ConfigError("the store snapshot: needs a file", hint="for example snapshot:seen.json")
    file, key = load(path), given_fingerprint_key(opening.environ)
    is_keyed = key is not None and hmac.compare_digest(key_check(key), file.key_check)
    if is_keyed and key and not hmac.compare_digest(file.seal, seal_of(file.sealed, key)):
        raise StoreDamaged(
            f"{path} was changed after the snapshot was taken, so nothing is compared with it",
            hint="find out who changed it, and take a new one with: reconciler snapshot --out FILE",
        )
    return SnapshotStore(path, file, key, is_keyed=is_keyed)


class SnapshotStore(ReadOnly):
    """The objects that were seen, with fingerprints in place of values.

    `key` is that of the environment; `is_keyed` tells that it is the snapshot's.
    """

    def __init__(self, path: str, file: SnapshotFile, key: bytes | None, *, is_keyed: bool) -> None:
        self._path = path
        self._file = file
        self._has_key = key is not None
        self._is_keyed = is_keyed
        # Nothing is ever applied, so that it need not be the same the next time.
        own = key if is_keyed else None
        self._key = own or secrets.token_bytes(FINGERPRINT_KEY_BYTES)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What a reader may count on."""
        left_out = {*_NOT_HERE, Capability.READ_VALUES}
        if self._file.seen.consumers is None:
            left_out.add(Capability.CONSUMERS)
        return self._file.seen.capabilities - left_out

    def read(self, scope: Scope) -> Snapshot:
        """What was seen; of what the snapshot is not about, references are taken to exist.

        Raises:
            ConfigError: the snapshot is of another set.
        """
        seen = self._file.seen
        if scope.set_name != seen.set_name:
            raise ConfigError(
                f"{self._path} is a snapshot of the set {seen.set_name}, not {scope.set_name}",
                hint="name its set with --set, or take a snapshot of this one",
            )
        objects = {each.live.key: self._live(each, scope) for each in seen.objects}
        bystanders = {other.key: other for other in seen.bystanders if other.key not in objects}
        strangers = {key: other for key, other in bystanders.items() if key in scope.keys}
        identity = hashlib.sha256(self._file.sealed).hexdigest()[:_DIGITS]
        return Snapshot(
            identity=StoreIdentity("snapshot", identity, self._path),
            # What the planner makes of the store that was seen: an apply meets that one.
            capabilities=seen.capabilities - _NOT_HERE,
            objects=objects | {key: _stranger(other) for key, other in strangers.items()},
            bystanders={key: other for key, other in bystanders.items() if key not in strangers}
            | assumed(scope, objects.keys() | bystanders.keys()),
            copies={each.live.key: self._live(each, scope) for each in seen.copies},
            vanished=seen.vanished,
            consumers=seen.consumers,
            unseen=seen.unseen,
            fingerprint_key=self._key,
            unkeyed=not self._is_keyed,
            fixed_annotations=seen.fixed_annotations,
            notices=(*self._notices(), *map(_unseen_content, sorted(strangers))),
        )

    def _live(self, seen: SeenObject, scope: Scope) -> Live:
        """The object, with what annotations of this tool say where that can be told."""
        live = seen.live
        annotations = {name: self._told(live, name) for name in live.annotations}
        # What the planner reads from the values of an old version, an annotation tells elsewhere.
        if seen.version_of and (VERSION_OF in annotations or live.key not in scope.keys):
            annotations[VERSION_OF] = seen.version_of
        return replace(live, annotations=annotations)

    def _told(self, live: Live, name: str) -> str:
        text = live.annotations[name]
        if not (self._is_keyed and name.startswith(PREFIX) and isinstance(text, UnreadText)):
            return text
        of, path = Fingerprinter(self._key).of, (METADATA, ANNOTATIONS, name)
        told = (word for word in _WORDS if of(live.namespace, path, word) == text.fingerprint)
        return next(told, text)

    def _notices(self) -> Iterator[Note]:
        seen = self._file.seen
        age = time.time() - datetime.fromisoformat(seen.created).timestamp()
        commit = f" and commit {seen.commit}" if seen.commit else ""
        yield Note(
            "review-only",
            f"compared with a snapshot of the {seen.scheme} store, taken {span_text(max(age, 0))} "
            f"ago at {seen.created}{commit}; it is for review only, apply refuses it",
        )
        if self._is_keyed:
            yield Note("snapshot-verified", "the seal of the snapshot was verified")
        elif self._has_key:
            yield Note(
                "snapshot-unverified",
                "the seal of the snapshot was not verified, since it was made with another key "
                f"than {VARIABLE}: {_UNSURE}",
            )
        else:
            yield Note(
                "snapshot-unverified",
                f"the seal of the snapshot was not verified, since {VARIABLE} is not set: "
                f"{_UNSURE}",
            )


def _stranger(other: Bystander) -> Live:
    """An object of which the snapshot has nothing but the name, since nothing asked for more."""
    applied = None if other.set_name is None else Applied(set_name=other.set_name)
    return Live(key=other.key, uid=other.uid, resource_version="", applied=applied)


def _unseen_content(key: ObjectKey) -> Note:
    return Note(
        "content-not-seen",
        f"{key} exists, and the snapshot has only its name, since no manifest named it then: what "
        "it holds is not known, and all of the manifest is shown as new",
    )
