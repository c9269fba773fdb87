"""Who runs the program, and from which commit of the manifests."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping

from reconciler.execution.lock import user_and_host
from reconciler.model.history import Origin

# Predefined variables of GitHub, GitLab, Azure Pipelines, CircleCI, Bitbucket, Drone, Jenkins.
_ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "DRONE_COMMIT_AUTHOR",
    "BUILD_USER_ID",
)
_COMMITS = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BUILD_SOURCEVERSION",
    "CIRCLE_SHA1",
    "BITBUCKET_COMMIT",
    "DRONE_COMMIT_SHA",
    "GIT_COMMIT",
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SHOWN_DIGITS = 12
_LONGEST_ACTOR = 64
_PATIENCE = 5.0
"""Seconds that git may take; a run does not wait longer for what only its history tells."""


def origin_of(environ: Mapping[str, str]) -> Origin:
    """Who runs the program and from which commit, by the variables of CI services, else by git.

    The commit is that of the repository in which the program runs, with its first 12 digits.
    """
    actor = "".join(filter(str.isprintable, _first(environ, _ACTORS)))[:_LONGEST_ACTOR].strip()
    commit = _first(environ, _COMMITS)
    if not _COMMIT.fullmatch(commit):
        commit = _commit_of_git()
    return Origin(actor=actor or user_and_host(), commit=commit[:_SHOWN_DIGITS])


def _first(environ: Mapping[str, str], names: Iterable[str]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _commit_of_git() -> str:
    """The commit that is checked out; empty where there is none, or no git."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        ended = subprocess.run(  # noqa: S603 - a fixed command, found on PATH
            [git, "rev-parse", "--verify", "--quiet", "HEAD"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    commit = ended.stdout.decode(errors="replace").strip()
    return commit if _COMMIT.fullmatch(commit) else ""
