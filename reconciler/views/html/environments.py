"""Several environments as one page: few of them one by one, many at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.errors import ReconcilerError
from reconciler.planning.risks import RANKS
from reconciler.views.formats import Subject
from reconciler.views.groups import FEW, RISK_WORDS
from reconciler.views.html import remedies
from reconciler.views.html.elements import NOTHING, Content, Markup, element, lines
from reconciler.views.html.entries import Entry, context, entry, sentences
from reconciler.views.html.page import fragment, page, section
from reconciler.views.overview.compact import NOTE, Statement
from reconciler.views.overview.merged import (
    Chapter,
    Group,
    Matrix,
    Overview,
    Said,
    begun,
    count_text,
    facts,
    where_text,
)

_RISKS = {rank: RISK_WORDS[risk] for risk, rank in RANKS.items()}


def environments(headline: str, parts: Iterable[Markup]) -> str:
    """A page with a part for each environment."""
    return page(headline, headline, facts=(), sections=parts)


def part(environment: str, shown: str, error: ReconcilerError | None) -> Markup:
    """An environment by itself; `shown` is what a function of this package has made of it."""
    problem = NOTHING if error is None else _problems([(_statement(error), "")])
    return section(f"Environment {environment}", problem, fragment(shown))


def overview(shown: Overview, subject: Subject, headline: str, parts: Iterable[Markup]) -> str:
    """What failed or is refused, outliers, what is common; then all environments, and `parts`."""
    everywhere, some = facts(shown)
    told = [f"{said.statement.text}: {where_text(said.environments, shown)}" for said in some]
    serious = [
        (said.statement, where_text(said.environments, shown))
        for said in shown.statements
        if said.statement.rank < NOTE
    ]
    return page(
        headline,
        headline,
        facts=[
            context(", ".join([count_text(shown), *everywhere])),
            *map(context, told),
            _problems(serious) if serious else NOTHING,
        ],
        sections=[*_sections(shown, subject), *parts],
    )


def _sections(shown: Overview, subject: Subject) -> Iterator[Markup]:
    is_open = sum(len(chapter.groups) for chapter in shown.chapters) <= FEW
    for chapter in shown.chapters:
        yield _chapter(chapter, shown, subject, is_open=is_open)
    notes = [said for said in shown.statements if said.statement.rank == NOTE]
    if notes:
        yield section("Notes", sentences([_told(said, shown) for said in notes], "notes"))
    if shown.matrix is not None:
        yield _matrix(shown.matrix, shown)
    if shown.environments:
        yield _all(shown)
    if shown.examples:
        kinds = (remedies.of_kind(each.about, each.remedies) for each in shown.examples)
        yield section("What now", *kinds)


def _told(said: Said, shown: Overview) -> str:
    return f"{said.statement.text} ({where_text(said.environments, shown)})"


def _chapter(chapter: Chapter, shown: Overview, subject: Subject, *, is_open: bool) -> Markup:
    entries = [entry(_entry(group, subject), is_open=is_open) for group in chapter.groups]
    return section(begun(where_text(chapter.environments, shown)), *entries)


def _entry(group: Group, subject: Subject) -> Entry:
    likeness = group.likeness
    word, _, remark = likeness.words.partition(": ")
    variant = f"[{group.variant}]" if group.variant else ""
    is_plan = subject is Subject.PLAN
    return Entry(
        objects=group.objects,
        title=group.title if len(group.objects) > 1 else "",
        symbol=likeness.symbol,
        word=word,
        remark=" ".join(filter(None, (remark, variant))),
        rows=group.rows,
        notes=likeness.remarks,
        data_keys=likeness.keys,
        action=word if is_plan else "",
        state="" if is_plan else word,
        risk=_RISKS[likeness.rank] if is_plan else "",
    )


def _problems(problems: Sequence[tuple[Statement, str]]) -> Markup:
    """What keeps environments from being applied, or even looked at."""
    return element("ul", lines(*(_problem(*each) for each in problems)), class_="banner refused")


def _problem(statement: Statement, where: str) -> Markup:
    told = f" {where}: " if where else ": "
    more = [element("span", line, class_="hint") for line in statement.more]
    return element("li", element("b", statement.label), told, statement.text, *more)


def _statement(error: ReconcilerError) -> Statement:
    hint = (f"hint: {error.hint}",) if error.hint else ()
    return Statement(0, "Error", error.message, (*error.details, *hint))


def _matrix(matrix: Matrix, shown: Overview) -> Markup:
    heading = "Where environments differ"
    head = ["", *(column.label for column in matrix.columns)]
    rows = [[title, *map(str, cells)] for title, cells in matrix.rows]
    legend = [
        f"{column.label}: {where_text(column.environments, shown)}"
        for column in matrix.columns
        if len(column.environments) > 1
    ]
    told = sentences([*legend, ", ".join(matrix.legend)], "notes")
    return section(heading, _table(heading, head, rows), told)


def _all(shown: Overview) -> Markup:
    """A table of all environments with their stores and figures."""
    heading = "All environments"
    figures = {name: said.statement.text for said in shown.figures for name in said.environments}
    rows = [
        [name, store, figures[name]]
        for name, store in zip(shown.environments, shown.stores, strict=True)
    ]
    return section(heading, _table(heading, ["Environment", "Store", "Result"], rows))


def _table(label: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table that scrolls by itself, by keys too."""
    columns = [element("th", name, scope="col") if name else element("td") for name in head]
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in cells))
        for first, *cells in rows
    ]
    content: list[Content] = [
        element("thead", element("tr", *columns)),
        element("tbody", lines(*body)),
    ]
    table = element("table", *content)
    return element(
        "div", table, class_="table", role="region", aria_label=f"{label}: table", tabindex="0"
    )
