"""What differs between two environments, as text."""

from __future__ import annotations

from reconciler.escapes import inert
from reconciler.model.difference import Difference, DiffState, ObjectDiff
from reconciler.views import diff_words
from reconciler.views.text.palette import Palette, headline, indented


def difference(
    difference: Difference, *, colour: bool, verbose: bool = False, configuration: str = ""
) -> str:
    """Every object that differs; with `verbose`, also what is equal."""
    palette = Palette(colour)
    blocks = [diff_words.context_text(difference, configuration)]
    blocks += [
        _object(each, difference, palette, verbose=verbose)
        for each in difference.objects
        if verbose or each.state is not DiffState.EQUAL
    ]
    blocks.append(palette.paint(difference_summary(difference), "strong"))
    return inert("\n\n".join(blocks))


def difference_summary(difference: Difference) -> str:
    """The last line alone."""
    return inert(diff_words.summary_text(difference))


def _object(each: ObjectDiff, difference: Difference, palette: Palette, *, verbose: bool) -> str:
    header = headline(
        palette,
        diff_words.SYMBOLS[each.state],
        each.key,
        diff_words.state_text(each, difference),
        each.source,
    )
    rows = diff_words.rows(each, verbose=verbose)
    return "\n".join([header, *indented(rows, palette)])
