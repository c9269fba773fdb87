"""Plans in one comment: its marker, its limit, and what is left out first."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Change, Plan, Reason, Refusal, StoreIdentity
from reconciler.views import comments, markdown
from reconciler.views.heading import HeadedPlan
from tests.unit.views import samples

_texts = st.text(st.characters(exclude_categories=()), max_size=30)
_keys = _texts | st.sampled_from(
    ["--", "-->", "--!>", "<!-- reconciler: a -->", "a\nb", "%2D", "é"]
)


def plan_of(
    name: str, action: Action = Action.CREATE, objects: int = 1, fields: int = 1
) -> HeadedPlan:
    """A plan of the set `name` with so many objects, no two of which are alike."""
    changes = tuple(
        Change(
            key=samples.secret(f"{name}-{number}"),
            action=action,
            reasons=(Reason.MISSING,),
            fields=tuple(
                samples.added(samples.data(f"key-{field}"), f"unlike {number}")
                for field in range(fields)
            ),
        )
        for number in range(objects)
    )
    options = PlanOptions(set_name=name)
    return HeadedPlan(
        Plan(store=StoreIdentity("sqlite", "1", f"{name}.db"), options=options, changes=changes)
    )


def titles(comment: str) -> list[str]:
    return re.findall(r"^### Set `?([a-z0-9]+)", comment, re.MULTILINE)


@given(_keys)
def test_a_marker_is_one_line_that_ends_where_it_should(key: str) -> None:
    marker = comments.marker(key)
    assert re.fullmatch(r"<!-- reconciler: [A-Za-z0-9_.~%]* -->", marker)


@given(_keys, _keys)
def test_two_keys_have_two_markers(one: str, other: str) -> None:
    assert (comments.marker(one) == comments.marker(other)) == (one == other)


def test_a_comment_begins_with_its_marker() -> None:
    shown = comments.comment([plan_of("blue")], "shop/blue")
    assert shown.startswith("<!-- reconciler: shop%2Fblue -->\n\n### Plan: ")
    assert "<!--" not in comments.comment([plan_of("blue")])


def test_several_plans_have_a_title_each_and_a_summary() -> None:
    idle = replace(plan_of("idle", Action.NO_OP, objects=2))
    refused = replace(plan_of("red").plan, refusals=(Refusal("guard", "no", ""),))
    shown = comments.comment([plan_of("blue", Action.UPDATE), idle, HeadedPlan(refused)])
    assert shown.startswith(
        "## 3 plans, 2 with changes: 1 to create, 1 to update, 0 to replace, 0 to delete; "
        "2 in sync. 1 plan cannot be applied.\n\n"
    )
    rest = "0 to replace, 0 to delete; 0 in sync"
    assert re.findall(r"^### .*", shown, re.MULTILINE) == [
        f"### Set blue, store `blue.db`: 0 to create, 1 to update, {rest}",
        "### Set idle, store `idle.db`: no changes; 2 in sync",
        f"### Set red, store `red.db`: 1 to create, 0 to update, {rest}",
    ]
    assert "> **Refused:** no" in shown


@pytest.mark.parametrize("limit", [5_000, 20_000, markdown.LIMIT, 1_000_000])
def test_two_large_plans_share_the_limit(limit: int) -> None:
    large = [plan_of("blue", objects=900, fields=9), plan_of("red", objects=900, fields=9)]
    shown = comments.comment(large, "k" * 200, limit=limit)
    first, second = shown.split("### Set red")
    assert len(shown) <= limit
    assert abs(len(first) - len(second)) < 1_500
    assert titles(shown) == ["blue", "red"]


def test_a_small_plan_stays_whole_beside_a_large_one() -> None:
    small, large = plan_of("small"), plan_of("large", objects=3000, fields=9)
    for order in ([small, large], [large, small]):
        shown = comments.comment(order)
        assert markdown.LIMIT - 2_500 < len(shown) <= markdown.LIMIT
        assert "data[key-0]" in shown.partition("### Set small")[2].partition("###")[0]
        assert shown.count("Left out") == 1


def test_the_least_risky_plans_are_left_out_first() -> None:
    idle = [plan_of(f"idle{number}", Action.NO_OP) for number in range(300)]
    wide = [plan_of(f"wide{number}", objects=30, fields=9) for number in range(40)]
    risky = plan_of("risky", Action.DELETE)
    refused = replace(plan_of("refused").plan, refusals=(Refusal("guard", "not that", ""),))
    shown = comments.comment([*idle, *wide, risky, HeadedPlan(refused)], limit=20_000)
    assert len(shown) <= 20_000
    assert titles(shown)[-2:] == ["risky", "refused"]
    assert "> **Refused:** not that" in shown
    assert "<code>- Secret/shop/risky-0</code>" in shown
    assert len([name for name in titles(shown) if name.startswith("wide")]) == 40
    left = 342 - len(titles(shown))
    assert left > 0
    assert re.search(
        rf"^Left out, .*: the details of \d+ plans, {left} plans altogether\.$", shown, re.MULTILINE
    )


@given(st.lists(st.tuples(_texts, st.integers(0, 3)), max_size=4), st.integers(5_000, 9_000), _keys)
def test_no_comment_exceeds_its_limit(parts: list[tuple[str, int]], limit: int, key: str) -> None:
    plans = [plan_of(text * 500, objects=count, fields=3) for text, count in parts]
    assert len(comments.comment(plans, key, limit=limit)) <= limit
