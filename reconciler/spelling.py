"""What somebody who misspelt a word most likely meant."""

from __future__ import annotations

from collections.abc import Iterable

_LIKE = 0.6


def nearest(word: str, words: Iterable[str], *, likeness: float = _LIKE) -> str:
    """The one of `words` that is most like `word`; nothing where none is like it.

    `likeness` runs from 0, for anything, to 1, for `word` itself.
    """
    import difflib  # only a mistake needs it

    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=likeness)), "")


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A question for the end of a message, or nothing."""
    meant = nearest(word, words)
    return f"did you mean {meant}?" if meant else ""
