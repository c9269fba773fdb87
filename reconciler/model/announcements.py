"""What a drift check has to say beside the objects that it is about."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.objects import ObjectKey


@dataclass(frozen=True, slots=True)
class Announcement:
    """What became of an object, or of the set as a whole.

    ``key`` is ``None`` for the set. ``uid`` is empty where the object is gone. ``text`` says in a
    few words how it drifted, and is empty where it has not; it holds no value. ``digest`` tells
    one drift of the object from another.
    """

    key: ObjectKey | None
    uid: str = ""
    text: str = ""
    digest: str = ""
