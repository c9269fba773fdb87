"""The lock of a set, as a document.

Of two creates of the same name, one succeeds; the service decides nothing else between two
processes. So a lock is taken by a create. It is released, or removed once expired, by a delete of
its id, which cannot hit a lock that somebody else has taken meanwhile. Only a lock that has not
expired is extended.
"""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import dataclass, replace

from reconciler.errors import LockLost, ObjectExists, ObjectNotFound, StoreUnavailable
from reconciler.model.locks import Lock, lock_id, lost, moment
from reconciler.stores.kit.documents import (
    LOCK_PREFIX,
    Documents,
    Listed,
    digest_of,
    json_object,
)


@dataclass(frozen=True, slots=True)
class _Held:
    """The lock of this process; times are in seconds since 1970, by its clock."""

    document: Listed
    since: float
    until: float


class Lease:
    """The lock of one set: a holder takes it, extends it and releases it."""

    def __init__(self, documents: Documents, set_name: str, holder: str) -> None:
        self.holder = holder
        self._documents = documents
        self._set_name = set_name
        self._about = _about(set_name)
        self._held: _Held | None = None
        self._turn = threading.RLock()

    def take(self, seconds: float) -> bool:
        """Take the lock, or extend it; returns whether it was taken anew.

        Raises:
            StoreLocked: somebody else holds it.
        """
        with self._turn:
            if self._extended(seconds):
                return False
            lock = _lock(self._set_name, 0, b"")
            for _ in range(2):
                if self._created(seconds):
                    return True
                current = _read(self._documents, self._set_name)
                if current is None:
                    continue
                document, lock = current
                if lock.holder == self.holder:
                    self._held = _Held(document, lock.since or lock.read_at, lock.until or 0.0)
                    if self._extended(seconds):
                        return False
                if lock.is_held:
                    break
                self._documents.delete(document, self._about)
            raise lock.refusal()

    def renew(self, seconds: float) -> None:
        """Extend the lock, where this process has taken it and it has not expired.

        Raises:
            LockLost: it is no longer held, so that another process may be writing.
        """
        with self._turn:
            if not self._extended(seconds):
                raise lost(read_lock(self._documents, self._set_name))

    def give_back(self) -> None:
        """Delete the lock, where the holder still has it."""
        with self._turn:
            held, self._held = self._held, None
            if held is not None:
                self._documents.delete(held.document, self._about)
                return
            current = _read(self._documents, self._set_name)
            if current is not None and current[1].holder == self.holder:
                self._documents.delete(current[0], self._about)

    def guard(self) -> None:
        """Make sure that the lock, where this process has taken it, has not expired.

        Raises:
            LockLost: it has, so that another process may be writing.
        """
        held = self._held
        if held is not None and time.time() > held.until:
            raise LockLost(f"the lock of the set {self._set_name!r} has expired", hint="plan again")

    def _created(self, seconds: float) -> bool:
        now = time.time()
        name, until = LOCK_PREFIX + digest_of(self._set_name), now + seconds
        content = self._content(now, until)
        try:
            document = self._documents.create(name, content, self._about)
        except ObjectExists:
            return False
        except StoreUnavailable:
            current = _read(self._documents, self._set_name)
            if current is None or current[1].holder != self.holder:
                raise
            document = current[0]  # only the answer was lost
        self._held = _Held(document, now, until)
        return True

    def _extended(self, seconds: float) -> bool:
        held, now = self._held, time.time()
        if held is None or held.until < now:
            return False
        longer = replace(held, until=now + seconds)
        try:
            content = self._content(longer.since, longer.until)
            self._documents.update(held.document, content, self._about)
        except ObjectNotFound:
            self._held = replace(held, until=-math.inf)  # for `guard`
            return False
        self._held = longer
        return True

    def _content(self, since: float, until: float) -> bytes:
        return json.dumps({"holder": self.holder, "since": since, "until": until}).encode()


def read_lock(documents: Documents, set_name: str) -> Lock | None:
    """The lock of a set, expired or not."""
    try:
        current = _read(documents, set_name)
    except ObjectNotFound:  # the place itself does not exist
        return None
    return None if current is None else current[1]


def break_lock(documents: Documents, lock: Lock) -> None:
    """Delete `lock`, whoever holds it.

    Raises:
        ObjectMoved: the set has another lock by now.
    """
    current = _read(documents, lock.set_name)
    if current is not None:
        document, newest = current
        lock.refuse_other(newest)
        documents.delete(document, _about(lock.set_name))


def _read(documents: Documents, set_name: str) -> tuple[Listed, Lock] | None:
    about = _about(set_name)
    document = documents.list(about).get(LOCK_PREFIX + digest_of(set_name))
    content = None if document is None else documents.read(document, about)
    if document is None or content is None:
        return None
    return document, _lock(set_name, document.id, content)


def _lock(set_name: str, document_id: object, content: bytes) -> Lock:
    """The lock in a document, whoever wrote it and whatever it holds."""
    document = json_object(content) or {}
    return Lock(
        set_name=set_name,
        id=lock_id(document_id),
        holder=str(document.get("holder") or ""),
        since=moment(document.get("since")),
        until=moment(document.get("until")),
        read_at=time.time(),
    )


def _about(set_name: str) -> str:
    return f"the lock of the set {set_name!r}"
