"""Searches texts for secret values, in every encoding of `spellings`.

All values are searched for at once, so many values in a long text cost hardly more than one. Every
plan needs this, since a text that repeats a value must not be shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator

from reconciler.model.spellings import bare, quoted, readings
from reconciler.model.values import AbsentValue, SecretValue

TELLING_LENGTH = 6
"""Shorter values are words that any text may contain."""

_MOST_OF_ONE = 4  # bytes of a character in UTF-8
_NEVER = 1 << 62  # longer than any text
_FEW = 24  # up to this many patterns, searching for each one separately is faster
_LONG = 1024  # bytes of a pattern that are compared at each position of a text


class ValueSearch:
    """Searches texts for the values of some Secrets.

    White space is ignored, since a text may break lines elsewhere, except in values that are mostly
    white space. Values of fewer bytes than `TELLING_LENGTH` are never found, and neither are values
    that are not here.
    """

    def __init__(self, values: Iterable[SecretValue]) -> None:
        self._secrets = tuple(values)
        self._longest = -1
        self._values: dict[bytes, SecretValue] = {}
        self._bare_patterns = self._exact_patterns = _NOTHING

    def is_in(self, text: str) -> bool:
        """Whether `text` contains any of the values."""
        return self.value_in(text) is not None

    def value_in(self, text: str) -> SecretValue | None:
        """A value that `text` contains, ``None`` if it contains none."""
        longest = _most_bytes(text)
        if longest > self._longest:
            self._prepare(longest)
        if not self._values:
            return None
        meanings = readings(text, min(self._bare_patterns.shortest, self._exact_patterns.shortest))
        for patterns, contents in (
            (self._bare_patterns, meanings.bare),
            (self._exact_patterns, meanings.exact),
        ):
            if patterns is not _NOTHING:
                for content in contents:
                    pattern = patterns.first_in(content)
                    if pattern is not None:
                        return self._values[pattern]
        return None

    def _prepare(self, longest: int) -> None:
        """Prepare patterns for texts of up to `longest` bytes; most values are longer."""
        values: dict[bytes, SecretValue] = {}
        exact: list[bytes] = []
        for value in self._secrets:
            if isinstance(value, AbsentValue):
                continue
            content = value.reveal()
            stripped = bare(content)
            if len(stripped) > longest:
                continue
            content = content.strip()
            if len(content) < TELLING_LENGTH:
                continue
            if len(stripped) < TELLING_LENGTH:
                stripped = content
                exact += quoted(content)
            for form in quoted(stripped):
                values.setdefault(form, value)
        self._longest, self._values = longest, values
        self._exact_patterns = _Patterns(exact) if exact else _NOTHING
        self._bare_patterns = (
            _Patterns(values.keys() - exact) if len(values) > len(exact) else _NOTHING
        )


def _most_bytes(text: str) -> int:
    """An upper limit for the bytes that `text` may mean; only character references grow."""
    most = len(text) if text.isascii() else _MOST_OF_ONE * len(text)
    return 2 * most if "&" in text or "\\" in text else most


class _Patterns:
    """Byte strings of `TELLING_LENGTH` and more that are searched for at once.

    A pattern that begins with another one is redundant. Among the remaining ones, sorted, only the
    last that is not greater than the rest of a text can be a prefix of that rest.
    """

    def __init__(self, patterns: Collection[bytes]) -> None:
        self.shortest = min(map(len, patterns), default=_NEVER)
        self._few: Collection[bytes] = patterns if len(patterns) <= _FEW else ()
        self._heads: list[bytes] = []
        self._long: dict[bytes, list[bytes]] = {}
        if self._few:
            return
        for pattern in sorted(patterns):
            last = self._heads[-1] if self._heads else pattern[:0]
            if last and pattern.startswith(last):
                if last in self._long:
                    self._long[last].append(pattern)
                continue
            head = pattern[:_LONG]
            self._heads.append(head)
            if len(pattern) > _LONG:
                self._long[head] = [pattern]
        self._starts = frozenset(head[:TELLING_LENGTH] for head in self._heads)

    def first_in(self, content: bytes) -> bytes | None:
        """A pattern that `content` contains, ``None`` if it contains none."""
        if len(content) < self.shortest:
            return None
        if self._few:
            return next(filter(content.__contains__, self._few), None)
        refuted: set[bytes] = set()
        for head in self._heads_in(content):
            if head not in self._long:
                return head
            if head not in refuted:
                refuted.add(head)
                pattern = next(filter(content.__contains__, self._long[head]), None)
                if pattern is not None:
                    return pattern
        return None

    def _heads_in(self, content: bytes) -> Iterator[bytes]:
        heads, starts = self._heads, self._starts
        last = len(content) - TELLING_LENGTH + 1
        for at in [at for at in range(last) if content[at : at + TELLING_LENGTH] in starts]:
            rest = content[at : at + _LONG]
            head = heads[bisect_right(heads, rest) - 1]
            if rest.startswith(head):
                yield head


_NOTHING = _Patterns(())
