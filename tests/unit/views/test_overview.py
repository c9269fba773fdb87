"""Many environments at a glance: groups, outliers, and what is said of values."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.errors import ReconcilerError
from reconciler.model.drift import (
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.objects import Json, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Change, Note, Plan, Reason, Refusal, StoreIdentity
from reconciler.model.remedies import CommandLine
from reconciler.model.store import Capability
from reconciler.model.values import ValueRef
from reconciler.planning.remedies import Manifests, remedies_of
from reconciler.views import text
from reconciler.views.heading import Heading
from reconciler.views.overview import Merging, Overview, compact_of, markdown
from reconciler.views.overview import text as glance
from tests.unit.views import samples
from tests.unit.views.samples import added, changed, data, removed, secret, value

NO_DIGESTS: Mapping[int, int] = {}


def update(name: str = "db", *, key: str = "password", number: int = 1) -> Change:
    return Change(
        key=secret(name),
        action=Action.UPDATE,
        reasons=(Reason.DATA,),
        fields=(changed(data(key), value(number + 1), value(number)),),
    )


def create(name: str, after: Json | ValueRef = None) -> Change:
    return Change(
        key=secret(name),
        action=Action.CREATE,
        reasons=(Reason.MISSING,),
        fields=(added(("metadata", "labels", "tier"), after or "back"),),
    )


def delete(name: str) -> Change:
    return Change(key=secret(name), action=Action.DELETE, reasons=(Reason.PRUNE,))


def plan(*changes: Change) -> Plan:
    return Plan(
        store=StoreIdentity("sqlite", "1f", "state.db"),
        options=PlanOptions(set_name="shop"),
        changes=changes,
    )


def merged(
    plans: Mapping[str, Plan], digests: Mapping[str, Mapping[int, int]] | None = None
) -> Overview:
    merging = Merging()
    for name, each in plans.items():
        merging.add(compact_of(name, each, digests=(digests or {}).get(name, NO_DIGESTS)))
    return merging.overview()


def shown(overview: Overview, width: int = 80) -> str:
    return glance.overview(overview, colour=False, width=width)


HASHES = ["5kb9ftmc82", "f84tthh429"] * 3
NAMES = [f"eu-{number}" for number in range(1, 7)]


def test_the_same_change_is_one_group_though_the_numbers_of_values_differ() -> None:
    overview = merged({name: plan(update(number=index)) for index, name in enumerate(NAMES)})
    (chapter,) = overview.chapters
    assert chapter.environments == tuple(NAMES)
    (group,) = chapter.groups
    assert group.title == "Secret/shop/db"
    assert "In all 6\n\n~ Secret/shop/db (update: data differs)\n" in shown(overview)
    assert "~ data[password]  (value) → (new value)\n" in shown(overview)


def test_those_are_named_of_which_there_are_fewer() -> None:
    plans = {name: plan(update(), create("a")) for name in NAMES}
    plans["eu-2"] = plan(create("a"))
    plans["eu-5"] = plan(create("a"), create("rare"))
    told = shown(merged(plans))
    assert "In 4 of 6, all but eu-2, eu-5\n" in told
    assert "Only in eu-5\n" in told
    assert "In all 6\n" in told


def test_outliers_stand_first_and_among_them_the_greatest_risk() -> None:
    plans = {name: plan(update(), delete("everywhere")) for name in NAMES}
    plans["eu-2"] = plan(update(), delete("everywhere"), create("rare"))
    plans["eu-3"] = plan(update(), delete("everywhere"), delete("rarely"))
    titles = [group.title for chapter in merged(plans).chapters for group in chapter.groups]
    assert titles == [f"Secret/shop/{each}" for each in ("rarely", "rare", "everywhere", "db")]


def test_many_objects_that_change_alike_in_the_same_environments_are_one_group() -> None:
    changes = [update(f"db-{number}") for number in range(7)]
    overview = merged({name: plan(*changes) for name in NAMES})
    ((group,),) = (chapter.groups for chapter in overview.chapters)
    assert group.title == "7 Secrets alike"
    assert "Secret/shop/db-6" in shown(overview)


def test_a_hash_in_a_name_does_not_count() -> None:
    plans = {
        name: plan(update(f"db-{suffix}"), create(f"other-{index}"))
        for index, (name, suffix) in enumerate(zip(NAMES, HASHES, strict=True))
    }
    assert "In all 6\n\n~ Secret/shop/db-(hash) " in shown(merged(plans))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([7, 7, 7, 7, 7, 7], "(the same new value in all 6)"),
        ([1, 2, 3, 4, 5, 6], "(6 different values)"),
        ([7, 7, 9, 7, 7, 7], "(the same new value in 5, another one in eu-3)"),
        ([7, 7, 9, 8, 7, 7], "(the same new value in 4, others in eu-3, eu-4)"),
        ([7, 7, 7, 8, 8, 8], "(2 different values in 6 environments)"),
        ([7, 7, 7, 0, 7, 7], ""),
    ],
)
def test_it_is_said_whether_new_values_are_the_same(numbers: list[int], words: str) -> None:
    plans = {name: plan(update()) for name in NAMES}
    digests = {
        name: {1: number} if number else {} for name, number in zip(NAMES, numbers, strict=True)
    }
    told = shown(merged(plans, digests))
    line = next(line for line in told.split("\n") if "data[password]" in line)
    assert line == f"    ~ data[password]  (value) → (new value)  {words}".rstrip()
    assert not any(str(number) in line.partition("(new value)  ")[0] for number in (7, 8, 9))


def test_nothing_is_said_of_old_values_or_of_values_without_a_digest() -> None:
    gone = Change(
        key=secret("db"), action=Action.UPDATE, fields=(removed(data("password"), value(1)),)
    )
    sealed = replace(value(1), sealed=True)
    plans = {name: plan(gone, create("x", sealed)) for name in NAMES}
    told = shown(merged(plans, {name: {1: 7} for name in NAMES}))
    assert "- data[password]  (value)\n" in told
    assert "the same" not in told.partition("data[password]")[2].partition("\n")[0]
    assert "the same" not in shown(merged(plans))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a"] * 6, '"a"'),
        (["a", "a", "b", "a", "a", "c"], '"a" in 4; "b" in eu-3; "c" in eu-6'),
        (["a", "b", "c", "d", "e", "f"], "(differs)"),
    ],
)
def test_values_that_are_not_secret_are_told_apart(labels: list[str], words: str) -> None:
    plans = {name: plan(create("db", label)) for name, label in zip(NAMES, labels, strict=True)}
    assert f"    + metadata.labels[tier]  {words}\n" in shown(merged(plans))


def test_an_object_that_changes_in_different_ways_is_in_a_matrix() -> None:
    plans = {name: plan(update(), create("a")) for name in NAMES}
    plans["eu-2"] = plan(update(key="user"))
    plans["eu-4"] = plan(delete("db"), create("a"))
    told = shown(merged(plans)).split("\n")
    start = told.index("Where environments differ")
    assert told[start + 1 : start + 6] == [
        "                eu-2  eu-4  A (4)",
        "Secret/shop/db  ~b    -c    ~a",
        "Secret/shop/a   ·     +     +",
        "A (4): in 4 of 6, all but eu-2, eu-4",
        "~ update  + create  - delete  · nothing  letters: not the same change",
    ]
    assert "Where environments differ" not in shown(merged(plans), width=30)


def test_what_cannot_go_on_stands_first_with_its_environments() -> None:
    refusal = Refusal("limit", "too many deletes", "allow more")
    merging = Merging()
    for name in NAMES[:4]:
        merging.add(compact_of(name, replace(plan(update()), notices=(Note("x", "by the way"),))))
    merging.add(compact_of("eu-5", replace(plan(update()), refusals=(refusal,))))
    merging.add(compact_of("eu-6", None, error=ReconcilerError("no eu-6.db", details=["a"])))
    told = shown(merging.overview())
    assert told.startswith(
        "6 environments, set shop\n\n"
        "Error in eu-6:\n  no eu-6.db\n    a\n\n"
        "Refused only in eu-5:\n  too many deletes\n    hint: allow more\n\n"
        "In all 5 that did not fail\n"
    )
    assert "\n! by the way\n    in 4 of 5, all but eu-5\n" in told
    quiet = glance.overview(merging.overview(), colour=False, width=80, quiet=True)
    assert quiet == told.partition("\n\n")[2].partition("\n\nIn all 5")[0]


def test_the_same_error_of_different_environments_is_one() -> None:
    merging = Merging()
    for name in NAMES:
        merging.add(compact_of(name, None, error=ReconcilerError(f"stores/{name}.db is missing")))
    assert "Error in 6: eu-1, eu-2, eu-3, eu-4, eu-5, eu-6:\n  stores/(environment).db" in shown(
        merging.overview()
    )


def test_the_same_note_of_stores_with_different_names_is_one() -> None:
    merging = Merging()
    for number, name in enumerate(NAMES):
        store = StoreIdentity("sqlite", str(number), f"state/{number}.db")
        note = Note("x", f"others may read the store state/{number}.db")
        merging.add(compact_of(name, replace(plan(), store=store, notices=(note,))))
    told = shown(merging.overview())
    assert "! others may read the store (store)\n    in all 6\n" in told


def test_a_store_whose_name_is_a_word_does_not_change_what_is_said() -> None:
    merging = Merging()
    for name in NAMES:
        shared = replace(plan(), store=StoreIdentity("sqlite", "1f", "db"))
        merging.add(compact_of(name, replace(shared, notices=(Note("x", "Secret/shop/db lasts"),))))
    assert "! Secret/shop/db lasts\n    in all 6\n" in shown(merging.overview())


def drifts(name: str, *objects: str) -> DriftReport:
    """A report on `objects`, in each of which somebody else has changed the same key."""
    items = tuple(
        ObjectDrift(
            key=secret(each),
            state=ObjectState.DRIFTED,
            fields=(FieldDrift(data("password"), FieldState.CHANGED),),
            source=samples.place(f"{name}/{each}.yaml", 1),
        )
        for each in objects
    )
    report = DriftReport(
        store=StoreIdentity("sqlite", "1f", "x.db"), set_name="shop", objects=items
    )
    line = CommandLine(place=("--env", name))
    return replace(report, remedies=remedies_of(report, Manifests({}), line, frozenset(Capability)))


def test_each_kind_of_drift_has_the_commands_for_its_first_object() -> None:
    merging = Merging()
    for name in NAMES:
        merging.add(compact_of(name, drifts(name, "db", *(["rare"] if name == "eu-3" else []))))
    told = shown(merging.overview())
    alone = text.drift(drifts("eu-1", "db"), colour=False)
    start = "What now, for Secret/shop/db"
    block = told[told.index(start) :].partition("\n\n")[0]
    heading, _, commands = block.partition("\n")
    assert heading == f"{start} in eu-1; likewise for the 6 others:"
    assert commands == alone.partition(f"{start}:\n")[2]
    assert told.count("What now") == 1
    assert "What now" not in glance.overview(merging.overview(), colour=False, width=80, quiet=True)


def test_what_is_pending_has_no_commands() -> None:
    merging = Merging()
    for name in NAMES:
        report = drifts(name, "db")
        (item,) = report.objects
        fields = (replace(item.fields[0], pending=Pending.SET),)
        merging.add(compact_of(name, replace(report, objects=(replace(item, fields=fields),))))
    told = shown(merging.overview())
    assert "~ Secret/shop/db (its manifest has changed)" in told
    assert told.count("What now, for Secret/shop/db in eu-1; likewise for the 5 others:") == 1
    assert told.count("What now") == 1


def test_changes_that_no_other_environment_has_take_little_memory() -> None:
    """Of each object, only its name is kept, and no rows or cells of its own."""
    objects, environments = 200, 20
    compacts = [
        compact_of(name, plan(*(create(f"{name}-{number}") for number in range(objects))))
        for name in map(str, range(environments))
    ]
    tracemalloc.start()
    try:
        merging = Merging()
        for each in compacts:
            merging.add(each)
        overview = merging.overview()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(overview.chapters) == environments
    assert most / (objects * environments) < 400


def test_options_of_some_environments_are_told_of_these() -> None:
    merging = Merging()
    for name in NAMES:
        options = PlanOptions(set_name="shop", prune=name == "eu-3")
        merging.add(compact_of(name, replace(plan(update()), options=options), heading=Heading()))
    assert shown(merging.overview()).startswith(
        "6 environments, set shop\nwith --prune: only in eu-3\n"
    )


def test_drift_and_a_pending_change_of_one_object_are_not_variants() -> None:
    def report(*states: FieldState) -> DriftReport:
        fields = tuple(
            FieldDrift(data(f"key-{index}"), state) for index, state in enumerate(states)
        )
        item = ObjectDrift(
            key=ObjectKey("Secret", "shop", "db"), state=ObjectState.DRIFTED, fields=fields
        )
        return DriftReport(
            store=StoreIdentity("sqlite", "1f", "x.db"), set_name="shop", objects=(item,)
        )

    merging = Merging()
    for name in NAMES:
        states = [FieldState.CHANGED] * (1 + (name == "eu-2"))
        merging.add(compact_of(name, report(*states)))
    told = shown(merging.overview())
    assert "Only in eu-2\n\n~ Secret/shop/db (drifted)  [b]\n" in told
    assert "In 5 of 6, all but eu-2\n\n~ Secret/shop/db (drifted)  [a]\n" in told
    assert "Drift: 1 object drifted; 0 in sync: in all 6" in told


def test_names_and_errors_do_not_drive_the_terminal() -> None:
    merging = Merging()
    for name in NAMES:
        hostile = create("x\x1b[2J\n::error::y")
        merging.add(compact_of(f"{name}\x1b[2J", plan(hostile)))
    merging.add(compact_of("z\x1b", None, error=ReconcilerError("\x1b]0;x\n::error::z")))
    told = shown(merging.overview())
    assert "\x1b" not in told
    assert "\n::error::" not in told


def commented(overview: Overview, limit: int = 65_536) -> str:
    shown = markdown.overview(overview, "6 environments.", limit=limit)
    assert len(shown) <= limit
    return shown


def test_markdown_has_headings_by_environments_and_a_table_of_what_differs() -> None:
    plans = {name: plan(update(), create("a")) for name in NAMES}
    plans["eu-2"] = plan(update(key="user"))
    told = commented(merged(plans, {name: {1: 7} for name in NAMES}))
    assert told.startswith("## 6 environments.\n\n6 environments, set shop\n\n### Only in `eu-2`\n")
    assert "### In 5 of 6, all but `eu-2`\n" in told
    assert "! data[password]  (value) → (new value)  (the same new value in all 5)\n" in told
    assert (
        "|  | `eu-2` | `A (5)` |\n| --- | --- | --- |\n"
        "| `Secret/shop/db` | `~b` | `~a` |\n| `Secret/shop/a` | `·` | `+` |\n"
    ) in told
    assert "| `eu-3` | `state.db` | 1 to create, 1 to update; 0 in sync |" in told


def test_a_table_with_too_many_columns_is_left_out() -> None:
    names = [f"eu-{number}" for number in range(13)]
    plans = {name: plan(*(create(other) for other in names if other != name)) for name in names}
    assert "Where environments differ" not in commented(merged(plans))
    assert "Where environments differ" in commented(merged(dict([*plans.items()][:12])))


def test_what_does_not_fit_into_a_comment_is_counted_and_is_the_least_risky() -> None:
    changes = [create(f"{'long' * 20}-{number}", "x" * number) for number in range(300)]
    plans = {name: plan(*changes, delete("precious")) for name in NAMES}
    plans["eu-2"] = plan(*(create(f"rare-{number}", "y" * number) for number in range(100)))
    told = commented(merged(plans), limit=8_000)
    assert "<code>- Secret/shop/precious</code>" in told or "`- Secret/shop/precious`" in told
    shown = told.count("Secret/shop/longlong") + told.count("Secret/shop/rare-")
    assert 0 < shown < 400
    assert f"Left out, because a comment has its limit: {400 - shown} changes, a table" in told
    assert told.endswith(".")


def test_a_comment_of_hostile_names_stays_text() -> None:
    merging = Merging()
    hostile = "<!-- x -->\n::error::|y| @team"
    for name in NAMES[:3]:
        merging.add(compact_of(name, plan(create(hostile, hostile))))
    merging.add(compact_of(NAMES[3], plan(create("a"))))
    merging.add(compact_of(hostile, None, error=ReconcilerError(hostile, details=[hostile])))
    told = commented(merging.overview())
    assert "<!--" not in told
    assert "\n::error" not in told
    rows = [line for line in told.split("\n") if line.startswith("|") and "eu-1" not in line]
    assert {row.replace("\\|", "").count("|") for row in rows if "Secret" in row} == {4}
