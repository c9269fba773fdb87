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
from reconciler.model.locks import Lock, lock_id, moment
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.layout import RESERVED
from reconciler.stores.docker.parts import SET
from reconciler.stores.kit.attempts import settled
from reconciler.stores.kit.locks import SetLock, Term

HOLDER = f"{RESERVED}lock-holder"
SINCE = f"{RESERVED}lock-since"
UNTIL = f"{RESERVED}lock-until"
SALT = f"{RESERVED}salt"
HISTORY = f"{RESERVED}history"
_CONFLICT = 409
_CONTENT = b"The lock and the salt of a set of reconciler stand in the labels of this config.\n"
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


@dataclass(frozen=True, slots=True)
class HeadLock(SetLock[Head | None]):
    """The lock in the labels of a set's head, by this machine's clock."""

    engine: Engine
    set_name: str

    def now(self) -> float:
        """This machine's time."""
        return time.time()

    def looked_up(self) -> tuple[Lock | None, Head | None]:
        """The lock, and the head that it stands in."""
        head = find(self.engine, self.set_name)
        return None if head is None else _lock(self.set_name, head, self.now()), head

    def written(self, version: Head | None, term: Term) -> bool:
        """Write the labels of the lock."""
        held = {HOLDER: term.holder, SINCE: f"{term.since:.3f}", UNTIL: f"{term.until:.3f}"}
        return _written(self.engine, self.set_name, version, held)

    def cleared(self, version: Head | None) -> bool:
        """Write labels that name nobody."""
        return _written(self.engine, self.set_name, version, _FREE)


def history(engine: Engine, set_name: str) -> tuple[Run, ...]:
    """The runs that the head keeps."""
    head = find(engine, set_name)
    return () if head is None else decoded(head.labels.get(HISTORY, ""))


def note(engine: Engine, set_name: str, run: Run) -> None:
    """Put `run` among those that the head keeps.

    Raises:
        StoreUnavailable: others keep writing to the head.
    """

    def noted() -> bool:
        head = find(engine, set_name)
        runs = () if head is None else decoded(head.labels.get(HISTORY, ""))
        return _written(engine, set_name, head, {HISTORY: encoded(with_run(runs, run))})

    if not settled(noted):
        raise StoreUnavailable(f"the history of the set {set_name!r} is changed all the time")


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
