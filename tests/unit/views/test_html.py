"""HTML: one file, whose text is text whatever it holds, and that says all that the text says."""

import json
import shlex
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given

from reconciler.escapes import escaped
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.plans import Action, Note, Plan
from reconciler.views import (
    change_words,
    drift_groups,
    drift_words,
    groups,
    html,
    plan_words,
    words,
)
from reconciler.views.formats import PlanReport, Style
from reconciler.views.groups import Group
from reconciler.views.heading import HeadedPlan, Heading
from reconciler.views.html.elements import element, text
from tests.unit.views import drift_samples, pages, samples
from tests.unit.views.pages import Tag, parsed, shape
from tests.unit.views.test_forgery import HOSTILE, hostile_texts, plan_of, report_of

PAGES = {
    **{f"plan-{name}": html.plan(plan) for name, plan in samples.PLANS.items()},
    "report": html.report(
        PlanReport((HeadedPlan(samples.EVERYTHING), HeadedPlan(samples.REFUSED))), Style()
    ),
    **{f"drift-{name}": html.drift(it, Style()) for name, it in drift_samples.REPORTS.items()},
}
PAGES["overview"] = pages.overview()
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def entries(tree: Tag) -> list[Tag]:
    return [tag for tag in tree.all() if "data-keys" in tag.attributes]


def spaced(words: str) -> str:
    return " ".join(words.split())


@each_page
def test_a_page_is_whole_and_needs_nothing_else(page: str) -> None:
    assert page.startswith('<!doctype html>\n<html lang="en">')
    tree = parsed(page)
    assert len(tree.all("h1")) == len(tree.all("title")) == len(tree.all("main")) == 1
    loading = {"src", "href", "srcset", "action", "formaction", "data", "style", "background"}
    for tag in tree.all():
        assert not loading & tag.attributes.keys()
        assert not any(name.startswith("on") for name in tag.attributes)
        assert tag.name not in {"link", "img", "iframe", "object", "embed", "base", "a"}
    assert "url(" not in page
    assert "@import" not in page


@each_page
def test_the_policy_allows_this_style_and_this_script_alone(page: str) -> None:
    tree = parsed(page)
    (policy,) = tree.all("meta", http_equiv="Content-Security-Policy")
    directives = dict(
        directive.strip().split(" ", 1)
        for directive in str(policy.attributes["content"]).split(";")
    )
    for name in ("style", "script"):
        (tag,) = tree.all(name)
        digest = b64encode(sha256(tag.text.encode()).digest()).decode()
        assert directives.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert directives == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert page.index("http-equiv") < page.index("<title>") < page.index("<style>")


def test_without_javascript_there_are_no_filters_and_nothing_is_hidden() -> None:
    tree = parsed(PAGES["plan-everything"])
    hidden = [tag.name for tag in tree.all() if "hidden" in tag.attributes]
    assert hidden == ["form", *["label"] * 5]
    assert len(tree.all("details")) == 16


@pytest.mark.parametrize("plan", samples.PLANS.values(), ids=samples.PLANS)
def test_a_plan_says_all_that_its_text_says(plan: Plan) -> None:
    heading = Heading("reconciler.yaml", (Note("plan-file", "the plan was saved long ago"),))
    tree = parsed(html.plan(plan, heading))
    content = tree.content()
    expected = [
        plan_words.summary_text(plan),
        *plan_words.context_text(plan, heading).split(),  # options are elements of their own
        plan_words.drift_text(plan),
        plan_words.obstacles_text(plan),
        *(notice.message for notice in plan.notices),
        *(part for refusal in plan.refusals for part in (refusal.message, refusal.hint)),
        *(part for it in plan.problems for part in (it.code, it.message, it.hint, it.field)),
    ]
    for change in plan.changes:
        if change.action is Action.NO_OP and not change.kept:
            continue
        expected += [words.object_text(change.key), change_words.why_text(change)]
        expected += [words.place_text(change.source), *change_words.remark_texts(change)]
        for row in groups.field_rows(Group((change,))):
            expected += [row.symbol, row.name, row.values, row.remark]
    for sentence in expected:
        assert spaced(sentence) in content


@pytest.mark.parametrize("report", drift_samples.REPORTS.values(), ids=drift_samples.REPORTS)
def test_drift_says_all_that_its_text_says(report: DriftReport) -> None:
    content = parsed(html.drift(report, Style())).content()
    expected = [drift_words.summary_text(report), *(it.message for it in report.notices)]
    shown = [group[0].item.key for group in drift_groups.alike(drift_words.drifted(report))]
    each = [remedy for key in shown for remedy in report.remedies.of_objects.get(key, ())]
    steps = [step for remedy in (*report.remedies.of_all, *each) for step in remedy.steps]
    expected += [shlex.join(step.command) or step.edit for step in steps]
    findings = [*drift_words.drifted(report), *drift_words.pending(report)]
    findings += drift_words.accepted(report)
    grouped = [each for group in drift_groups.alike(findings) if len(group) > 1 for each in group]
    for finding in [*findings, *drift_words.in_state(report, ObjectState.UNMANAGED)]:
        expected += [words.object_text(finding.item.key), *finding.words.split(": ")]
        expected += [words.place_text(finding.item.source)] if finding not in grouped else []
        for row in finding.rows:
            expected += [row.symbol, row.name, row.values, row.remark]
    for sentence in expected:
        assert spaced(sentence) in content


@pytest.mark.parametrize("report", drift_samples.REPORTS.values(), ids=drift_samples.REPORTS)
def test_the_counts_are_those_of_the_heading(report: DriftReport) -> None:
    waiting = sum(item.pending for item in report.objects)
    shown = "<b>{}</b> pending</li>"
    page = html.drift(report, Style())
    assert (shown.format(waiting) in page) == bool(waiting)
    assert page.count(" pending</li>") == bool(waiting)


