from dataclasses import replace

import pytest

from reconciler.model.plans import Action, Change, Note, Plan, Reason, Refusal
from reconciler.views import markdown
from tests.unit.views import samples


def large(objects: int, fields: int) -> Plan:
    """A plan that creates so many objects with so many fields each."""
    changes = tuple(
        Change(
            key=samples.secret(f"object-{number:05}"),
            action=Action.CREATE,
            reasons=(Reason.MISSING,),
            fields=tuple(
                samples.added(samples.data(f"key-{field}"), samples.value(field + 1))
                for field in range(fields)
            ),
        )
        for number in range(objects)
    )
    return Plan(store=samples.STORE, options=samples.EVERYTHING.options, changes=changes)


def names(shown: str) -> int:
    return shown.count("Secret/shop/object-")


def test_a_comment_that_fits_is_whole() -> None:
    shown = markdown.plan(large(objects=10, fields=3))
    assert (names(shown), shown.count("data[")) == (10, 30)
    assert "Left out" not in shown


def test_names_go_before_details() -> None:
    shown = markdown.plan(large(objects=500, fields=20))
    whole = shown.count("<details>")
    assert len(shown) <= markdown.LIMIT
    assert names(shown) == 500
    assert 0 < whole < 500
    assert shown.endswith(
        f"Left out, because a comment has its limit: the details of {500 - whole} objects."
    )


def test_what_does_not_fit_is_counted() -> None:
    shown = markdown.plan(large(objects=3000, fields=1))
    assert markdown.LIMIT - 1000 < len(shown) <= markdown.LIMIT
    assert f"{3000 - names(shown)} objects altogether" in shown


@pytest.mark.parametrize("size", [100, 60_000, 70_000, 140_000])
def test_refusals_are_never_cut(size: int) -> None:
    refusal = Refusal("guard", "a" * size, "b", None)
    crowded = replace(
        large(objects=3000, fields=1),
        refusals=(refusal,),
        problems=samples.PROBLEMS,
        notices=(Note("n", "a notice"),),
    )
    shown = markdown.plan(crowded)
    assert "a" * size in shown
    assert len(shown) <= max(markdown.LIMIT, size + 1000)
    assert f"{3000 - names(shown)} objects altogether" in shown


def test_problems_come_before_changes() -> None:
    shown = markdown.plan(replace(large(objects=3000, fields=1), problems=samples.PROBLEMS))
    assert all(problem.message in shown.replace("`", "") for problem in samples.PROBLEMS)
    assert len(shown) <= markdown.LIMIT


def test_plain_words_stay_plain_and_all_else_is_code() -> None:
    assert markdown.prose("see Secret/shop/db, or --adopt it (now); 5 of 12, 30%") == (
        "see `Secret/shop/db`, or `--adopt` it (now); 5 of 12, 30%"
    )
    assert markdown.prose("1. @team #2 GH-2 deadbeef1 a_b_c") == (
        "`1`. `@team` `#2` `GH-2` `deadbeef1` `a_b_c`"
    )
