"""Plans or drift as the text of one comment, which a later run finds by a hidden marker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from reconciler.model.plans import Plan
from reconciler.planning.risks import RANKS, risk_of
from reconciler.views import drift_words, markdown, markup, plan_words
from reconciler.views.formats import Drifts, PlanReport, Style
from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.overview import FEW, Overview, overview_of
from reconciler.views.overview.markdown import overview as overview_markdown
from reconciler.views.words import counted

_HALF_A_TITLE = 300
_IDLE = len(RANKS)
"""The rank of a plan that changes nothing."""
_RESERVE = 200
"""Characters reserved for the line that says what was left out."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A plan or a drift report of several in a comment.

    ``rank`` is lower where there is more to look at; ``has_news`` says whether there is anything.
    ``shown`` makes its block of a title, or none, and of how many characters it may have.
    """

    title: str
    rank: int
    has_news: bool
    shown: Callable[[str, int], str]


def styled_report(report: PlanReport, style: Style) -> str:
    """The comment, with a marker where `style` has a key."""
    if len(report.plans) > FEW:
        total = plan_words.total_text([each.plan for each in report.plans])
        return _at_a_glance(overview_of(report.plans), total, style)
    return comment(report.plans, style.key, limit=style.limit or markdown.LIMIT)


def styled_drifts(drifts: Drifts, style: Style) -> str:
    """The comment of drift checks, with a marker where `style` has a key."""
    total = drift_words.total_text([each.report for each in drifts.checks])
    if len(drifts.checks) > FEW:
        return _at_a_glance(overview_of(drifts.checks), total, style)
    parts = [_part_of_drift(each, style.now) for each in drifts.checks]
    return _comment(parts, "drift report", total, style.key, style.limit or markdown.LIMIT)


def _at_a_glance(shown: Overview, total: str, style: Style) -> str:
    opening = f"{marker(style.key)}\n\n" if style.key else ""
    room = (style.limit or markdown.LIMIT) - len(opening)
    return opening + overview_markdown(shown, total, limit=room)


def comment(plans: Sequence[HeadedPlan], key: str = "", *, limit: int = markdown.LIMIT) -> str:
    """The plans in at most `limit` characters, behind the marker of `key`.

    One plan looks as it does by itself. Several have a summary over all, and share the limit.
    """
    total = plan_words.total_text([headed.plan for headed in plans])
    return _comment([_part_of_plan(each) for each in plans], "plan", total, key, limit)


def _part_of_plan(headed: HeadedPlan) -> _Part:
    def shown(title: str, limit: int) -> str:
        return markdown.plan(headed.plan, headed.heading, limit=limit, title=title)

    rank = _rank(headed.plan)
    return _Part(_title(*plan_words.title_texts(headed.plan)), rank, rank != _IDLE, shown)


def _part_of_drift(headed: HeadedDrift, now: datetime) -> _Part:
    report = headed.report

    def shown(title: str, limit: int) -> str:
        return markdown.drift(report, headed.configuration, limit=limit, now=now, title=title)

    where = drift_words.title_text(report)
    title = _title(f"{where[:1].upper()}{where[1:]}", drift_words.summary_text(report))
    has_news = report.drifted or any(item.pending for item in report.objects)
    return _Part(title, 2 - report.failing - has_news, has_news, shown)


def _comment(parts: Sequence[_Part], noun: str, total: str, key: str, limit: int) -> str:
    opening = [marker(key)] if key else []
    room = limit - sum(len(line) + 2 for line in opening)
    if len(parts) > 1:
        return "\n\n".join([*opening, *_several(parts, noun, total, room)])
    return "\n\n".join([*opening, *(part.shown("", room) for part in parts)])


def marker(key: str) -> str:
    """A comment of HTML with `key`: another one for each key, whatever characters it has.

    Percent-encoded (RFC 3986) and without a hyphen, so that nothing in it ends the comment (HTML,
    "Comments").
    """
    return f"<!-- reconciler: {quote(key, '', errors='surrogatepass').replace('-', '%2D')} -->"


def _several(parts: Sequence[_Part], noun: str, total: str, room: int) -> list[str]:
    """A summary, and a block for each part: whole, shortened, or its title alone.

    Parts lose their block, and then their title, the least risky first.
    """
    summary = f"## {total}"
    room -= len(summary) + _RESERVE
    blocks = _titles(parts, room)
    room -= sum(len(title) + 2 for title in blocks.values())
    whole = {index: _block(parts[index], room) for index in blocks}
    needs = {index: len(text) - len(blocks[index]) for index, text in whole.items()}
    shares = _shares(needs, room)
    for index, share in shares.items():
        fits = needs[index] <= share
        blocks[index] = whole[index] if fits else _block(parts[index], share)
    return [
        summary,
        *(blocks[index] for index in sorted(blocks)),
        *_left_out(noun, len(blocks) - len(shares), len(parts) - len(blocks)),
    ]


def _titles(parts: Sequence[_Part], room: int) -> dict[int, str]:
    """The titles that fit into `room`, by the index of their part, the greatest risk first.

    Those of parts without news leave three quarters to the others.
    """
    titles: dict[int, str] = {}
    room_for_idle = room // 4
    for index in sorted(range(len(parts)), key=lambda index: parts[index].rank):
        part = parts[index]
        size = len(part.title) + 2
        if size > room or (not part.has_news and size > room_for_idle):
            break
        room -= size
        room_for_idle -= 0 if part.has_news else size
        titles[index] = part.title
    return titles


def _block(part: _Part, share: int) -> str:
    """A part in at most `share` characters besides its title."""
    return part.shown(part.title, len(part.title) + max(share, markdown.LEAST))


def _shares(needs: Mapping[int, int], room: int) -> dict[int, int]:
    """How much of `room` each of `needs` gets, which are in the order of their risk.

    The same for all, but not more than they need. Where that is too little to be of use, the last
    of them get nothing.
    """
    served = [*needs]
    while served:
        shares, left = {}, room
        by_need = sorted(served, key=needs.__getitem__)
        for position, index in enumerate(by_need):
            shares[index] = min(needs[index], left // (len(by_need) - position))
            left -= shares[index]
        if all(share >= min(needs[index], markdown.LEAST) for index, share in shares.items()):
            return shares
        served.pop()
    return {}


def _title(where: str, figures: str) -> str:
    """A heading with set, store and counts."""
    told = [markup.prose_within(text, _HALF_A_TITLE) for text in (where, figures)]
    return f"### {': '.join(told)}"


def _rank(plan: Plan) -> int:
    """What cannot be applied first, then the greatest risk, and what changes nothing last."""
    if plan.refusals or plan.problems:
        return -1
    return min((RANKS[risk_of(change)] for change in plan.pending), default=_IDLE)


def _left_out(noun: str, details: int, altogether: int) -> list[str]:
    texts = [f"the details of {counted(details, noun)}"] if details else []
    texts += [f"{counted(altogether, noun)} altogether"] if altogether else []
    told = f"Left out, because a comment has its limit: {', '.join(texts)}."
    return [told] if texts else []
