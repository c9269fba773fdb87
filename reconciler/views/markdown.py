"""Plans and drift as Markdown for comments on pull requests (GitHub Flavored Markdown)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.model.difference import Difference, DiffState, ObjectDiff
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.objects import Diagnostic, Source
from reconciler.model.plans import Action, Note, Plan, Refusal
from reconciler.views import change_words, diff_words, drift_words, groups, plan_words, words
from reconciler.views.change_words import Line
from reconciler.views.drift_words import Finding
from reconciler.views.fitting import Entry, Section, fitted
from reconciler.views.formats import Style
from reconciler.views.groups import Group
from reconciler.views.heading import NO_HEADING, Heading
from reconciler.views.markup import code, fenced, html_text, prose, prose_within

LIMIT = 65_536
"""Characters of a comment on GitHub (its API refuses longer bodies)."""

LEAST = 2_000
"""Characters in which the first lines of any plan fit, and the last one."""

_LONGEST_NAME = 1_000
"""Characters of a name or a place; no name that a store accepts is longer."""
_MOST_OF_NAMES = 20_000
"""Characters of the names of a group; JSON has them all."""
_KEEPERS_HEADING = "In sync, with fields of others that stay:"


def plan(plan: Plan, heading: Heading = NO_HEADING, *, limit: int = LIMIT, title: str = "") -> str:
    """The plan in at most `limit` characters, which are `LEAST` or more.

    Refusals and problems come first, then changes, the greatest risk first, then notices; entries
    that no longer fit lose their details, then their line, and the last line says how many did.
    The first line is `title`, or the summary.
    """
    parts = [
        title or f"### {prose_within(plan_words.summary_text(plan), limit // 8)}",
        prose_within(plan_words.context_text(plan, heading), limit // 4),
    ]
    parts += filter(None, (plan_words.drift_text(plan), plan_words.obstacles_text(plan)))
    parts += filter(None, [_counts(plan)])
    return fitted(
        parts,
        Section("refusal", [_refusal(refusal) for refusal in plan.refusals]),
        Section("problem", [_problem(problem) for problem in plan.problems]),
        *_changes(plan),
        Section("object in sync", _keepers(plan), _KEEPERS_HEADING),
        _notices(plan.notices),
        limit=limit,
    )


def drift(
    report: DriftReport,
    configuration: str = "",
    *,
    limit: int = LIMIT,
    now: datetime | None = None,
    title: str = "",
) -> str:
    """Drift, pending changes and unmanaged Secrets, in at most `limit` characters.

    Objects in sync are only counted. Entries that do not fit are left out as in a plan. The first
    line is `title`, or the summary.
    """
    where = plan_words.set_text(report.set_name, report.store, configuration)
    last = plan_words.last_text(report.last, now).strip()
    return fitted(
        [
            title or f"### {drift_words.summary_text(report)}",
            prose_within(where, limit // 4),
            *([prose_within(last, limit // 4)] if report.last else []),
        ],
        Section("object", list(map(_finding, drift_words.drifted(report)))),
        Section(
            "pending change",
            list(map(_finding, drift_words.pending(report))),
            drift_words.PENDING_HEADING,
        ),
        Section(
            "unmanaged Secret",
            list(map(_finding, drift_words.in_state(report, ObjectState.UNMANAGED))),
            drift_words.UNMANAGED_HEADING,
        ),
        Section(
            "object in the baseline",
            list(map(_finding, drift_words.accepted(report))),
            drift_words.ACCEPTED_HEADING,
        ),
        _notices(report.notices),
        limit=limit,
    )


def difference(difference: Difference, configuration: str = "", *, limit: int = LIMIT) -> str:
    """What differs between two environments, in at most `limit` characters.

    Equal objects are only counted. Entries that do not fit are left out as in a plan.
    """
    differing = [each for each in difference.objects if each.state is not DiffState.EQUAL]
    return fitted(
        [
            f"### {prose(diff_words.summary_text(difference))}",
            prose(diff_words.context_text(difference, configuration)),
        ],
        Section("object", [_differing(each) for each in differing]),
        limit=limit,
    )


def styled_difference(shown: Difference, style: Style) -> str:
    """The difference, headed as `style` says."""
    return difference(shown, style.heading.configuration, limit=style.limit or LIMIT)


def styled_plan(shown: Plan, style: Style) -> str:
    """The plan, headed as `style` says."""
    return plan(shown, style.heading, limit=style.limit or LIMIT)


def styled_drift(report: DriftReport, style: Style) -> str:
    """The drift, headed as `style` says."""
    return drift(report, style.heading.configuration, limit=style.limit or LIMIT, now=style.now)


def _counts(plan: Plan) -> str:
    """A table of how many objects each action touches; nothing where none does."""
    if not plan.pending:
        return ""
    counts = plan.counts
    rare = {Action.RELEASE, Action.RESTART}
    actions = [action for action in Action if action not in rare or counts.get(action)]
    actions = [*actions[1:], Action.NO_OP]
    rows = (
        [words.ACTION_WORDS[action] for action in actions],
        ["--:"] * len(actions),
        [str(counts.get(action, 0)) for action in actions],
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _changes(plan: Plan) -> list[Section]:
    """A section for each chapter, so that the riskier ones are fitted first, details and all."""
    return [
        Section(
            "change",
            [_group(group, is_open=chapter.is_open) for group in chapter.groups],
            chapter.heading and f"#### {chapter.heading}",
        )
        for chapter in groups.chapters(plan)
    ]


def _group(group: Group, *, is_open: bool) -> Entry:
    change = group.first
    symbol, remark = words.ACTION_SYMBOLS[change.action], change_words.reasons_text(change)
    lines = [coloured(line) for line in change_words.aligned(groups.field_rows(group))]
    notes = [f"- {prose(text)}" for text in change_words.remark_texts(change)]
    if not group.many:
        name = f"{symbol} {words.object_text(change.key)}"
        return folded(name, remark, change.source, lines, notes, is_open=is_open)
    name = f"{symbol} {groups.title(group)}"
    return folded(name, remark, None, lines, [*notes, _names(group)], is_open=is_open)


def _names(group: Group) -> str:
    """The names of the objects of a group, as many as are of use in a comment."""
    shown: list[str] = []
    room = _MOST_OF_NAMES
    for name in groups.names(group):
        text = code(name)
        room -= len(text) + 2
        if room < 0:
            more = len(group.changes) - len(shown)
            return f"- {', '.join(shown)} and {more} more"
        shown.append(text)
    return f"- {', '.join(shown)}"


def _keepers(plan: Plan) -> list[Entry]:
    """The objects in sync that have fields of others."""
    texts = []
    for change in plan.changes:
        if change.action is Action.NO_OP and change.kept:
            kept = ", ".join(code(words.field_text(path)) for path in change.kept)
            texts.append(f"- {code(words.object_text(change.key))} keeps {kept}")
    return [Entry(text, text) for text in texts]


def coloured(line: Line) -> Line:
    """A changed line as ``!``, which GitHub colours in a diff; it does not know ``~``."""
    return line._replace(symbol="!") if line.symbol == "~" else line


def _finding(finding: Finding) -> Entry:
    name = f"{finding.symbol} {words.object_text(finding.item.key)}"
    source = finding.item.source
    if finding.rows or source is None:
        return folded(name, finding.words, source, change_words.aligned(finding.rows))
    short = f"- {_name(name)} {finding.words}"
    return Entry(f"{short}, {code(words.place_text(source))}", short)


def _differing(each: ObjectDiff) -> Entry:
    name = f"{diff_words.SYMBOLS[each.state]} {words.object_text(each.key)}"
    lines = [coloured(line) for line in change_words.aligned(diff_words.rows(each))]
    return folded(name, each.state.value, each.source, lines)


def folded(
    name: str,
    remark: str,
    source: Source | None,
    lines: Sequence[Line],
    notes: Sequence[str] = (),
    *,
    is_open: bool = False,
) -> Entry:
    """What folds under a name and a remark: its place, fields as a diff, and notes."""
    short = f"- {_name(name)} {remark}"
    body: list[str] = []
    place = words.place_text(source)
    if place:
        body.append(code(place))
    if lines:
        body.append(fenced(f"{line.symbol} {line.text}" for line in lines))
    if notes:
        body.append("\n".join(notes))
    if not body:
        return Entry(short, short)
    tag = "<details open>" if is_open else "<details>"
    opening = f"{tag}<summary><code>{html_text(name)}</code> {remark}</summary>"
    return Entry("\n\n".join([opening, *body, "</details>"]), short)


def _refusal(refusal: Refusal) -> Entry:
    hint = f" ({prose(refusal.hint)})" if refusal.hint else ""
    whole = f"> **Refused:** {prose(refusal.message)}{hint}"
    about = f": {_name(words.object_text(refusal.key))}" if refusal.key else ""
    short = f"> **Refused** by {_name(refusal.guard)}{about}"
    return Entry(whole, min(short, whole, key=len))


def _problem(problem: Diagnostic) -> Entry:
    where = _name(words.source_text(problem.source))
    short = f"- **{problem.severity.value}** {_name(problem.code)} {where}"
    about = [code(part) for part in (problem.object, problem.field) if part]
    whole = f"{' '.join([short, *about])}: {prose(problem.message)}"
    if problem.hint:
        whole += f" ({prose(problem.hint)})"
    return Entry(whole, short)


def _notices(notices: Iterable[Note]) -> Section:
    texts = [f"- {prose(notice.message)}" for notice in notices]
    return Section("notice", [Entry(text, text) for text in texts])


def _name(text: str) -> str:
    """A name or a place as code; the beginning, where it is longer than any store accepts."""
    return code(text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…")
