"""reconciler.yaml, the environment and the command line, and which of them wins."""

from __future__ import annotations

import json
import time
from dataclasses import fields
from typing import Any

import pytest

from reconciler.cli.options import RUN_OPTIONS
from reconciler.cli.readings import READINGS
from reconciler.cli.settings import setting_names
from reconciler.model.options import Effect, Option, OptionKind
from reconciler.model.plan_options import PLAN_OPTIONS, PlanOptions
from reconciler.stores import builtin_options, open_store
from tests.cli.conftest import ROOT
from tests.world import held


def test_the_file_is_found_upwards_and_its_paths_are_relative_to_it(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("reconciler.yaml", "manifests: [manifests]\nstore: sqlite:state/store.db\n")
    (shop.path / "deep/down").mkdir(parents=True)
    monkeypatch.chdir(shop.path / "deep/down")
    shop.ok("apply", "--auto-approve")
    assert (shop.path / "state/store.db").exists()
    assert shop.run("plan", "--detailed-exitcode").code == 0


def test_every_setting(workplace: Any) -> None:
    workplace.secret("a", file="elsewhere/a.yaml", x="1")
    workplace.write(
        "reconciler.yaml",
        """\
manifests: elsewhere
store: sqlite:state/store.db
set: blue
namespace: kube-public
prune: true
adopt: true
allow-replace: true
allow-empty: true
create-namespaces: true
scrub: true
consumers: false
rotate-services: false
max-deletes: 7
server-dry-run: true
parallelism: 3
lock-timeout: 1.5
wait-timeout: 7.5
""",
    )
    plan = json.loads(workplace.ok("plan", "-o", "json").out)
    assert plan["store"]["location"] == "state/store.db"
    assert plan["options"] == {
        "set": "blue",
        "namespace": "kube-public",
        "targets": [],
        "prune": True,
        "destroy": False,
        "release": False,
        "adopt": True,
        "adoptFrom": None,
        "allowReplace": True,
        "allowEmpty": True,
        "createNamespaces": True,
        "scrub": True,
        "consumers": False,
        "forceConsumers": False,
        "forceForeign": False,
        "strictChanged": False,
        "rotates": [],
        "rotateServices": False,
        "restartWorkloads": False,
        "sopsIgnoreMac": False,
        "maxDeletes": "7",
    }
    assert [note["code"] for note in plan["notices"]] == ["dry-run-impossible"]
    against = json.loads(workplace.ok("plan", "--no-prune", "-o", "json").out)
    assert against["options"] == {**plan["options"], "prune": False}
    workplace.ok("apply", "--auto-approve")
    store = open_store("sqlite:state/store.db", {})
    held(store, "blue", "somebody@elsewhere", seconds=60)
    began = time.monotonic()
    workplace.secret("b", file="elsewhere/b.yaml", x="1")
    assert workplace.run("apply", "--auto-approve").code == 1
    assert time.monotonic() - began >= 1.5
    store.close()


def test_the_page_lists_every_option_as_it_is_declared() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    declared = (*RUN_OPTIONS, *PLAN_OPTIONS.values(), *builtin_options())
    rows = {_row(option) for option in declared if option.variable}
    assert rows == {line for line in page.splitlines() if line.startswith("| `--")}
    for setting in setting_names():
        assert f"| `{setting}`" in page


def _row(option: Option) -> str:
    """The line of the table for `option`."""
    shape = "" if option.kind is OptionKind.FLAG else READINGS[option.kind].type.name
    metavar = (option.metavar or shape).replace("|", r"\|").replace("...", "…")
    flag = f"{option.flag} {metavar}".strip()
    setting = f"`{option.setting}`" if option.setting else ""
    if setting and option.kind is OptionKind.MAP:
        setting += ": a map"
    default = option.default_text or (
        ("on" if option.default else "off")
        if option.kind is OptionKind.FLAG
        else f"`{option.default}`"
    )
    return f"| `{flag}` | `{option.variable}` | {setting} | {default} |".replace("|  |", "| |")


def test_settings_are_listed_only_for_a_name_that_resembles_none(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "prun: true\nmax-deletes: -1\n")
    near = workplace.run("plan").err
    assert "unknown setting 'prun'; did you mean prune?" in near
    assert "settings are" not in near
    workplace.write("reconciler.yaml", "xyzzy: 1\n")
    far = workplace.run("plan").err
    assert "unknown setting 'xyzzy'; settings are manifests, exclude, " in far


def test_the_json_of_a_plan_has_every_option(shop: Any) -> None:
    options = json.loads(shop.ok("plan", "-o", "json").out)["options"]
    assert len(options) == len(fields(PlanOptions))


def test_a_loosened_guard_stands_in_the_headline_of_every_format(shop: Any) -> None:
    loosened = [
        option
        for option in PLAN_OPTIONS.values()
        if option.effect is Effect.LOOSENS and option.kind is OptionKind.FLAG
    ]
    assert loosened
    flags = [option.flag for option in loosened]
    for output in ("text", "markdown"):
        plan = shop.ok("plan", *flags, "--max-deletes", "100%", "-o", output).out
        for flag in [*flags, "--max-deletes"]:
            assert flag in plan


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(shop: Any) -> None:
    shop.write("reconciler.yaml", "set: from-file\n")
    assert "Set from-file," in shop.ok("plan").out
    environment = {"RECONCILER_SET": "from-environment"}
    assert "Set from-environment," in shop.ok("plan", env=environment).out
    assert "Set from-option," in shop.ok("plan", "--set", "from-option", env=environment).out


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("RECONCILER_STORE", "sqlite:other.db", "other.db"),
        ("RECONCILER_SET", "blue", "Set blue"),
        ("RECONCILER_NAMESPACE", "kube-public", "Secret/kube-public/a"),
        ("RECONCILER_PRUNE", "1", "--prune"),
        ("RECONCILER_ADOPT", "true", "--adopt"),
        ("RECONCILER_ALLOW_REPLACE", "yes", "--allow-replace"),
        ("RECONCILER_ALLOW_EMPTY", "1", "--allow-empty"),
        ("RECONCILER_CREATE_NAMESPACES", "1", "--create-namespaces"),
        ("RECONCILER_SCRUB", "on", "--scrub"),
        ("RECONCILER_FORCE_CONSUMERS", "1", "--force-consumers"),
        ("RECONCILER_SOPS_IGNORE_MAC", "1", "--sops-ignore-mac"),
        ("RECONCILER_SERVER_DRY_RUN", "1", "nothing could be tried"),
        ("RECONCILER_PARALLELISM", "2", "1 to create"),
    ],
)
def test_environment(workplace: Any, variable: str, value: str, shown: str) -> None:
    workplace.secret("a", x="1")
    assert shown in workplace.ok("plan", env={variable: value}).out


