"""Writes to the embedded store: each is one transaction, done completely or not at all."""

from __future__ import annotations

import dataclasses

from reconciler import rules
from reconciler.errors import ObjectNotFound
from reconciler.model.objects import NAMESPACE, Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.stores.kit import patching
from reconciler.stores.kit.refusals import exists, missing, refuse, refuse_moved
from reconciler.stores.sqlite import deletion, rows, seeds
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.tables import Contents, new_uid, now_text


def create(
    database: Database, resource: Resource, applied: Applied | None, *, keep: bool = True
) -> Live:
    """Create `resource`; without `keep`, only try to."""
    refuse(resource.key, rules.refusals(resource))
    return database.write(lambda contents: _create(contents, resource, applied), keep=keep)


def update(
    database: Database,
    key: ObjectKey,
    patch: tuple[Operation, ...],
    applied: Applied | None,
    precondition: Precondition,
    *,
    keep: bool = True,
) -> Live:
    """Apply `patch`; without `keep`, only try to."""

    def work(contents: Contents) -> Live:
        live = _expected(contents, key, precondition)
        updated = Live.of(
            patching.updated(live, patch),
            uid=live.uid,
            resource_version=live.resource_version,
            created=live.created,
            applied=applied,
        )
        refuse(key, rules.validate_update(live, updated))
        return live if updated == live else contents.rewrite(updated)

    return database.write(work, keep=keep)


def delete(
    database: Database,
    key: ObjectKey,
    precondition: Precondition,
    *,
    copy_for: str | None = None,
    released: bool = False,
    keep: bool = True,
) -> None:
    """Delete an object, with a copy for the set `copy_for`; without `keep`, only try to."""

    def work(contents: Contents) -> None:
        is_copied = copy_for is not None and contents.copied_uid(key) == precondition.uid
        if is_copied and contents.find(key) is None:
            return
        live = _expected(contents, key, precondition)
        if copy_for is not None:
            if live.applied is not None and live.applied.set_name != copy_for:
                applied = dataclasses.replace(live.applied, set_name=copy_for)
                live = contents.rewrite(dataclasses.replace(live, applied=applied))
            contents.keep_copy(key)
        deletion.delete(contents, live)
        if released:
            contents.forget_vanished(key)

    database.write(work, keep=keep)


def forget(database: Database, key: ObjectKey) -> None:
    """Drop the copy of `key`, if there is one, and forget that its object vanished."""

    def work(contents: Contents) -> None:
        contents.drop_copy(key)
        contents.forget_vanished(key)

    database.write(work)


def _create(contents: Contents, resource: Resource, applied: Applied | None) -> Live:
    key = resource.key
    has_namespace, vanished = contents.surroundings(key)
    if key.namespace and not has_namespace:
        raise ObjectNotFound(
            f"{key}: the namespace {key.namespace!r} does not exist",
            hint="create it first, or add its manifest",
        )
    live = Live.of(
        resource,
        uid=new_uid(),
        resource_version=contents.next_version(),
        created=now_text(),
        applied=applied,
    )
    if not contents.add(live):
        return _taken_over(contents, live)
    contents.drop_copy(key)
    if vanished:
        contents.forget_vanished(key)
    if key.kind == NAMESPACE:
        seeds.add_account(contents, key.name)
    return live


def _taken_over(contents: Contents, live: Live) -> Live:
    """Replace an automatic object by `live`."""
    row = contents.find(live.key)
    assert row is not None
    if not rows.is_automatic(row, contents.sealer):
        raise exists(live.key)
    return contents.rewrite(dataclasses.replace(live, uid=row.uid, created=row.created))


def _expected(contents: Contents, key: ObjectKey, precondition: Precondition) -> Live:
    row = contents.find(key)
    if row is None:
        contents.refuse_lost(key)
        raise missing(key)
    refuse_moved(key, row.uid, str(row.version), precondition)
    return contents.live(row)
