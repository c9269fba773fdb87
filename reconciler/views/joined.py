"""What came of several environments, as one output: each format has a way to join what it shows.

A way to join is a generator from the parts, in the order of the environments, to texts that are
printed one below the other. Where the format allows it, a part is printed as soon as it is there.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import orjson

from reconciler.errors import ExitCode, ReconcilerError, worst
from reconciler.escapes import escaped, inert, json_text
from reconciler.model.shards import Share
from reconciler.views.formats import Style, Subject, failed, outlives
from reconciler.views.json.parts import ENVIRONMENTS_FORMAT, Document, serialised
from reconciler.views.overview import FEW, Merging
from reconciler.views.text import error as error_text
from reconciler.views.text.palette import Palette
from reconciler.views.words import counted

if TYPE_CHECKING:
    from reconciler.views.html.elements import Markup

_MOST_NAMED = 10
_SUITE = re.compile('^<testsuite name="[^"]*"')
_CODES = {
    ExitCode.ERROR: "failed",
    ExitCode.PARTIAL: "applied in part",
    ExitCode.STALE: "stale",
    ExitCode.REFUSED: "refused",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.CHANGES: "with changes",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What came of an environment: `text` in the format, unless an error came before it."""

    environment: str
    code: ExitCode
    text: str = ""
    error: ReconcilerError | None = None


Joining = Callable[[Iterable[Part], Subject, Style], Iterator[str]]


def joined(
    format_name: str,
    parts: Iterable[Part],
    subject: Subject,
    style: Style,
    merging: Merging | None = None,
) -> Iterator[str]:
    """The texts of one output for all `parts`, each of which shows a `subject`.

    `merging` has all environments once the parts are taken; without it, or where there are few of
    them, none is compared with another.
    """
    overview = _OVERVIEWS.get(format_name)
    if overview is None or merging is None:
        return _JOININGS[format_name](parts, subject, style)
    return overview(parts, merging, subject, style)


def has_sections(format_name: str, subject: Subject, style: Style, environments: int) -> bool:
    """Whether each of so many `environments` is shown by itself."""
    if not has_overview(subject, environments) or format_name not in _OVERVIEWS:
        return True
    return style.verbose and format_name != "markdown"


def has_overview(subject: Subject, environments: int) -> bool:
    """Whether so many `environments` are compared with each other."""
    return environments > FEW and subject in {Subject.PLAN, Subject.DRIFT}


def can_join(format_name: str) -> bool:
    """Whether the format can show several environments."""
    return format_name in _JOININGS


def with_earlier(format_name: str, parts: Iterable[Part], earlier: Callable[[], str]) -> list[Part]:
    """`parts`, with what a report has kept of the environments that failed.

    `earlier` reads what the last run wrote. Only formats that outlive a failure keep anything.
    """
    chosen = list(parts)
    if not outlives(format_name) or not any(part.error for part in chosen):
        return chosen
    kept = failed(format_name, earlier())
    return [
        part if part.error is None else replace(part, text=_samples_of(part.environment, kept))
        for part in chosen
    ]


def _samples_of(environment: str, text: str) -> str:
    own = f"{{{_environment_label(environment)},"
    lines = text.splitlines()
    return "\n".join(line for line in lines if line.startswith("# ") or own in line)


