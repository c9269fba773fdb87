"""Keys of the environment, right and in the wrong place: none is ever shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reconciler.errors import ConfigError
from reconciler.stores.keys import given_fingerprint_key
from reconciler.stores.sqlite.masterkey import NEW_STORE_KEY, STORE_KEY, given_key

Given = Callable[[Mapping[str, str]], bytes | None]
KEY = "63616e6172792d" + "5a" * 25
VARIABLES: dict[str, Given] = {
    STORE_KEY: lambda environ: given_key(environ, STORE_KEY),
    NEW_STORE_KEY: lambda environ: given_key(environ, NEW_STORE_KEY),
    "RECONCILER_FINGERPRINT_KEY": given_fingerprint_key,
}
each_variable = pytest.mark.parametrize("variable", VARIABLES)


def refused(variable: str, environ: Mapping[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        VARIABLES[variable](environ)
    error = caught.value
    assert variable in error.message
    return "\n".join([error.message, error.hint, *error.details])


@each_variable
@pytest.mark.parametrize("key", [KEY, "c2hvcnQ=", "canary/" * 1000, "a b\nc", KEY + "\n"])
def test_a_key_in_place_of_its_file_is_not_shown(variable: str, key: str) -> None:
    told = refused(variable, {f"{variable}_FILE": key})
    assert key.strip() not in told
    assert f"{variable}_FILE: the file cannot be read" in told


@each_variable
def test_a_file_that_exists_is_named(variable: str, tmp_path: Path) -> None:
    assert str(tmp_path) in refused(variable, {f"{variable}_FILE": str(tmp_path)})
    short = tmp_path / "short"
    short.write_text("too short")
    told = refused(variable, {f"{variable}_FILE": str(short)})
    assert str(short) in told
    assert "too short" not in told


@each_variable
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_path_in_place_of_the_key_is_refused(variable: str, end: str, tmp_path: Path) -> None:
    """A variable of the type "file" of GitLab holds a path."""
    file = tmp_path / "RECONCILER_KEY"
    file.write_text(KEY)
    told = refused(variable, {variable: f"{file}{end}"})
    assert f"set {variable}_FILE" in told
    assert VARIABLES[variable]({f"{variable}_FILE": str(file)}) is not None


def test_a_fingerprint_key_that_only_looks_like_a_path_is_a_key(tmp_path: Path) -> None:
    for text in (str(tmp_path / "no such file"), str(tmp_path), "/" * 5000):
        environ = {"RECONCILER_FINGERPRINT_KEY": text}
        assert given_fingerprint_key(environ) == text.encode()


@each_variable
def test_two_keys_are_one_too_many(variable: str, tmp_path: Path) -> None:
    told = refused(variable, {variable: KEY, f"{variable}_FILE": str(tmp_path / "canary")})
    assert "both set" in told
    assert KEY not in told
    assert "canary" not in told
