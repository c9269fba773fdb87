"""Any plan survives a file, and nothing but a plan comes out of one."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import planfile
from reconciler.errors import FileNotWritten, PlanFileError
from reconciler.model.consumers import Consumer
from reconciler.model.objects import Diagnostic, ObjectKey, Severity, Source
from reconciler.model.patches import Operation
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    Note,
    Plan,
    Precondition,
    Reason,
    Refusal,
    Step,
    StoreIdentity,
)
from reconciler.model.values import Nature, UidOf, ValueRef
from reconciler.planfile.envelope import packed, unpacked

# A plan has some hundred texts, and drawing each letter by letter took most of the time.
TEXT = st.sampled_from(
    [
        "",
        "a",
        "data",
        "$value",
        "$$",
        "$uidOf",
        "\0",
        '"\\',
        "\r\n",
        "\x85\u2028",
        "é",
        "\U0001f512",
    ]
)
KEYS = st.builds(ObjectKey, TEXT, TEXT, TEXT)
PATHS = (
    st.tuples(TEXT.filter(lambda name: name != "data"))
    | st.tuples(st.just("data"), TEXT)
    | st.tuples(st.just("metadata"), TEXT, TEXT)
)
FLAGS = {name: st.booleans() for name in ("unread", "sealed", "generated")}
VALUES = st.builds(ValueRef, st.integers(0, 2**53), TEXT, **FLAGS)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
REFERENCES = VALUES | st.builds(UidOf, TEXT, TEXT, TEXT)
NODES = st.recursive(
    LEAVES | REFERENCES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)


def several(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(one, max_size=2).map(tuple)


LINES = st.integers(0, 2**53)
SOURCES = st.builds(Source, TEXT, LINES, LINES, LINES, st.none() | LINES)
NOTES = st.builds(Note, TEXT, TEXT)
CHANGES = st.builds(
    Change,
    key=KEYS,
    action=st.sampled_from(Action),
    generate_name=TEXT,
    reasons=several(st.sampled_from(Reason)),
    fields=several(
        st.builds(
            FieldChange,
            path=PATHS,
            action=st.sampled_from(FieldAction),
            before=NODES,
            after=NODES,
            nature=st.sampled_from(Nature),
            manager=TEXT,
            drift=st.booleans(),
        )
    ),
    kept=several(PATHS),
    notes=several(NOTES),
    patch=several(st.builds(Operation, TEXT, TEXT, NODES)),
    precondition=st.none() | st.builds(Precondition, TEXT, TEXT),
    claims=several(PATHS),
    consumers=several(st.builds(Consumer, TEXT, TEXT, TEXT, KEYS, TEXT, st.booleans(), TEXT, TEXT)),
    source=st.none() | SOURCES,
)
DIAGNOSTICS = st.builds(
    Diagnostic,
    severity=st.sampled_from(Severity),
    code=TEXT,
    message=TEXT,
    field=TEXT,
    source=SOURCES,
    object=TEXT,
    hint=TEXT,
)
OPTIONS = st.builds(
    PlanOptions,
    set_name=TEXT,
    namespace=TEXT,
    targets=several(KEYS),
    prune=st.booleans(),
    adopt=st.booleans(),
    allow_replace=st.booleans(),
    allow_empty=st.booleans(),
    create_namespaces=st.booleans(),
    scrub=st.booleans(),
    consumers=st.booleans(),
    force_consumers=st.booleans(),
    max_deletes=st.builds(DeleteLimit, st.integers(0, 1000), st.booleans()),
)
PLANS = st.builds(
    Plan,
    store=st.builds(StoreIdentity, TEXT, TEXT, TEXT),
    options=OPTIONS,
    changes=several(CHANGES),
    steps=several(st.builds(Step, KEYS, st.sampled_from(Action), st.integers(0, 9), several(KEYS))),
    refusals=several(st.builds(Refusal, TEXT, TEXT, TEXT, st.none() | KEYS)),
    problems=several(DIAGNOSTICS),
    notices=several(NOTES),
)
SAVED = st.builds(
    planfile.SavedPlan,
    plan=PLANS,
    manifests=several(TEXT),
    salt=st.binary(max_size=4).map(bytes.hex),
    key_check=TEXT,
    store=TEXT,
    expires=st.sampled_from(["", "2026-11-22T07:00:00+00:00"]),
    created=TEXT,
    tool=TEXT,
)


@given(saved=SAVED)
def test_any_plan_survives_a_file(saved: planfile.SavedPlan) -> None:
    loaded = unpacked(packed(saved, ANY, SEAL_KEY), ANY).saved
    assert loaded == saved
    # What equality leaves out: numbers, sources, the store's location.
    assert repr(loaded) == repr(saved)


# No surrogates: manifests that hold one do not load.
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_a_file(text: str) -> None:
    notice = Note("code", text)
    saved = replace(FULL, plan=replace(FULL.plan, notices=(notice,)), manifests=(text,))
    loaded = unpacked(packed(saved, ANY, SEAL_KEY), ANY).saved
    assert loaded.plan.notices == (notice,)
    assert loaded.manifests == (text,)


def test_a_file_holds_what_is_packed(path: Path) -> None:
    assert path.read_bytes() == packed(FULL, ANY, SEAL_KEY)
    assert planfile.load(path) == unpacked(path.read_bytes(), ANY)
    assert planfile.load(path).saved == FULL
    assert planfile.is_plan_file(path)


ANY = Path("any.plan")
"""Most tests here write no file: a disk takes its time."""
SEAL_KEY = b"k" * 32
KEY = ObjectKey("Secret", "shop", "a")
FULL = planfile.SavedPlan(
    plan=Plan(
        store=StoreIdentity("sqlite", "one", "here"),
        options=PlanOptions(targets=(KEY,), prune=True, max_deletes=DeleteLimit(3, percent=False)),
        changes=(
            Change(
                key=KEY,
                action=Action.UPDATE,
                generate_name="a-",
                reasons=(Reason.DATA,),
                fields=(
                    FieldChange(
                        ("data", "k"),
                        FieldAction.CHANGED,
                        ValueRef(1, "f1"),
                        ValueRef(2, "f2"),
                        Nature.ENCODING,
                        drift=True,
                    ),
                ),
                kept=(("data", "foreign"),),
                notes=(Note("code", "message"),),
                patch=(Operation("add", "/data/k", ValueRef(2, "f2")),),
                precondition=Precondition("u", "1"),
                claims=(("data", "k"),),
                consumers=(
                    Consumer("Pod", "shop", "web", KEY, "k", field="spec", manifest="p.yaml:1"),
                ),
                source=Source("a.yaml", 1, 2, 3, 4),
            ),
        ),
        steps=(Step(KEY, Action.UPDATE, 1, (KEY,)),),
        refusals=(Refusal("guard", "message", "hint", KEY),),
        problems=(
            Diagnostic(
                severity=Severity.ERROR,
                code="code",
                message="message",
                field="field",
                source=Source("a.yaml", 1, 2, 3, 4),
                object="object",
                hint="hint",
            ),
        ),
        notices=(Note("code", "message"),),
    ),
    manifests=("a",),
    salt="00ff",
    key_check=planfile.key_check(SEAL_KEY),
    store="sqlite:store.db",
    expires="2026-11-22T07:00:00+00:00",
    created="now",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "saved.plan"
    planfile.save(FULL, path, SEAL_KEY)
    return path


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a JSON document, the document itself left out."""
    if not isinstance(node, dict | list):
        return
    for name, child in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*at, name)
        yield from places(child, (*at, name))


