"""What inputs are, and what they yield: texts, each with the name that places in it use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Note

IGNORE_FILE = ".reconcilerignore"
"""The file whose patterns count for its directory and all below it."""


class Text(NamedTuple):
    """The text of a file; bytes that are not UTF-8 stand in it as lone surrogates (PEP 383)."""

    file: str
    text: str

    def __repr__(self) -> str:
        return f"<Text of {self.file}>"


class Read(NamedTuple):
    """A file of the input that was named `path`, or the reason why there is none.

    `content` is ``None`` where another input has brought the same file already; `identity` is the
    same for all names of a file. `listed` files come from the listing of a directory: nobody has
    named them, so they may be no manifests.
    """

    path: str
    identity: str
    content: Text | Diagnostic | Note | None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Patterns of files and directories that inputs leave out, in the syntax of ``.gitignore``.

    The patterns count from the directory `base`; later ones win.
    """

    base: str
    patterns: tuple[str, ...]