def test_what_the_environment_turns_on_an_option_turns_off(workplace: Any) -> None:
    workplace.secret("a", x="1")
    on = {"RECONCILER_SOPS_IGNORE_MAC": "1"}
    result = workplace.ok("plan", "--no-sops-ignore-mac", env=on)
    assert "--sops-ignore-mac" not in result.out


def test_max_deletes_in_the_environment(workplace: Any) -> None:
    workplace.secret("a", x="1")
    result = workplace.ok("plan", "-o", "json", env={"RECONCILER_MAX_DELETES": "9"})
    assert json.loads(result.out)["options"]["maxDeletes"] == "9"


def test_apply_in_the_environment(workplace: Any) -> None:
    workplace.secret("a", x="1")
    environment = {"RECONCILER_AUTO_APPROVE": "1", "RECONCILER_LOCK_TIMEOUT": "5"}
    workplace.ok("apply", env=environment)
    workplace.secret("b", x="1")
    refused = workplace.run("apply", "--no-auto-approve", env=environment)
    assert "cannot ask for approval" in refused.err


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("stroe: sqlite:x.db\nprune: maybe\n", ["reconciler.yaml:1:1", "reconciler.yaml:2:8"]),
        ("set: [a]\n", ["reconciler.yaml:1:6"]),
        ("set: a\nset: b\n", ["reconciler.yaml:2:"]),
        ("manifests: []\n", ["reconciler.yaml:1:12"]),
        ("- a\n", ["reconciler.yaml:1:1"]),
        ("a: [\n", ["reconciler.yaml:"]),
        ("a: 1\n---\nb: 2\n", ["reconciler.yaml:"]),
        ("max-deletes: {}\nparallelism: many\n", ["reconciler.yaml:1:14", "reconciler.yaml:2:14"]),
    ],
)
def test_a_bad_file_is_an_error_with_every_place(shop: Any, text: str, places: list[str]) -> None:
    shop.write("reconciler.yaml", text)
    for command in ("plan", "apply", "validate"):
        result = shop.run(command)
        assert result.code == 1
        for place in places:
            assert place in result.err
    assert shop.run("plan", "--help").code == 0


def test_a_working_directory_that_is_gone(workplace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = workplace.path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = workplace.run("validate", ".")
    assert result.code == 1
    assert "working directory" in result.err


def test_an_empty_file_sets_nothing(shop: Any) -> None:
    shop.write("reconciler.yaml", "# nothing yet\n")
    assert "Set default" in shop.ok("plan").out


def test_a_plan_file_names_no_directory_of_this_machine(shop: Any) -> None:
    shop.write("reconciler.yaml", "manifests: manifests\nstore: sqlite:state/store.db\n")
    shop.ok("plan", "--out", "release.plan")
    assert str(shop.path) not in (shop.path / "release.plan").read_text()


def test_a_setting_for_another_store_is_left_out(workplace: Any) -> None:
    workplace.secret("a", x="1")
    workplace.write("reconciler.yaml", "store: kubernetes:kind\ncontext: nowhere\n")
    workplace.ok("plan", "--store", "sqlite:here.db")
    refused = workplace.run("plan", "--store", "sqlite:here.db", "--context", "nowhere")
    assert refused.code == 1
    assert "--context" in refused.err
