from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.workflow import origin_of

SHA = "0123456789abcdef0123456789abcdef01234567"


def git(*words: str) -> str:
    program = shutil.which("git")
    assert program is not None
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("actor", "commit"),
    [
        ("GITHUB_ACTOR", "GITHUB_SHA"),
        ("GITLAB_USER_LOGIN", "CI_COMMIT_SHA"),
        ("BUILD_REQUESTEDFOR", "BUILD_SOURCEVERSION"),
        ("CIRCLE_USERNAME", "CIRCLE_SHA1"),
        ("BITBUCKET_STEP_TRIGGERER_UUID", "BITBUCKET_COMMIT"),
        ("DRONE_COMMIT_AUTHOR", "DRONE_COMMIT_SHA"),
        ("BUILD_USER_ID", "GIT_COMMIT"),
    ],
)
def test_the_variables_of_ci_services(actor: str, commit: str) -> None:
    origin = origin_of({actor: "octocat", commit: SHA})
    assert (origin.actor, origin.commit) == ("octocat", SHA[:12])


def test_the_commit_that_is_checked_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert origin_of({}).commit == ""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "x")):
        git(*words)
    head = git("rev-parse", "HEAD")[:12]
    assert origin_of({}).commit == head
    assert origin_of({"GITHUB_SHA": "; reboot"}).commit == head


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin_of({}).commit == ""


def test_a_name_cannot_drive_a_terminal_and_is_cut() -> None:
    actor = origin_of({"GITHUB_ACTOR": "\x1b[2Jeve\n" + "x" * 100, "GITHUB_SHA": SHA}).actor
    assert actor.isprintable()
    assert len(actor) == 64
    assert "@" in origin_of({"GITHUB_ACTOR": "\x1b", "GITHUB_SHA": SHA}).actor
