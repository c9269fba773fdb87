"""Live fields beside the record of what was applied last, which holds fingerprints, not values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.ciphertexts import recorded_digests
from reconciler.model.drift import FieldState, Pending
from reconciler.model.fields import DATA, TYPE, Fields, leaf_text
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import SECRET, Live
from reconciler.model.plans import FieldPath
from reconciler.model.store import Snapshot
from reconciler.model.values import SealedValue, UnreadValue
from reconciler.planning.owners import understood_record
from reconciler.planning.ownership import Merged


def is_of_set(live: Live, set_name: str) -> bool:
    """Whether the set owns the live object."""
    return live.applied is not None and live.applied.set_name == set_name


@dataclass(frozen=True, slots=True)
class FingerprintCheck:
    """Compares live fields with the records of a set.

    ``all_readable`` tells that no record of the set was made with another fingerprint key, as far
    as can be told. What a record of another key says of a value is unknowable. Where the reader is
    ``unkeyed``, so it is with all of them. Records of the set ``giver`` count as the set's own,
    since its objects are moved to the set.
    """

    fingerprinter: Fingerprinter
    set_name: str
    all_readable: bool
    giver: str | None = None
    unkeyed: bool = False

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        set_name: str,
        fingerprinter: Fingerprinter,
        giver: str | None = None,
    ) -> FingerprintCheck:
        """The check of the records in `snapshot`, whose key `fingerprinter` has."""
        all_readable = not snapshot.unkeyed and all(
            _has_key_of(live, fingerprinter)
            for live in snapshot.objects.values()
            if is_of_set(live, set_name)
        )
        return cls(fingerprinter, set_name, all_readable, giver, snapshot.unkeyed)

    def counts(self, live: Live) -> bool:
        """Whether the record of `live` is the set's, or that of the set that hands it over."""
        return live.applied is not None and live.applied.set_name in {self.set_name, self.giver}

    def can_read(self, live: Live) -> bool:
        """Whether the record of `live` was made with this key.

        A Secret tells by its type, which nothing changes in place. Other objects do not tell, so
        all records of the set must be readable.
        """
        if live.kind == SECRET:
            return not self.unkeyed and _has_key_of(live, self.fingerprinter)
        return self.all_readable and is_of_set(live, self.set_name)

    def applied(self, live: Live) -> Mapping[FieldPath, str]:
        """What the set applied last; what another set applied is not ours to remove."""
        if not self.counts(live):
            return {}
        return understood_record(live, self.fingerprinter)

    def state(
        self,
        path: FieldPath,
        live: Live,
        fields: Fields,
        applied: Mapping[FieldPath, str],
        *,
        fingerprint: str = "",
    ) -> FieldState:
        """How the field at `path` of `live` stands to what the set applied last.

        `fields` are those of `live`, and `applied` is what the set applied to it; `fingerprint` is
        that of the live field, where the caller has it. A key that somebody added to data is a
        difference; any other field that was not applied is not.
        """
        if path not in applied:
            is_ours = self.counts(live)
            added = is_ours and path[0] == DATA and path in fields
            return FieldState.ADDED if added else FieldState.IN_SYNC
        if path not in fields:
            return FieldState.REMOVED
        leaf = fields[path]
        if isinstance(leaf, UnreadValue) and leaf.fingerprint is None:
            return FieldState.UNKNOWABLE
        own = fingerprint or self.fingerprinter.of(live.namespace, path, leaf_text(leaf))
        if own == applied[path]:
            return FieldState.IN_SYNC
        return FieldState.CHANGED if self.can_read(live) else FieldState.UNKNOWABLE

    def pending(
        self, path: FieldPath, live: Live, wanted: Fields, applied: Mapping[FieldPath, str]
    ) -> Pending:
        """What the manifest, whose fields are `wanted`, changes of what the set applied last."""
        if path not in wanted:
            return Pending.REMOVE if path in applied else Pending.NONE
        if isinstance(wanted[path], SealedValue) and wanted[path].fingerprint is None:
            return Pending.UNKNOWN
        own = self.fingerprinter.of(live.namespace, path, leaf_text(wanted[path]))
        unknowable = path in applied and not self.can_read(live)
        return Pending.NONE if own == applied.get(path) or unknowable else Pending.SET

    def is_current(
        self,
        live: Live,
        merged: Merged,
        applied: Mapping[FieldPath, str],
        digests: Mapping[str, str],
    ) -> bool:
        """Whether the record of `live` says just what applying it again would write.

        Of a record that nobody here has the key of, only the paths tell. It may hold more digests
        of ciphertexts than `digests`, since these do no harm: a manifest that comes by a pipe has
        none.
        """
        if len(merged.claims) != len(applied):
            return False
        namespace, target, fingerprint = live.namespace, merged.target, self.fingerprinter.of
        for path in merged.claims:
            recorded = applied.get(path)
            if recorded is None:
                return False
            if not self.unkeyed and recorded != fingerprint(
                namespace, path, leaf_text(target[path])
            ):
                return False
        if not digests:
            return True
        kept = {} if live.applied is None else live.applied.ciphertexts
        return recorded_digests(digests, applied).items() <= kept.items()


def _has_key_of(live: Live, fingerprinter: Fingerprinter) -> bool:
    applied = {} if live.applied is None else live.applied.fields
    if TYPE not in applied or live.kind != SECRET:
        return True
    return fingerprinter.of(live.namespace, TYPE, live.type) == applied[TYPE]