def altered(document: Any, at: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    again = json.loads(json.dumps(document))
    node = again
    for name in at[:-1]:
        node = node[name]
    change(node, at[-1])
    return again


def put(other: Any, node: Any, name: Any) -> None:
    node[name] = other


def refused(document: Any) -> bool:
    try:
        unpacked(json.dumps(document).encode(), ANY)
    except PlanFileError:
        return True
    return False


FREE = {"before", "after", "value"}
"""Where a plan holds any JSON at all."""


def test_every_type_is_checked(path: Path) -> None:
    document = json.loads(path.read_text())
    wrong: dict[type, list[Any]] = {
        str: [1, None, [], {}, True],
        int: ["1", 1.5, [], {}, True],
        bool: ["true", 0, 1, [], {}],
        list: ["x", {}, 1, True],
        dict: ["x", [], 1, True],
    }
    accepted = []
    for at in places(document):
        if FREE & set(at):
            continue
        node = document
        for name in at:
            node = node[name]
        accepted += [
            (at, other)
            for other in wrong[type(node)]
            if not refused(altered(document, at, partial(put, other)))
        ]
    # An optional field may well be null.
    optional = {("plan", "refusals", 0, "key"), ("plan", "changes", 0, "precondition")}
    assert {at for at, other in accepted} <= optional | {
        ("plan", "changes", 0, "source"),
        ("plan", "changes", 0, "source", "item"),
        ("plan", "problems", 0, "source", "item"),
    }
    assert {other for _, other in accepted} <= {None}


@pytest.mark.parametrize(
    "at", [("fields", 0, "path"), ("kept", 0), ("claims", 0)], ids=lambda at: str(at[0])
)
@pytest.mark.parametrize(
    "other", [[], ["data"], ["data", "k", "k"], ["metadata"], ["metadata", "labels"], ["type", "x"]]
)
def test_a_path_that_names_no_field_is_damage(
    path: Path, at: tuple[Any, ...], other: list[str]
) -> None:
    document = json.loads(path.read_text())
    assert refused(altered(document, ("plan", "changes", 0, *at), partial(put, other)))


REQUIRED = [
    ("format",),
    ("required",),
    ("seal",),
    ("plan",),
    ("manifests",),
    ("salt",),
    ("key_check",),
    ("created",),
    ("plan", "store"),
    ("plan", "store", "id"),
    ("plan", "options"),
    ("plan", "changes", 0, "key"),
    ("plan", "changes", 0, "action"),
    ("plan", "changes", 0, "precondition", "uid"),
    ("plan", "steps", 0, "wave"),
    ("plan", "problems", 0, "source"),
]


@pytest.mark.parametrize("at", REQUIRED, ids=lambda at: ".".join(map(str, at)))
def test_what_is_required_must_be_there(path: Path, at: tuple[Any, ...]) -> None:
    document = json.loads(path.read_text())
    assert refused(altered(document, at, lambda node, name: node.pop(name)))


PARTS = pytest.mark.parametrize(
    "at", [(), ("plan",), ("plan", "changes", 0), ("plan", "options"), ("plan", "store")]
)


@PARTS
def test_a_field_of_a_newer_version_is_passed_over(path: Path, at: tuple[Any, ...]) -> None:
    document = json.loads(path.read_text())
    more = altered(document, (*at, "unknown"), lambda node, name: node.__setitem__(name, 1))
    path.write_text(json.dumps(more))
    assert planfile.load(path).saved == FULL


@PARTS
def test_a_field_that_must_be_understood_is_told_apart_from_damage(
    path: Path, at: tuple[Any, ...]
) -> None:
    document = json.loads(path.read_text())
    name = ".".join(part for part in (*at, "unknown") if isinstance(part, str))
    for added in (True, False):  # what is required counts where the field itself is missing too
        more = document
        if added:
            more = altered(document, (*at, "unknown"), lambda node, last: node.update({last: 1}))
        path.write_text(json.dumps({**more, "required": [*document["required"], name]}))
        with pytest.raises(PlanFileError) as caught:
            planfile.load(path)
        assert "made by a newer version" in caught.value.message
        assert name in caught.value.message
        assert "upgrade" in caught.value.hint


def test_what_comparisons_use_must_be_understood(path: Path) -> None:
    required = set(json.loads(path.read_text())["required"])
    assert {"expires", "plan.options.prune", "plan.changes.fields.path"} <= required
    assert {"plan.options.max_deletes.amount", "plan.steps.after", "salt"} <= required
    assert not {"created", "tool", "plan.changes.notes", "plan.changes.source"} & required
    planfile.save(replace(FULL, expires=""), path, SEAL_KEY)
    assert required - set(json.loads(path.read_text())["required"]) == {"expires"}


def test_words_of_another_version_name_that_version(path: Path) -> None:
    document = {**json.loads(path.read_text()), "tool": "9.9.9"}
    document["plan"]["changes"][0]["action"] = "rename"
    path.write_text(json.dumps(document))
    with pytest.raises(PlanFileError) as caught:
        planfile.load(path)
    assert "only reconciler 9.9.9 understands" in caught.value.message


@pytest.mark.parametrize("expires", ["soon", "2026-11-22T07:00:00", "2026-13-22T07:00:00+00:00"])
def test_a_time_that_is_none_is_damage(path: Path, expires: str) -> None:
    assert refused({**json.loads(path.read_text()), "expires": expires})


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("format",), "reconciler.plan-file/v1"),
        (("format",), "reconciler.plan-file/v3"),
        (("format",), "reconciler.plan-file/v2 "),
        (("format",), None),
        (("salt",), "no hex"),
        (("plan", "changes", 0, "action"), "destroy"),
        (("plan", "changes", 0, "reasons", 0), "whim"),
        (("plan", "changes", 0, "key"), ["Secret", "shop"]),
        (("plan", "changes", 0, "key"), ["Secret", "shop", "a", "b"]),
    ],
)
def test_words_of_other_versions_are_refused(path: Path, at: tuple[Any, ...], value: Any) -> None:
    document = json.loads(path.read_text())
    assert refused(altered(document, at, lambda node, name: node.__setitem__(name, value)))


