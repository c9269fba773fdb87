"""The commands that a drift check prints are run, and the next check finds nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import reconciler
from reconciler.model.objects import Applied, Live, ObjectKey
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition, StoreIdentity
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import SecretValue
from tests.world import held

STORE = "sqlite:a place/store.db"
CHECK = ("drift", "my manifests", "--store", STORE, "--set", "blue", "-n", "shop")
FILE = "my manifests/db.yaml"
SHARED = "my manifests/shared.yaml"
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: NAME
  labels: {team: orders}
stringData:
  user: shop
  password: not-a-real-password
"""
EVIL = SecretValue(b"intruder-value")
WAYS = ("restore", "accept", "ignore")


def touch(store_url: str, name: str, *operations: Operation) -> None:
    """Change or, without operations, delete a Secret behind the program's back."""
    key = ObjectKey("Secret", "shop", name)
    with closing(reconciler.open_store(store_url, {})) as store:
        live = reconciler.read((), store, reconciler.PlanOptions(set_name="blue")).objects[key]
        precondition = Precondition(live.uid, live.resource_version)
        if not operations:
            held(store, seconds=0).delete(key, precondition)
            return
        assert live.applied is not None
        record = Applied(set_name="blue", fields=live.applied.fields)
        held(store, seconds=0).update(key, operations, record, precondition)


def changed(_: Any) -> None:
    touch(STORE, "db", Operation("replace", "/data/password", EVIL))


def shared(_: Any) -> None:
    touch(STORE, "left", Operation("replace", "/data/password", EVIL))


def removed(_: Any) -> None:
    touch(STORE, "db", Operation("remove", "/data/user"))


def added(_: Any) -> None:
    touch(STORE, "db", Operation("add", "/data/extra", EVIL))


def labelled(_: Any) -> None:
    touch(STORE, "db", Operation("replace", "/metadata/labels/team", "others"))


def vanished(_: Any) -> None:
    touch(STORE, "right")


def left_and_changed(place: Any) -> None:
    changed(place)
    (place.path / FILE).unlink()


def left_and_gone(place: Any) -> None:
    touch(STORE, "db")
    (place.path / FILE).unlink()


def strange(place: Any) -> None:
    """A Secret of nobody stands where a manifest wants one."""
    made = place.write("stranger.yaml", SECRET.replace("NAME", "new"))
    (stranger,) = reconciler.load(made, namespace="shop").objects
    with closing(reconciler.open_store(STORE, {})) as store:
        held(store, seconds=0).create(stranger, None)
    place.write("my manifests/new.yaml", SECRET.replace("NAME", "new"))
    made.unlink()


def of_another_set(place: Any) -> None:
    place.write("theirs/new.yaml", SECRET.replace("NAME", "new"))
    place.ok("apply", "theirs", "--auto-approve", "--set", "green", *CHECK[2:4], "-n", "shop")
    place.write("my manifests/new.yaml", SECRET.replace("NAME", "new"))


def replaced(_: Any) -> None:
    """Somebody has made an immutable Secret another one."""
    touch(
        STORE,
        "db",
        Operation("replace", "/data/password", EVIL),
        Operation("add", "/immutable", True),
    )


SITUATIONS = {
    changed: WAYS,
    shared: WAYS,
    removed: WAYS,
    added: WAYS,
    labelled: WAYS,
    vanished: WAYS,
    left_and_changed: WAYS,
    left_and_gone: ("accept", "ignore"),
    strange: WAYS,
    of_another_set: WAYS,
    replaced: WAYS,
}


