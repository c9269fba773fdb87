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
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import StoreLocked, StoreUnavailable
from reconciler.model.values import FINGERPRINT_KEY_BYTES, PublicSalt
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.layout import RESERVED
from reconciler.stores.docker.parts import SET

HOLDER = f"{RESERVED}lock-holder"
SINCE = f"{RESERVED}lock-since"
UNTIL = f"{RESERVED}lock-until"
SALT = f"{RESERVED}salt"
_CONFLICT = 409
_CONTENT = b"The lock and the salt of a set of reconciler stand in the labels of this config.\n"
_DRAWS = 5


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
        """The salt of the set's fingerprints."""
        return PublicSalt(bytes.fromhex(self.labels[SALT]))


def find(engine: Engine, set_name: str) -> Head | None:
    """The head of that set, where it has one."""
    name = _name(set_name)
    for entry in engine.get("/configs", name=[name]):
        if entry["Spec"]["Name"] == name and SALT in (entry["Spec"].get("Labels") or {}):
            return Head(entry["ID"], entry["Version"]["Index"], entry["Spec"])
    return None


def take(engine: Engine, set_name: str, holder: str, seconds: float) -> None:
    """Take or extend the set's lock, by this machine's clock.

    Raises:
        StoreLocked: somebody else has it still.
    """
    for _ in range(_DRAWS):
        now = time.time()
        head = find(engine, set_name)
        since = now
        if head is not None and float(head.labels.get(UNTIL, "0")) > now:
            if head.labels.get(HOLDER) != holder:
                raise _locked(set_name, head)
            since = float(head.labels[SINCE])
        held = {HOLDER: holder, SINCE: f"{since:.3f}", UNTIL: f"{now + seconds:.3f}"}
        if _written(engine, set_name, head, held):
            return
    raise StoreUnavailable(f"the lock of the set {set_name!r} is being fought for")


def give_back(engine: Engine, set_name: str, holder: str) -> None:
    """Give the lock back, where `holder` has it."""
    head = find(engine, set_name)
    if head is not None and head.labels.get(HOLDER) == holder:
        # Where somebody was quicker, the lock had expired and is theirs.
        _written(engine, set_name, head, {HOLDER: "", SINCE: "0", UNTIL: "0"})


def _written(engine: Engine, set_name: str, head: Head | None, held: Mapping[str, str]) -> bool:
    """Write the labels; tells whether nobody else has written meanwhile."""
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


def _locked(set_name: str, head: Head) -> StoreLocked:
    holder = head.labels.get(HOLDER, "")
    since, until = (_time(float(head.labels.get(name, "0"))) for name in (SINCE, UNTIL))
    return StoreLocked(
        f"the set {set_name!r} is locked by {holder} since {since}; the lock expires at {until} "
        "unless it is extended",
        holder=holder,
        hint="wait for it with --lock-timeout",
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
