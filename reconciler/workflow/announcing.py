"""What a drift check came to, as events beside the objects of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

from reconciler.errors import ConfigError, ReconcilerError
from reconciler.escapes import escaped, inert
from reconciler.model.announcements import Announcement
from reconciler.model.drift import DriftReport, ObjectDrift, ObjectState
from reconciler.model.store import Capability, Store
from reconciler.planning.news import digest_of
from reconciler.views import drift_words, words

if TYPE_CHECKING:
    from reconciler.model.store import Announcing

_MOST_FIELDS = 10
_MOST_DETAILS = 10


def refuse_silent(store: Store) -> None:
    """Make sure that events can be written to `store`.

    Raises:
        ConfigError: it has none.
    """
    if Capability.EVENTS not in store.capabilities:
        raise ConfigError(
            "--events: this store has no events",
            hint="leave it out; clusters of Kubernetes have them",
        )


def announce(
    opening: Callable[[], AbstractContextManager[Store]],
    report: DriftReport,
    say: Callable[[str], None],
) -> None:
    """Show beside the objects of a store what `report` says of them.

    Whatever goes wrong is said, and changes nothing of what the check came to.
    """
    try:
        with opening() as store:
            announcing = cast("Announcing", store)  # see refuse_silent
            announcing.announce(report.set_name, tuple(announcements(report)))
    except ReconcilerError as problem:
        lines = [f"Warning: Events are missing: {problem.message}"]
        lines += [f"  {detail}" for detail in problem.details[:_MOST_DETAILS]]
        lines += [f"  hint: {problem.hint}"] if problem.hint else []
        say(inert("\n".join(lines)))
    except Exception as problem:  # noqa: BLE001 - its text may hold anything
        say(f"Warning: Events are missing: unexpected {type(problem).__name__}")


def announcements(report: DriftReport) -> Iterator[Announcement]:
    """What there is to say of the set and of each object, those in sync included."""
    drifted = [*report.counting]
    text = _text(drift_words.summary_text(report)) if drifted else ""
    yield Announcement(None, text=text, digest=digest_of(drifted))
    for item in report.objects:
        if item.state in {ObjectState.UNMANAGED, ObjectState.PENDING}:
            continue
        if item.kinds & report.fail_on:
            yield Announcement(item.key, item.uid, _drift_text(item), digest_of([item]))
        else:
            yield Announcement(item.key)


def _drift_text(item: ObjectDrift) -> str:
    """How an object drifted: ``drifted: data[password] changed, data[extra] added``."""
    fields = [
        f"{words.field_text(field.path)} {field.state}"
        for field in item.differing
        if not field.accepted
    ]
    shown = [*fields[:_MOST_FIELDS]]
    if len(fields) > _MOST_FIELDS:
        shown.append(f"and {len(fields) - _MOST_FIELDS} more fields")
    return _text(f"{item.state}: {', '.join(shown)}" if shown else str(item.state))


def _text(text: str) -> str:
    return inert(escaped(text))
