"""See ``kustomize-directory/README.md``."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Workplace

pytestmark = pytest.mark.usefixtures("programs")


@pytest.mark.parametrize("paths", [["prod"], ["-k", "prod"], ["--kustomize", "prod/../prod"]])
def test_a_directory_with_a_kustomization_is_built(case: Workplace, paths: list[str]) -> None:
    planned = case.ok("plan", *paths, "--create-namespaces")
    assert "+ Secret/prod/prod-web-env" in planned.out
    assert "data[URL]" in planned.out
    assert "Plan: 3 to create" in planned.out
    assert "kustomize builds 1 kustomization: prod" in planned.out


def test_so_is_one_below_the_input(case: Workplace) -> None:
    case.secret("loose", file="loose/a.yaml", TOKEN="not-a-real-token")
    case.secret("forgotten", file="prod/forgotten.yaml", TOKEN="not-a-real-token")
    planned = case.ok("plan", ".", "--exclude", "gen/", "--create-namespaces")
    assert "Secret/default/loose" in planned.out
    assert "Secret/prod/prod-web-env" in planned.out
    assert "forgotten" not in planned.out
    assert "Plan: 4 to create" in planned.out
    assert "kustomize builds 1 kustomization: ./prod" in planned.out


def test_a_build_that_fails_is_an_error(case: Workplace) -> None:
    result = case.run("plan", ".")
    assert result.code == 1
    assert "gen/kustomization.yaml:1:1: error[source-failed]" in result.err
    assert "kustomize ended with exit code 1" in result.err


@pytest.mark.parametrize(("file", "hint"), [("prod/kustomization.yaml", "its directory: prod")])
def test_a_kustomization_named_as_a_file_is_an_error(case: Workplace, file: str, hint: str) -> None:
    result = case.run("plan", file)
    assert result.code == 1
    assert "error[input-unbuilt]" in result.err
    assert hint in result.err
    assert case.run("plan", "named.yaml").code == 1


def test_what_is_no_kustomization_is_not_built(case: Workplace) -> None:
    case.secret("loose", file="loose/a.yaml", TOKEN="not-a-real-token")
    result = case.run("plan", "-k", "loose")
    assert result.code == 1
    assert "holds no kustomization" in result.err
    result = case.run("plan", "-k", "lose")
    assert result.code == 1
    assert "there is no directory 'lose'" in result.err


def test_the_result_of_a_build_is_read(case: Workplace) -> None:
    built = "apiVersion: v1\nkind: Secret\nmetadata: {name: prod-web-env, namespace: prod}\n"
    assert "prod/prod-web-env" in case.run("plan", "-", stdin=built).out
