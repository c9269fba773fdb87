"""What came of several environments, as one output: each format has a way to join what it shows.

A way to join is a generator from the parts, in the order of the environments, to texts that are
printed one below the other. Where the format allows it, a part is printed as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.views.formats import Style, Subject, failed, outlives
from reconciler.views.joined import machines, people
from reconciler.views.joined.parts import Joining, Part, ends_text, summary
from reconciler.views.overview import FEW, Merging

__all__ = [
    "Part",
    "can_join",
    "ends_text",
    "has_overview",
    "has_sections",
    "joined",
    "style_of",
    "summary",
    "with_earlier",
]


def joined(
    format_name: str,
    parts: Iterable[Part],
    subject: Subject,
    style: Style,
    merging: Merging | None = None,
) -> Iterator[str]:
    """The texts of one output for all `parts`, each of which shows a `subject`.

    `merging` has all environments once the parts are taken; without it, or where there are few of
    them, none is compared with another.
    """
    overview = _OVERVIEWS.get(format_name)
    if overview is None or merging is None:
        return _JOININGS[format_name](parts, subject, style)
    return overview(parts, merging, subject, style)


def has_sections(format_name: str, subject: Subject, style: Style, environments: int) -> bool:
    """Whether each of so many `environments` is shown by itself."""
    if not has_overview(subject, environments) or format_name not in _AT_A_GLANCE:
        return True
    return style.verbose and format_name != "markdown"


def has_overview(subject: Subject, environments: int) -> bool:
    """Whether so many `environments` are compared with each other."""
    return environments > FEW and subject in {Subject.PLAN, Subject.DRIFT}


def can_join(format_name: str) -> bool:
    """Whether the format can show several environments."""
    return format_name in _JOININGS


def with_earlier(format_name: str, parts: Iterable[Part], earlier: Callable[[], str]) -> list[Part]:
    """`parts`, with what a report has kept of the environments that failed.

    `earlier` reads what the last run wrote. Only formats that outlive a failure keep anything.
    """
    chosen = list(parts)
    if not outlives(format_name) or not any(part.error for part in chosen):
        return chosen
    kept = failed(format_name, earlier())
    return [
        part if part.error is None else replace(part, text=_samples_of(part.environment, kept))
        for part in chosen
    ]


def _samples_of(environment: str, text: str) -> str:
    own = f"{{{machines.environment_label(environment)},"
    lines = text.splitlines()
    return "\n".join(line for line in lines if line.startswith("# ") or own in line)


def style_of(format_name: str, style: Style, environments: int) -> Style:
    """`style` for one of several environments: a comment has room for all of them together."""
    if format_name == "html":
        return replace(style, is_part=True)
    if format_name != "markdown":
        return style
    from reconciler.views.markdown import LIMIT

    return replace(style, limit=(style.limit or LIMIT) // max(environments, 1) - _OF_HEADING)


_OF_HEADING = 100
"""Characters of a Markdown heading, at most."""


_JOININGS: Mapping[str, Joining] = {
    "text": people.text,
    "json": machines.json,
    "markdown": people.markdown,
    "html": people.html,
    "github": machines.github,
    "gitlab-terraform": machines.counts,
    "code-quality": machines.code_quality,
    "sarif": machines.sarif,
    "junit": machines.junit,
    "prometheus": machines.prometheus,
    "yaml": machines.yaml,
}


_AT_A_GLANCE = frozenset({"text", "markdown", "html"})
"""Formats that do not show each of many environments by itself."""

_OVERVIEWS: Mapping[str, Callable[[Iterable[Part], Merging, Subject, Style], Iterator[str]]] = {
    "json": machines.json_overview,
    "text": people.text_overview,
    "markdown": people.markdown_overview,
    "html": people.html_overview,
}
