"""Elements of HTML, and the one escape for what stands in them."""

from __future__ import annotations

import html
from dataclasses import dataclass

from reconciler.escapes import escaped

_VOID = frozenset({"input", "meta"})


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that a browser may interpret. Only this module and `page` make it from text."""

    source: str


NOTHING = Markup("")
Content = Markup | str
"""What may stand in an element. A string is text, whatever it holds."""


def text(words: str) -> Markup:
    """`words` as text, for an element or an attribute in double quotes.

    All of it is visible and on one line, and no number sign is left of which a workflow command
    could be made.
    """
    safe = html.escape(escaped(words), quote=False)
    return Markup(safe.replace('"', "&quot;").replace("#", "&num;"))


def element(name: str, /, *content: Content, **attributes: str | bool | None) -> Markup:
    """``<name attribute="…">…</name>``, in which strings are escaped.

    A trailing underscore of an attribute's name is dropped, other underscores become hyphens. An
    attribute that is ``True`` has no value; one that is ``False`` or ``None`` is left out.
    """
    opening = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    if name in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{joined(*content).source}</{name}>")


def joined(*content: Content, between: str = "") -> Markup:
    """All of `content`, with the text `between` it."""
    parts = [part if isinstance(part, Markup) else text(part) for part in content]
    return Markup(text(between).source.join(part.source for part in parts))


def lines(*content: Markup) -> Markup:
    """Each of `content` that is not empty on a line of its own."""
    return Markup("\n".join(part.source for part in content if part.source))


def _attribute(name: str, value: str | bool | None) -> str:  # noqa: FBT001 - as HTML has it
    if value is None or value is False:
        return ""
    shown = name.removesuffix("_").replace("_", "-")
    return f" {shown}" if value is True else f' {shown}="{text(value).source}"'
