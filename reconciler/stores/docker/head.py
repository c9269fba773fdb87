"""A set's own object in the swarm: its lock, and the salt of its fingerprints.

It is a Docker config, since those have labels with a version as secrets do: of two that write at
once, one is told that it came late. It holds nothing that is secret.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import StoreDamaged, StoreUnavailable
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES, PublicSalt
from reconciler.model.history import Run, decoded, encoded, with_run
from reconciler.model.locks import Lock, lock_id, lost, moment
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.layout import RESERVED
from reconciler.stores.docker.parts import SET

HOLDER = f"{RESERVED}lock-holder"
SINCE = f"{RESERVED}lock-since"
UNTIL = f"{RESERVED}lock-until"
SALT = f"{RESERVED}salt"
HISTORY = f"{RESERVED}history"
_CONFLICT = 409
_CONTENT = b"The lock and the salt of a set of reconciler stand in the labels of this config.\n"
_DRAWS = 5
_FREE = {HOLDER: "", SINCE: "0", UNTIL: "0"}


@dataclass(frozen=True, slots=True)
class Head:
    """The config of a set, as it was read."""

    id: str
    version: int
    spec: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        labels: Mapping[str, str] = self.spec.get("Labels") or {}
        return labels

    @property
    def salt(self) -> PublicSalt:
        """The salt of the set's fingerprints.

        Raises:
            StoreDamaged: somebody has changed it.
        """
        try:
            salt = bytes.fromhex(self.labels[SALT])
        except ValueError:
            salt = b""
        if len(salt) != FINGERPRINT_KEY_BYTES:
            raise StoreDamaged(
                f"the label {SALT} of the config {self.spec['Name']} is not as it was written",
                hint="put the label back as it was; or remove the config, and plan with --adopt",
            )
        return PublicSalt(salt)


def find(engine: Engine, set_name: str) -> Head | None:
    """The head of that set, where it has one."""
    name = _name(set_name)
    for entry in engine.get("/configs", name=[name]):
        if entry["Spec"]["Name"] == name and SALT in (entry["Spec"].get("Labels") or {}):
            return Head(entry["ID"], entry["Version"]["Index"], entry["Spec"])
    return None


def read(engine: Engine, set_name: str) -> Lock | None:
    """The set's lock, expired or not, by this machine's clock."""
    head = find(engine, set_name)
    return None if head is None else _lock(set_name, head, time.time())


def take(engine: Engine, set_name: str, holder: str, seconds: float) -> None:
    """Take or extend the set's lock, by this machine's clock.

    Raises:
        StoreLocked: somebody else has it still.
    """
    for _ in range(_DRAWS):
        now = time.time()
        head = find(engine, set_name)
        lock = None if head is None else _lock(set_name, head, now)
        since = now
        if lock is not None and lock.is_held:
            if lock.holder != holder:
                raise lock.refusal()
            since = now if lock.since is None else lock.since
        held = {HOLDER: holder, SINCE: f"{since:.3f}", UNTIL: f"{now + seconds:.3f}"}
        if _written(engine, set_name, head, held):
            return
    raise _contended(set_name)


def renew(engine: Engine, set_name: str, holder: str, seconds: float) -> None:
    """Extend the lock that `holder` has.

    Raises:
        LockLost: `holder` has it no more.
    """
    for _ in range(_DRAWS):
        now = time.time()
        head = find(engine, set_name)
        lock = None if head is None else _lock(set_name, head, now)
        if lock is None or lock.holder != holder:
            raise lost(lock)
        if _written(engine, set_name, head, {UNTIL: f"{now + seconds:.3f}"}):
            return
    raise _contended(set_name)


def history(engine: Engine, set_name: str) -> tuple[Run, ...]:
    """The runs that the head keeps."""
    head = find(engine, set_name)
    return () if head is None else decoded(head.labels.get(HISTORY, ""))


def note(engine: Engine, set_name: str, run: Run) -> None:
    """Put `run` among those that the head keeps.

    Raises:
        StoreUnavailable: others keep writing to the head.
    """
    for _ in range(_DRAWS):
        head = find(engine, set_name)
        runs = () if head is None else decoded(head.labels.get(HISTORY, ""))
        if _written(engine, set_name, head, {HISTORY: encoded(with_run(runs, run))}):
            return
    raise _contended(set_name)


def give_back(engine: Engine, set_name: str, holder: str) -> None:
    """Release the lock, where `holder` has it."""
    head = find(engine, set_name)
    if head is not None and head.labels.get(HOLDER) == holder:
        # Where somebody was quicker, the lock had expired and is theirs.
        _written(engine, set_name, head, _FREE)


def remove(engine: Engine, lock: Lock) -> None:
    """Remove `lock`, whoever has it.

    Raises:
        ObjectMoved: the set's lock is another one by now.
    """
    for _ in range(_DRAWS):
        head = find(engine, lock.set_name)
        current = None if head is None else _lock(lock.set_name, head, lock.read_at)
        if current is None:
            return
        lock.refuse_other(current)
        if _written(engine, lock.set_name, head, _FREE):
            return
    raise _contended(lock.set_name)


def _lock(set_name: str, head: Head, now: float) -> Lock | None:
    """The lock in the labels of a head, which other programs may have changed."""
    holder, since, until = (head.labels.get(name, "") for name in (HOLDER, SINCE, UNTIL))
    if not holder and until in {"", _FREE[UNTIL]}:
        return None
    return Lock(
        set_name=set_name,
        id=lock_id(head.id, holder, since),
        holder=holder,
        since=moment(since),
        until=moment(until),
        read_at=now,
    )


def _contended(set_name: str) -> StoreUnavailable:
    return StoreUnavailable(f"the lock of the set {set_name!r} is being fought for")


def _written(engine: Engine, set_name: str, head: Head | None, held: Mapping[str, str]) -> bool:
    """Write the labels; returns false where somebody else has written meanwhile."""
    try:
        if head is None:
            salt = secrets.token_hex(FINGERPRINT_KEY_BYTES)
            body = {
                "Name": _name(set_name),
                "Data": base64.b64encode(_CONTENT).decode(),
                "Labels": {SET: set_name, SALT: salt, **held},
            }
            engine.post("/configs/create", body)
        else:
            body = {**head.spec, "Labels": {**head.labels, **held}}
            engine.post(f"/configs/{head.id}/update", body, head.version)
    except Refused as refused:
        if refused.status == _CONFLICT or refused.out_of_sequence:
            return False
        raise
    return True


def _name(set_name: str) -> str:
    return f"{RESERVED}{hashlib.sha256(set_name.encode()).hexdigest()[:32]}"
