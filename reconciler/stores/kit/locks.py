"""The lock of a set, kept where a write names the version that was read.

For services without such writes, see `leases`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.errors import StoreLocked, StoreUnavailable
from reconciler.model.locks import Lock, lost
from reconciler.stores.kit.attempts import settled

Version = TypeVar("Version")


@dataclass(frozen=True, slots=True)
class Term:
    """A lock that ``holder`` has since ``since``, and from ``now`` on for ``seconds``."""

    holder: str
    since: float
    now: float
    seconds: float

    @property
    def until(self) -> float:
        """When it expires."""
        return self.now + self.seconds


class SetLock(ABC, Generic[Version]):
    """The lock of the set ``set_name``: holders take it, extend it and give it back.

    A store says how it is read and written; a write that comes too late returns false.
    """

    set_name: str

    @abstractmethod
    def now(self) -> float:
        """The time in seconds since 1970, by the clock that judges the lock."""

    @abstractmethod
    def looked_up(self) -> tuple[Lock | None, Version]:
        """The lock, expired or not, and the version of the place where it stands."""

    @abstractmethod
    def written(self, version: Version, term: Term) -> bool:
        """Write the lock."""

    @abstractmethod
    def cleared(self, version: Version) -> bool:
        """Write that nobody has the lock."""

    def read(self) -> Lock | None:
        """The lock, expired or not."""
        return self.looked_up()[0]

    def take(self, holder: str, seconds: float) -> None:
        """Take the lock for `seconds`, or extend it where `holder` has it already.

        Raises:
            StoreLocked: somebody else has it.
        """

        def taken() -> bool:
            lock, version = self.looked_up()
            now = since = self.now()
            if lock is not None and lock.is_held:
                if lock.holder != holder:
                    raise lock.refusal()
                since = now if lock.since is None else lock.since
            return self.written(version, Term(holder, since, now, seconds))

        if not settled(taken):
            raise StoreLocked(
                f"the lock of the set {self.set_name!r} changes hands all the time",
                holder="somebody unknown",
                hint="wait for it with --lock-timeout",
            )

    def renew(self, holder: str, seconds: float) -> None:
        """Extend the lock that `holder` has.

        Raises:
            LockLost: `holder` no longer has it.
        """

        def renewed() -> bool:
            lock, version = self.looked_up()
            if lock is None or lock.holder != holder:
                raise lost(lock)
            now = self.now()
            since = now if lock.since is None else lock.since
            return self.written(version, Term(holder, since, now, seconds))

        if not settled(renewed):
            raise self._contended()

    def give_back(self, holder: str) -> None:
        """Release the lock, where `holder` has it."""
        lock, version = self.looked_up()
        if lock is not None and lock.holder == holder:
            self.cleared(version)  # where that comes too late, it had expired and is another's

    def remove(self, lock: Lock) -> None:
        """Remove `lock`, whoever has it.

        Raises:
            ObjectMoved: the set's lock is another one by now.
        """

        def removed() -> bool:
            current, version = self.looked_up()
            if current is None:
                return True
            lock.refuse_other(current)
            return self.cleared(version)

        if not settled(removed):
            raise self._contended()

    def _contended(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"the lock of the set {self.set_name!r} is changed all the time", hint="try again"
        )
