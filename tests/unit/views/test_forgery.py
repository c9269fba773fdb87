"""Nothing that a manifest or a store says may pass for something that this program says."""

import html as stdlib_html
import os
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.errors import StalePlan
from reconciler.escapes import escaped, inert, json_text
from reconciler.model.drift import (
    CertificateEnd,
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.events import Outcome, StepEnded, StepRetried, StepWaiting
from reconciler.model.listing import (
    DependencyGraph,
    GraphEdge,
    GraphNode,
    ListedObject,
    Listing,
)
from reconciler.model.objects import Desired, Diagnostic, ObjectKey, Severity, Source
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    Note,
    Plan,
    Refusal,
    Step,
)
from reconciler.views import (
    comments,
    dot,
    gitlab,
    html,
    json,
    junit,
    markdown,
    markup,
    mermaid,
    prometheus,
    sarif,
    text,
    words,
)
from reconciler.views.formats import Checked, Drifts, PlanReport, Style
from reconciler.views.heading import HeadedDrift, HeadedPlan, Heading
from reconciler.views.json.documents import read_document
from reconciler.views.text import styled
from tests.runners import COMMANDS, commands_in
from tests.unit.views import drift_samples, listing_samples, samples

HOSTILE = (
    "x\x1b[2J\x1b]52;c;ZXZpbA==\x07",
    "x\nNo changes. 9 objects in sync.",
    "x\r\n+ Secret/shop/forged (create: not in the store)",
    "x\u202egnp.exe",
    "x\u2066\u2069",
    "x\x9b31m",
    "x\u2028y\u2029z\x85w\x0bv\x0cu",
    "x\u200b\u200d\ufeff\u00ad",
    "x\ufe0f\u3164\u2800\U000e0041",
    "x" + " " * 200 + "Plan: 0 to create",
    "x\ud800\udcff",
    "x`` ``` ````",
    "|x|`y`<b>@team</b> #2 http://evil.example [a](b) *c* _d_ ~e~ \\ &lt; $f$ <!--",
    "</code></summary></details><script>",
    "[[a]](http://evil.example) \\[b\\](c) {0}",
    *COMMANDS,
)
hostile_texts = (
    st.sampled_from(HOSTILE)
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.text("#:[]\\/ \n\r\u0640\u0301ab.", max_size=20)
)


def file_named(hostile: str) -> str:
    """As the system names a file whose name need not be UTF-8."""
    return os.fsdecode(f"manifests/{hostile}".encode("utf-8", "surrogatepass"))


def plan_of(hostile: str) -> Plan:
    key = ObjectKey("Secret", hostile, hostile)
    change = Change(
        key=key,
        action=Action.UPDATE,
        fields=(
            FieldChange(
                ("metadata", "labels", hostile),
                FieldAction.CHANGED,
                hostile,
                [{hostile: hostile}],
                manager=hostile,
            ),
            FieldChange(("metadata", "finalizers", hostile), FieldAction.REMOVED, hostile),
            FieldChange((hostile, hostile), FieldAction.ADDED, after=samples.value(1)),
        ),
        kept=(("metadata", "annotations", hostile),),
        notes=(Note("note", hostile),),
        source=Source(file_named(hostile), 1, 1),
    )
    diagnostic = diagnostic_of(hostile)
    return replace(
        samples.EVERYTHING,
        store=replace(samples.STORE, location=hostile),
        options=replace(samples.EVERYTHING.options, set_name=hostile, targets=(key,)),
        changes=(change,),
        steps=(Step(key, Action.UPDATE, 0, after=(key,)),),
        refusals=(Refusal("guard", hostile, hostile, key),),
        problems=(diagnostic,),
        notices=(Note("notice", hostile),),
    )


def report_of(hostile: str) -> DriftReport:
    """A report whose object has drifted and has changes to come; another is nobody's."""
    key = ObjectKey("Secret", hostile, hostile)
    fields = (
        FieldDrift(("data", hostile), FieldState.CHANGED, Pending.SET, hostile),
        FieldDrift(("metadata", "labels", hostile), FieldState.REMOVED, Pending.REMOVE),
    )
    source = Source(file_named(hostile), 1, 1)
    return replace(
        drift_samples.EVERYTHING,
        store=replace(samples.STORE, location=hostile),
        set_name=hostile,
        objects=(
            ObjectDrift(key, ObjectState.DRIFTED, fields, source=source),
            ObjectDrift(key, ObjectState.IN_SYNC, source=source),
            ObjectDrift(key, ObjectState.UNMANAGED),
        ),
        notices=(Note("notice", hostile),),
        certificates=(CertificateEnd(key, hostile, datetime(2026, 12, 22, tzinfo=UTC)),),
    )


