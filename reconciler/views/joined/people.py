"""Several environments in the formats that people read, one below the other or at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reconciler.errors import ExitCode
from reconciler.views.formats import Style, Subject
from reconciler.views.joined.parts import Part, summary
from reconciler.views.overview import Merging
from reconciler.views.text import error as error_text
from reconciler.views.text.palette import Palette

if TYPE_CHECKING:
    from reconciler.views.html.elements import Markup


def text(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """A section for each, as soon as it is there, and the summary."""
    codes: dict[str, ExitCode] = {}
    yield from _text_sections(parts, style, codes)
    yield Palette(style.colour).paint(summary(codes, style.share), "strong")


def text_overview(
    parts: Iterable[Part], merging: Merging, _: Subject, style: Style
) -> Iterator[str]:
    """All at a glance; verbose, behind a section for each."""
    from reconciler.views.overview import text as glance

    codes: dict[str, ExitCode] = {}
    if style.verbose:
        yield from _text_sections(parts, style, codes)
    else:
        codes |= {part.environment: part.code for part in parts}
    shown = glance.overview(
        merging.overview(),
        colour=style.colour,
        width=style.width,
        quiet=style.quiet,
        verbose=style.verbose,
    )
    yield from filter(None, [shown and f"{shown}\n"])
    yield Palette(style.colour).paint(summary(codes, style.share), "strong")


def _text_sections(
    parts: Iterable[Part], style: Style, codes: dict[str, ExitCode]
) -> Iterator[str]:
    palette = Palette(style.colour)
    for part in parts:
        codes[part.environment] = part.code
        blocks = [palette.paint(f"Environment {part.environment}", "strong"), part.text]
        if part.error is not None:
            blocks.append(error_text(part.error, colour=style.colour))
        yield "\n".join([*filter(None, blocks), ""])


def markdown(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """A section for each, and the summary."""
    from reconciler.views.markup import prose

    codes = {}
    for part in parts:
        codes[part.environment] = part.code
        yield f"## Environment {part.environment}\n\n{part.text}".rstrip() + "\n"
        if part.error is not None:
            yield f"**Error:** {prose(part.error.message)}\n"
            yield "".join(f"- {prose(detail)}\n" for detail in part.error.details)
    yield prose(summary(codes, style.share))


def markdown_overview(
    parts: Iterable[Part], merging: Merging, _: Subject, style: Style
) -> Iterator[str]:
    """All at a glance, within the limit of a comment."""
    from reconciler.views.markdown import LIMIT
    from reconciler.views.overview import markdown as glance

    codes = {part.environment: part.code for part in parts}
    limit = style.limit or LIMIT
    yield glance.overview(merging.overview(), summary(codes, style.share), limit=limit)


def html(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """A page with a section for each."""
    from reconciler.views.html import environments as page

    codes: dict[str, ExitCode] = {}
    sections = [*_html_sections(parts, codes)]
    yield page.environments(summary(codes, style.share), sections)


def html_overview(
    parts: Iterable[Part], merging: Merging, subject: Subject, style: Style
) -> Iterator[str]:
    """All at a glance; verbose, before a section for each."""
    from reconciler.views.html import environments as page

    codes: dict[str, ExitCode] = {}
    sections = [*_html_sections(parts, codes)]
    shown = sections if style.verbose else []
    yield page.overview(merging.overview(), subject, summary(codes, style.share), shown)


def _html_sections(parts: Iterable[Part], codes: dict[str, ExitCode]) -> Iterator[Markup]:
    from reconciler.views.html import environments as page

    for part in parts:
        codes[part.environment] = part.code
        yield page.part(part.environment, part.text, part.error)
