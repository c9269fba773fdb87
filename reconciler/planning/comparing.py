"""Compares manifest, live object and last apply of an object, once.

A plan and a drift check are projections of the same `Compared`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.fields import (
    DATA,
    IMMUTABLE,
    TYPE,
    Fields,
    flatten,
    version_annotation,
)
from reconciler.model.lifecycle import Lifecycle, lifecycle
from reconciler.model.objects import SECRET, Desired, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import FieldPath, Reason
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import UnreadValue
from reconciler.planning import limits, seals
from reconciler.planning.diff import changed_paths
from reconciler.planning.owners import owner_uids, with_owner_uids
from reconciler.planning.ownership import Merged, merge, newly_made
from reconciler.planning.recipes import generated_fields
from reconciler.planning.records import FingerprintCheck
from reconciler.planning.scrubbing import scrubbed
from reconciler.rules import replace_reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One object that a manifest names.

    ``key`` is that of the live object, or of the object to be created. Sealed values of
    ``resource`` are settled, as far as the record of the last apply allows. ``live`` has the
    manifest's values in place of those that cannot be read and have the same fingerprint.
    ``before`` are the fields of the live object; if there is none, those of the copy that an
    interrupted replace left, or of the ``predecessor`` that a new version replaces. ``applied`` is
    the record of the last apply. ``wanted`` are the fields in the manifest that the store can keep;
    ``merged`` is the result of merging. ``changed`` are the paths in which the live object differs
    from that.
    """

    key: ObjectKey
    resource: Desired
    lifecycle: Lifecycle
    wanted: Fields = field(repr=False)
    merged: Merged
    live: Live | None = None
    before: Fields = field(default_factory=dict, repr=False)
    applied: Mapping[FieldPath, str] = field(default_factory=dict)
    changed: frozenset[FieldPath] = frozenset()
    predecessor: Compared | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The context in which all objects of a plan or drift check are compared.

    ``named`` has the manifests by the keys of their objects. ``versions`` has comparisons that were
    already made to find the current version of a Secret. ``predecessors`` has, by the keys of new
    versions, the objects that they replace. ``families`` has, by the keys of Secrets whose names
    end in kustomize's hash, the keys without it: those in ``named``, and their old versions.
    """

    named: Mapping[ObjectKey, Desired]
    snapshot: Snapshot
    options: PlanOptions
    check: FingerprintCheck
    versions: Mapping[ObjectKey, Compared] = field(default_factory=dict)
    predecessors: Mapping[ObjectKey, Compared] = field(default_factory=dict)
    families: Mapping[ObjectKey, ObjectKey] = field(default_factory=dict)

    def compare(self, key: ObjectKey) -> Compared:
        """Compare the object that a manifest names."""
        if key in self.versions:
            return self.versions[key]
        if key in self.predecessors:
            return self._successor(key, self.predecessors[key])
        return self.compare_with(key, self.named[key], self.snapshot.objects.get(key))

    def compare_all(self, keys: Iterable[ObjectKey]) -> Iterator[Compared]:
        """Compare the objects lazily: all results together need several times as much memory."""
        return map(self.compare, keys)

    def compare_with(self, key: ObjectKey, resource: Desired, live: Live | None) -> Compared:
        """Compare `resource` with `live`, or with the kept copy of it."""
        annotations = lifecycle(resource)
        held = self.snapshot.copies.get(key) if live is None else live
        if held is None:
            wanted = self._wanted(key, resource, annotations, None)
            merged = self._scrubbed(key, newly_made(wanted, annotations))
            return Compared(
                key=key, resource=resource, lifecycle=annotations, wanted=wanted, merged=merged
            )
        resource = seals.settled(resource, held, self.check)
        wanted = self._wanted(key, resource, annotations, held)
        held = limits.recognised(held, resource, self.check)
        before = flatten(held)
        applied = self.check.applied(held)
        merged = self._scrubbed(key, merge(wanted, before, applied, annotations))
        return Compared(
            key=key,
            resource=resource,
            lifecycle=annotations,
            wanted=wanted,
            merged=merged,
            live=None if live is None else held,
            before=before,
            applied=applied,
            changed=frozenset() if live is None else changed_paths(before, merged.target),
        )

    def digests(self, compared: Compared) -> Mapping[str, str]:
        """The digests of ciphertexts that the store is to keep with the object."""
        keeps = Capability.CIPHERTEXTS in self.snapshot.capabilities
        return compared.resource.ciphertexts if keeps else {}

    def replace_reasons(self, compared: Compared) -> tuple[Reason, ...]:
        """Why the live object cannot be updated in place; empty if it can."""
        if compared.live is None or compared.lifecycle.create_only or not compared.changed:
            return ()
        target = compared.merged.target
        return (
            *replace_reasons(
                compared.live,
                target.get(TYPE, ""),
                immutable=IMMUTABLE in target,
                data_changes=any(path[0] == DATA for path in compared.changed),
            ),
            *limits.replace_reasons(compared.changed, self.snapshot),
        )

    def _successor(self, key: ObjectKey, predecessor: Compared) -> Compared:
        """Compare a new version: it gets the keys that others added, but not their metadata.

        Where its name is a hash of the manifest's values, it gets just these.
        """
        resource = self.named[key]
        wanted = self._wanted(key, resource, lifecycle(resource), predecessor.live)
        data = {path: leaf for path, leaf in predecessor.before.items() if path[0] == DATA}
        if key in self.families:
            result = newly_made(wanted, predecessor.lifecycle)
        else:
            if Capability.READ_VALUES not in self.snapshot.capabilities:  # none can be carried over
                data = {
                    path: leaf for path, leaf in data.items() if not isinstance(leaf, UnreadValue)
                }
            result = merge(wanted, data, predecessor.applied, predecessor.lifecycle)
        merged = self._scrubbed(key, result)
        shown = data.keys() | merged.target.keys()
        return Compared(
            key=key,
            resource=resource,
            lifecycle=predecessor.lifecycle,
            wanted=wanted,
            merged=merged,
            before={path: leaf for path, leaf in predecessor.before.items() if path in shown},
            predecessor=predecessor,
        )

    def _wanted(
        self, key: ObjectKey, resource: Desired, annotations: Lifecycle, held: Live | None
    ) -> Fields:
        """What the manifest wants; where it has values generated, those of `held` if there."""
        wanted = limits.kept_fields(resource, self.snapshot.capabilities)
        wanted |= generated_fields(key, annotations, held, self.options)
        if Capability.METADATA in self.snapshot.capabilities:
            wanted.update(version_annotation(self._version_of(key, resource)))
        if not resource.owners or Capability.METADATA not in self.snapshot.capabilities:
            return wanted
        uids = owner_uids(resource, self.named, self.snapshot.objects)
        return with_owner_uids(resource, wanted, uids)

    def _version_of(self, key: ObjectKey, resource: Desired) -> str:
        """The name of which the object at `key` is to be marked as a version."""
        if key != resource.key:
            return resource.name
        # Elsewhere, the values themselves tell.
        unread = Capability.READ_VALUES not in self.snapshot.capabilities
        return self.families[key].name if unread and key in self.families else ""

    def _scrubbed(self, key: ObjectKey, merged: Merged) -> Merged:
        return scrubbed(merged) if self.options.scrub and key.kind == SECRET else merged
