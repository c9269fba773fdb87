"""Several environments in one configuration: how they are described, and how one is chosen."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.cli.options import RUN_OPTIONS
from reconciler.cli.settings import setting_names
from reconciler.manifests import LINTS
from reconciler.manifests.plaintree import plain_document
from reconciler.model.plan_options import PLAN_OPTIONS
from reconciler.stores import builtin_options

THREE = """\
defaults: {set: shop, prune: true}
environments:
  staging: {store: "sqlite:staging.db", manifests: staging}
  eu-1: {store: "sqlite:eu-1.db", manifests: [eu-1], after: staging}
  eu-2: {store: "sqlite:eu-2.db", manifests: [eu-2], after: [eu-1], prune: false}
"""


@pytest.fixture
def three(workplace: Any) -> Any:
    workplace.write("reconciler.yaml", THREE)
    for name in ("staging", "eu-1", "eu-2"):
        workplace.secret("database", file=f"{name}/database.yaml", password=f"canary-{name}")
    return workplace


def planned(workplace: Any, *args: str) -> Any:
    return json.loads(workplace.ok("plan", *args, "-o", "json").out)


def test_the_chosen_environment_has_its_settings_and_the_defaults(three: Any) -> None:
    plan = planned(three, "-e", "eu-1")
    assert plan["store"]["location"] == "eu-1.db"
    assert (plan["options"]["set"], plan["options"]["prune"]) == ("shop", True)
    assert planned(three, "--env=eu-2")["options"]["prune"] is False
    assert "staging.db (sqlite)" in three.ok("plan", "--env", "stag*").out


def test_a_chosen_environment_is_applied_like_any_configuration(three: Any) -> None:
    three.ok("apply", "--env", "eu-2", "--auto-approve")
    assert three.run("plan", "-e", "eu-2", "--detailed-exitcode").code == 0
    assert three.run("plan", "-e", "eu-1", "--detailed-exitcode").code == 2
    assert "database" in three.ok("get", "-e", "eu-2").out
    assert (three.path / "eu-2.db").exists()
    assert not (three.path / "eu-1.db").exists()


def test_the_command_line_and_the_environment_win_over_the_settings(three: Any) -> None:
    assert planned(three, "-e", "eu-1", "--set", "blue")["options"]["set"] == "blue"
    result = three.ok("plan", "-e", "eu-1", env={"RECONCILER_STORE": "sqlite:other.db"})
    assert "other.db" in result.out


def test_the_hint_after_a_saved_plan_names_the_environment(three: Any) -> None:
    said = three.ok("plan", "-e", "eu-1", "--out", "eu-1.plan").err
    assert "reconciler apply eu-1.plan --env eu-1" in said
    three.ok("apply", "eu-1.plan", "--env", "eu-1")
    assert (three.path / "eu-1.db").exists()


@pytest.mark.parametrize(
    ("args", "messages"),
    [
        ((), ["none was chosen", "staging, eu-1, eu-2"]),
        (("-e", "eu-3"), ["no such environment: 'eu-3'; did you mean eu-2?"]),
        (("-e", "eu-1", "-e", "us-*"), ["no such environment: 'us-*'"]),
        (("--out", "-e", "eu-1"), ["write -e NAME in two words"]),
    ],
)
def test_what_chooses_no_environment(
    three: Any, args: tuple[str, ...], messages: list[str]
) -> None:
    result = three.run("plan", *args)
    assert result.code == 1
    for message in messages:
        assert message in result.err


def test_a_command_for_one_environment_refuses_several(three: Any) -> None:
    result = three.run("destroy", "-e", "eu-*")
    assert result.code == 1
    assert "destroy works on one environment at a time" in result.err
    assert "eu-1, eu-2" in result.err


def test_without_environments_there_is_nothing_to_choose(shop: Any) -> None:
    message = "there are no environments to choose from: "
    result = shop.run("plan", "-e", "eu-1")
    assert f"{message}there is no configuration file\n" in result.err
    for text in ("", "set: shop\n"):
        shop.write("reconciler.yaml", text)
        result = shop.run("plan", "-e", "eu-1")
        assert result.code == 1
        assert f"{message}reconciler.yaml describes none\n" in result.err


def test_a_misspelt_environment_is_named_with_what_was_meant(three: Any) -> None:
    result = three.run("plan", "-e", "eu-11", "-e", "zz")
    assert result.code == 1
    assert "no such environment: 'eu-11', 'zz'; did you mean eu-1?\n" in result.err


def test_a_tab_in_the_configuration_file_is_called_one(shop: Any) -> None:
    shop.write("reconciler.yaml", "\tset: shop\n")
    result = shop.run("plan")
    assert result.code == 1
    assert "reconciler.yaml:1:1: " in result.err
    assert "; indent with spaces: this is a tab\n" in result.err


CLUSTER = "set: shop\nstore: sqlite:store.db\nmanifests: manifests\n"


def test_files_that_a_pattern_matches_are_environments(
    workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.write(
        "reconciler.yaml", "defaults: {prune: true}\nenvironments: clusters/*/reconciler.yaml\n"
    )
    for name in ("eu-1", "eu-2"):
        workplace.write(f"clusters/{name}/reconciler.yaml", CLUSTER)
        workplace.secret("a", file=f"clusters/{name}/manifests/a.yaml", x="1")
    workplace.write("clusters/eu-2/reconciler.yaml", f"{CLUSTER}after: eu-1\nprune: false\n")
    assert "eu-1, eu-2" in workplace.run("plan").err
    plan = planned(workplace, "-e", "eu-1")
    assert plan["store"]["location"] == "clusters/eu-1/store.db"
    assert plan["options"]["prune"] is True
    assert planned(workplace, "-e", "eu-2")["options"]["prune"] is False
    monkeypatch.chdir(workplace.path / "clusters/eu-2")
    assert planned(workplace)["store"]["location"] == "store.db"


@pytest.mark.parametrize(
    ("pattern", "file", "name"),
    [
        ("envs/*.yaml", "envs/prod.yaml", "prod"),
        ("*/clusters/eu-?/r.yaml", "team/clusters/eu-7/r.yaml", "team-7"),
        ("**/settings.yaml", "a/b/settings.yaml", "a-b"),
        ("[ab]/r[!x]/settings.yaml", "a/r1/settings.yaml", "a-1"),
    ],
)
def test_an_environment_is_called_like_what_the_wildcards_stand_for(
    workplace: Any, pattern: str, file: str, name: str
) -> None:
    workplace.write("reconciler.yaml", f'environments: ["{pattern}"]\n')
    workplace.write(file, "set: shop\n")
    workplace.secret("a", x="1")
    assert f"--all: {name}\n" in workplace.run("plan").err.replace(" --config", "\n")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "set: shop\nstroe: x\nafter: a\nenvironments: {a: {}}\n",
            [
                (
                    "reconciler.yaml:1:1: 'set' is not allowed beside 'environments': put it in "
                    "an environment, or in 'defaults' for all"
                ),
                "reconciler.yaml:2:1: unknown setting 'stroe'; did you mean store?",
                (
                    "reconciler.yaml:3:1: 'after' is not allowed beside 'environments': put it in "
                    "an environment"
                ),
            ],
        ),
        ("defaults: {set: shop}\n", ["reconciler.yaml:1:1: 'defaults' are for 'environments'"]),
        (
            "defaults: {after: b, pruen: true}\nenvironments: {a: {prune: 7}}\n",
            [
                "reconciler.yaml:1:12: 'after' is no default",
                "reconciler.yaml:1:22: unknown setting 'pruen'; did you mean prune?",
                "reconciler.yaml:2:27: the setting 'prune' must be true or false",
            ],
        ),
        (
            (
                "environments:\n  a: {set: a, after: bb}\n  b: {set: b, after: [c, 1]}\n"
                "  c: {set: c, after: [b]}\n  d: {set: d, after: d}\n"
            ),
            [
                (
                    "reconciler.yaml:2:22: a comes after 'bb', which is no environment; "
                    "did you mean b?"
                ),
                "reconciler.yaml:3:26: 'after' must name an environment, or be a list of names",
                "the order of environments is a cycle: ",
                "reconciler.yaml:5:3: the order of environments is a cycle: d comes after d",
            ],
        ),
        (
            (
                'environments:\n  a: {store: "sqlite:x.db"}\n  b: {store: "sqlite:./x.db"}\n'
                '  c: {store: "kubernetes:eu", context: us}\n  d: {store: "kubernetes:us"}\n'
                '  e: {store: "kubernetes:", context: us}\n'
                '  f: {store: "sqlite:y.db", context: us}\n'
                '  g: {store: "sqlite:z.db", context: us}\n'
            ),
            [
                "reconciler.yaml:3:3: b has the same store and set as a: give one",
                "reconciler.yaml:6:3: e has the same store and set as c",
            ],
        ),
        (
            "environments: {'a b': {}, b: 7}\n",
            [
                "reconciler.yaml:1:16: 'a b' is no such name",
                "reconciler.yaml:1:30: the environment 'b' must be a map of settings",
            ],
        ),
        ("environments: 7\n", ["reconciler.yaml:1:15: 'environments' must be a map of"]),
        ("environments: {}\n", ["reconciler.yaml:1:15: 'environments' must be a map of"]),
        ("environments: x/y.yaml\n", ["the pattern 'x/y.yaml' has no wildcard"]),
        ("environments: x/*.yaml\n", ["the pattern 'x/*.yaml' matches no file"]),
        ("environments: /x/*.yaml\n", ["must be relative to the directory of this file"]),
        ("environments: [x**/*.yaml, a/*]\n", ["x**/*.yaml", "'a/*' matches no file"]),
    ],
)
def test_every_problem_is_told_at_once_with_its_place(
    shop: Any, text: str, problems: list[str]
) -> None:
    shop.write("reconciler.yaml", text)
    result = shop.run("plan")
    assert result.code == 1
    lines = [line for line in result.err.splitlines() if line.lstrip().startswith("- ")]
    for problem in problems:
        assert problem in result.err
    assert len(lines) == len(problems) or not lines


def test_two_files_that_a_pattern_matches_may_not_mean_one_place(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "environments: clusters/*/r.yaml\n")
    for name in ("eu-1", "eu-2"):
        store = f"{workplace.path}/s.db" if name == "eu-1" else "../../s.db"
        workplace.write(f"clusters/{name}/r.yaml", f"set: shop\nstore: sqlite:{store}\n")
    told = "eu-2/r.yaml:1:1: eu-2 has the same store and set as eu-1: give one"
    assert told in workplace.run("plan", "--all").err
    assert told in workplace.run("plan", "-e", "eu-1").err


def test_a_store_by_a_link_is_the_same_place(workplace: Any) -> None:
    (workplace.path / "stores").mkdir()
    (workplace.path / "linked").symlink_to("stores")
    (workplace.path / "linked.db").symlink_to("stores/x.db")
    workplace.write(
        "reconciler.yaml",
        'environments:\n  a: {store: "sqlite:stores/x.db"}\n  b: {store: "sqlite:linked/x.db"}\n'
        '  c: {store: "sqlite:linked.db"}\n  d: {store: "sqlite:linked/x.db", set: other}\n',
    )
    result = workplace.run("plan", "--all")
    assert result.code == 1
    told = [line for line in result.err.splitlines() if "same store and set" in line]
    assert [line.split(": ")[1].split()[0] for line in told] == ["b", "c"]


def test_problems_in_the_files_that_a_pattern_matches(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "environments: [clusters/*/r.yaml, other/*/r.yaml]\n")
    workplace.write("clusters/eu-1/r.yaml", "environments: {}\nafter: eu-9\nset: [x]\n")
    workplace.write("clusters/eu-2/r.yaml", "set: a\n")
    workplace.write("other/eu-2/r.yaml", "set: b\n")
    workplace.write("other/-/r.yaml", "set: c\n")
    err = workplace.run("plan").err
    for problem in (
        "eu-1/r.yaml:1:1: 'environments' cannot stand in the file of an environment",
        "eu-1/r.yaml:2:8: eu-1 comes after 'eu-9', which is no environment",
        "eu-1/r.yaml:3:6: the setting 'set' must be a string",
        "other/eu-2/r.yaml: this environment is called eu-2, and so is that of ",
        "'-', which the wildcards of 'other/*/r.yaml' stand for, names no environment",
    ):
        assert problem in err


def test_a_file_that_a_pattern_matches_is_trusted_no_more_than_the_first(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "environments: clusters/*/r.yaml\n")
    workplace.write("clusters/eu-1/r.yaml", CLUSTER).chmod(0o666)
    refused = workplace.run("validate", "-e", "eu-1")
    assert refused.code == 1
    assert "every user may write to it" in refused.err
    workplace.secret("a", file="clusters/eu-1/manifests/a.yaml", x="1")
    workplace.ok("validate", "-e", "eu-1", "--config", "reconciler.yaml")


SCHEMA = json.loads((resources.files("reconciler") / "schemas/configuration-v1.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_has_the_settings_and_no_others() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    of_one = set(SCHEMA["$defs"]["environment"]["properties"])
    of_several = set(SCHEMA["$defs"]["environments"]["properties"])
    assert of_one | of_several == set(setting_names())
    assert not of_one & of_several
    declared = (*RUN_OPTIONS, *PLAN_OPTIONS.values(), *builtin_options())
    for option in declared:
        if option.setting:
            described = SCHEMA["$defs"]["environment"]["properties"][option.setting]
            assert described["description"] == option.help
            default = option.default
            assert described.get("default") in {None, default, str(default)}


def test_the_schema_has_the_codes_of_the_lints() -> None:
    lints = SCHEMA["$defs"]["environment"]["properties"]["lints"]["properties"]
    assert set(lints) == {*LINTS, "expiry-days", "paths"}
    assert set(SCHEMA["$defs"]["levels"]["properties"]) == set(LINTS)


SETTINGS = [
    ("set: shop", True),
    ("set: [a]", False),
    ("set: a b", None),
    ("prune: true", True),
    ("prune: 1", False),
    ("max-deletes: 7", True),
    ("max-deletes: 30%", True),
    ("max-deletes: {}", False),
    ("parallelism: 3", True),
    ("parallelism: many", False),
    ("lock-timeout: 1.5", True),
    ("lock-timeout: 5m", True),
    ("lock-timeout: 5 minutes", None),
    ("wait-timeout: {}", False),
    ("expires: 24h", True),
    ("expires: []", False),
    ("fail-on: changed", True),
    ("fail-on: 'added, vanished'", True),
    ("fail-on: [added, unmanaged]", True),
    ("fail-on: {}", False),
    ("fail-on: loud", None),
    ("store: 'sqlite:x.db'", True),
    ("store: 7", False),
    ("kubeconfig: a/b", True),
    ("sae-namespaces: {a: b}", True),
    ("sae-namespaces: {}", False),
    ("qps: 3.5", True),
    ("exclude: '*.tmp'", True),
    ("exclude: [a, 7]", False),
    ("manifests: a", True),
    ("manifests: []", False),
    ("manifests: [{run: [echo, x], name: mine}]", True),
    ("manifests: {run: echo}", False),
    ("manifests: {helm: {chart: c, release: r, values: v.yaml}}", True),
    ("manifests: {helm: {chart: c}}", False),
    ("manifests: {kustomise: a}", False),
    ("lints: {value-encoded-twice: off}", True),
    ("lints: {value-encoded-twice: loud}", False),
    ("lints: {no-such-warning: off}", False),
    ("lints: {expiry-days: 30, paths: {'*.yaml': {}}}", True),
    ("lints: {expiry-days: -1}", False),
    ("lints: []", False),
    ("after: a", True),
    ("unknown: 1", False),
    ("environments: {a: {set: a}, b: {set: b, after: [a]}}", True),
    ("environments: {a: {environments: {}}}", False),
    ("environments: {'a b': {}}", False),
    ("environments: {}", False),
    ("environments: 7", False),
    ("defaults: {set: a}", False),
    ("defaults: {after: a}\nenvironments: {a: {}}", False),
    ("defaults: {prune: true}\nenvironments: {a: {}}", True),
    ("set: a\nenvironments: {a: {}}", False),
    ("", True),
]


@pytest.mark.parametrize(("text", "good"), SETTINGS)
def test_the_schema_accepts_what_the_program_reads(
    workplace: Any, text: str, *, good: bool | None
) -> None:
    """``None`` stands for what the program refuses and the schema does not describe."""
    document, problems = plain_document(text, "reconciler.yaml")
    assert not problems
    if good is not None:
        assert VALIDATOR.is_valid(document) is good
    workplace.write("reconciler.yaml", text)
    refused = "the settings cannot be used" in workplace.run("get").err
    assert refused is (good is not True)


def test_what_init_writes_fits_the_schema_that_it_names(workplace: Any) -> None:
    workplace.ok("init", "--set", "blue")
    first, *_ = (workplace.path / "reconciler.yaml").read_text().splitlines()
    schema = first.partition("yaml-language-server: $schema=")[2]
    assert json.loads((workplace.path / schema).read_text()) == SCHEMA
    text = (workplace.path / "reconciler.yaml").read_text()
    assert VALIDATOR.is_valid(plain_document(text, "reconciler.yaml")[0])
