"""Events of a cluster about what a drift check came to.

API reference: Event v1 events.k8s.io. Of an Event that exists, that API changes the series alone:
so another drift is another Event, and the same drift at the next check one more in its series.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from reconciler.errors import ObjectExists, ObjectNotFound, RightsMissing, StoreError
from reconciler.model.announcements import Announcement
from reconciler.model.objects import ObjectKey
from reconciler.stores.kubernetes import listing, paths
from reconciler.stores.kubernetes.connection import MANAGER, MERGE_PATCH, Connection, retried
from reconciler.stores.kubernetes.faults import Forbidden
from reconciler.stores.kubernetes.rights import EVENT_VERBS, EVENTS_GROUP, Right

MOST_OBJECTS = 100
"""So many objects with drift get Events; the Event of the set counts them all."""

_DRIFTED = "Drifted"
_GONE = "DriftGone"
_OF_SET = "reconciler/set-id"
_LONGEST_NAME = 200
_LONGEST_NOTE = 1000
_DIGITS = 16

_Subject = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An Event of the set that is there already: ``count`` times, and when it was seen last."""

    name: str
    subject: _Subject
    reason: str
    count: int
    last: str


def rights(namespaces: Iterable[str]) -> tuple[Right, ...]:
    """What it takes to write Events in `namespaces`."""
    return tuple(
        Right(verb, EVENTS_GROUP, "events", namespace)
        for namespace in sorted(set(namespaces))
        for verb in EVENT_VERBS
    )


def refusal(missing: Sequence[Right]) -> RightsMissing:
    """The error for a user who lacks `missing`."""
    return RightsMissing(
        "this user may not write Events",
        details=[f"missing: {right}" for right in missing],
        hint="reconciler rbac --for drift --events prints the roles that are needed",
    )


def chosen(announcements: Iterable[Announcement], parent: ObjectKey) -> list[Announcement]:
    """Those for which there can be Events, with the parent of the set in the place of the set.

    An Event of an object in no namespace would be in the namespace `default`; what becomes of
    Namespaces stands in the Event of the set.
    """
    named = [
        Announcement(each.key or parent, each.uid, each.text, each.digest) for each in announcements
    ]
    within = [each for each in named if each.key is not None and each.key.namespace]
    drifted = (each for each in within if each.text)
    return [*islice(drifted, MOST_OBJECTS + 1), *(each for each in within if not each.text)]


def write(connection: Connection, set_id: str, announcements: Iterable[Announcement]) -> None:
    """Write what is new of `announcements`.

    Raises:
        StoreError: some could not be written; its details say which.
    """
    wanted = [*announcements]
    places = {each.key.namespace for each in wanted if each.key is not None}
    seen = _seen(connection, set_id, places)
    latest: dict[_Subject, _Seen] = {}
    for earlier in sorted(seen.values(), key=attrgetter("last")):
        latest[earlier.subject] = earlier
    problems = []
    for key, event in _events(connection, set_id, wanted, latest):
        try:
            _write(connection, key, event, seen.get(_place(event)))
        except StoreError as error:
            problems.append(error.message)
    if problems:
        raise StoreError("not all could be written", details=problems)


def _events(
    connection: Connection,
    set_id: str,
    announcements: Iterable[Announcement],
    latest: Mapping[_Subject, _Seen],
) -> Iterator[tuple[ObjectKey, dict[str, Any]]]:
    """The Events that are to be there, each with the object that it is about."""
    now = datetime.fromtimestamp(connection.now(), UTC).isoformat(timespec="microseconds")
    for each in announcements:
        key = each.key
        assert key is not None
        last = latest.get((key.kind, key.namespace, key.name))
        if each.text or (last is not None and last.reason == _DRIFTED):
            yield key, _event(key, each, set_id, now.replace("+00:00", "Z"))


def _event(key: ObjectKey, each: Announcement, set_id: str, now: str) -> dict[str, Any]:
    """The Event, whose name says of which drift it is."""
    reason = _DRIFTED if each.text else _GONE
    identity = "\0".join((set_id, *key, each.uid, reason, each.digest))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:_DIGITS]
    regarding = {"apiVersion": "v1", **key._asdict()} | ({"uid": each.uid} if each.uid else {})
    return {
        "apiVersion": f"{EVENTS_GROUP}/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{key.name[:_LONGEST_NAME].rstrip('.-')}.{digest}",
            "namespace": key.namespace,
            "labels": {_OF_SET: set_id},
        },
        "eventTime": now,
        "type": "Warning" if each.text else "Normal",
        "reason": reason,
        "action": "Check",
        "note": each.text[:_LONGEST_NOTE] or "it is as it was applied",
        "regarding": regarding,
        "reportingController": f"{MANAGER}/drift",
        "reportingInstance": set_id,
    }


def _write(
    connection: Connection, key: ObjectKey, event: Mapping[str, Any], seen: _Seen | None
) -> None:
    """Make the Event, or count it once more."""
    collection = paths.events(key.namespace)
    what = f"the Event of {key}"
    if seen is not None:
        series = {"count": seen.count + 1, "lastObservedTime": event["eventTime"]}
        try:
            retried(
                lambda: connection.request(
                    "PATCH",
                    f"{collection}/{seen.name}",
                    what,
                    body={"series": series},
                    content_type=MERGE_PATCH,
                )
            )
        except ObjectNotFound:  # it has expired just now
            pass
        else:
            return
    try:
        retried(lambda: connection.request("POST", collection, what, body=event))
    except ObjectExists:
        return  # another check was quicker, or the answer to this one was lost


def _seen(
    connection: Connection, set_id: str, namespaces: Iterable[str]
) -> dict[tuple[str, str], _Seen]:
    """The Events of the set that have not expired, by namespace and name."""

    def listed(namespace: str = "") -> list[Mapping[str, Any]]:
        selector = f"{_OF_SET}={set_id}"
        return listing.pages(
            connection, paths.events(namespace), lambda item: item, selector=selector
        )

    try:
        events = listed()
    except Forbidden:
        events = [event for namespace in sorted(namespaces) for event in listed(namespace)]
    return {_place(event): _of(event) for event in events}


def _place(event: Mapping[str, Any]) -> tuple[str, str]:
    metadata = event["metadata"]
    return str(metadata["namespace"]), str(metadata["name"])


def _of(event: Mapping[str, Any]) -> _Seen:
    regarding = event.get("regarding") or {}
    series = event.get("series") or {}
    return _Seen(
        str(event["metadata"]["name"]),
        tuple(str(regarding.get(name) or "") for name in ("kind", "namespace", "name")),  # type: ignore[arg-type]
        str(event.get("reason") or ""),
        int(series.get("count") or 1),
        str(series.get("lastObservedTime") or event.get("eventTime") or ""),
    )
