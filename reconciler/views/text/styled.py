"""Text as terminals and logs get it: the whole, or the summary alone where that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.difference import Difference
from reconciler.model.drift import DriftReport
from reconciler.model.history import History
from reconciler.model.plans import Plan
from reconciler.views import plan_words, text
from reconciler.views.formats import Checked, Drifts, PlanReport, Style
from reconciler.views.heading import HeadedDrift, HeadedPlan, Heading

if TYPE_CHECKING:
    from reconciler.model.listing import Listing


def plan(plan: Plan, style: Style) -> str:
    """The plan; quiet, its summary alone, unless something keeps it from being applied."""
    if style.quiet and not (plan.problems or plan.refusals):
        doubts = [note.message for note in style.heading.origin if note.code == "plan-unverified"]
        return "\n".join([*doubts, plan_words.summary_text(plan)])
    return text.plan(plan, colour=style.colour, verbose=style.verbose, heading=style.heading)


def report(report: PlanReport, style: Style) -> str:
    """One plan after the other, or many at a glance; and the summary over all of them."""
    from reconciler.views.overview import FEW  # one plan does without

    blocks: list[str] = []
    if len(report.plans) <= FEW or style.verbose:
        blocks += [plan(each.plan, replace(style, heading=each.heading)) for each in report.plans]
    if len(report.plans) > FEW:
        blocks.append(_overview(report.plans, style))
    if len(report.plans) > 1:
        blocks.append(text.total([each.plan for each in report.plans], colour=style.colour))
    return "\n\n".join(filter(None, blocks))


def _overview(several: Sequence[HeadedPlan | HeadedDrift], style: Style) -> str:
    from reconciler.views.overview import overview_of
    from reconciler.views.overview.text import overview

    return overview(
        overview_of(several),
        colour=style.colour,
        width=style.width,
        quiet=style.quiet,
        verbose=style.verbose,
    )


def drift(report: DriftReport, style: Style) -> str:
    """The drift; quiet, its summary alone where there is none."""
    if style.quiet and not report.failing:
        return text.drift_summary(report)
    return text.drift(
        report,
        colour=style.colour,
        verbose=style.verbose,
        configuration=style.heading.configuration,
        now=style.now,
    )


def drifts(drifts: Drifts, style: Style) -> str:
    """One check after the other, or many at a glance; and the summary over all of them."""
    from reconciler.views.overview import FEW

    blocks: list[str] = []
    if len(drifts.checks) <= FEW or style.verbose:
        blocks += [
            drift(each.report, replace(style, heading=Heading(each.configuration)))
            for each in drifts.checks
        ]
    if len(drifts.checks) > FEW:
        blocks.append(_overview(drifts.checks, style))
    if len(drifts.checks) > 1:
        reports = [each.report for each in drifts.checks]
        blocks.append(text.drifts_total(reports, colour=style.colour))
    return "\n\n".join(filter(None, blocks))


def difference(difference: Difference, style: Style) -> str:
    """The difference; quiet, its summary alone."""
    if style.quiet:
        return text.difference_summary(difference)
    return text.difference(
        difference,
        colour=style.colour,
        verbose=style.verbose,
        configuration=style.heading.configuration,
    )


def check(checked: Checked, style: Style) -> str:
    """What is wrong with manifests; verbose, what was checked too."""
    blocks = []
    if style.verbose and checked.objects:
        blocks.append(text.sources(checked.objects, colour=style.colour))
    if checked.notices and not style.quiet:
        blocks.append(text.notices(checked.notices, colour=style.colour))
    blocks.append(
        text.diagnostics(
            checked.diagnostics,
            objects=len(checked.objects),
            files=checked.files,
            colour=style.colour,
        )
    )
    return "\n\n".join(blocks)


def history(history: History, style: Style) -> str:
    """The runs of a set."""
    return text.history(history, colour=style.colour, configuration=style.heading.configuration)


def listing(listing: Listing, style: Style) -> str:
    """What a set holds; quiet, the count alone."""
    if style.quiet:
        return text.listing_summary(listing)
    return text.listing(
        listing,
        now=style.now,
        colour=style.colour,
        whole=style.verbose,
        configuration=style.heading.configuration,
    )


def as_it_is(text: str, style: Style) -> str:
    """A text that was made for other programs."""
    del style
    return text