def test_a_report_of_one_plan_is_that_plan_and_of_several_has_all_of_them() -> None:
    heading = Heading("reconciler.yaml")
    everything = HeadedPlan(samples.EVERYTHING, heading)
    single = html.report(PlanReport((everything,)), Style())
    assert single == html.plan(samples.EVERYTHING, heading)
    plans = (everything, HeadedPlan(samples.REFUSED), HeadedPlan(samples.EMPTY))
    tree = parsed(html.report(PlanReport(plans), Style(verbose=True)))
    (headline,) = tree.all("h1")
    assert headline.text == plan_words.total_text([each.plan for each in plans])
    titles = [": ".join(plan_words.title_texts(each.plan)) for each in plans]
    assert [tag.text for tag in tree.all("h2")] == titles
    content = tree.content()
    for each in plans:
        alone = parsed(html.plan(each.plan, each.heading, verbose=True))
        (main,), (header,) = alone.all("main"), alone.all("header")
        for part in (*header.children[1:], *main.all("section")):
            assert part.content() in content


def test_drift_names_the_last_run_and_the_configuration() -> None:
    style = Style(heading=Heading("reconciler.yaml"))
    assert "configuration reconciler.yaml" in html.drift(drift_samples.EMPTY, style)


def test_the_verbose_page_has_what_is_in_sync_and_the_order() -> None:
    usual, verbose = html.plan(samples.EVERYTHING), html.plan(samples.EVERYTHING, verbose=True)
    kept = [change.key for change in samples.IN_SYNC.changes]
    assert [words.object_text(key) in usual for key in kept].count(False)
    assert all(words.object_text(key) in verbose for key in kept)
    assert "wave 0: create Namespace/shop" in parsed(verbose).content()
    report = drift_samples.EVERYTHING
    assert "Secret/shop/quiet" not in html.drift(report, Style())
    assert "Secret/shop/quiet" in html.drift(report, Style(verbose=True))


def test_what_the_filters_look_at() -> None:
    tree = parsed(html.plan(pages.plan_of(12)))
    by_name = {tag.all("code", class_="object")[0].text: tag for tag in entries(tree)}
    gone = by_name["Secret/shop/gone"].attributes
    assert gone["data-action"] == "delete"
    assert gone["data-risk"] == "Deletes"
    assert json.loads(str(gone["data-keys"])) == ["extra", "tls.crt", "tls.key"]
    changed = json.loads(str(by_name["Secret/shop/db"].attributes["data-keys"]))
    assert {"ca.crt", "old", "token"} <= set(changed)
    assert "tier" not in changed
    (namespace,) = by_name["Namespace/shop"].all("code", class_="object")
    assert namespace.attributes["data-namespace"] == "shop"
    (many,) = [tag for tag in entries(tree) if len(tag.all("code", class_="object")) > 1]
    namespaces = [tag.attributes["data-namespace"] for tag in many.all("code", class_="object")]
    assert namespaces == ["team-0", "team-0", "team-1", "team-1", "team-2", "team-2"]
    drift = entries(parsed(PAGES["drift-everything"]))
    assert drift[0].attributes["data-state"] == "drifted"
    assert "password" in str(drift[0].attributes["data-keys"])


def test_few_entries_are_open_and_of_many_the_risky_ones() -> None:
    def is_open(plan: Plan) -> dict[str, bool]:
        tree = parsed(html.plan(plan)).all("details")
        return {tag.all("code", class_="object")[0].text: "open" in tag.attributes for tag in tree}

    assert set(is_open(samples.REFUSED).values()) == {True}
    shown = is_open(samples.EVERYTHING)
    assert shown["Secret/shop/gone"]
    assert shown["Secret/shop/db"]
    assert not shown["Secret/shop/base"]
    deletes = tuple(
        replace(
            samples.EVERYTHING.changes[0],
            key=samples.secret(f"gone-{number}"),
            action=Action.DELETE,
            notes=(Note("apart", f"not like the others: {number}"),),
        )
        for number in range(11)
    )
    shown = is_open(replace(samples.EVERYTHING, changes=deletes))
    assert list(shown.values()) == [False] * 11


# A word that begins like an option is kept on one line, which is an element of its own.
@given(hostile_texts.filter(lambda text: text != "" and "--" not in text))
def test_no_text_closes_or_opens_anything(foreign: str) -> None:
    usual, hostile = ("x", foreign)
    plans = [parsed(html.plan(plan_of(name), verbose=True)) for name in (usual, hostile)]
    reports = [
        parsed(html.drift(report_of(name), Style(verbose=True))) for name in (usual, hostile)
    ]
    assert shape(plans[0]) == shape(plans[1])
    assert shape(reports[0]) == shape(reports[1])
    several = [
        parsed(
            html.report(PlanReport((HeadedPlan(plan_of(name)), HeadedPlan(plan_of("b")))), Style())
        )
        for name in (usual, hostile)
    ]
    assert shape(several[0]) == shape(several[1])


@pytest.mark.parametrize(
    "foreign", [*HOSTILE, '" onclick="alert(1)', "' autofocus '", "]]>", "&amp"]
)
def test_text_comes_back_as_it_was_escaped(foreign: str) -> None:
    tree = parsed(element("p", foreign, title=foreign).source).children[0]
    assert tree.text == tree.attributes["title"] == escaped(foreign)
    assert "#" not in text(foreign).source


def test_no_page_has_a_fingerprint() -> None:
    assert not [name for name, page in PAGES.items() if samples.FINGERPRINT[:8] in page]
