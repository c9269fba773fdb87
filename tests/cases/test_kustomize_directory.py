"""See ``kustomize-directory/README.md``."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Workplace


@pytest.mark.parametrize(
    ("path", "directory"),
    [
        ("prod", "prod"),
        ("gen", "gen"),
        ("base", "base"),
        ("prod/kustomization.yaml", "prod"),
        ("named.yaml", "."),
    ],
)
@pytest.mark.parametrize("command", ["plan", "validate"])
def test_a_kustomization_is_an_error_that_names_the_command(
    case: Workplace, command: str, path: str, directory: str
) -> None:
    result = case.run(command, path)
    assert result.code == 1
    said = result.out + result.err
    assert "only kustomize can make manifests of it" in said
    assert f"kustomize build {directory} | reconciler plan -" in said


def test_below_the_input_it_is_left_out_and_named(case: Workplace) -> None:
    case.secret("loose", file="loose/a.yaml", TOKEN="not-a-real-token")
    planned = case.ok("plan", ".")
    assert "Secret/default/loose" in planned.out
    assert "web-env" not in planned.out
    assert "what belongs to 3 kustomizations was not read" in planned.out
    assert "kustomize build DIR | reconciler plan - (DIR: ./gen, ./prod)" in planned.out


def test_the_result_of_a_build_is_read(case: Workplace) -> None:
    built = "apiVersion: v1\nkind: Secret\nmetadata: {name: prod-web-env, namespace: prod}\n"
    assert "prod/prod-web-env" in case.run("plan", "-", stdin=built).out