def listing_of(hostile: str) -> Listing:
    key = ObjectKey("Secret", hostile, hostile)
    listed = ListedObject(
        key=key, type=hostile, data_keys=(hostile,), created=hostile, consumers=(key,)
    )
    return Listing(replace(samples.STORE, location=hostile), hostile, (listed,))


def graph_of(hostile: str) -> DependencyGraph:
    key, other = ObjectKey("Secret", hostile, hostile), ObjectKey(f"K{hostile}", "", "x")
    return DependencyGraph((GraphNode(key, 0),), (GraphEdge(key, other, hostile),))


def desired_of(hostile: str) -> Desired:
    return Desired(
        key=ObjectKey(f"{hostile}K", hostile, hostile),
        source=Source(file_named(hostile), 1, 1),
    )


def diagnostic_of(hostile: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="code",
        message=hostile,
        field=hostile,
        source=Source(file_named(hostile), 1, 1),
        object=hostile,
        hint=hostile,
    )


def checked_of(hostile: str) -> Checked:
    return Checked(diagnostics=(diagnostic_of(hostile),), objects=(desired_of(hostile),), files=1)


def read_back(hostile: str) -> list[HeadedPlan]:
    """The plan as a report reads it from JSON."""
    encodable = hostile.encode("utf-8", "replace").decode()
    headed = read_document(json.plan(plan_of(encodable), Heading(encodable)).encode())
    assert isinstance(headed, HeadedPlan)
    return [headed]


def drift_read_back(hostile: str) -> Drifts:
    """Two drift reports as a report reads them from JSON."""
    encodable = hostile.encode("utf-8", "replace").decode()
    headed = read_document(json.drift(report_of(encodable), encodable).encode())
    assert isinstance(headed, HeadedDrift)
    return Drifts((headed, headed))


def printed(hostile: str) -> dict[str, str]:
    """Each text that is made from `hostile`, by name."""
    plan, report, listing, graph = (
        plan_of(hostile),
        report_of(hostile),
        listing_of(hostile),
        graph_of(hostile),
    )
    ended = StepEnded(
        plan.steps[0], Outcome.FAILED, ObjectKey("Secret", hostile, hostile), hostile, hostile
    )
    return {
        "text": text.plan(plan, colour=False, verbose=True),
        "markdown": markdown.plan(plan),
        "html": html.plan(plan, verbose=True),
        "json": json.plan(plan),
        "report": styled.report(PlanReport((*read_back(hostile), *read_back("b"))), Style()),
        "report markdown": comments.comment([*read_back(hostile), *read_back("b")], hostile),
        "report html": html.report(PlanReport((*read_back(hostile), *read_back("b"))), Style()),
        "report json": json.report(read_back(hostile)),
        "sources": text.sources((desired_of(hostile),), colour=False),
        "retried": text.event(StepRetried(plan.steps[0], 1, 1.0, hostile), colour=False),
        "waiting": text.event(StepWaiting(plan.steps[0], hostile, 1.0), colour=False),
        "diagnostics": text.diagnostics(
            (diagnostic_of(hostile),), objects=1, files=1, colour=False
        ),
        "sarif": sarif.diagnostics((diagnostic_of(hostile),), tool_version="1"),
        "sarif plan": sarif.styled_plan(plan, Style()),
        "code quality": gitlab.styled_plan(plan, Style()),
        "junit": junit.styled_check(checked_of(hostile), Style()),
        "event": text.event(ended, colour=False),
        "event line": json.event(ended),
        "drift": text.drift(report, colour=False, verbose=True),
        "drift markdown": markdown.drift(report),
        "drift html": html.drift(report, Style(verbose=True)),
        "drift json": json.drift(report),
        "drifts": styled.drifts(drift_read_back(hostile), Style(verbose=True)),
        "drifts markdown": comments.styled_drifts(drift_read_back(hostile), Style(key=hostile)),
        "drifts html": html.drifts(drift_read_back(hostile), Style(verbose=True)),
        "drifts json": json.drifts(drift_read_back(hostile)),
        "drifts junit": junit.styled_drifts(drift_read_back(hostile), Style()),
        "drift metrics": prometheus.drift(report, now=0),
        "listing": text.listing(listing, now=listing_samples.NOW, colour=False),
        "listing json": json.listing(listing),
        "dot": dot.graph(graph),
        "mermaid": mermaid.graph(graph),
        "error": text.error(StalePlan(hostile, details=(hostile,), hint=hostile), colour=False),
    }


@given(hostile_texts)
@example("x\x1b[2J")
def test_whatever_is_printed_can_be_seen(hostile: str) -> None:
    for name, output in printed(hostile).items():
        unseen = {
            character
            for character in output
            if character != "\n"
            and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        }
        assert not unseen, name
        output.encode("utf-8")


