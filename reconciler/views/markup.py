"""Text within Markdown: prose, code spans and blocks.

Text from manifests and stores is always set as code, where ``@names`` and ``#2`` do not become
links and markup has no effect: in fenced blocks, in code spans, or escaped for HTML in a summary.
Text that would contain a workflow command, or begin a hidden comment, is set in HTML code elements,
which look the same: only HTML can write a character in another way.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from reconciler.escapes import escaped, inert

_PLAIN_WORD = re.compile(r"[(']?[A-Za-z]+(?:['-][A-Za-z]+)*[')]?[.,;:]?|[0-9]+%?[,;:]?")
_AROUND_WORD = re.compile(r"(\(?)([^()].*?)(\)?)([.,;:]?)")
_BACKTICKS = re.compile("`+")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def prose(text: str) -> str:
    """`text` with everything in code spans except plain words and numbers."""
    return " ".join(map(_word, escaped(text).split()))


def prose_within(text: str, room: int) -> str:
    """`prose` of as much of `text` as fits into `room` characters; an ellipsis stands for more."""
    kept = text[: 2 * room]
    shown = prose(text) if kept == text else ""
    while not shown or len(shown) > room:
        kept = kept[: len(kept) * 3 // 4]
        shown = f"{prose(kept)}…"
    return shown


def code(text: str) -> str:
    """A code span of `text`, fenced with more backticks than it contains (CommonMark 6.1)."""
    shown = escaped(text)
    if _needs_html(shown):
        return f"<code>{_PUNCTUATION.sub(_reference, shown)}</code>"
    fence = "`" * (_longest_run(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def fenced(lines: Iterable[str]) -> str:
    """A block with diff colouring: ``+`` and ``-`` at the start of a line count."""
    content = "\n".join(lines)
    if _needs_html(content):
        return f'<pre lang="diff">\n{html_text(content)}\n</pre>'
    fence = "`" * max(3, _longest_run(content) + 1)
    return f"{fence}diff\n{content}\n{fence}"


def html_text(text: str) -> str:
    """`text` for a block of HTML, where Markdown has no effect."""
    return html.escape(text, quote=False).replace("#", "&#35;")


def _word(word: str) -> str:
    if _PLAIN_WORD.fullmatch(word):
        return word
    match = _AROUND_WORD.fullmatch(word)
    if match is None:
        return code(word)
    opening, inner, closing, stop = match.groups()
    if "(" in inner:  # which the last parenthesis closes
        inner, closing = inner + closing, ""
    return f"{opening}{code(inner)}{closing}{stop}"


def _needs_html(text: str) -> bool:
    """Whether `text` holds what must not even stand in code: a runner or a script would find it."""
    return inert(text) != text or "<!--" in text


def _reference(match: re.Match[str]) -> str:
    """A character reference, which has no meaning in Markdown."""
    return f"&#{ord(match[0])};"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