def test_a_file_cut_short_anywhere_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for length in range(len(content) - 1):  # the last byte ends the line
        with pytest.raises(PlanFileError) as caught:
            unpacked(content[:length], ANY)
        assert "make a new one" in caught.value.hint


@given(content=st.binary(max_size=40))
def test_no_content_at_all_raises_anything_else(content: bytes) -> None:
    with pytest.raises(PlanFileError):
        unpacked(content, ANY)


@pytest.mark.parametrize("depth", [50, 1000, 100_000])
def test_a_deep_file_is_loaded_or_refused(path: Path, depth: int) -> None:
    document = json.loads(path.read_text())
    document["plan"]["changes"][0]["patch"][0]["value"] = "nested"
    path.write_text(json.dumps(document).replace('"nested"', "[" * depth + "]" * depth))
    if depth < 100:
        assert planfile.load(path)
    else:
        with pytest.raises(PlanFileError):
            planfile.load(path)


def test_a_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    for place in (tmp_path / "absent", tmp_path):
        with pytest.raises(PlanFileError) as caught:
            planfile.load(place)
        assert "cannot be read" in caught.value.message
        assert not planfile.is_plan_file(place)


def test_other_files_are_no_plans(tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text("apiVersion: v1\nkind: Secret\n")
    assert not planfile.is_plan_file(path)
    path.write_text('{"format": "reconciler.plan-file/v9"}')
    assert planfile.is_plan_file(path)


def test_a_pipe_is_not_looked_into(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"format": "reconciler.plan-file/v1"}')
    os.mkfifo(tmp_path / "pipe")
    assert not planfile.is_plan_file(Path(f"/dev/fd/{reading}"))
    assert not planfile.is_plan_file(tmp_path / "pipe")  # which nobody writes to
    os.close(writing)
    assert os.read(reading, 99)
    os.close(reading)


def test_who_writes_to_a_pipe_is_not_let_go(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    begun = threading.Event()

    def write() -> None:
        begun.set()
        pipe.write_bytes(b"manifest")

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    for _ in range(1000):  # the writer is on its way to wait for a reader
        assert not planfile.is_plan_file(pipe)
    assert writer.is_alive()
    assert pipe.read_bytes() == b"manifest"
    writer.join(timeout=60)


def test_the_position_of_an_inherited_file_stays(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        file.seek(5)
        assert planfile.is_plan_file(Path(f"/dev/fd/{file.fileno()}"))
        assert file.tell() == 5


def test_a_plan_is_its_owners_alone(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    planfile.save(FULL, path, SEAL_KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_left_beside_a_plan(path: Path) -> None:
    planfile.save(FULL, path, SEAL_KEY)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("fault", ["fsync", "replace"])
def test_an_old_plan_stays_whole_when_a_new_one_cannot_be_written(
    path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"os.{fault}", full)
    with pytest.raises(FileNotWritten) as caught:
        planfile.save(FULL, path, SEAL_KEY)
    assert "No space left on device" in caught.value.message
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_is_none_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    for place in (tmp_path / "absent" / "plan", tmp_path / "directory"):
        with pytest.raises(FileNotWritten) as caught:
            planfile.save(FULL, place, SEAL_KEY)
        assert str(place) in caught.value.message
    assert list(tmp_path.iterdir()) == [tmp_path / "directory"]