@given(hostile_texts)
def test_nothing_that_is_printed_is_a_workflow_command(hostile: str) -> None:
    outputs = printed(hostile)
    misplaced = replace(diagnostic_of(hostile), source=Source(hostile, 1, 1))
    outputs["file"] = text.diagnostics((misplaced,), objects=1, files=1, colour=False)
    for name, output in outputs.items():
        assert commands_in(output) == [], name


@pytest.mark.parametrize("hostile", COMMANDS)
def test_a_workflow_command_is_told_from_other_text(hostile: str) -> None:
    assert commands_in(hostile)
    assert not commands_in(inert(escaped(hostile)))


@given(hostile_texts)
def test_escapes_keep_the_data(hostile: str) -> None:
    document = {hostile: [hostile, {"a": hostile}]}
    content = orjson.dumps({"a": "x"})
    try:
        content = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        return  # a surrogate alone
    assert orjson.loads(json_text(content.decode())) == document


def test_what_is_no_command_is_left_as_it_is() -> None:
    for clean in ("a # b #2", "https://[::1]:6443", "a::b", "x\ny: :z", "#", "c: #[1]"):
        assert inert(clean) == clean
        assert json_text(clean) == clean


@given(hostile_texts.filter(bool))
def test_no_text_starts_a_line_of_its_own(hostile: str) -> None:
    usual = printed("plain")
    for name, output in printed(hostile).items():
        assert _starts(output) == _starts(usual[name]), name


def _starts(output: str) -> list[str]:
    """Indentation and first character of each line; code of Markdown may have several fences."""
    output = re.sub(r'^(?:<pre lang="diff">|</pre>|<code>)', "`", output, flags=re.MULTILINE)
    return [line[: len(line) - len(line.lstrip(" ")) + 1] for line in output.split("\n")]


@given(hostile_texts)
def test_spaces_cannot_push_text_to_the_next_row(hostile: str) -> None:
    assert "    " not in escaped(hostile)


def test_what_is_invisible_is_written_out() -> None:
    assert escaped("a\n\t\r\x1b\x9b\u202e\ufe0f\U000e0041\ud800b") == (
        r"a\n\t\r\u001b\u009b\u202e\ufe0f\U000e0041\ud800b"
    )
    assert escaped("grüße ❤ 日本") == "grüße ❤ 日本"


def test_a_string_never_passes_for_a_masked_value() -> None:
    assert words.value_text("(value #2)") == '"(value #2)"'
    assert words.value_text(samples.value(2)) == "(value #2)"
    assert words.value_text({"a": samples.value(2), "b": [None, 1.5, True]}) == (
        '{"a": (value #2), "b": [null, 1.5, true]}'
    )
    assert words.value_text(r"\n") != words.value_text("\n")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_markdown_holds_foreign_text_in_code_alone(hostile: str) -> None:
    shown = (
        markdown.plan(plan_of(hostile)),
        markdown.drift(report_of(hostile)),
        *(comments.comment(read_back(hostile) * times) for times in (1, 2)),
    )
    outside = "".join(map(_outside_of_code, shown))
    assert not any("<!--" in text for text in shown)
    for dangerous in ("@", "#2", "http", "<b>", "[a]", "_d_", "*c*", "script", "<!--", "$f$", "\\"):
        assert dangerous not in outside


def _outside_of_code(source: str) -> str:
    """What of a Markdown text is neither fenced nor in a code span nor in HTML's code element."""
    flags = re.DOTALL | re.MULTILINE
    unfenced = re.sub(r"^(`{3,})diff\n.*?\n\1$", "", source, flags=flags)
    unfenced = re.sub(r'^<pre lang="diff">\n[^<>]*\n</pre>$', "", unfenced, flags=flags)
    unelemented = re.sub(r"<code>[^<>]*</code>", "", unfenced)
    return re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", unelemented)


def test_a_fence_is_longer_than_the_backticks_inside() -> None:
    assert markup.code("a``b") == "```a``b```"
    assert markup.code("`a`") == "`` `a` ``"
    assert "\n`````diff\n" in markdown.plan(plan_of("x````y"))


def test_markdown_looks_the_same_without_its_workflow_commands() -> None:
    command = "##[group]`_a_ <b>"
    shown = markup.code(command)
    assert stdlib_html.unescape(re.fullmatch(r"<code>([^<>]*)</code>", shown)[1]) == command  # type: ignore[index]
    assert not re.search(r"[`_*<>\[\]@]", shown.removeprefix("<code>").removesuffix("</code>"))
    whole = markdown.plan(plan_of(command))
    body = re.search(r'<pre lang="diff">\n(.*?)\n</pre>', whole, re.DOTALL)
    assert body
    assert f"! metadata.labels[{command}]" in stdlib_html.unescape(body[1])
