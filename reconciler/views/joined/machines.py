"""Several environments in the formats that programs read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import quoteattr

import orjson

from reconciler.errors import ExitCode, ReconcilerError, worst
from reconciler.escapes import escaped, inert, json_text
from reconciler.model.shards import Share
from reconciler.views.formats import Style, Subject
from reconciler.views.joined.parts import Part
from reconciler.views.json.parts import ENVIRONMENTS_FORMAT, Document, serialised
from reconciler.views.overview import Merging
from reconciler.views.overview.json import groups
from reconciler.views.words import counted

_SUITE = re.compile('^<testsuite name="[^"]*"')


def json(parts: Iterable[Part], subject: Subject, style: Style) -> Iterator[str]:
    """One document; the text of each part is a document in it."""
    return json_overview(parts, None, subject, style)


def json_overview(
    parts: Iterable[Part], merging: Merging | None, subject: Subject, style: Style
) -> Iterator[str]:
    """One document, which also groups what is the same in several environments."""
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
    if merging is not None:
        yield '],"groups":['
        for number, group in enumerate(groups(merging.overview())):
            yield f"{',' if number else ''}{serialised(group, indented=False)}"
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


def sarif(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
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


def code_quality(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """All findings; those of different environments have different fingerprints."""
    del style
    entries = []
    for part in parts:
        for entry in orjson.loads(part.text or "[]"):
            entry["description"] = f"{part.environment}: {entry['description']}"
            entry["fingerprint"] = f"{part.environment}-{entry['fingerprint']}"
            entries.append(entry)
    yield json_text(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode())


def counts(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """The sum of the counts."""
    del style
    sums: Counter[str] = Counter({"create": 0, "update": 0, "delete": 0})
    for part in parts:
        sums.update(orjson.loads(part.text or "{}"))
    yield serialised(dict(sums), indented=False)


def github(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
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


def junit(parts: Iterable[Part], subject: Subject, style: Style) -> Iterator[str]:
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


def prometheus(parts: Iterable[Part], subject: Subject, style: Style) -> Iterator[str]:
    """Each metric once, with the samples of all environments, which have a label of that name."""
    del subject, style
    samples: dict[str, list[str]] = {}
    headers: dict[str, dict[str, str]] = {}
    for part in parts:
        label = environment_label(part.environment)
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


def environment_label(environment: str) -> str:
    """The label that tells the samples of one environment from those of another."""
    return f'environment="{environment}"'


def yaml(parts: Iterable[Part], _: Subject, style: Style) -> Iterator[str]:
    """The documents of all environments, each under a comment with its name."""
    del style
    for number, part in enumerate(part for part in parts if part.text):
        yield f"{'---' if number else ''}\n# Environment {part.environment}\n{part.text}".strip()
