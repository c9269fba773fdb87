"""Which configuration file is used, where it is named, and that others may not have written it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.trust import nearest_file, trusted_content
from reconciler.errors import ConfigError

STRANGER = 54_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


@pytest.fixture
def file(shop: Any) -> Path:
    path: Path = shop.write("reconciler.yaml", "set: from-file\n")
    return path


def give_file(file: Path) -> None:
    os.chown(file, STRANGER, -1)


def give_directory(file: Path) -> None:
    os.chown(file.parent, STRANGER, -1)


def open_file(file: Path) -> None:
    file.chmod(0o666)


def open_directory(file: Path) -> None:
    file.parent.chmod(0o777)


def link_to_foreign_file(file: Path) -> None:
    target = file.parent / "target"
    file.rename(target)
    os.chown(target, STRANGER, -1)
    file.symlink_to(target)


def link_into_foreign_directory(file: Path) -> None:
    target = file.parent / "there/target"
    target.parent.mkdir()
    file.rename(target)
    os.chown(target.parent, STRANGER, -1)
    file.symlink_to("there/target")


def foreign_link(file: Path) -> None:
    target = file.parent / "target"
    file.rename(target)
    file.symlink_to(target)
    os.chown(file, STRANGER, -1, follow_symlinks=False)


def foreign_sticky_directory(file: Path) -> None:
    give_directory(file)
    file.parent.chmod(0o1777)


OPEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "file": (open_file, "every user may write to it"),
    "directory": (open_directory, "every user may write to its directory"),
}
FOREIGN: dict[str, tuple[Callable[[Path], None], str]] = {
    "file": (give_file, "it belongs to another user (uid 54321)"),
    "directory": (give_directory, "its directory belongs to another user (uid 54321)"),
    "target": (link_to_foreign_file, "it belongs to another user"),
    "target's directory": (link_into_foreign_directory, "its directory belongs to another user"),
    "link": (foreign_link, "it belongs to another user"),
    "sticky directory": (foreign_sticky_directory, "its directory belongs to another user"),
}


def assert_refused(shop: Any, file: Path, told: str) -> None:
    for command in ("plan", "apply", "drift", "validate", "get", "export", "graph"):
        result = shop.run(command)
        assert result.code == 1
        assert f"{file} is not used: {told}" in result.err
        assert f"--config {file}" in result.err
    for allowed in (
        shop.ok("plan", "--config", "reconciler.yaml"),
        shop.ok("plan", env={"RECONCILER_CONFIG": str(file)}),
    ):
        assert "Set from-file," in allowed.out


@pytest.mark.parametrize(("make", "told"), OPEN.values(), ids=OPEN.keys())
def test_a_file_that_everybody_may_write_is_refused(
    shop: Any, file: Path, make: Callable[[Path], None], told: str
) -> None:
    make(file)
    assert_refused(shop, file, told)


@as_root
@pytest.mark.parametrize(("make", "told"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_of_another_user_is_refused(
    shop: Any, file: Path, make: Callable[[Path], None], told: str
) -> None:
    make(file)
    assert_refused(shop, file, told)


@as_root
def test_a_foreign_file_above_is_refused_too(
    shop: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that all users share, and in it one of ours."""
    file.parent.chmod(0o1777)
    give_file(file)
    (shop.path / "mine").mkdir()
    monkeypatch.chdir(shop.path / "mine")
    result = shop.run("plan", ".")
    assert result.code == 1
    assert "belongs to another user" in result.err


def test_a_file_of_ours_in_a_directory_such_as_tmp_is_used(shop: Any, file: Path) -> None:
    file.parent.chmod(0o1777)
    assert "Set from-file," in shop.ok("plan").out


def test_a_group_may_write(shop: Any, file: Path) -> None:
    """As with a umask of 002, which is common where each user has a group of their own."""
    file.chmod(0o664)
    file.parent.chmod(0o775)
    assert "Set from-file," in shop.ok("plan").out


@as_root
def test_under_sudo_the_calling_user_counts(shop: Any, file: Path) -> None:
    give_file(file)
    give_directory(file)
    assert "Set from-file," in shop.ok("plan", env={"SUDO_UID": str(STRANGER)}).out
    for other in ("54322", "", "-1", "root", "54321x"):
        assert shop.run("plan", env={"SUDO_UID": other}).code == 1


