"""The HTML of plans and drift in a real Chromium: filters, keys, print, dark mode, contrast."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.views import html
from reconciler.views.formats import PlanReport, Style
from reconciler.views.heading import HeadedPlan
from tests.browsers import Browser, axe, chromium
from tests.unit.views import drift_samples, samples
from tests.unit.views.pages import overview, plan_of
from tests.unit.views.test_forgery import HOSTILE
from tests.unit.views.test_forgery import plan_of as hostile_plan

WIDTHS = (320, 400, 1280)
PAGES = {
    "plan-1": html.plan(samples.TRANSFER),
    "plan-12": html.plan(samples.EVERYTHING),
    "plan-200": html.plan(plan_of(200), verbose=True),
    "refused": html.plan(samples.REFUSED),
    "report": html.report(
        PlanReport((HeadedPlan(samples.EVERYTHING), HeadedPlan(samples.REFUSED))), Style()
    ),
    "drift": html.drift(drift_samples.EVERYTHING, Style(verbose=True)),
    "overview": overview(),
}
ATTACKS = (
    "</script><script>window.attacked = true</script>",
    '"><img src=x onerror="window.attacked = true">',
    "</style><svg onload='window.attacked = true'>",
    "</title></head><body onload='window.attacked = true'>",
    "<!--",
    *HOSTILE,
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as running:
        yield running


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Any:
    def visit(page: str, **options: Any) -> Browser:
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        browser.visit(path, **options)
        return browser

    return visit


def shown(browser: Browser) -> list[str]:
    """The names of the objects that are not filtered out."""
    names: list[str] = browser.evaluate(
        "[...document.querySelectorAll('.object')]"
        ".filter((object) => !object.closest('[hidden]')).map((object) => object.textContent)"
    )
    return names


def choose(browser: Browser, name: str, value: str) -> None:
    browser.evaluate(
        f"document.forms[0].elements[{json.dumps(name)}].value = {json.dumps(value)};"
        "document.forms[0].dispatchEvent(new Event('input', {bubbles: true}))"
    )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_fits_its_window_and_asks_for_nothing(show: Any, name: str, width: int) -> None:
    browser = show(PAGES[name], width=width)
    browser.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.messages == []
    assert [url for url in browser.requests if not url.endswith("/page.html")] == []


def test_no_option_is_broken_behind_its_hyphens(show: Any) -> None:
    browser = show(PAGES["plan-12"], width=400)
    lines = browser.evaluate(
        "[...document.querySelectorAll('.context .option')].map((it) => it.getClientRects().length)"
    )
    assert len(lines) > 3
    assert set(lines) == {1}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_in_the_way_of_anybody(show: Any, name: str, *, dark: bool) -> None:
    browser = show(PAGES[name], dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    dark_page = browser.evaluate("getComputedStyle(document.body).backgroundColor") != (
        "rgb(255, 255, 255)"
    )
    assert dark_page is dark
    browser.evaluate(f"{axe()}; 0")
    found = browser.evaluate("axe.run().then((result) => JSON.stringify(result))")
    result = json.loads(found)
    told = [
        (rule["id"], node["html"][:200], node.get("failureSummary"))
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
    assert told == []
    assert "color-contrast" in {rule["id"] for rule in result["passes"]}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_name_runs_nothing(show: Any, attack: str) -> None:
    browser = show(html.plan(hostile_plan(attack), verbose=True))
    assert browser.evaluate("window.attacked === undefined")
    assert browser.evaluate("document.scripts.length") == 1
    assert browser.evaluate("document.forms[0].hidden") is True, "there is one entry"
    assert browser.messages == []


def test_an_inline_script_would_not_run(show: Any) -> None:
    page = PAGES["plan-1"].replace("</body>", "<script>window.attacked = true</script></body>")
    browser = show(page)
    assert browser.evaluate("window.attacked === undefined")
    assert any("Content Security Policy" in message for message in browser.messages)


def test_filters_choose_among_the_objects(show: Any) -> None:
    browser = show(html.plan(plan_of(200)))
    everything = shown(browser)
    assert len(everything) == 200 + 18
    choose(browser, "namespace", "team-1")
    assert {name.split("/")[1] for name in shown(browser)} == {"team-1"}
    choose(browser, "key", "password")
    assert len(shown(browser)) == 34
    choose(browser, "namespace", "")
    choose(browser, "key", "tls.key")
    assert shown(browser) == ["Secret/shop/gone"]
    choose(browser, "key", "")
    choose(browser, "action", "replace")
    replaced = ["Secret/shop/frozen", "Secret/shop/thawed", "Secret/shop/typed"]
    assert shown(browser) == replaced
    headings = browser.evaluate(
        "[...document.querySelectorAll('main section:not([hidden]) h2')].map((it) => it.innerText)"
    )
    assert headings[0] == "Replaces: 3 objects"
    assert "Deletes: 3 objects" not in headings
    choose(browser, "risk", "Deletes")
    assert shown(browser) == []
    assert browser.evaluate("document.querySelector('output').textContent") == "0 of 218 shown"
    browser.evaluate("document.querySelector('[type=reset]').click()")
    browser.evaluate("new Promise((done) => setTimeout(done))")
    assert shown(browser) == everything
    choose(browser, "text", "APP-007")
    assert shown(browser) == ["Secret/team-1/app-007"]
    choose(browser, "text", "key-12")
    numbers = (12, *range(120, 129, 2))
    assert set(shown(browser)) == {f"Secret/team-{n % 3}/app-{n:03}" for n in numbers}


def test_only_filters_with_a_choice_are_shown(show: Any) -> None:
    labels = (
        "[...document.querySelectorAll('form label:not([hidden]) span')].map((it) => it.innerText)"
    )
    assert show(PAGES["drift"]).evaluate(labels) == ["Name or key", "State", "Key"]
    assert show(PAGES["plan-1"]).evaluate("document.forms[0].hidden") is True


def test_the_keyboard_reaches_everything(show: Any) -> None:
    browser = show(PAGES["plan-12"])
    focused = "document.activeElement.querySelector('.object')?.textContent"
    is_open = "document.activeElement.parentElement.open"
    for _ in range(8):
        browser.press("Tab")
    assert browser.evaluate(focused) == "Secret/shop/gone"
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    assert browser.evaluate(is_open) is False
    browser.press("ArrowRight")
    assert browser.evaluate(is_open) is True
    browser.press("ArrowLeft")
    assert browser.evaluate(is_open) is False
    browser.press("ArrowDown")
    assert browser.evaluate(focused) == "Secret/shop/frozen", "what does not fold is passed over"
    browser.press("End")
    assert browser.evaluate(focused) == "Secret/shop/shared"
    browser.press("ArrowDown")
    browser.press("Home")
    assert browser.evaluate(focused) == "Secret/shop/gone"
    browser.press("ArrowUp")
    assert browser.evaluate(focused) == "Secret/shop/gone"


def test_everything_folds_and_unfolds_at_once(show: Any) -> None:
    browser = show(PAGES["plan-200"])
    count = "document.querySelectorAll('details[open]').length"
    browser.evaluate("document.querySelector('[name=unfold]').click()")
    total = browser.evaluate("document.querySelectorAll('details').length")
    assert browser.evaluate(count) == total > 200
    browser.evaluate("document.querySelector('[name=fold]').click()")
    assert browser.evaluate(count) == 0


def test_paper_shows_what_is_folded_and_no_filters(show: Any) -> None:
    browser = show(PAGES["plan-200"])
    browser.evaluate("document.querySelector('[name=fold]').click()")
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.evaluate("getComputedStyle(document.forms[0]).display") == "none"
        hidden = browser.evaluate(
            "[...document.querySelectorAll('.fields')].filter((it) => !it.checkVisibility("
            "{contentVisibilityAuto: true, opacityProperty: true})).length"
        )
        assert hidden == 0
        seen = browser.evaluate("document.querySelector('.fields').getBoundingClientRect().height")
        assert seen > 10
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_without_javascript_everything_can_be_read(show: Any, browser: Browser) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(PAGES["plan-12"])
        assert browser.evaluate("getComputedStyle(document.forms[0]).display") == "none"
        assert "no other copy is known of these values" in browser.evaluate(
            "document.querySelector('main').innerText"
        )
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
