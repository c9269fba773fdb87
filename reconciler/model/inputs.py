"""What inputs yield: texts, each with the name that places in it use."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.model.objects import Diagnostic


class Text(NamedTuple):
    """The text of a file; bytes that are not UTF-8 stand in it as lone surrogates (PEP 383)."""

    file: str
    text: str

    def __repr__(self) -> str:
        return f"<Text of {self.file}>"


class Read(NamedTuple):
    """A file of the input that was named `path`, or the reason why there is none.

    `content` is ``None`` where another input has brought the same file already; `identity` is the
    same for all names of a file.
    """

    path: str
    identity: str
    content: Text | Diagnostic | None
