"""What came of several environments, read from documents, in every format.

It looks as it would have looked if the command had printed it in that format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from reconciler.views.comments import marker
from reconciler.views.formats import EnvironmentResult, Environments, Style, rendered
from reconciler.views.heading import HeadedDrift, HeadedPlan, Heading
from reconciler.views.joined import Part, has_overview, has_sections, joined, style_of
from reconciler.views.overview import Compact, Merging, compact_of


def _shown(format_name: str, environments: Environments, style: Style) -> str:
    share = environments.shares[0] if len(environments.shares) == 1 else None
    style = replace(style, heading=Heading(environments.configuration), share=share)
    count, subject = len(environments.results), environments.subject
    own = style_of(format_name, style, count)
    merging = Merging() if has_overview(subject, count) else None
    is_shown = has_sections(format_name, subject, style, count)

    def parts() -> Iterator[Part]:
        for result in environments.results:
            if merging is not None:
                merging.add(_compact(result))
            text = _text(format_name, environments, result, own) if is_shown else ""
            yield Part(result.environment, result.code, text, result.error)

    return "\n".join(joined(format_name, parts(), subject, style, merging))


def _compact(result: EnvironmentResult) -> Compact:
    match result.headed:
        case HeadedPlan(plan, heading):
            return compact_of(result.environment, plan, heading=heading, error=result.error)
        case HeadedDrift(report):
            return compact_of(result.environment, report, error=result.error)
        case _:
            return compact_of(result.environment, None, error=result.error)


def _text(
    format_name: str, environments: Environments, result: EnvironmentResult, style: Style
) -> str:
    match result.headed:
        case None:
            return ""
        case HeadedDrift(report, configuration):
            heading = Heading(configuration)
            return rendered(
                environments.subject, format_name, report, replace(style, heading=heading)
            )
        case headed:
            own = replace(style, heading=headed.heading)
            return rendered(environments.subject, format_name, headed.plan, own)


def markdown(environments: Environments, style: Style) -> str:
    """The comment, with a marker where `style` has a key."""
    if not style.key:
        return _shown("markdown", environments, style)
    opening = f"{marker(style.key)}\n\n"
    from reconciler.views.markdown import LIMIT

    room = replace(style, limit=(style.limit or LIMIT) - len(opening))
    return f"{opening}{_shown('markdown', environments, room)}"


text = partial(_shown, "text")
json = partial(_shown, "json")
html = partial(_shown, "html")
github = partial(_shown, "github")
gitlab_terraform = partial(_shown, "gitlab-terraform")
code_quality = partial(_shown, "code-quality")
sarif = partial(_shown, "sarif")
junit = partial(_shown, "junit")
