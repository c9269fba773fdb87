"""``docs/formats.md`` shows what the program really prints."""

import json as stdlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.model.drift import CertificateEnd
from reconciler.model.events import (
    ApplyEnded,
    Event,
    StepEnded,
    StepRetried,
    StepStarted,
    StepWaiting,
)
from reconciler.model.plans import Note
from reconciler.views import dot, json, markdown, mermaid, prometheus, sarif, text
from tests.unit.views import drift_samples, environment_samples, listing_samples, samples

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
EVENTS: list[Event] = [
    next(event for event in samples.EVENTS if isinstance(event, kind))
    for kind in (StepStarted, StepRetried, StepWaiting, StepEnded)
]
EVENTS += [event for event in samples.EVENTS if isinstance(event, StepEnded) and event.warnings]
EVENTS += [event for event in samples.EVENTS if isinstance(event, StepEnded)][-2:]
EVENTS += [event for event in samples.EVENTS if isinstance(event, ApplyEnded)][1:2]
ONE = samples.PROBLEMS[1:2]


_END = datetime(2026, 12, 22, 7, tzinfo=UTC)
_MEASURED = replace(
    drift_samples.EXAMPLE,
    certificates=(CertificateEnd(samples.secret("tls"), "tls.crt", _END),),
    locked_seconds=0.0,
)
LEFT_OUT = Note("files-skipped", "skipped 1 file that is not a manifest: manifests/values.yaml")


@pytest.mark.parametrize(
    "example",
    [
        text.plan(samples.EXAMPLE, colour=False),
        text.diagnostics(samples.PROBLEMS[:2], objects=14, files=3, colour=False),
        "\n".join(text.event(event, colour=False) for event in EVENTS[1:]),
        markdown.plan(samples.EXAMPLE),
        json.plan(samples.EXAMPLE),
        json.diagnostics(ONE, objects=14, files=3, notices=[LEFT_OUT]),
        "\n".join(map(json.event, EVENTS)),
        sarif.diagnostics(ONE, tool_version="1.0.0"),
        text.drift(drift_samples.EXAMPLE, colour=False),
        markdown.drift(drift_samples.EXAMPLE),
        json.drift(drift_samples.EXAMPLE),
        stdlib.dumps(environment_samples.GROUP, indent=2, ensure_ascii=False),
        prometheus.drift(_MEASURED, now=1795330800),
        text.listing(listing_samples.EXAMPLE, now=listing_samples.NOW, colour=False),
        json.listing(listing_samples.listing(*listing_samples.EXAMPLE.objects[1:2])),
        text.history(listing_samples.HISTORY, colour=False),
        json.history(replace(listing_samples.HISTORY, runs=listing_samples.HISTORY.runs[:1])),
        dot.graph(listing_samples.GRAPH),
        mermaid.graph(listing_samples.GRAPH),
    ],
    ids=[
        "text",
        "diagnostics",
        "events",
        "markdown",
        "json",
        "diagnostics json",
        "events json",
        "sarif",
        "drift",
        "drift markdown",
        "drift json",
        "groups json",
        "drift metrics",
        "listing",
        "listing json",
        "history",
        "history json",
        "dot",
        "mermaid",
    ],
)
def test_examples_are_what_is_printed(example: str) -> None:
    assert f"\n{example}\n```" in PAGE


def test_the_table_of_exit_codes_is_whole() -> None:
    rows = re.findall(r"^\| (\d+) \| `([A-Z]+)` \| ", PAGE, re.MULTILINE)
    assert rows == [(str(int(code)), code.name) for code in ExitCode]


@pytest.mark.parametrize(
    "schema",
    [
        "plan-v1",
        "diagnostics-v1",
        "event-v1",
        "drift-v1",
        "listing-v1",
        "history-v1",
        "environments-v1",
        "report-v1",
        "difference-v1",
        "drifts-v1",
    ],
)
def test_schemas_are_linked_and_there(schema: str) -> None:
    target = f"../reconciler/schemas/{schema}.json"
    assert f"({target})" in PAGE
    path = Path(__file__).parents[3] / "docs" / target
    assert stdlib.loads(path.read_bytes())["$id"].startswith("urn:reconciler:")
