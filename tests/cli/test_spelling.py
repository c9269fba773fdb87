"""What is misspelt, or spelled as another program does, is an error that says what to write."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("args", "advice"),
    [
        ("plan -no-color", "--color=never"),
        ("plan --no-color", "--color=never"),
        ("plan -out=p", "--out=p"),
        ("plan -out p", "--out"),
        ("apply -auto-approve", "--auto-approve"),
        ("apply -auto-aprove", "--auto-approve"),
        ("plan -target=Secret/shop/db", "--target=Secret/shop/db"),
        ("plan -namespace=shop", "--namespace=shop"),
        ("plan -namespcae shop", "--namespace"),
        ("plan -nshop", "write -n shop"),
        ("plan -n=shop", "write -n shop"),
        ("plan -detailed-exitcode", "--detailed-exitcode"),
        ("plan -json", "-o json"),
        ("plan -prune", "--prune"),
        ("plan -no-prune", "--no-prune"),
        ("plan -destroy", "reconciler destroy"),
        ("plan -var-file=x", "leave it out"),
        ("plan manifests -out=p", "--out=p"),
        ("plan -q -out=p", "--out=p"),
        ("plan --set blue -out=p", "--out=p"),
        ("-chdir=deep plan", "write --chdir=deep"),
        ("-version", "--version"),
        ("-help", "--help"),
        ("store -help", "--help"),
        ("store rekey -store=x", "--store=x"),
        ("show -output=json p", "--output=json"),
        ("plan -report=json=x", "write --report=json=x"),
        ("apply -report=json=x", "reconciler plan --out FILE --report"),
        ("completion -bash", "this command has no such option"),
    ],
)
def test_a_missing_dash_is_an_error(shop: Any, args: str, advice: str) -> None:
    before = shop.files()
    result = shop.run(*args.split())
    assert result.code == 1
    assert advice in result.err.partition("Error: ")[2]
    assert shop.files() == before


def test_what_has_one_dash_rightly(shop: Any) -> None:
    document = json.loads(shop.ok("plan", "-ojson", "-n", "shop").out)
    assert document["options"]["namespace"] == "shop"
    both = shop.run("plan", "-qv")
    assert "--verbose and --quiet contradict each other" in both.err
    shop.ok("plan", "--out", "-out")
    assert (shop.path / "-out").exists()
    assert "-out" in shop.run("validate", "--", "-out").out


@pytest.mark.parametrize(
    ("args", "advice"),
    [
        ("plna", "did you mean plan?"),
        ("aply", "did you mean apply?"),
        ("delete", "did you mean destroy?"),
        ("xyzzy", "the commands are init, validate, plan"),
        ("store reky", "did you mean rekey?"),
        ("plan --prnue", "did you mean --prune?"),
        ("plan --kube-context x", "write --context NAME"),
        ("apply --report json=x", "reconciler plan --out FILE --report"),
        ("plan -C deep", "goes before the command"),
        ("plan --chdir deep", "before the command"),
        ("plan -o jsn", "did you mean json?"),
        ("plan --color sometimes", "'auto', 'always', 'never'"),
        ("plan --report markdwn=x", "did you mean markdown?"),
        ("plan --target Secrt/shop/database", "did you mean Secret?"),
        ("plan --target Secret/shop/databse", "did you mean Secret/shop/database?"),
        ("plan --target Secret/x/y", "write KIND/NAMESPACE/NAME"),
        ("completion zhs", "did you mean zsh?"),
    ],
)
def test_did_you_mean(shop: Any, args: str, advice: str) -> None:
    result = shop.run(*args.split())
    assert result.code == 1
    assert advice in result.err


def test_a_misspelt_setting(shop: Any) -> None:
    shop.write("reconciler.yaml", "stroe: sqlite:x.db\nlints: {placehodler: error}\n")
    result = shop.run("plan")
    assert result.code == 1
    assert "unknown setting 'stroe'; did you mean store?" in result.err


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["plan", "--out="], "--out"),
        (["plan", "--out", ""], "--out"),
        (["plan", "--config="], "--config"),
        (["plan", "--env="], "--env"),
        (["plan", "-e", ""], "-e"),
        (["plan", "-q", "--env", ""], "--env"),
        (["drift", "--baseline="], "--baseline"),
        (["drift", "--notify-state="], "--notify-state"),
        (["drift", "--notify", ""], "--notify"),
        (["plan", "-f", ""], "-f"),
        (["plan", "-k", ""], "-k"),
        (["plan", "--exclude="], "--exclude"),
        (["plan", "--namespace="], "--namespace"),
        (["plan", "--set", ""], "--set"),
        (["plan", "--store="], "--store"),
        (["plan", "--store", "kubernetes:", "--kubeconfig", ""], "--kubeconfig"),
        (["plan", "--report", "", "manifests"], "--report"),
        (["plan", ""], "PATH"),
        (["plan", "manifests", "--prune", ""], "PATH"),
        (["plan", "--", ""], "PATH"),
        (["show", ""], "PLANFILE"),
        (["import", ""], "KIND/NS/NAME"),
        (["-C", "", "plan"], "-C"),
        (["-C", ".", "--color", "", "plan"], "--color"),
        (["store", "rekey", "--store="], "--store"),
    ],
)
def test_an_empty_value_is_an_error(shop: Any, args: list[str], name: str) -> None:
    result = shop.run(*args)
    assert (result.code, result.out) == (1, "")
    assert f"Error: {name}: " in result.err
    assert "empty" in result.err
    assert not (shop.path / ".reconciler").exists()


def test_an_empty_variable_sets_nothing(shop: Any) -> None:
    names = ("SET", "NAMESPACE", "STORE", "CONFIG", "PRUNE", "MAX_DELETES", "LOCK_TIMEOUT")
    shop.ok("apply", "--auto-approve", env={f"RECONCILER_{name}": "" for name in names})
    assert "No changes" in shop.ok("plan").out


@pytest.mark.parametrize(
    ("args", "env", "line"),
    [
        (["--namespace=NO_x"], {}, "Error: Invalid value for '--namespace' / '-n': use lower"),
        ([], {"RECONCILER_NAMESPACE": "NO_x"}, "Error: Invalid value for RECONCILER_NAMESPACE: "),
        ([], {"RECONCILER_PRUNE": "maybe"}, "RECONCILER_PRUNE: write true or false\n"),
        ([], {"RECONCILER_ALLOW_RUN": "maybe"}, "RECONCILER_ALLOW_RUN: write true or false\n"),
        (["--parallelism=0"], {"RECONCILER_PARALLELISM": "3"}, "for '--parallelism': write"),
    ],
)
def test_a_wrong_value_is_told_of_where_it_comes_from(
    shop: Any, args: list[str], env: dict[str, str], line: str
) -> None:
    result = shop.run("plan", *args, env=env)
    assert (result.code, result.out) == (1, "")
    assert line in result.err
    assert "maybe" not in result.err


def test_wrong_settings_are_told_all_at_once(shop: Any) -> None:
    shop.write("reconciler.yaml", "namespace: NO_x\nset: a b\nparallelism: 0\nfail-on: [x]\n")
    result = shop.run("validate")
    assert (result.code, result.out) == (1, "")
    for place in (
        "1:12: the setting 'namespace' cannot be used: use lower-case",
        "2:6: the setting 'set' cannot be used: write letters",
        "3:14: the setting 'parallelism' cannot be used: write a whole number",
        "4:10: the setting 'fail-on' cannot be used: write one or more of",
    ):
        assert f"reconciler.yaml:{place}" in result.err
