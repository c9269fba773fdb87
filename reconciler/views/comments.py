"""Plans as the text of one comment, which a later run finds again by a hidden marker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from reconciler.model.plans import Plan
from reconciler.planning.risks import RANKS, risk_of
from reconciler.views import markdown, words
from reconciler.views.formats import PlanReport, Style
from reconciler.views.heading import HeadedPlan
from reconciler.views.words import counted

_HALF_A_TITLE = 300
_IDLE = len(RANKS)
"""The rank of a plan that changes nothing."""
_RESERVE = 200
"""Characters reserved for the line that says what was left out."""


def styled_report(report: PlanReport, style: Style) -> str:
    """The comment, with a marker where `style` has a key."""
    return comment(report.plans, style.key, limit=style.limit or markdown.LIMIT)


def comment(plans: Sequence[HeadedPlan], key: str = "", *, limit: int = markdown.LIMIT) -> str:
    """The plans in at most `limit` characters, behind the marker of `key`.

    One plan looks as it does by itself. Several have a summary over all, and share the limit.
    """
    opening = [marker(key)] if key else []
    room = limit - sum(len(line) + 2 for line in opening)
    if len(plans) > 1:
        return "\n\n".join([*opening, *_several(plans, room)])
    return "\n\n".join(
        [*opening, *(markdown.plan(each.plan, each.heading, limit=room) for each in plans)]
    )


def marker(key: str) -> str:
    """A comment of HTML with `key`: another one for each key, whatever characters it has.

    Percent-encoded (RFC 3986) and without a hyphen, so that nothing in it ends the comment (HTML,
    "Comments").
    """
    return f"<!-- reconciler: {quote(key, '', errors='surrogatepass').replace('-', '%2D')} -->"


def _several(plans: Sequence[HeadedPlan], room: int) -> list[str]:
    """A summary, and a block for each plan: whole, shortened, or its title alone.

    Plans lose their block, and then their title, the least risky first.
    """
    summary = f"## {words.total_text([headed.plan for headed in plans])}"
    room -= len(summary) + _RESERVE
    blocks = _titles([headed.plan for headed in plans], room)
    room -= sum(len(title) + 2 for title in blocks.values())
    whole = {index: _block(plans[index], title, room) for index, title in blocks.items()}
    needs = {index: len(text) - len(blocks[index]) for index, text in whole.items()}
    shares = _shares(needs, room)
    for index, share in shares.items():
        fits = needs[index] <= share
        blocks[index] = whole[index] if fits else _block(plans[index], blocks[index], share)
    return [
        summary,
        *(blocks[index] for index in sorted(blocks)),
        *_left_out(len(blocks) - len(shares), len(plans) - len(blocks)),
    ]


def _titles(plans: Sequence[Plan], room: int) -> dict[int, str]:
    """The titles that fit into `room`, by the index of their plan, the greatest risk first.

    Those of plans that change nothing leave three quarters to what changes.
    """
    titles: dict[int, str] = {}
    room_for_idle = room // 4
    for index in sorted(range(len(plans)), key=lambda index: _rank(plans[index])):
        title = _title(plans[index])
        size = len(title) + 2
        is_idle = _rank(plans[index]) == _IDLE
        if size > room or (is_idle and size > room_for_idle):
            break
        room -= size
        room_for_idle -= size * is_idle
        titles[index] = title
    return titles


def _block(headed: HeadedPlan, title: str, share: int) -> str:
    """A plan in at most `share` characters besides its title."""
    limit = len(title) + max(share, markdown.LEAST)
    return markdown.plan(headed.plan, headed.heading, limit=limit, title=title)


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


def _title(plan: Plan) -> str:
    """A heading with set, store and counts."""
    where, figures = words.title_texts(plan)
    told = [markdown.prose_within(text, _HALF_A_TITLE) for text in (where, figures)]
    return f"### {': '.join(told)}"


def _rank(plan: Plan) -> int:
    """What cannot be applied first, then the greatest risk, and what changes nothing last."""
    if plan.refusals or plan.problems:
        return -1
    return min((RANKS[risk_of(change)] for change in plan.pending), default=_IDLE)


def _left_out(details: int, altogether: int) -> list[str]:
    texts = [f"the details of {counted(details, 'plan')}"] if details else []
    texts += [f"{counted(altogether, 'plan')} altogether"] if altogether else []
    told = f"Left out, because a comment has its limit: {', '.join(texts)}."
    return [told] if texts else []
