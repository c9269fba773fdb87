"""One apply of a set at a time: a lock with a holder and an expiry, renewed while it is held."""

from __future__ import annotations

import getpass
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from reconciler.errors import LockLost, StoreError, StoreLocked
from reconciler.model.locks import LEASE_SECONDS, RENEWALS_PER_LEASE
from reconciler.model.store import Session, Store

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """How long a lock is taken for, how often it is renewed meanwhile, and polled while it is held.

    ``lease`` and ``poll`` are in seconds, ``renewals`` are for each lease.
    """

    lease: float = LEASE_SECONDS
    renewals: int = RENEWALS_PER_LEASE
    poll: float = 0.5


_DEFAULT = LockPolicy()


def new_holder() -> str:
    """A name for whoever takes the lock, by which a person finds the process: user, host, id."""
    return f"{user_and_host()} (process {os.getpid()}, {uuid.uuid4().hex[:8]})"


def user_and_host() -> str:
    """``USER@HOST`` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{_plain(user)}@{_plain(socket.gethostname())}"


def _plain(name: str) -> str:
    """A name of the environment as text that every store can hold."""
    printable = "".join(character if character.isprintable() else "?" for character in name)
    return printable[:_LONGEST_NAME]


class _Lease:
    """A session's hold on its set's lock, which is to expire at `expiry` of the monotonic clock."""

    def __init__(self, session: Session, expiry: float, policy: LockPolicy) -> None:
        self._session = session
        self._expiry = expiry
        self._policy = policy
        self._released = threading.Event()
        self.lost = ""
        """Why it is lost; empty while it is held."""

    @contextmanager
    def kept(self, stop: threading.Event) -> Iterator[None]:
        """Renew the lock while the body runs, and set `stop` where it is lost."""
        renewal, watch = (
            threading.Thread(target=work, args=(stop,), daemon=True)
            for work in (self._renew, self._watch)
        )
        renewal.start()
        watch.start()
        try:
            yield
        finally:
            self._released.set()
            watch.join()
            # A store that does not answer holds up nobody: a renewal extends only a lock that is
            # still there.
            renewal.join(self._policy.lease)

    def _renew(self, stop: threading.Event) -> None:
        """Extend the lock until it is released; a store that is away may come back in time."""
        while not self._released.wait(self._policy.lease / self._policy.renewals):
            expiry = time.monotonic() + self._policy.lease
            try:
                self._session.renew(self._policy.lease)
            except LockLost as gone:
                self._lose(gone.message, stop)
                return
            except StoreError:
                continue
            except Exception as error:  # noqa: BLE001 - an apply must not go on without its lock
                self._lose(f"it could not be extended ({type(error).__name__})", stop)
                return
            self._expiry = expiry

    def _watch(self, stop: threading.Event) -> None:
        """Notice that the lock expires, even while its renewal waits for an answer."""
        while not self._released.wait(max(0.0, self._expiry - time.monotonic())):
            if time.monotonic() >= self._expiry:
                self._lose("it expired, as the store did not extend it in time", stop)
                return

    def _lose(self, why: str, stop: threading.Event) -> None:
        self.lost = self.lost or why
        stop.set()


@contextmanager
def locked(
    store: Store,
    set_name: str,
    timeout: float,
    stop: threading.Event,
    waiting: Callable[[str], None],
    *,
    policy: LockPolicy = _DEFAULT,
) -> Iterator[Session]:
    """A session of `set_name`, its lock held; `stop` is set should it be lost on the way.

    Waits up to `timeout` seconds for another holder, and calls `waiting` with it once.

    Raises:
        StoreLocked: another apply still holds it.
        LockLost: it was lost while the body ran.
    """
    holder = new_holder()
    with ExitStack() as stack:

        def take() -> Session:
            return stack.enter_context(store.session(set_name, holder, policy.lease))

        session, expiry = _taken(take, timeout, stop, waiting, policy)
        lease = _Lease(session, expiry, policy)
        with lease.kept(stop):
            yield session
    if lease.lost:
        raise LockLost(
            f"the lock of the set {set_name!r} was lost while its plan was applied: {lease.lost}",
            hint="steps in flight were finished, the others skipped: plan again",
        )


def _taken(
    take: Callable[[], Session],
    timeout: float,
    stop: threading.Event,
    waiting: Callable[[str], None],
    policy: LockPolicy,
) -> tuple[Session, float]:
    """What `take` returns once the lock is free, and when that lock expires if not renewed."""
    deadline = time.monotonic() + timeout
    reported = False
    while True:
        expiry = time.monotonic() + policy.lease
        try:
            return take(), expiry
        except StoreLocked as held:
            if time.monotonic() >= deadline or stop.wait(policy.poll):
                raise
            if not reported:
                waiting(held.message)
                reported = True
