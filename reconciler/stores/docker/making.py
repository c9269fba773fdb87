"""Making the Docker secrets of one object, with what is there of it already."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count

from reconciler.errors import ObjectExists, StoreError
from reconciler.model.objects import Applied, Resource
from reconciler.model.values import UnreadValue
from reconciler.stores.docker.annotations import ANNOTATIONS
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.layout import Piece, pieces, specification
from reconciler.stores.docker.parts import (
    Holding,
    Part,
    described,
    foreign_part,
    labels_of,
    part_of,
)
from reconciler.stores.docker.writing import NameTaken, created, marked, rewritten
from reconciler.stores.kit.refusals import exists


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes `resource`, marked as `applied`, whose fingerprints are of the key of `print_key`.

    `look` tells what the swarm holds of it.
    """

    engine: Engine
    resource: Resource
    applied: Applied | None
    print_key: str
    look: Callable[[], Holding]

    def made_anew(self) -> tuple[Part, ...]:
        """Make it where there was nothing of it when the store was read.

        Raises:
            ObjectExists: its name is taken.
        """
        try:
            return self.written(Holding())
        except NameTaken:
            return self.made()

    def made(self) -> tuple[Part, ...]:
        """Make it of what there is of it, and of what there is not.

        Raises:
            ObjectExists: there is such an object, or somebody else has its name.
        """
        found = self.look()
        if found.current:
            raise exists(self.resource.key)
        try:
            return self.written(found)
        except NameTaken as taken:
            raise ObjectExists(
                f"{self.resource.key}: there is a Docker secret of the name {taken} already, "
                "which is none of its own",
                hint="rename the object, or give it another name with reconciler/docker-name",
            ) from None

    def written(self, found: Holding) -> tuple[Part, ...]:
        """Write every piece; the last one completes the object.

        Raises:
            NameTaken: by somebody else.
        """
        uid = str(uuid.uuid4())
        work = [(piece, self._fitting(piece, found.copy)) for piece in pieces(self.resource)]
        for piece, part in work:
            if part is None and isinstance(piece.content, UnreadValue):
                raise StoreError(
                    f"{self.resource.key}: nobody has the value of "
                    f"{piece.key or 'a key of others'}, so it cannot be made anew",
                    hint="remove the key, or leave the layout as it is",
                )
        # What is there already comes first: until the object is complete, it is its own copy.
        work.sort(key=lambda pair: pair[1] is None)
        used = {part.id for _, part in work if part is not None}
        left = [part for part in found.all if part.id not in used]
        # Before the object is complete: what a service holds on to is none of it.
        marked(self.engine, (part for part in left if not part.replaced))
        ids = []
        for number, (piece, part) in enumerate(work, start=1):
            complete = number == len(work)
            if part is not None:
                self._take_over(part, uid, complete=complete)
                ids.append(part.id)
            else:
                left = self._removed(left, piece.key)
                ids.append(self._create(piece, uid, found, complete=complete))
        self._removed(left, *{part.key for part in left})
        return tuple(
            self._read(identity, piece) for identity, (piece, _) in zip(ids, work, strict=True)
        )

    def _fitting(self, piece: Piece, copy: Iterable[Part]) -> Part | None:
        """The part of the copy that is what `piece` is to become."""
        for part in copy:
            if part.key != piece.key or part.holds != piece.keys:
                continue
            if isinstance(piece.content, UnreadValue):
                return part
            if self._has_same_values(part) and self._is_fixed_alike(part):
                return part
        return None

    def _has_same_values(self, part: Part) -> bool:
        record = {} if self.applied is None else self.applied.fields
        fields = [("data", key) for key in part.holds]
        return (
            part.marked
            and part.print_key == self.print_key
            and all(field in record and part.record.get(field) == record[field] for field in fields)
        )

    def _is_fixed_alike(self, part: Part) -> bool:
        before = part.content.get("metadata", {}).get("annotations", {})
        return all(before.get(name) == self.resource.annotations.get(name) for name in ANNOTATIONS)

    def _take_over(self, part: Part, uid: str, *, complete: bool) -> None:
        again = replace(part, uid=uid, replaced=False, complete=complete)
        # What somebody else made and is put back is theirs again.
        again = replace(again, marked=part.marked or self.applied is not None)
        wanted = described(again, self.resource, self.applied, self.print_key)
        rewritten(self.engine, [(part, wanted)])

    def _create(self, piece: Piece, uid: str, found: Holding, *, complete: bool) -> str:
        blank = Part(
            id="",
            name=piece.name,
            version=0,
            created="",
            secret=self.resource.key,
            uid=uid,
            key=piece.key,
            keys=piece.keys,
            complete=complete,
        )
        labels = labels_of(described(blank, self.resource, self.applied, self.print_key))
        settings = {"Labels": labels, **specification(self.resource)}

        def under(name: str) -> str:
            body = {"Name": name, **settings}
            return created(self.engine, self.resource.key, body, piece.content)

        try:
            return under(piece.name)
        except NameTaken:
            mine = {part.name.lower() for part in found.all}
            if piece.name.lower() not in mine:
                raise NameTaken(piece.name) from None
        entries = self.engine.get("/secrets", name=[piece.name])
        taken = {entry["Spec"]["Name"].lower() for entry in entries}
        for number in count(2):
            name = f"{piece.name}-{number}"
            if name.lower() not in taken:
                return under(name)
        raise AssertionError  # there is always another number

    def _removed(self, parts: Iterable[Part], *keys: str | None) -> list[Part]:
        """Remove those of `parts` that hold `keys` and that nothing uses; returns the others."""
        left = []
        for part in parts:
            if part.key in keys:
                try:
                    self.engine.delete(f"/secrets/{part.id}")
                except Refused:
                    left.append(part)
            else:
                left.append(part)
        return left

    def _read(self, identity: str, piece: Piece) -> Part:
        entry = self.engine.get(f"/secrets/{identity}")
        return part_of(entry) or foreign_part(entry, self.resource.key, piece.keys)
