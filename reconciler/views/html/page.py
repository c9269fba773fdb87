"""The page around a plan or a report: its head, its policy, its filters.

Style and script stand in the page itself. The policy allows exactly these two, by their hashes
(CSP Level 3, section 6.7.2.3), and nothing else: no request, no form, no frame, no base, no markup
that a script makes of text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files

from reconciler.views.html.elements import NOTHING, Markup, element, lines

_FILTERS = ("namespace", "action", "state", "risk", "key")


def page(title: str, headline: str, *, facts: Iterable[Markup], sections: Iterable[Markup]) -> str:
    """A whole document; `title` is that of the window.

    Its head has the `headline` and the `facts`, its body the filters and the `sections`, among
    whose entries they choose. Without JavaScript the filters stay hidden.
    """
    style, script = _shipped("style.css"), _shipped("script.js")
    head = element(
        "head",
        lines(
            NOTHING,
            Markup('<meta charset="utf-8">'),
            element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", title),
            Markup(f"<style>{style}</style>"),
        ),
    )
    header = element("header", lines(element("h1", headline), *facts))
    main = element("main", lines(_filters(), *sections))
    body = element("body", lines(header, main, Markup(f"<script>{script}</script>")))
    return lines(Markup("<!doctype html>"), element("html", lines(head, body), lang="en")).source


def section(heading: str, *content: Markup, level: int = 2) -> Markup:
    """A part of the page under a heading of this level."""
    return element("section", lines(element(f"h{level}", heading), *content))


def fragment(source: str) -> Markup:
    """What `styled` functions of this package have made for a larger page."""
    return Markup(source)


def _filters() -> Markup:
    """Empty choices: the script fills them, and shows those among which there is a choice."""
    search = element(
        "label", element("span", "Name or key"), element("input", type="search", name="text")
    )
    choices = [
        element(
            "label",
            element("span", name.capitalize()),
            element("select", element("option", "all", value=""), name=name),
            hidden=True,
        )
        for name in _FILTERS
    ]
    buttons = element(
        "p",
        element("button", "Unfold all", type="button", name="unfold"),
        element("button", "Fold all", type="button", name="fold"),
        element("button", "Clear filters", type="reset"),
        element("output", "", aria_live="polite"),
    )
    return element(
        "form", lines(search, *choices, buttons), aria_label="Filters", role="search", hidden=True
    )


def _policy(style: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


def _hash(source: str) -> str:
    return f"sha256-{b64encode(sha256(source.encode()).digest()).decode()}"


@cache
def _shipped(name: str) -> str:
    """A file of this package, which ends with a line break and closes no element."""
    return (files(__package__) / name).read_text(encoding="utf-8")
