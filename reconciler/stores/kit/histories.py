"""The last runs of a set, as a compressed document beside its record."""

from __future__ import annotations

import zlib

from reconciler.errors import ObjectExists, ObjectNotFound, StoreUnavailable
from reconciler.model.history import Run, decoded, encoded, with_run
from reconciler.stores.kit.attempts import settled
from reconciler.stores.kit.documents import HISTORY_PREFIX, Documents, digest_of


def history(documents: Documents, set_name: str) -> tuple[Run, ...]:
    """The runs of that set, oldest first."""
    about = _about(set_name)
    try:
        document = documents.list(about).get(_name(set_name))
    except ObjectNotFound:  # the place itself does not exist
        return ()
    content = None if document is None else documents.read(document, about)
    return () if content is None else _runs(content)


def note(documents: Documents, set_name: str, run: Run, *, most_bytes: int) -> None:
    """Put `run` among those of that set, which `most_bytes` of a document have to hold.

    Raises:
        StoreError: it could not be written.
    """
    about, name = _about(set_name), _name(set_name)

    def noted() -> bool:
        document = documents.list(about).get(name)
        content = None if document is None else documents.read(document, about)
        runs = with_run(() if content is None else _runs(content), run)
        try:
            if document is None:
                documents.create(name, _packed(runs, most_bytes), about)
            else:
                documents.update(document, _packed(runs, most_bytes), about)
        except (ObjectExists, ObjectNotFound):  # somebody else was quicker
            return False
        return True

    if not settled(noted):
        raise StoreUnavailable(f"{about} could not be written")


def _packed(runs: tuple[Run, ...], most_bytes: int) -> bytes:
    """`runs` without those that do not fit, the oldest."""
    while True:
        content = zlib.compress(encoded(runs).encode(), 9)
        if len(content) <= most_bytes or len(runs) == 1:
            return content
        runs = runs[1:]


def _runs(content: bytes) -> tuple[Run, ...]:
    try:
        return decoded(zlib.decompressobj().decompress(content, _MOST_BYTES).decode())
    except (zlib.error, UnicodeDecodeError):
        return ()


_MOST_BYTES = 1 << 17
"""What is longer was not written here."""


def _name(set_name: str) -> str:
    return HISTORY_PREFIX + digest_of(set_name)


def _about(set_name: str) -> str:
    return f"the history of the set {set_name!r}"
