"""Renames and moves: the same values under another name, or in another namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.objects import SECRET, Live, ObjectKey
from reconciler.model.plans import Action, Change, Note, Reason
from reconciler.model.store import Snapshot
from reconciler.model.values import UnreadValue
from reconciler.planning.contents import Contents


@dataclass(frozen=True, slots=True)
class Relocations:
    """``successors`` has, by what is deleted or left over, the new object with the same data."""

    successors: Mapping[ObjectKey, ObjectKey]

    @classmethod
    def of(
        cls,
        changes: Iterable[Change],
        leftovers: Iterable[ObjectKey],
        snapshot: Snapshot,
        contents: Contents,
    ) -> Relocations:
        """What of `leftovers`, which no manifest names, is created again by `changes`."""
        old = {
            frozenset(live.data.items()): live.key
            for live in reversed([*_candidates(leftovers, snapshot)])
        }
        if not old:
            return cls({})
        successors: dict[ObjectKey, ObjectKey] = {}
        for change in changes:
            is_new = change.action is Action.CREATE and Reason.VERSIONED not in change.reasons
            if is_new and change.key.kind == SECRET:
                before = old.get(frozenset(contents.after(change).items()))
                if before is not None:
                    successors.setdefault(before, change.key)
        return cls(successors)

    def notes(self, change: Change) -> Iterator[Note]:
        """What to say of a change that is one half of a rename or a move."""
        if change.action is Action.DELETE and change.key in self.successors:
            new = self.successors[change.key]
            yield Note(_code(change.key, new), _BECOMES[_code(change.key, new)].format(new))
        for old, new in self.successors.items():
            if new == change.key:
                yield Note(_code(old, new), _WAS[_code(old, new)].format(old))


def _candidates(leftovers: Iterable[ObjectKey], snapshot: Snapshot) -> Iterator[Live]:
    for key in leftovers:
        live = snapshot.objects.get(key)
        if live is not None and live.data and UnreadValue not in map(type, live.data.values()):
            yield live


def _code(old: ObjectKey, new: ObjectKey) -> str:
    return "renamed" if old.namespace == new.namespace else "moved"


_BECOMES = {
    "renamed": "a rename: {} is created with the same values",
    "moved": "a move to another namespace: {} is created with the same values",
}
_WAS = {
    "renamed": "a rename: it has the same values as {}, which no manifest names any more",
    "moved": "a move: it has the same values as {}, which no manifest names any more",
}
