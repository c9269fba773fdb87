"""Makes the Docker secrets of an object, and keeps those that fit already."""

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

    `look` reads what the swarm holds of the object.
    """

    engine: Engine
    resource: Resource
    applied: Applied | None
    print_key: str
    look: Callable[[], Holding]

    def made_anew(self) -> tuple[Part, ...]:
        """Make the object, of which there was nothing when the store was read.

        Raises:
            ObjectExists: its name is taken.
        """
        try:
            return self.written(Holding())
        except NameTaken:
            return self.made()

    def made(self) -> tuple[Part, ...]:
        """Make the object; its existing parts are used where they fit.

        Raises:
            ObjectExists: there is such an object, or somebody else has its name.
        """
        holding = self.look()
        if holding.current:
            raise exists(self.resource.key)
        try:
            return self.written(holding)
        except NameTaken as taken:
            raise ObjectExists(
                f"{self.resource.key}: there is a Docker secret of the name {taken} already, "
                "which is none of its own",
                hint="rename the object, or give it another name with reconciler/docker-name",
            ) from None

    def written(self, holding: Holding) -> tuple[Part, ...]:
        """Write every piece; the last one completes the object.

        Raises:
            NameTaken: by somebody else.
        """
        uid = str(uuid.uuid4())
        work = [(piece, self._fitting(piece, holding.copy)) for piece in pieces(self.resource)]
        for piece, part in work:
            if part is None and isinstance(piece.content, UnreadValue):
                raise StoreError(
                    f"{self.resource.key}: nobody has the value of "
                    f"{piece.key or 'a key of others'}, so it cannot be made anew",
                    hint="remove the key, or leave the layout as it is",
                )
        # Existing parts come first: until the object is complete, they are its copy.
        work.sort(key=lambda pair: pair[1] is None)
        used = {part.id for _, part in work if part is not None}
        unused = [part for part in holding.all if part.id not in used]
        # Now, while the object is incomplete: a part that a service still uses is none of its own.
        marked(self.engine, (part for part in unused if not part.replaced))
        ids = []
        for number, (piece, part) in enumerate(work, start=1):
            complete = number == len(work)
            if part is not None:
                self._take_over(part, uid, complete=complete)
                ids.append(part.id)
            else:
                unused = self._removed(unused, piece.key)
                ids.append(self._create(piece, uid, holding, complete=complete))
        self._removed(unused, *{part.key for part in unused})
        return tuple(
            self._read(identity, piece) for identity, (piece, _) in zip(ids, work, strict=True)
        )

    def _fitting(self, piece: Piece, copy: Iterable[Part]) -> Part | None:
        """The part of the copy that already equals `piece`."""
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

    def _create(self, piece: Piece, uid: str, holding: Holding, *, complete: bool) -> str:
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
            mine = {part.name.lower() for part in holding.all}
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
        """Remove the unused parts that hold `keys`; returns the other parts."""
        unused = []
        for part in parts:
            if part.key in keys:
                try:
                    self.engine.delete(f"/secrets/{part.id}")
                except Refused:
                    unused.append(part)
            else:
                unused.append(part)
        return unused

    def _read(self, identity: str, piece: Piece) -> Part:
        entry = self.engine.get(f"/secrets/{identity}")
        return part_of(entry) or foreign_part(entry, self.resource.key, piece.keys)