def test_only_root_heeds_the_user_of_sudo(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        assert trusted_content(file, {}) == file.read_bytes()
        os.chown(file, STRANGER, -1)
    with pytest.raises(ConfigError, match="another user"):
        trusted_content(file, {"SUDO_UID": str(file.stat().st_uid)})


@pytest.mark.parametrize("git", [Path.mkdir, Path.touch, lambda path: path.symlink_to("gone")])
def test_the_search_stops_at_the_root_of_the_repository(
    tmp_path: Path, git: Callable[[Path], None]
) -> None:
    above, root, below = tmp_path, tmp_path / "root", tmp_path / "root/a/b"
    below.mkdir(parents=True)
    (above / "reconciler.yaml").touch()
    assert nearest_file(below) == above / "reconciler.yaml"
    git(root / ".git")
    assert nearest_file(below) is None
    (root / "reconciler.yaml").touch()
    assert nearest_file(below) == root / "reconciler.yaml"
    assert nearest_file(root) == root / "reconciler.yaml"


def test_the_search_stops_at_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, below = tmp_path / "home", tmp_path / "home/a/b"
    below.mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    (tmp_path / "reconciler.yaml").touch()
    for name in (home, tmp_path / "link"):
        monkeypatch.setenv("HOME", str(name))
        assert nearest_file(below) is None
    (home / "reconciler.yaml").touch()
    assert nearest_file(below) == home / "reconciler.yaml"
    (home / "a/.git").touch()
    assert nearest_file(below) is None


def test_the_headline_names_the_file(
    shop: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert file.exists()
    headline = "(sqlite), nothing applied yet, configuration reconciler.yaml"
    assert headline in shop.ok("plan").out
    assert "configuration `reconciler.yaml`" in shop.ok("plan", "-o", "markdown").out
    assert json.loads(shop.ok("plan", "-o", "json").out)["configuration"] == "reconciler.yaml"
    applied = shop.ok("apply", "--auto-approve", "-o", "json")
    assert applied.err == "Configuration: reconciler.yaml\n"
    assert "configuration reconciler.yaml" in shop.ok("apply", "--auto-approve").out
    assert "configuration reconciler.yaml" in shop.ok("drift").out
    assert "configuration `reconciler.yaml`" in shop.ok("drift", "-o", "markdown").out
    assert json.loads(shop.ok("drift", "-o", "json").out)["configuration"] == "reconciler.yaml"
    assert "configuration reconciler.yaml" in shop.ok("get").out
    assert json.loads(shop.ok("get", "-o", "json").out)["configuration"] == "reconciler.yaml"
    monkeypatch.chdir(shop.path / "manifests")
    shared = shop.run("plan", ".", "--store", "sqlite:../.reconciler/store.db")
    assert "configuration ../reconciler.yaml" in shared.out


def test_where_no_headline_names_the_file_standard_error_does(shop: Any, file: Path) -> None:
    assert file.exists()
    shop.ok("apply", "--auto-approve")
    commands = (["validate"], ["export"], ["graph"], ["rbac", "--for", "plan"], ["store", "rekey"])
    for command in commands:
        result = shop.ok(*command)
        assert result.err.startswith("Configuration: reconciler.yaml\n")
        assert "Configuration" not in result.out
    assert shop.ok("validate", "--quiet").err == ""


def test_without_a_file_none_is_named(shop: Any) -> None:
    assert "configuration" not in shop.ok("plan").out
    assert json.loads(shop.ok("plan", "-o", "json").out)["configuration"] is None
    assert shop.ok("validate").err == ""


def test_a_file_is_named(shop: Any, file: Path) -> None:
    shop.write("ci/other.yaml", "set: other\nmanifests: ../manifests\n")
    named = shop.ok("plan", "--config", "ci/other.yaml")
    assert "Set other," in named.out
    assert "configuration ci/other.yaml" in named.out
    assert "Set other," in shop.ok("plan", env={"RECONCILER_CONFIG": "ci/other.yaml"}).out
    both = shop.ok("plan", "--config", str(file), env={"RECONCILER_CONFIG": "ci/other.yaml"})
    assert "Set from-file," in both.out
    assert "Set default," in shop.ok("plan", "--config", "/dev/null").out
    assert "Set from-file," in shop.ok("plan", env={"RECONCILER_CONFIG": ""}).out


@pytest.mark.parametrize("name", ["canary-not-there", "manifests", "canary/" * 1000])
def test_a_named_file_that_cannot_be_read_is_an_error(shop: Any, file: Path, name: str) -> None:
    assert file.exists()
    for result in (
        shop.run("plan", "--config", name),
        shop.run("validate", "--config", name),
        shop.run("plan", env={"RECONCILER_CONFIG": name}),
    ):
        assert result.code == 1
        assert "the configuration file cannot be read" in result.err
        assert "canary" not in result.err


def test_a_path_of_the_file_forges_nothing(shop: Any) -> None:
    shop.write("a\n## b\x1b[31m/reconciler.yaml", "manifests: ../manifests\n")
    name = "a\n## b\x1b[31m/reconciler.yaml"
    for output in ("text", "json", "markdown"):
        shown = shop.ok("plan", "--config", name, "-o", output).out
        assert "\n## b" not in shown
        assert "\x1b" not in shown
    assert "\x1b" not in shop.ok("validate", "--config", name).err
