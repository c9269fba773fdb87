"""What came of several environments, read from documents, in every format.

It looks as it would have looked if the command had printed it in that format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from reconciler.views.comments import marker
from reconciler.views.formats import EnvironmentResult, Environments, Style, rendered
from reconciler.views.heading import HeadedDrift, Heading
from reconciler.views.joined import Part, joined, style_of


def _shown(format_name: str, environments: Environments, style: Style) -> str:
    share = environments.shares[0] if len(environments.shares) == 1 else None
    style = replace(style, heading=Heading(environments.configuration), share=share)
    own = style_of(format_name, style, len(environments.results))

    def parts() -> Iterator[Part]:
        for result in environments.results:
            text = _text(format_name, environments, result, own)
            yield Part(result.environment, result.code, text, result.error)

    return "\n".join(joined(format_name, parts(), environments.subject, style))


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
github = partial(_shown, "github")
gitlab_terraform = partial(_shown, "gitlab-terraform")
code_quality = partial(_shown, "code-quality")
sarif = partial(_shown, "sarif")
junit = partial(_shown, "junit")
