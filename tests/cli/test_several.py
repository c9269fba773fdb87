"""Commands for several environments: side by side, and shown as one."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from reconciler.errors import ExitCode
from reconciler.model.store import Scope, Snapshot, Store
from tests.cli import altered

THREE = """\
defaults: {set: shop}
environments:
  staging: {store: "sqlite:staging.db", manifests: staging}
  eu-1: {store: "sqlite:eu-1.db", manifests: eu-1, after: staging}
  eu-2: {store: "sqlite:eu-2.db", manifests: eu-2, after: eu-1}
"""
NAMES = ("staging", "eu-1", "eu-2")
SCHEMA = Draft202012Validator(
    json.loads((resources.files("reconciler") / "schemas/environments-v1.json").read_text())
)


def with_three(workplace: Any) -> Any:
    workplace.write("reconciler.yaml", THREE)
    for name in NAMES:
        workplace.secret("database", file=f"{name}/database.yaml", password=f"canary-{name}")
    return workplace


@pytest.fixture
def three(workplace: Any) -> Any:
    return with_three(workplace)


def document(workplace: Any, *args: str, code: int = 0) -> Any:
    result = workplace.run(*args, "-o", "json")
    assert result.code == code, result
    shown = json.loads(result.out)
    SCHEMA.validate(shown)
    assert shown["exitCode"] == code
    return shown


def test_each_environment_has_a_heading_in_the_order_of_the_file(three: Any) -> None:
    out = three.ok("plan", "--all").out
    assert three.ok("plan", "--all", "--env-parallelism", "1").out == out
    places = [out.index(f"Environment {name}\n") for name in NAMES]
    assert places == sorted(places)
    for name in NAMES:
        assert f"{name}.db (sqlite)" in out
    assert out.endswith("\n3 environments.\n")
    assert "canary" not in out


@pytest.mark.parametrize("command", ["plan", "validate", "get", "history", "drift"])
def test_json_is_one_document_with_a_part_for_each(three: Any, command: str) -> None:
    three.ok("apply", "--all", "--auto-approve")
    shown = document(three, command, "-e", "eu-*", "-e", "staging")
    assert [each["environment"] for each in shown["environments"]] == [*NAMES]
    for each in shown["environments"]:
        alone = json.loads(three.ok(command, "-e", each["environment"], "-o", "json").out)
        assert each[shown["subject"]] == alone


def test_the_shape_depends_on_the_words_and_not_on_how_many_match(three: Any) -> None:
    assert len(document(three, "plan", "-e", "sta*")["environments"]) == 1
    three.write("reconciler.yaml", "environments: {only: {manifests: staging}}\n")
    assert len(document(three, "plan", "--all")["environments"]) == 1
    assert json.loads(three.ok("plan", "-e", "only", "-o", "json").out)["format"].startswith(
        "reconciler.plan/"
    )


def test_no_environment_fails_another(three: Any) -> None:
    three.write("eu-1/database.yaml", "kind: [\n")
    three.write("eu-2.db", "garbage" * 999)
    result = three.run("plan", "--all")
    assert result.code == 1
    assert "Environment staging\nSet shop" in result.out
    assert "3 environments: 2 failed (eu-1, eu-2)." in result.out
    assert "eu-1:\neu-1/database.yaml:" in result.err
    shown = document(three, "plan", "--all", code=1)
    assert [each["exitCode"] for each in shown["environments"]] == [0, 1, 1]
    assert [each["plan"] is None for each in shown["environments"]] == [False, True, True]
    assert "eu-2.db" in shown["environments"][2]["error"]["message"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "store: gopher:x",
            "environment eu-2: the URL of the store does not begin with the scheme",
        ),
        ("max-deletes: many", "the setting 'max-deletes' cannot be used: write a number"),
    ],
)
def test_a_bad_setting_says_where_it_is(three: Any, setting: str, message: str) -> None:
    three.write("reconciler.yaml", THREE.replace('store: "sqlite:eu-2.db"', setting))
    result = three.run("plan", "--all")
    assert result.code == 1
    assert message in result.err
    assert "environment eu" not in three.run("plan", "--all", "--max-deletes", "few").err


def test_the_exit_code_is_the_worst(three: Any) -> None:
    assert three.run("plan", "--all", "--detailed-exitcode").code == 2
    three.write("eu-2.db", "garbage" * 999)
    document(three, "plan", "--all", "--detailed-exitcode", code=1)
    (three.path / "eu-2.db").unlink()
    three.ok("apply", "--all", "--auto-approve")
    assert three.run("plan", "--all", "--detailed-exitcode").code == 0
    for name in ("eu-1", "eu-2"):
        (three.path / f"{name}/database.yaml").unlink()
        three.secret("other", file=f"{name}/other.yaml", x="1")
    result = three.run("plan", "--all", "--prune", "--max-deletes", "0", "--detailed-exitcode")
    assert result.code == 3
    assert "3 environments: 2 refused (eu-1, eu-2)." in result.out


@pytest.mark.parametrize(
    "given", [({"RECONCILER_STORE": "sqlite:x.db"}, ()), ({}, ("--store", "sqlite:x.db"))]
)
def test_one_store_for_several_environments_is_refused(three: Any, given: Any) -> None:
    variables, args = given
    for command in ("plan", "apply", "drift", "get"):
        result = three.run(command, "--all", *args, env=variables)
        assert result.code == 1
        assert "--store or RECONCILER_STORE names one store" in result.err
    assert not (three.path / "x.db").exists()


def test_two_environments_that_the_command_line_sends_to_one_place_are_refused(
    workplace: Any,
) -> None:
    workplace.write(
        "reconciler.yaml",
        "defaults: {manifests: m}\nenvironments: {a: {set: a}, b: {set: b}, c: {set: b,"
        " store: 'sqlite:c.db'}}\n",
    )
    workplace.secret("x", file="m/x.yaml", x="1")
    workplace.ok("plan", "--all")
    for command, args, variables in (
        ("plan", ("--set", "blue"), {}),
        ("plan", (), {"RECONCILER_SET": "blue"}),
        ("apply", ("--set", "blue", "--auto-approve"), {}),
        ("drift", ("--set", "blue"), {}),
    ):
        result = workplace.run(command, "--all", *args, env=variables)
        assert result.code == 1
        assert "several environments would have the same store and set" in result.err
        assert "  ~ a, b\n" in result.err
    assert not (workplace.path / ".reconciler").exists()


@pytest.mark.parametrize("at_a_time", ["1", "2"])
@pytest.mark.parametrize("what", [("plans",), ("--all", "--auto-approve")])
def test_an_object_that_two_sets_claim_goes_to_one_of_them(
    workplace: Any, at_a_time: str, what: tuple[str, ...]
) -> None:
    """Their plans know nothing of each other; each apply looks again."""
    workplace.write(
        "reconciler.yaml", "defaults: {manifests: m}\nenvironments: {a: {set: a}, b: {set: b}}\n"
    )
    workplace.secret("x", file="m/x.yaml", x="1")
    workplace.ok("plan", "--all", "--out", "plans", "--allow-weak-plan")
    result = workplace.run("apply", *what, "--env-parallelism", at_a_time)
    assert result.code in {ExitCode.STALE, ExitCode.PARTIAL}
    assert result.out.count(": created Secret/default/x") == 1
    sets = document(workplace, "get", "--all")["environments"]
    assert sorted(len(each["listing"]["objects"]) for each in sets) == [0, 1]
    assert "belongs to the set" in workplace.run("plan", "--all").out


def test_standard_input_is_for_one_environment(three: Any) -> None:
    result = three.run("plan", "--all", "-", stdin="")
    assert result.code == 1
    assert "can be read only once" in result.err


def test_what_environments_have_in_common_is_read_once(workplace: Any) -> None:
    workplace.write(
        "reconciler.yaml",
        "defaults:\n  manifests: [{run: [sh, run.sh]}]\n"
        "environments: {a: {set: a}, b: {set: b}, c: {set: c, namespace: other}}\n",
    )
    workplace.write("empty.json", '{"apiVersion": "v1", "kind": "List", "items": []}\n')
    workplace.write("run.sh", "echo >> runs; cat empty.json\n")
    workplace.run("validate", "--all", "--allow-run")
    # Commands are run twice to see whether they print the same; c has another namespace.
    assert len((workplace.path / "runs").read_text().splitlines()) == 2 * 2


def test_reports_have_the_parts_of_all(three: Any) -> None:
    three.ok("apply", "--all", "--auto-approve")
    reports = ("sarif", "junit", "code-quality", "prometheus", "markdown", "json", "text", "github")
    args = [f"--report={name}={name}.out" for name in reports]
    (three.path / "eu-2.db").unlink()
    result = three.run("drift", "--all", *args)
    assert result.code == 1
    texts = {name: (three.path / f"{name}.out").read_text() for name in reports}
    SCHEMA.validate(json.loads(texts["json"]))
    runs = json.loads(texts["sarif"])["runs"]
    assert [run["automationDetails"]["id"] for run in runs] == ["staging/", "eu-1/"]
    suites = ET.fromstring(texts["junit"])  # noqa: S314 - our own
    assert [suite.get("name") for suite in suites] == [f"reconciler drift {name}" for name in NAMES]
    assert suites[2].find("testcase/error") is not None
    assert json.loads(texts["code-quality"]) == []
    assert texts["prometheus"].count("# TYPE reconciler_drift_detected gauge") == 1
    assert texts["prometheus"].count("\nreconciler_drift_detected{environment=") == 2
    assert texts["markdown"].count("## Environment ") == 3
    assert "::error title=eu-2::the store does not exist" in texts["github"]
    assert "eu-1: No drift." in texts["github"]


def test_metrics_of_an_environment_outlive_its_failure(three: Any) -> None:
    def samples(environment: str) -> list[str]:
        lines = (three.path / "r.prom").read_text().splitlines()
        return [line for line in lines if f'{{environment="{environment}",set="shop",' in line]

    three.ok("apply", "--all", "--auto-approve")
    three.ok("drift", "--all", "--report", "prometheus=r.prom")
    whole = (three.path / "r.prom").read_text()
    before = {name: samples(name) for name in NAMES}
    assert sum(map(len, before.values())) == sum(line[0] != "#" for line in whole.splitlines())
    (three.path / "eu-2.db").unlink()
    for _ in range(2):
        assert three.run("drift", "--all", "--report", "prometheus=r.prom").code == 1
        after = (three.path / "r.prom").read_text()
        headers = [line for line in after.splitlines() if line.startswith("#")]
        assert headers == [line for line in whole.splitlines() if line.startswith("#")]
        ((old, new),) = {*zip(before["eu-2"], samples("eu-2"), strict=True)} - {
            (line, line) for line in before["eu-2"]
        }
        assert old.startswith("reconciler_drift_check_failed{")
        assert new == f"{old[:-1]}1"
        (other,) = [line for line in samples("eu-1") if "check_failed" in line]
        assert other.endswith(" 0")


def test_a_format_for_one_environment_is_refused_before_anything_is_read(three: Any) -> None:
    for args in (("-o", "baseline"), ("--report", "baseline=x.json")):
        result = three.run("drift", "--all", *args)
        assert result.code == 1
        assert "the format baseline shows one environment at a time" in result.err
    assert not (three.path / "x.json").exists()


def test_findings_of_environments_do_not_hide_each_other(three: Any) -> None:
    for name in NAMES:
        three.write(f"{name}/database.yaml", "kind: [\n")
    found = json.loads(three.run("validate", "--all", "-o", "code-quality").out)
    assert len({each["fingerprint"] for each in found}) == len(found) == 3
    counts = json.loads(with_three(three).ok("plan", "--all", "-o", "gitlab-terraform").out)
    assert counts == {"create": 3, "update": 0, "delete": 0}
    three.write("reconciler.yaml", "environments: {a: {set: a}, b: {set: b}}\n")
    three.write("manifests/database.yaml", "kind: [\n")
    found = json.loads(three.run("validate", "--all", "-o", "code-quality").out)
    assert len({each["fingerprint"] for each in found}) == len(found) == 2


def test_a_comment_has_room_for_all_environments(workplace: Any) -> None:
    names = [f"e{number}" for number in range(8)]
    workplace.write(
        "reconciler.yaml",
        "defaults: {manifests: m}\nenvironments: {"
        + ", ".join(f"{name}: {{set: {name}}}" for name in names)
        + "}\n",
    )
    for number in range(60):
        workplace.secret(f"secret-{number}", file=f"m/{number}.yaml", a="1", b="2", c="3")
    few = [f"--env={name}" for name in names[:3]]
    out = workplace.ok("plan", *few, "-o", "markdown").out
    assert len(out) <= 65_536
    for name in names[:3]:
        assert f"## Environment {name}\n" in out
    out = workplace.ok("plan", "--all", "-o", "markdown").out
    assert len(out) <= 65_536
    assert "\n### In all 8\n" in out
    for name in names:
        assert f"| `{name}` | " in out


def test_rbac_prints_the_roles_of_all(workplace: Any) -> None:
    workplace.write(
        "reconciler.yaml", "environments: {a: {set: a}, b: {set: b, store: 'kubernetes:x'}}\n"
    )
    out = workplace.ok("rbac", "--for", "plan", "--all").out
    assert out.count("\n---\n# Environment b\n") == 1
    assert 'name: "reconciler-b-plan"' in out


def test_plans_are_saved_with_an_index(three: Any) -> None:
    said = three.ok("plan", "--all", "--out", "plans").err
    assert "Saved 3 of 3 plans. To apply just these: reconciler apply plans" in said
    index = json.loads((three.path / "plans/index.json").read_text())
    assert index["environments"] == [
        {"environment": name, "plan": f"{name}.plan"} for name in NAMES
    ]
    assert (three.path / "plans/eu-1.plan").stat().st_mode & 0o777 == 0o600
    assert "eu-1.db" in three.ok("show", "plans/eu-1.plan").out


def test_an_old_plan_is_not_taken_for_a_new_one(three: Any) -> None:
    three.ok("plan", "--all", "--out", "plans")
    three.write("eu-1/database.yaml", "kind: [\n")
    assert three.run("plan", "--all", "--out", "plans").code == 1
    index = json.loads((three.path / "plans/index.json").read_text())
    assert [each["plan"] for each in index["environments"]] == [
        "staging.plan",
        None,
        "eu-2.plan",
    ]
    assert not (three.path / "plans/eu-1.plan").exists()


def test_one_plan_is_not_saved_in_the_place_of_a_directory(three: Any) -> None:
    (three.path / "plans").mkdir()
    result = three.run("plan", "-e", "eu-1", "--out", "plans")
    assert result.code == 1
    assert "--out: plans is a directory" in result.err
    three.write("file", "")
    assert "cannot be written" in three.run("plan", "--all", "--out", "file").err
    assert Path("file").read_text() == ""


class Counting:
    """Counts the stores that are read at a time; each waits for a second one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._met = threading.Event()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        if self._now > 1:
            self._met.set()
        self._met.wait(self._seconds)
        yield
        with self._lock:
            self._now -= 1


