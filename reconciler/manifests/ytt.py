"""Templates of ytt: valid YAML, in which every directive is a comment and its value is null.

Source: https://carvel.dev/ytt/docs/latest/lang/. A Secret may hold a template as text, so what
stands within values does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.manifests.foreign import template_error
from reconciler.manifests.nodes import Document, Mapping, Node, Sequence, bare
from reconciler.model.objects import Diagnostic

_MARK = "#@"
_RENDER = "render it first, with 'ytt -f FILE', and load its output"
_FOLLOWS = re.compile(r"[ \t]*#@")
# No text within a value begins in the first column.
_STATEMENT = re.compile(
    r"^#@(?:[ \t]*(?:load|if|elif|else|for|while|def|end)\b|(?:overlay|data|schema|library|yaml)/)",
    re.MULTILINE,
)


def ytt_directive(document: Document, node: Node, item: int | None) -> Diagnostic | None:
    """The error of a template of ytt, if the object `node` of `document` is one."""
    if not document.noted(_is_marked):
        return None
    place = next(_places(document.text, node), None)
    if place is None:
        place = document.noted(_first_statement)
    if place is None:
        return None
    what = "a template of ytt that has not been rendered: it has a #@ directive"
    return template_error(document, (place, item), what, _RENDER)


def _is_marked(text: str) -> bool:
    return _MARK in text


def _first_statement(text: str) -> int | None:
    statement = _STATEMENT.search(text)
    return statement.start() if statement else None


def _places(text: str, node: Node) -> Iterator[int]:
    """The places of directives where a value belongs."""
    if isinstance(node, Mapping):
        inner = [(entry.value, entry.value_place) for entry in node.all_entries()]
    elif isinstance(node, Sequence):
        inner = [(bare(item), item.place) for item in node.items]
    else:
        return
    for value, place in inner:
        if isinstance(value, Mapping | Sequence):
            yield from _places(text, value)
        elif value is None and (match := _FOLLOWS.match(text, place)):
            yield match.end() - len(_MARK)
