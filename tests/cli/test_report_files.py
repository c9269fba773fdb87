"""Where `--report FORMAT=FILE` writes: its directory is made, or it is said why it cannot be."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

ONE = ("-e", "eu-1")
ALL = ("--all",)


@pytest.fixture
def shop(shop: Any) -> Any:
    shop.write("reconciler.yaml", "environments: {eu-1: {manifests: manifests}}\n")
    return shop


@pytest.mark.parametrize("chosen", [ONE, ALL])
@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
def test_the_directory_of_a_report_is_made(
    shop: Any, command: str, chosen: tuple[str, ...]
) -> None:
    shop.ok("apply", *ONE, "--auto-approve")
    for name in ("new/and/deep/report", "new/beside"):
        shop.ok(command, *chosen, "--report", f"json={name}")
        assert json.loads((shop.path / name).read_text())["format"].startswith("reconciler.")


def test_that_of_a_merged_report_too(shop: Any) -> None:
    shop.ok("plan", *ONE, "--report", "json=reports/plan.json")
    shop.ok("report", "reports", "--report", "markdown=pages/plan.md")
    assert "2 to create" in (shop.path / "pages/plan.md").read_text()


def test_a_dash_is_not_the_name_of_a_report(shop: Any) -> None:
    result = shop.run("plan", *ONE, "--report", "markdown=-")
    assert result.code == 1
    assert "'--report': for standard output, write markdown=/dev/stdout\n" in result.err
    assert not (shop.path / "-").exists()


@pytest.mark.parametrize("chosen", [ONE, ALL])
def test_two_reports_are_two_files(shop: Any, chosen: tuple[str, ...]) -> None:
    (shop.path / "link").symlink_to("x")
    for path in ("x", "new/../x", "link"):
        reports = ("--report", "json=x", "--report", f"html={path}")
        result = shop.run("plan", *chosen, *reports)
        assert result.code == 1
        assert f"--report json and --report html would be the same file, {path}" in result.err
        assert not (shop.path / "x").exists()
    shop.ok("plan", *chosen, "--report", "json=/dev/null", "--report", "html=/dev/null")


@pytest.mark.parametrize(
    ("chosen", "out", "report"), [(ONE, "x", "./x"), (ALL, "plans", "plans/eu-1.plan")]
)
def test_a_report_is_not_lost_to_the_plan(
    shop: Any, chosen: tuple[str, ...], out: str, report: str
) -> None:
    result = shop.run("plan", *chosen, "--out", out, "--report", f"json={report}")
    assert result.code == 1
    assert "--out and --report name the same file" in result.err


@pytest.mark.parametrize("chosen", [ONE, ALL])
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("manifests/shop.yaml/report", "Not a directory"),
        ("manifests/shop.yaml/deep/report", "Not a directory"),
        ("dangling/report", "No such file or directory"),
        ("loop/report", "Too many levels of symbolic links"),
        (f"{'x' * 300}/report", "File name too long"),
        pytest.param(
            *("/proc/closed/report", "No such file or directory"),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="a file system of Linux"),
        ),
    ],
)
def test_it_is_told_why_it_cannot_be_made(
    shop: Any, place: str, reason: str, chosen: tuple[str, ...]
) -> None:
    (shop.path / "dangling").symlink_to("nowhere")
    (shop.path / "loop").symlink_to("loop")
    result = shop.run("plan", *chosen, "--report", f"json={place}")
    assert result.code == 1
    told = f"Error: {place}: cannot be written: {reason}\n    hint: choose another place\n"
    assert result.err.removeprefix("Configuration: reconciler.yaml\n") == told
    assert not (shop.path / "nowhere").exists()
