"""An object, or many that are alike, and what is said about them: what folds and is filtered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.objects import ObjectKey, Source
from reconciler.views import words
from reconciler.views.change_words import Row
from reconciler.views.html.elements import NOTHING, Markup, element, joined, lines

_OPTION = re.compile(r"--[a-z-]{1,30}")
_SYMBOL_CLASSES = {"+": "add", "~": "change", "-": "remove", "-/+": "replace", "?": "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a page shows of one object, or of many under a ``title``.

    ``word`` and ``symbol`` say what happens, ``remark`` why, and ``gist`` to which fields, which is
    shown while the entry is folded. The filters look at ``action``, ``state`` and ``risk``, where
    they are not empty, and at ``data_keys``.
    """

    objects: Sequence[ObjectKey]
    symbol: str
    word: str
    remark: str = ""
    gist: str = ""
    title: str = ""
    source: Source | None = None
    rows: Sequence[Row] = ()
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    data_keys: Iterable[str] = ()
    action: str = ""
    state: str = ""
    risk: str = ""


def entry(shown: Entry, *, is_open: bool) -> Markup:
    """The entry, folded unless `is_open`; what has nothing inside does not fold."""
    attributes = {
        "class_": f"entry {_class_of(shown.symbol)}",
        "data_action": shown.action or None,
        "data_state": shown.state or None,
        "data_risk": shown.risk or None,
        "data_keys": json.dumps(sorted(set(shown.data_keys))),
    }
    body = list(_body(shown))
    if not body:
        return element("div", element("p", *_head(shown), class_="head"), **attributes)
    summary = element("summary", *_head(shown), class_="head")
    return element("details", lines(summary, *body), open=is_open, **attributes)


def context(text: str) -> Markup:
    """A first line, in which no option is broken behind its hyphens."""
    parts = [
        element("span", word, class_="option") if _OPTION.fullmatch(word) else word
        for word in text.split(" ")
    ]
    return element("p", joined(*parts, between=" "), class_="context")


def names(keys: Iterable[ObjectKey]) -> Markup:
    """A list of objects."""
    return element("ul", lines(*(element("li", _name(key)) for key in keys)), class_="names")


def sentences(items: Iterable[str], class_: str) -> Markup:
    """A list of sentences; nothing where there is none."""
    shown = [element("li", item) for item in items]
    return element("ul", lines(*shown), class_=class_) if shown else NOTHING


def _head(shown: Entry) -> Iterator[Markup]:
    yield element("span", f"{shown.symbol} {shown.word}", class_="badge")
    yield Markup(" ")
    yield element("strong", shown.title) if shown.title else _name(shown.objects[0])
    if shown.remark:
        yield Markup(" ")
        yield element("span", shown.remark, class_="remark")
    if shown.gist:
        yield Markup(" ")
        yield element("span", shown.gist, class_="gist")


def _body(shown: Entry) -> Iterator[Markup]:
    if shown.source:
        yield element("p", element("code", words.place_text(shown.source)), class_="place")
    if shown.rows:
        yield element("ul", lines(*map(_field, shown.rows)), class_="fields")
    if shown.warnings:
        yield sentences(shown.warnings, "warnings")
    if shown.notes:
        yield sentences(shown.notes, "notes")
    if shown.title:
        yield names(shown.objects)


def _field(row: Row) -> Markup:
    return element(
        "li",
        element("span", row.symbol, class_="sign"),
        element("code", row.name),
        element("span", row.values, class_="values"),
        element("span", row.remark, class_="remark") if row.remark else NOTHING,
        class_=_class_of(row.symbol),
    )


def _name(key: ObjectKey) -> Markup:
    """The name of an object, with the namespace by which the filters find it."""
    namespace = key.name if key.kind == "Namespace" else key.namespace
    return element("code", words.object_text(key), class_="object", data_namespace=namespace)


def _class_of(symbol: str) -> str:
    return _SYMBOL_CLASSES.get(symbol, "same")