def style_of(format_name: str, style: Style, environments: int) -> Style:
    """`style` for one of several environments: a comment has room for all of them together."""
    if format_name == "html":
        return replace(style, is_part=True)
    if format_name != "markdown":
        return style
    from reconciler.views.markdown import LIMIT

    return replace(style, limit=(style.limit or LIMIT) // max(environments, 1) - _OF_HEADING)


_OF_HEADING = 100
"""Characters of a Markdown heading, at most."""


def summary(codes: Mapping[str, ExitCode]) -> str:
    """How many environments there are, and which of them did not end well, the worst first."""
    names = defaultdict(list)
    for name, code in codes.items():
        names[code].append(name)
    told = [
        f"{len(names[code])} {words}{_named(names[code], codes)}"
        for code, words in _CODES.items()
        if names[code]
    ]
    return f"{counted(len(codes), 'environment')}{': ' if told else ''}{', '.join(told)}."


def _named(names: Sequence[str], every: Collection[str]) -> str:
    """`` (eu-1, eu-2)``; nothing where that is all of them, or too many to be read."""
    if len(names) <= _MOST_NAMED:
        return f" ({', '.join(names)})"
    left = [name for name in every if name not in names]
    return f" (all but {', '.join(left)})" if 0 < len(left) <= _MOST_NAMED else ""


def ends_text(codes: Mapping[str, ExitCode], waiting: Mapping[str, str]) -> str:
    """What an apply of several environments came to; `waiting` has why some were not begun."""
    lines = [summary(codes)]
    lines += [f"Not begun: {name}, since {reason}." for name, reason in waiting.items()]
    if waiting or any(codes.values()):
        lines.append("What now: mend what failed, then run the same command again.")
    return "\n".join(lines)


def _text(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    codes: dict[str, ExitCode] = {}
    yield from _text_sections(parts, style, codes)
    yield Palette(style.colour).paint(summary(codes), "strong")


def _text_sections(
    parts: Iterable[Part], style: Style, codes: dict[str, ExitCode]
) -> Iterator[str]:
    palette = Palette(style.colour)
    for part in parts:
        codes[part.environment] = part.code
        blocks = [palette.paint(f"Environment {part.environment}", "strong"), part.text]
        if part.error is not None:
            blocks.append(error_text(part.error, colour=style.colour))
        yield "\n".join([*filter(None, blocks), ""])


def _text_overview(
    parts: Iterable[Part], merging: Merging, _: Subject, style: Style
) -> Iterator[str]:
    """All at a glance; verbose, behind a section for each."""
    from reconciler.views.overview import text

    codes: dict[str, ExitCode] = {}
    if style.verbose:
        yield from _text_sections(parts, style, codes)
    else:
        codes |= {part.environment: part.code for part in parts}
    shown = text.overview(
        merging.overview(),
        colour=style.colour,
        width=style.width,
        quiet=style.quiet,
        verbose=style.verbose,
    )
    yield from filter(None, [shown and f"{shown}\n"])
    yield Palette(style.colour).paint(summary(codes), "strong")


def _markdown(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    from reconciler.views.markdown import prose

    del style
    codes = {}
    for part in parts:
        codes[part.environment] = part.code
        yield f"## Environment {part.environment}\n\n{part.text}".rstrip() + "\n"
        if part.error is not None:
            yield f"**Error:** {prose(part.error.message)}\n"
            yield "".join(f"- {prose(detail)}\n" for detail in part.error.details)
    yield prose(summary(codes))


def _html(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    from reconciler.views.html import environments as html

    del style
    codes: dict[str, ExitCode] = {}
    sections = [*_html_sections(parts, codes)]
    yield html.environments(summary(codes), sections)


def _html_sections(parts: Iterable[Part], codes: dict[str, ExitCode]) -> Iterator[Markup]:
    from reconciler.views.html import environments as html

    for part in parts:
        codes[part.environment] = part.code
        yield html.part(part.environment, part.text, part.error)


def _json(parts: Iterable[Part], subject: Subject, style: Style) -> Iterator[str]:
    head: Document = {"format": ENVIRONMENTS_FORMAT, "subject": subject.value}
    head |= {"configuration": style.heading.configuration}
    if style.share is not None:
        head["shard"] = share_document(style.share)
    codes: dict[str, ExitCode] = {}
    yield f'{serialised(head, indented=False)[:-1]},"environments":['
    for part in parts:
        item: Document = {"environment": part.environment, "exitCode": int(part.code)}
        item["error"] = _error_document(part.error)
        comma = "," if codes else ""
        shown = part.text or "null"
        yield f'{comma}{serialised(item, indented=False)[:-1]},"{subject.value}":{shown}}}'
        codes[part.environment] = part.code
    yield f'],"exitCode":{int(worst(codes.values()))}}}'


def share_document(share: Share) -> Document:
    """Which part of a run a document holds, and what the whole run is over."""
    return {
        "index": share.shard.index,
        "of": share.shard.of,
        "environments": [*share.chosen],
        "digest": share.digest,
    }


def _error_document(error: ReconcilerError | None) -> Document | None:
    if error is None:
        return None
    return {"message": error.message, "details": list(error.details), "hint": error.hint}


def _sarif(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """A run for each environment; which one it is, is its automation's category."""
    from reconciler.views.sarif import log_text

    del style
    runs = []
    for part in parts:
        if part.text:
            for run in orjson.loads(part.text)["runs"]:
                run["automationDetails"] = {"id": f"{part.environment}/"}
                runs.append(run)
    yield log_text(runs)


def _code_quality(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """All findings; those of different environments have different fingerprints."""
    del style
    entries = []
    for part in parts:
        for entry in orjson.loads(part.text or "[]"):
            entry["description"] = f"{part.environment}: {entry['description']}"
            entry["fingerprint"] = f"{part.environment}-{entry['fingerprint']}"
            entries.append(entry)
    yield json_text(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode())


def _counts(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """The sum of the counts."""
    del style
    sums: Counter[str] = Counter({"create": 0, "update": 0, "delete": 0})
    for part in parts:
        sums.update(orjson.loads(part.text or "{}"))
    yield serialised(dict(sums), indented=False)


def _github(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """As many annotations as GitHub shows for a step, errors first, and a line for each part.

    That an environment failed as a whole comes before anything that was found in one.
    """
    from reconciler.views.github import MOST

    del style
    failures, summaries = [], []
    commands: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for part in parts:
        if part.text:
            *given, last = part.text.splitlines()
            summaries.append(inert(f"{part.environment}: {last}"))
            for command in given:
                commands[command.removeprefix("::").partition(" ")[0]].append(command)
        if part.error is not None:
            message = inert(escaped(part.error.message.replace("%", "%25")))
            failures.append(f"::error title={part.environment}::{message}")
    commands["error"] = failures + commands["error"]
    for same in commands.values():
        yield from same[:MOST]
    yield from summaries
    more = sum(max(len(same) - MOST, 0) for same in commands.values())
    if more:
        yield f"Of all environments: {counted(more, 'more finding')} not shown as annotations."


def _junit(parts: Iterable[Part], subject: Subject, style: Style) -> Iterator[str]:
    """A suite for each environment; an error is a case of its own."""
    del style
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="reconciler">'
    for part in parts:
        name = f'<testsuite name="reconciler {subject.value} {part.environment}"'
        if part.text:
            suite = part.text.partition("\n")[2]
            yield f"{name}{_SUITE.sub('', suite)}"
        if part.error is not None:
            message = quoteattr(inert(escaped(part.error.message)))
            yield f'{name} tests="1" failures="0" errors="1">'
            yield f'  <testcase classname="{subject.value}" name="{part.environment}">'
            yield f"    <error message={message}/>\n  </testcase>\n</testsuite>"
    yield "</testsuites>"


def _prometheus(parts: Iterable[Part], subject: Subject, style: Style) -> Iterator[str]:
    """Each metric once, with the samples of all environments, which have a label of that name."""
    del subject, style
    samples: dict[str, list[str]] = {}
    headers: dict[str, dict[str, str]] = {}
    for part in parts:
        label = _environment_label(part.environment)
        for line in part.text.splitlines():
            if line.startswith("# "):
                _, word, name, _ = line.split(" ", 3)
                headers.setdefault(name, {}).setdefault(word, line)
            else:
                name, _, rest = line.partition("{")
                rest = rest.removeprefix(f"{label},")
                samples.setdefault(name, []).append(f"{name}{{{label},{rest}")
    yield "\n".join(
        line
        for name, lines in headers.items()
        for line in (*lines.values(), *samples.get(name, ()))
    )


def _environment_label(environment: str) -> str:
    return f'environment="{environment}"'


def _yaml(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """The documents of all environments, each under a comment with its name."""
    del style
    for number, part in enumerate(part for part in parts if part.text):
        yield f"{'---' if number else ''}\n# Environment {part.environment}\n{part.text}".strip()


_JOININGS: Mapping[str, Joining] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
    "github": _github,
    "gitlab-terraform": _counts,
    "code-quality": _code_quality,
    "sarif": _sarif,
    "junit": _junit,
    "prometheus": _prometheus,
    "yaml": _yaml,
}


def _markdown_overview(
    parts: Iterable[Part], merging: Merging, _: Subject, style: Style
) -> Iterator[str]:
    from reconciler.views.markdown import LIMIT
    from reconciler.views.overview import markdown

    codes = {part.environment: part.code for part in parts}
    limit = style.limit or LIMIT
    yield markdown.overview(merging.overview(), summary(codes), limit=limit)


def _html_overview(
    parts: Iterable[Part], merging: Merging, subject: Subject, style: Style
) -> Iterator[str]:
    """All at a glance; verbose, before a section for each."""
    from reconciler.views.html import environments as html

    codes: dict[str, ExitCode] = {}
    sections = [*_html_sections(parts, codes)]
    shown = sections if style.verbose else []
    yield html.overview(merging.overview(), subject, summary(codes), shown)


_OVERVIEWS: Mapping[str, Callable[[Iterable[Part], Merging, Subject, Style], Iterator[str]]] = {
    "text": _text_overview,
    "markdown": _markdown_overview,
    "html": _html_overview,
}
