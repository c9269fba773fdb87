"""Differences between environments in words: what the formats for people share."""

from __future__ import annotations

from reconciler.escapes import escaped
from reconciler.model.difference import Difference, DiffState, ObjectDiff
from reconciler.model.fields import DATA
from reconciler.views import change_words, words
from reconciler.views.change_words import Row
from reconciler.views.words import counted

SYMBOLS = {
    DiffState.ADDED: "+",
    DiffState.REMOVED: "-",
    DiffState.CHANGED: "~",
    DiffState.EQUAL: "=",
}
_EQUAL_VALUE = "(equal)"


def context_text(difference: Difference, configuration: str = "") -> str:
    """``Environment eu-1 compared with staging, configuration reconciler.yaml``."""
    text = f"Environment {difference.after} compared with {difference.before}"
    return escaped(f"{text}, configuration {configuration}" if configuration else text)


def state_text(each: ObjectDiff, difference: Difference) -> str:
    """``only in eu-1``, ``changed`` or ``equal``."""
    match each.state:
        case DiffState.ADDED:
            return escaped(f"only in {difference.after}")
        case DiffState.REMOVED:
            return escaped(f"only in {difference.before}")
        case _:
            return each.state.value


def rows(each: ObjectDiff, *, verbose: bool = False) -> list[Row]:
    """The fields that differ; with `verbose`, also the keys whose values are equal."""
    differing = [
        change_words.field_row(field, words.value_text(field.before), words.value_text(field.after))
        for field in each.fields
    ]
    equal = each.equal_keys if verbose else ()
    return [*differing, *(Row("=", words.field_text((DATA, key)), _EQUAL_VALUE) for key in equal)]


def summary_text(difference: Difference) -> str:
    """``Difference: 1 only in eu-1, 0 only in staging, 2 changed; 3 equal.``."""
    counts = difference.counts
    if not difference.has_any:
        return f"No differences. {counted(len(difference.objects), 'object')} equal."
    added, removed, changed, equal = (
        counts.get(state, 0)
        for state in (DiffState.ADDED, DiffState.REMOVED, DiffState.CHANGED, DiffState.EQUAL)
    )
    return escaped(
        f"Difference: {added} only in {difference.after}, {removed} only in {difference.before}, "
        f"{changed} changed; {equal} equal."
    )
