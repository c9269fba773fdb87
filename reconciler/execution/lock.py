"""One apply of a set at a time: a lock with a holder and an expiry, renewed while it is held."""

from __future__ import annotations

import getpass
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from reconciler.errors import LockLost, StoreError, StoreLocked
from reconciler.model.store import Store

LEASE_SECONDS = 60.0
_RENEWALS_PER_LEASE = 3
_POLL_SECONDS = 0.5


def new_holder() -> str:
    """Who takes the lock, told so that a person finds the process: user, host, process id."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (process {os.getpid()}, {uuid.uuid4().hex[:8]})"


@dataclass(slots=True)
class _Lease:
    """One holder's hold, or wish for one, on a set's lock."""

    store: Store
    set_name: str
    holder: str
    lost: bool = False

    def extend(self) -> None:
        self.store.lock(self.set_name, self.holder, LEASE_SECONDS)

    def take(self, timeout: float, stop: threading.Event, waiting: Callable[[str], None]) -> None:
        deadline = time.monotonic() + timeout
        told = False
        while True:
            try:
                self.extend()
            except StoreLocked as held:
                if time.monotonic() >= deadline or stop.wait(_POLL_SECONDS):
                    raise
                if not told:
                    waiting(held.message)
                    told = True
            else:
                return

    def renew(self, released: threading.Event, stop: threading.Event) -> None:
        """Renew until released; a lease that could not be renewed in time ends the apply."""
        expiry = time.monotonic() + LEASE_SECONDS
        while not released.wait(LEASE_SECONDS / _RENEWALS_PER_LEASE):
            try:
                self.extend()
            except Exception as error:  # noqa: BLE001 - an apply must not go on without its lock
                passing = isinstance(error, StoreError) and not isinstance(error, StoreLocked)
                if not passing or time.monotonic() >= expiry:
                    self.lost = True
                    stop.set()
                    return
            else:
                expiry = time.monotonic() + LEASE_SECONDS


@contextmanager
def locked(
    store: Store,
    set_name: str,
    timeout: float,
    stop: threading.Event,
    waiting: Callable[[str], None],
) -> Iterator[None]:
    """Hold the lock of `set_name`; `stop` is set should it be lost on the way.

    Waits up to `timeout` seconds for another holder, whom `waiting` is told of once.

    Raises:
        StoreLocked: another apply still holds it.
        LockLost: it was lost while the body ran.
    """
    lease = _Lease(store, set_name, new_holder())
    lease.take(timeout, stop, waiting)
    released = threading.Event()
    renewal = threading.Thread(target=lease.renew, args=(released, stop), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        released.set()
        renewal.join()
        # A lock that cannot be given back now expires by itself.
        with suppress(StoreError):
            store.unlock(set_name, lease.holder)
    if lease.lost:
        raise LockLost(
            f"the lock of the set {set_name!r} was lost while its plan was applied",
            hint="steps in flight were finished, the others skipped: plan again",
        )
