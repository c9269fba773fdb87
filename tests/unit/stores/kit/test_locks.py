"""A lock that is kept where a write names the version that was read, and rivals who write too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from reconciler.errors import LockLost, ObjectMoved, StoreLocked, StoreUnavailable
from reconciler.model.locks import Lock
from reconciler.stores.kit.locks import SetLock, Term

NOW = 1_790_000_000.0


def lock_of(term: Term) -> Lock:
    return Lock(
        set_name="shop",
        id=f"{term.holder} {term.since}",
        holder=term.holder,
        since=term.since,
        until=term.until,
        read_at=NOW,
    )


@dataclass
class Place(SetLock[int]):
    """Holds a term, and lets a rival in after each look."""

    term: Term | None = None
    version: int = 0
    set_name: str = "shop"
    rival: Callable[[Place], None] = field(default=lambda _: None)

    def now(self) -> float:
        return NOW

    def looked_up(self) -> tuple[Lock | None, int]:
        seen = None if self.term is None else lock_of(self.term), self.version
        self.rival(self)
        return seen

    def written(self, version: int, term: Term) -> bool:
        return self._put(version, term)

    def cleared(self, version: int) -> bool:
        return self._put(version, None)

    def _put(self, version: int, term: Term | None) -> bool:
        if version != self.version:
            return False
        self.term, self.version = term, version + 1
        return True


def disturb(place: Place) -> None:
    """Write the same again, as somebody who notes something else in the same place."""
    place.version += 1


def disturb_twice(place: Place) -> None:
    if place.version < 2:
        place.version += 1


def test_a_write_that_came_too_late_is_made_again() -> None:
    place = Place(rival=disturb_twice)
    place.take("anna", 60)
    assert place.term == Term("anna", NOW, NOW, 60)
    place.version = 0
    place.renew("anna", 90)
    assert place.term == Term("anna", NOW, NOW, 90)
    place.version = 0
    place.remove(lock_of(place.term))
    assert place.term is None


def test_whoever_comes_too_late_each_time_is_told() -> None:
    place = Place(rival=disturb)
    with pytest.raises(StoreLocked, match="changes hands all the time"):
        place.take("anna", 60)
    place.term = Term("anna", NOW, NOW, 60)
    with pytest.raises(StoreUnavailable, match="changed all the time"):
        place.renew("anna", 60)
    with pytest.raises(StoreUnavailable, match="changed all the time"):
        place.remove(lock_of(place.term))


def test_a_rival_who_takes_the_lock_in_between_has_it() -> None:
    def take_over(place: Place) -> None:
        if place.term is None or place.term.holder != "ben":
            place.term = Term("ben", NOW, NOW, 60)
            place.version += 1

    place = Place(rival=take_over)
    with pytest.raises(StoreLocked, match="ben"):
        place.take("anna", 60)
    place.term = Term("anna", NOW, NOW, 60)
    with pytest.raises(LockLost, match="ben"):
        place.renew("anna", 60)
    place.term = Term("anna", NOW, NOW, 60)
    with pytest.raises(ObjectMoved, match="ben"):
        place.remove(lock_of(place.term))
    place.term = Term("anna", NOW, NOW, 60)
    place.give_back("anna")
    assert place.term == Term("ben", NOW, NOW, 60)


def test_an_extended_lock_keeps_its_beginning_and_an_expired_one_does_not() -> None:
    place = Place(term=Term("anna", NOW - 30, NOW - 30, 60))
    place.take("anna", 60)
    assert place.term == Term("anna", NOW - 30, NOW, 60)
    place.term = Term("anna", NOW - 90, NOW - 90, 60)
    place.take("ben", 60)
    assert place.term == Term("ben", NOW, NOW, 60)
