"""Plans and drift as Markdown for comments on pull requests (GitHub Flavored Markdown).

Text from manifests and stores is always set as code, where ``@names`` and ``#2`` do not become
links and markup has no effect: in fenced blocks, in code spans, or escaped for HTML in a summary.
Text that would contain a workflow command is set in HTML code elements, which look the same: only
HTML can write a character in another way.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.objects import Diagnostic, Source
from reconciler.model.plans import Change, Note, Plan, Refusal
from reconciler.views import drift_words, words
from reconciler.views.drift_words import Finding
from reconciler.views.formats import Style
from reconciler.views.heading import NO_HEADING, Heading
from reconciler.views.words import Line, counted

LIMIT = 65_536
"""Characters of a comment on GitHub (its API refuses longer bodies)."""

_RESERVE = 400
"""Characters reserved for a heading and for the last line."""
_PLAIN_WORD = re.compile(r"[(']?[A-Za-z]+(?:['-][A-Za-z]+)*[')]?[.,;:]?|[0-9]+%?[,;:]?")
_WORD_AND_STOP = re.compile(r"(.*?)([.,;:]?)")
_BACKTICKS = re.compile("`+")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


class _Entry(NamedTuple):
    """An entry of a section, with and without its details."""

    whole: str
    short: str


class _Section(NamedTuple):
    """Entries of one kind, with an optional heading."""

    noun: str
    entries: Sequence[_Entry]
    heading: str = ""


def plan(plan: Plan, heading: Heading = NO_HEADING) -> str:
    """The plan in at most `LIMIT` characters; refusals are never cut, whatever their length.

    Problems come first, then changes, then notices; entries that no longer fit lose their details,
    then their line, and the last line says how many did.
    """
    summary = words.summary_text(plan)
    parts = [f"### {summary}", prose(words.context_text(plan, heading))]
    parts += filter(None, (words.drift_text(plan), words.obstacles_text(plan)))
    parts += [_refusal(refusal) for refusal in plan.refusals]
    return _fitted(
        parts,
        _Section("problem", [_problem(problem) for problem in plan.problems]),
        _Section("object", [_change(change) for change in words.changes_in_order(plan)]),
        _notices(plan.notices),
    )


def drift(report: DriftReport, configuration: str = "") -> str:
    """Drift, pending changes and unmanaged Secrets, in at most `LIMIT` characters.

    Objects in sync are only counted. Entries that do not fit are left out as in a plan.
    """
    return _fitted(
        [
            f"### {drift_words.summary_text(report)}",
            prose(words.set_text(report.set_name, report.store, configuration)),
        ],
        _Section("object", list(map(_finding, drift_words.drifted(report)))),
        _Section(
            "pending change",
            list(map(_finding, drift_words.pending(report))),
            drift_words.PENDING_HEADING,
        ),
        _Section(
            "unmanaged Secret",
            list(map(_finding, drift_words.in_state(report, ObjectState.UNMANAGED))),
            drift_words.UNMANAGED_HEADING,
        ),
        _notices(report.notices),
    )


def styled_plan(shown: Plan, style: Style) -> str:
    """The plan, headed as `style` says."""
    return plan(shown, style.heading)


def styled_drift(report: DriftReport, style: Style) -> str:
    """The drift, headed as `style` says."""
    return drift(report, style.heading.configuration)


def prose(text: str) -> str:
    """`text` with everything in code spans except plain words and numbers."""
    return " ".join(map(_word, escaped(text).split()))


def code(text: str) -> str:
    """A code span of `text`, fenced with more backticks than it contains (CommonMark 6.1)."""
    shown = escaped(text)
    if inert(shown) != shown:
        return f"<code>{_PUNCTUATION.sub(_reference, shown)}</code>"
    fence = "`" * (_longest_run(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def _word(word: str) -> str:
    if _PLAIN_WORD.fullmatch(word):
        return word
    match = _WORD_AND_STOP.fullmatch(word)
    return code(match[1]) + match[2] if match and match[1] else code(word)


def _fitted(parts: list[str], *sections: _Section) -> str:
    """All of `parts`, and as much of `sections` as fits into the limit."""
    room = LIMIT - _RESERVE - sum(len(part) + 2 for part in parts)
    left_out: list[str] = []
    for noun, entries, heading in sections:
        fitting, without_details = _fit(entries, room)
        shown = [heading, *fitting] if heading and fitting else fitting
        room -= sum(len(part) + 2 for part in shown)
        parts += shown
        dropped = len(entries) - len(fitting)
        if without_details:
            left_out.append(f"the details of {counted(without_details, noun)}")
        if dropped:
            left_out.append(f"{counted(dropped, noun)} altogether")
    if left_out:
        parts.append(f"Left out, because a comment has its limit: {', '.join(left_out)}.")
    return "\n\n".join(parts)


def _fit(entries: Sequence[_Entry], room: int) -> tuple[list[str], int]:
    """What of `entries` fits into `room` characters, and how many of them lost their details.

    Names go before details: an entry is shown whole only where the names of all others fit too.
    """
    spare = room - sum(len(entry.short) + 2 for entry in entries)
    fitting: list[str] = []
    without_details = 0
    for entry in entries:
        more = len(entry.whole) - len(entry.short)
        text = entry.short
        if more <= spare:
            text = entry.whole
            spare -= more
        if len(text) + 2 > room:
            break
        without_details += text is not entry.whole
        room -= len(text) + 2
        fitting.append(text)
    return fitting, without_details


def _change(change: Change) -> _Entry:
    notes = [f"- {prose(text)}" for text in words.remark_texts(change)]
    return _object(
        f"{words.ACTION_SYMBOLS[change.action]} {words.object_text(change.key)}",
        words.reasons_text(change),
        change.source,
        words.change_lines(change),
        notes,
    )


def _finding(finding: Finding) -> _Entry:
    name = f"{finding.symbol} {words.object_text(finding.item.key)}"
    source = finding.item.source
    if finding.lines or source is None:
        return _object(name, finding.words, source, finding.lines)
    short = f"- {code(name)} {finding.words}"
    return _Entry(f"{short}, {code(words.place_text(source))}", short)


def _object(
    name: str,
    remark: str,
    source: Source | None,
    lines: Sequence[Line],
    notes: Sequence[str] = (),
) -> _Entry:
    short = f"- {code(name)} {remark}"
    body: list[str] = []
    place = words.place_text(source)
    if place:
        body.append(code(place))
    if lines:
        body.append(_fenced(f"{line.symbol} {line.text}" for line in lines))
    if notes:
        body.append("\n".join(notes))
    if not body:
        return _Entry(short, short)
    opening = f"<details><summary><code>{_html(name)}</code> {remark}</summary>"
    return _Entry("\n\n".join([opening, *body, "</details>"]), short)


def _fenced(lines: Iterable[str]) -> str:
    """A block with diff colouring: ``+`` and ``-`` at the start of a line count."""
    content = "\n".join(lines)
    if inert(content) != content:
        return f'<pre lang="diff">\n{_html(content)}\n</pre>'
    fence = "`" * max(3, _longest_run(content) + 1)
    return f"{fence}diff\n{content}\n{fence}"


def _refusal(refusal: Refusal) -> str:
    hint = f" ({prose(refusal.hint)})" if refusal.hint else ""
    return f"> **Refused:** {prose(refusal.message)}{hint}"


def _problem(problem: Diagnostic) -> _Entry:
    where = code(words.source_text(problem.source))
    short = f"- **{problem.severity.value}** {code(problem.code)} {where}"
    about = [code(part) for part in (problem.object, problem.field) if part]
    whole = f"{' '.join([short, *about])}: {prose(problem.message)}"
    if problem.hint:
        whole += f" ({prose(problem.hint)})"
    return _Entry(whole, short)


def _notices(notices: Iterable[Note]) -> _Section:
    texts = [f"- {prose(notice.message)}" for notice in notices]
    return _Section("notice", [_Entry(text, text) for text in texts])


def _html(text: str) -> str:
    """`text` for a block of HTML, where Markdown has no effect."""
    return html.escape(text, quote=False).replace("#", "&#35;")


def _reference(match: re.Match[str]) -> str:
    """A character reference, which has no meaning in Markdown."""
    return f"&#{ord(match[0])};"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
