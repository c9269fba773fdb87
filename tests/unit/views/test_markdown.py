import re
from dataclasses import replace

import pytest

from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Change, Note, Plan, Reason, Refusal, Removal
from reconciler.views import groups, markdown, markup, text
from tests.unit.views import samples


def large(objects: int, fields: int) -> Plan:
    """A plan that creates so many objects with so many fields each."""
    changes = tuple(
        Change(
            key=samples.secret(f"object-{number:05}"),
            action=Action.CREATE,
            reasons=(Reason.MISSING,),
            fields=tuple(
                samples.added(samples.data(f"key-{field}"), f"unlike {number}")
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
        f"Left out, because a comment has its limit: the details of {500 - whole} changes."
    )


def test_what_does_not_fit_is_counted() -> None:
    shown = markdown.plan(large(objects=3000, fields=1))
    assert markdown.LIMIT - 1000 < len(shown) <= markdown.LIMIT
    assert f"{3000 - names(shown)} changes altogether" in shown


@pytest.mark.parametrize("size", [100, 60_000])
def test_refusals_go_before_all_else(size: int) -> None:
    refusal = Refusal("guard", "a" * size, "b", None)
    crowded = replace(
        large(objects=3000, fields=1),
        refusals=(refusal,),
        problems=samples.PROBLEMS,
        notices=(Note("n", "a notice"),),
    )
    shown = markdown.plan(crowded)
    assert "a" * size in shown
    assert len(shown) <= markdown.LIMIT
    assert f"{3000 - names(shown)} changes altogether" in shown


def test_refusals_that_alone_exceed_the_limit_lose_their_text() -> None:
    refusals = [Refusal("guard", "a" * 30_000, "b", samples.secret(str(n))) for n in range(3)]
    shown = markdown.plan(replace(large(objects=1, fields=1), refusals=tuple(refusals)))
    assert len(shown) <= markdown.LIMIT
    assert shown.count("a" * 30_000) == 2
    assert "\n> **Refused** by `guard`: `Secret/shop/2`\n" in shown
    assert "the details of 1 refusal" in shown


def test_problems_come_before_changes() -> None:
    shown = markdown.plan(replace(large(objects=3000, fields=1), problems=samples.PROBLEMS))
    assert all(problem.message in shown.replace("`", "") for problem in samples.PROBLEMS)
    assert len(shown) <= markdown.LIMIT


def test_plain_words_stay_plain_and_all_else_is_code() -> None:
    assert markup.prose("see Secret/shop/db, or --adopt it (now); 5 of 12, 30%") == (
        "see `Secret/shop/db`, or `--adopt` it (now); 5 of 12, 30%"
    )
    assert markup.prose("1. @team #2 GH-2 deadbeef1 a_b_c") == (
        "`1`. `@team` `#2` `GH-2` `deadbeef1` `a_b_c`"
    )


def alike(objects: int) -> Plan:
    """A plan that changes the same key of so many objects, and another one of one of them."""
    changes = [
        Change(
            key=samples.secret(f"object-{number:05}"),
            action=Action.UPDATE,
            reasons=(Reason.DATA,),
            fields=(
                samples.changed(
                    samples.data("odd" if number == 1 else "password"),
                    samples.value(2 * number + 1),
                    samples.value(2 * number + 2),
                ),
            ),
        )
        for number in range(objects)
    ]
    return Plan(store=samples.STORE, options=samples.EVERYTHING.options, changes=tuple(changes))


def test_many_changes_that_are_alike_are_one_with_all_names() -> None:
    for shown in (markdown.plan(alike(150)), text.plan(alike(150), colour=False)):
        assert shown.count("data[password]") == shown.count("data[odd]") == 1
        assert "149 Secrets alike, one key changed: password" in shown
        assert names(shown) == 150
    assert "(differs) → (differs)" in shown
    assert text.plan(alike(150), colour=False, verbose=True).count("data[password]") == 149
    assert markdown.plan(alike(groups.MANY)).count("data[password]") == groups.MANY - 1


def test_names_of_a_group_are_counted_where_there_are_too_many() -> None:
    shown = markdown.plan(alike(3000))
    assert len(shown) <= markdown.LIMIT
    assert f"and {3000 - names(shown)} more" in shown


def test_few_changes_are_open_and_many_are_folded() -> None:
    assert markdown.plan(large(objects=10, fields=1)).count("<details open>") == 10
    assert "<details open>" not in markdown.plan(large(objects=11, fields=1))


def test_of_many_changes_the_risky_ones_are_open() -> None:
    shown = markdown.plan(samples.EVERYTHING)
    risky, _, ordinary = shown.partition("#### Other changes")
    assert "<details open>" in risky
    assert "<details>" not in risky
    assert "<details>" in ordinary
    assert "<details open>" not in ordinary


def test_the_least_risky_changes_are_left_out_first() -> None:
    plan = large(objects=3000, fields=1)
    delete = Change(
        key=samples.secret("z"), action=Action.DELETE, removal=Removal(type="Opaque", lost=("k",))
    )
    warned = replace(plan.changes[-1], key=samples.secret("y"), warnings=(samples.PROBLEMS[1],))
    shown = markdown.plan(replace(plan, changes=(*plan.changes, warned, delete)))
    assert len(shown) <= markdown.LIMIT
    headings = [line for line in shown.splitlines() if line.startswith("#### ")]
    assert headings == [
        "#### Deletes: 1 object",
        "#### Changes with warnings: 1 object",
        "#### Other changes: 3000 objects",
    ]
    assert shown.index("Secret/shop/z") < shown.index("Secret/shop/y")
    assert "no other copy is known of these values: k" in shown
    assert "Left out" in shown


def test_a_limit_of_its_own() -> None:
    plan = large(objects=500, fields=20)
    assert len(markdown.plan(plan, limit=20_000)) <= 20_000
    assert "Left out" not in markdown.plan(plan, limit=1_000_000)


@pytest.mark.parametrize("limit", [markdown.LEAST, markdown.LIMIT])
@pytest.mark.parametrize("text", ["#", "a`b ", "x", "##[group]", "<!--", "a "])
def test_no_text_however_long_exceeds_the_limit(text: str, limit: int) -> None:
    name = text * (70_000 // len(text))
    key = ObjectKey("Secret", name, name)
    change = replace(large(objects=1, fields=1).changes[0], key=key, source=samples.place(name, 1))
    plan = Plan(
        store=replace(samples.STORE, location=name),
        options=replace(samples.EVERYTHING.options, set_name=name, targets=(key,) * 9),
        changes=(change, replace(change, action=Action.NO_OP, kept=((name, name),))),
        refusals=(Refusal(name, name, name, key),),
        problems=(replace(samples.PROBLEMS[0], code=name, source=samples.place(name, 1)),),
        notices=(Note(name, name),),
    )
    shown = markdown.plan(plan, limit=limit)
    assert len(shown) <= limit
    assert shown.startswith("### Plan: 1 to create")
    assert "Left out" in shown


def test_what_is_cut_ends_behind_a_whole_construct() -> None:
    for room in range(2, 60):
        shown = markup.prose_within("one `two` a``b three/four five", room)
        assert len(shown) <= room
        assert "`" not in re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", shown)
        assert shown.endswith(("…", " five"))