class Counted:
    """A store whose reads are counted."""

    def __init__(self, store: Store, counting: Counting) -> None:
        self._store = store
        self._counting = counting

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, scope: Scope) -> Snapshot:
        with self._counting():
            return self._store.read(scope)


@pytest.fixture
def most_at_a_time(three: Any, wrap_store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command, with other manifests for one environment; how many were read at a time.

    Each waits so many `seconds` for another one.
    """
    monkeypatch.setenv("RECONCILER_ALLOW_RUN", "true")
    three.write("kustomized/kustomization.yaml", "resources: []\n")

    def run(command: str, *args: str, manifests: str = "eu-2", seconds: float = 0.2) -> int:
        counting = Counting(seconds)
        wrap_store(lambda store: Counted(store, counting))
        monkeypatch.delenv("RECONCILER_STORE")
        text = re.sub(", after: [^}]*", "", THREE).replace("sqlite:", "altered:")
        text = text.replace("manifests: eu-2", f"manifests: {manifests}")
        three.write("reconciler.yaml", text)
        three.run(command, "--all", *args)
        return counting.most

    return run


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
def test_environments_take_turns_where_none_of_them_waits(
    most_at_a_time: Any, command: str
) -> None:
    assert most_at_a_time(command) == 1
    assert most_at_a_time(command, "--env-parallelism", "2", seconds=20) == 2


def test_environments_are_read_side_by_side_where_a_store_has_a_server(
    most_at_a_time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(altered.BACKEND, "has_server", True)
    assert most_at_a_time("plan", seconds=20) > 1
    assert most_at_a_time("plan", "--env-parallelism", "1") == 1


@pytest.mark.parametrize("manifests", ["kustomized", "[{run: [cat, eu-2/database.yaml]}]"])
def test_environments_are_read_side_by_side_where_a_program_prints_manifests(
    most_at_a_time: Any, manifests: str
) -> None:
    assert most_at_a_time("plan", manifests=manifests, seconds=20) > 1
    assert most_at_a_time("plan", "staging", "--out", "plans", "--allow-weak-plan") == 1
    assert most_at_a_time("apply", "plans") == 1
    assert most_at_a_time("apply", "plans", manifests=manifests, seconds=20) > 1


@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")])
def test_two_addresses_of_one_server_are_one_place(
    workplace: Any, wrap_store: Any, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """A copy stands for the same server at another address."""
    wrap_store(lambda store: store)
    monkeypatch.delenv("RECONCILER_STORE")
    workplace.write(
        "reconciler.yaml",
        "defaults: {manifests: m}\n"
        "environments: {a: {store: 'altered:a.db'}, b: {store: 'altered:b.db'}}\n",
    )
    workplace.secret("x", file="m/x.yaml", x="1")
    workplace.ok("apply", "-e", "a", "--auto-approve")
    for suffix in ("db", "key"):
        shutil.copy(workplace.path / f"a.{suffix}", workplace.path / f"b.{suffix}")
    workplace.secret("x", file="m/x.yaml", x="2")
    workplace.ok("plan", "--all")
    monkeypatch.setattr(altered.BACKEND, "has_server", True)
    result = workplace.run(*command, "--all", "--env-parallelism", "1")
    assert result.code == ExitCode.ERROR
    assert "b has the same store and set as a" in result.out + result.err
    assert "1 to update" in workplace.ok("plan", "-e", "b").out