@pytest.fixture
def place(workplace: Any) -> Any:
    workplace.write(FILE, SECRET.replace("NAME", "db"))
    both = "---\n".join(SECRET.replace("NAME", name) for name in ("left", "right"))
    workplace.write(SHARED, both)
    workplace.write(
        "my manifests/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    )
    workplace.ok("apply", *CHECK[1:], "--auto-approve")
    return workplace


def documents(place: Any, file: str) -> list[Any]:
    path = place.path / file
    return [each for each in yaml.safe_load_all(path.read_text()) if each] if path.exists() else []


def edit(place: Any, text: str, name: str) -> None:
    """Do by hand what a remedy says, in the manifest of the Secret `name`."""
    if annotation := re.fullmatch(r'in (.+):\d+, set the annotation (\S+): "(.*)"', text):
        file, key, value = annotation.groups()
        entries = documents(place, file)
        for entry in entries:
            if entry["metadata"]["name"] == name:
                entry["metadata"].setdefault("annotations", {})[key] = value
    elif removal := re.fullmatch(r"remove its manifest from (.+):\d+", text):
        file = removal[1]
        entries = [each for each in documents(place, file) if each["metadata"]["name"] != name]
    elif put := re.fullmatch(r"put (\S+) in place of (.+):\d+", text):
        file = put[2]
        entries = [each for each in documents(place, file) if each["metadata"]["name"] != name]
        entries += documents(place, put[1])
    else:
        added = re.fullmatch(r"put (\S+) among the manifests", text)
        assert added is not None, text
        file, entries = f"my manifests/{added[1]}", documents(place, added[1])
    (place.path / file).write_text(yaml.safe_dump_all(entries))


def carry_out(place: Any, steps: list[dict[str, str]], name: str) -> Any:
    """The result of the last command."""
    result = None
    for step in steps:
        if "edit" in step:
            edit(place, step["edit"], name)
        else:
            program, *arguments = shlex.split(step["command"])
            assert program == "reconciler"
            result = place.run(*arguments, env={"RECONCILER_AUTO_APPROVE": "1"})
            assert result.code == 0 or "--report" in arguments, result
    return result


def drifted_of(place: Any, *more: str) -> list[dict[str, Any]]:
    result = place.run(*CHECK, "-o", "json", *more)
    assert result.code == 2, result
    return [item for item in json.loads(result.out)["objects"] if item["remedies"]]


@pytest.mark.parametrize(
    ("situation", "way"),
    [(situation, way) for situation, ways in SITUATIONS.items() for way in ways],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_each_command_settles_the_drift(
    place: Any, situation: Callable[[Any], None], way: str
) -> None:
    situation(place)
    (item,) = drifted_of(place)
    ways = {remedy["way"]: remedy["steps"] for remedy in item["remedies"]}
    assert tuple(ways) == SITUATIONS[situation]
    last = carry_out(place, ways[way], item["key"]["name"])
    if way == "ignore" and "--baseline" in ways[way][-1].get("command", ""):
        assert "No new drift." in last.out
        assert place.run(*CHECK).code == 2, "the baseline hides nothing where it is not named"
    else:
        assert "No drift." in place.ok(*CHECK).out


def printed_steps(text: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The ways of a text output, each with its steps; lines of a shell are joined."""
    whole = re.sub(r" \\\n +", " ", text.partition("What now")[2])
    ways: list[tuple[str, list[dict[str, str]]]] = []
    for line in whole.splitlines():
        match = re.fullmatch(r"  (\w*) +(# )?(.*)", line)
        if match is None:
            continue
        if match[1]:
            ways.append((match[1], []))
        steps = ways[-1][1]
        if not match[2]:
            steps.append({"command": match[3]})
        elif steps and "edit" in steps[-1]:
            steps[-1]["edit"] += f" {match[3]}"
        else:
            steps.append({"edit": match[3]})
    yield from ways


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.__name__)
def test_the_text_has_the_same_commands_in_80_columns(
    place: Any, situation: Callable[[Any], None]
) -> None:
    situation(place)
    (item,) = drifted_of(place)
    text = place.run(*CHECK).out
    assert "--report baseline=" in text or situation not in {vanished, labelled, left_and_gone}
    assert all(len(line) <= 80 for line in text.partition("What now")[2].splitlines())
    assert [*printed_steps(text)] == [
        (remedy["way"], remedy["steps"]) for remedy in item["remedies"]
    ]


def test_all_drift_is_restored_or_put_into_a_baseline_at_once(place: Any) -> None:
    changed(place)
    vanished(place)
    remedies = json.loads(place.run(*CHECK, "-o", "json").out)["remedies"]
    assert [remedy["way"] for remedy in remedies] == ["restore", "ignore"]
    assert "No new drift." in carry_out(place, remedies[1]["steps"], "").out
    carry_out(place, remedies[0]["steps"], "")
    assert "No drift." in place.ok(*CHECK).out


def test_nothing_restores_all_where_an_apply_would_do_more(place: Any) -> None:
    changed(place)
    vanished(place)
    place.write("my manifests/more.yaml", SECRET.replace("NAME", "more"))
    remedies = json.loads(place.run(*CHECK, "-o", "json").out)["remedies"]
    assert [remedy["way"] for remedy in remedies] == ["ignore"]


def test_what_variables_say_is_repeated(place: Any) -> None:
    changed(place)
    env = {"RECONCILER_STORE": STORE, "RECONCILER_SET": "blue", "RECONCILER_NAMESPACE": "shop"}
    printed = place.run("drift", "my manifests", "-o", "json", env=env).out
    (item,) = [each for each in json.loads(printed)["objects"] if each["remedies"]]
    carry_out(place, item["remedies"][0]["steps"], "db")
    assert "No drift." in place.ok(*CHECK).out


def test_twenty_alike_are_few_lines(workplace: Any) -> None:
    names = [f"db-{number:02}" for number in range(20)]
    for name in names:
        workplace.write(f"manifests/{name}.yaml", SECRET.replace("NAME", name))
    workplace.write(
        "manifests/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    )
    where = ("--set", "blue", "-n", "shop")
    workplace.ok("apply", "--auto-approve", *where)
    for name in names:
        url = "sqlite:.reconciler/store.db"
        touch(url, name, Operation("replace", "/data/password", EVIL))
    text = workplace.run("drift", *where).out
    assert all(f"Secret/shop/{name}" in text for name in names)
    assert "20 Secrets alike (drifted)" in text
    assert "restore  reconciler apply -" in text
    assert len(text.splitlines()) < 35
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("", "is not JSON"),
        ("{}", "is not a baseline\n"),
        ("[]", "is not a baseline\n"),
        ('{"format": "canary"}', "is not a baseline\n"),
        ('{"format": "reconciler.plan/v1"}', "is not a baseline, but reconciler.plan/v1"),
        (
            '{"format": "reconciler.baseline/v9"}',
            "of another version: it is reconciler.baseline/v9",
        ),
        ('{"format": "reconciler.baseline/v1"}', "is a damaged baseline"),
    ],
)
def test_a_baseline_that_is_none(place: Any, content: str | None, reason: str) -> None:
    path = Path("known.json")
    if content is not None:
        path.write_text(content)
    result = place.run(*CHECK, "--baseline", str(path))
    assert result.code == 1
    assert "--baseline: known.json" in result.err
    assert reason in result.err
    assert "--report baseline=FILE" in result.err


def test_a_baseline_of_another_set_or_store(place: Any) -> None:
    place.ok(*CHECK, "--report", "baseline=known.json")
    document = json.loads(Path("known.json").read_text())
    for what, other in (
        ("set", document | {"set": "green"}),
        ("store", document | {"store": "other"}),
    ):
        Path("known.json").write_text(json.dumps(other))
        result = place.run(*CHECK, "--baseline", "known.json")
        assert result.code == 1
        assert f"is of another {what}" in result.err


def known(place: Any) -> tuple[str, ...]:
    assert place.run(*CHECK, "--report", "baseline=known.json").code == 2
    text = Path("known.json").read_text()
    schema = json.loads((files("reconciler") / "schemas" / "baseline-v1.json").read_text("utf-8"))
    jsonschema.validate(json.loads(text), schema)
    assert "not-a-real" not in text
    assert "intruder" not in text
    check = (*CHECK, "--baseline", "known.json")
    assert "No new drift." in place.ok(*check).out
    return check


def test_another_value_of_a_known_key_counts_again(place: Any) -> None:
    changed(place)
    check = known(place)
    touch(STORE, "db", Operation("replace", "/data/password", SecretValue(b"another-one")))
    assert "~ data[password]  changed" in place.run(*check).out
    changed(place)
    assert "No new drift." in place.ok(*check).out


def test_another_key_of_a_known_object_counts(place: Any) -> None:
    changed(place)
    check = known(place)
    added(place)
    result = place.run(*check)
    assert result.code == 2
    assert "+ data[extra]     added" in result.out
    assert "~ data[password]  changed  (in the baseline)" in result.out


def test_an_apply_ends_what_it_would_have_put_back(place: Any) -> None:
    changed(place)
    check = known(place)
    place.ok("apply", *CHECK[1:], "--auto-approve")
    changed(place)
    assert place.run(*check).code == 2


def test_an_added_key_stays_known_after_an_apply(place: Any) -> None:
    added(place)
    check = known(place)
    touch(STORE, "left", Operation("replace", "/data/password", EVIL))
    place.ok("apply", *CHECK[1:], "--auto-approve")
    assert "No new drift." in place.ok(*check).out
    touch(STORE, "db", Operation("replace", "/data/extra", SecretValue(b"further")))
    assert place.run(*check).code == 2


def test_what_is_gone_counts_again_once_it_has_been_back(place: Any) -> None:
    vanished(place)
    check = known(place)
    place.ok("apply", *CHECK[1:], "--auto-approve")
    vanished(place)
    assert place.run(*check).code == 2


def test_several_baselines_add_up(place: Any) -> None:
    changed(place)
    vanished(place)
    for name, file in (("db", "a.json"), ("right", "b.json")):
        target = ("--target", f"Secret/shop/{name}")
        assert place.run(*CHECK, *target, "--report", f"baseline={file}").code == 2
    assert place.run(*CHECK, "--baseline", "a.json").code == 2
    assert place.ok(*CHECK, "--baseline", "a.json", "--baseline", "b.json")


@pytest.mark.parametrize(
    ("situation", "kind"),
    [(changed, "changed"), (removed, "changed"), (added, "added"), (vanished, "vanished")],
)
def test_what_counts_is_chosen(place: Any, situation: Callable[[Any], None], kind: str) -> None:
    situation(place)
    others = {"added", "changed", "vanished", "unmanaged"} - {kind}
    assert place.run(*CHECK, "--fail-on", kind).code == 2
    lenient = place.run(*CHECK, "--fail-on", ",".join(sorted(others)))
    assert lenient.code == 0
    assert "None of it counts: --fail-on" in lenient.out
    place.write("reconciler.yaml", f"fail-on: [{', '.join(sorted(others))}]\n")
    assert place.run(*CHECK).code == 0
    assert place.run(*CHECK, env={"RECONCILER_FAIL_ON": kind}).code == 2
    assert json.loads(place.run(*CHECK, "-o", "json").out)["summary"]["drift"] is False


def test_unmanaged_secrets_may_count(place: Any) -> None:
    (place.path / "elsewhere").mkdir()
    made = place.write("elsewhere/stray.yaml", SECRET.replace("NAME", "stray"))
    (stray,) = reconciler.load(made, namespace="shop").objects
    with closing(reconciler.open_store(STORE, {})) as store:
        held(store, seconds=0).create(stray, None)
    assert place.run(*CHECK, "--unmanaged").code == 0
    result = place.run(*CHECK, "--fail-on", "unmanaged")
    assert result.code == 2
    assert "This counts: --fail-on unmanaged." in result.out
    place.run(*CHECK, "--fail-on", "unmanaged", "--report", "baseline=known.json")
    assert place.ok(*CHECK, "--fail-on", "unmanaged", "--baseline", "known.json")


def test_a_kind_that_is_none(place: Any) -> None:
    result = place.run(*CHECK, "--fail-on", "chnged")
    assert result.code == 1
    assert "did you mean changed?" in result.err
    place.write("reconciler.yaml", "fail-on: [1]\n")
    assert "a kind of drift or a list of them" in place.run(*CHECK).err


def test_a_target_of_a_check_that_nobody_knows(place: Any) -> None:
    result = place.run(*CHECK, "--target", "Secret/shop/nobody")
    assert result.code == 1
    assert "Secret/shop/nobody" in result.err


def test_equal_values_have_no_equal_fingerprints(place: Any) -> None:
    changed(place)
    for name in ("left", "right"):
        touch(STORE, name, Operation("replace", "/data/password", EVIL))
    known(place)
    objects = json.loads(Path("known.json").read_text())["objects"]
    prints = {field["fingerprint"] for item in objects for field in item["fields"]}
    assert len(prints) == len(objects) == 3
    assert all(prints)


def test_only_a_baseline_holds_fingerprints(place: Any) -> None:
    changed(place)
    known(place)
    (item,) = json.loads(Path("known.json").read_text())["objects"]
    (field,) = item["fields"]
    for output in ("text", "json", "markdown", "sarif", "prometheus"):
        assert field["fingerprint"][:12] not in place.run(*CHECK, "-o", output).out


def test_a_store_without_a_key_has_no_fingerprints(workplace: Any) -> None:
    """They would be hashes of live values against which everybody could test guesses."""
    made = workplace.write("manifests/db.yaml", SECRET.replace("NAME", "db"))
    (stranger,) = reconciler.load(made, namespace="shop").objects
    snapshot = Snapshot(
        identity=StoreIdentity("test", "1"),
        capabilities=frozenset(Capability),
        objects={stranger.key: Live.of(stranger, uid="u", resource_version="1")},
        vanished=frozenset(),
    )
    report = reconciler.drift([stranger], snapshot, reconciler.PlanOptions())
    (item,) = report.objects
    assert item.fields
    assert {field.fingerprint for field in item.fields} == {""}
