"""``--store git:REVISION``: a plan against what other manifests would have made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

MANIFEST = """\
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData: {password: not-a-real-password, url: "x"}
"""
GIT = shutil.which("git") or "git"
IDENTITY = {
    f"GIT_{role}_{what}": text
    for role in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "a"), ("EMAIL", "a@example.com"), ("DATE", "2026-11-25T10:00:00Z"))
}


def git(directory: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [GIT, "-c", "protocol.file.allow=always", "-C", directory, *arguments],
        env={**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull},
        check=True,
        capture_output=True,
        text=True,
    )
    return ended.stdout.strip()


def committed(directory: Path) -> str:
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "a change")
    return git(directory, "rev-parse", "HEAD")


@pytest.fixture
def repository(workplace: Any) -> Any:
    """A checkout with one commit."""
    git(workplace.path, "init", "-q", "-b", "main")
    workplace.write("manifests/db.yaml", MANIFEST)
    committed(workplace.path)
    return workplace


def leftovers() -> set[str]:
    """What stays; directories of tests that other processes run at the same time go again."""
    left = _directories()
    end = time.monotonic() + 10
    while left and time.monotonic() < end:
        time.sleep(0.05)
        left &= _directories()
    return left


def _directories() -> set[str]:
    places = (Path("/dev/shm"), Path("/tmp"))  # noqa: S108 - where they are made
    return {str(path) for place in places for path in place.glob("reconciler-revision-*")}


def test_a_plan_against_the_same_manifests_is_empty(repository: Any) -> None:
    before = repository.files()
    shown = repository.ok("plan", "--store", "git:HEAD", "--detailed-exitcode").out
    head = git(repository.path, "rev-parse", "HEAD")[:12]
    assert "Set default, store HEAD (git)\n" in shown
    assert f"manifests of HEAD, commit {head} of 2026-11-25T10:00:00" in shown
    assert "No changes. 1 object in sync." in shown
    assert repository.files() == before
    assert not leftovers()


def test_a_change_is_shown_and_no_value(repository: Any) -> None:
    changed = MANIFEST.replace("not-a-real-password", "another-password").replace(', url: "x"', "")
    repository.write("manifests/db.yaml", changed)
    repository.secret("new", token="not-a-real-token")
    result = repository.run("plan", "--store", "git:main", "--detailed-exitcode", "-o", "json")
    assert result.code == 2
    plan = json.loads(result.out)
    assert plan["store"]["scheme"] == "git"
    assert {change["key"]["name"]: change["action"] for change in plan["changes"]} == {
        "db": "update",
        "new": "create",
    }
    (updated,) = [change for change in plan["changes"] if change["action"] == "update"]
    assert [field["path"] for field in updated["fields"]] == [
        ["data", "password"],
        ["data", "url"],
    ]
    assert not any(value in result.out for value in ("not-a-real-password", "another-password"))


def test_a_new_namespace_is_created_and_an_old_one_taken_to_exist(repository: Any) -> None:
    repository.write(
        "manifests/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n"
    )
    repository.write("manifests/new.yaml", MANIFEST.replace("namespace: shop", "namespace: new"))
    shown = repository.ok("plan", "--store", "git:HEAD", "--verbose").out
    assert "Plan: 2 to create, 0 to update, 0 to replace, 0 to delete; 1 in sync." in shown
    assert "wave 1  create Secret/new/db, after Namespace/new" in shown


def test_a_new_directory_is_compared_with_nothing(repository: Any) -> None:
    (repository.path / "more").mkdir()
    (repository.path / "more/a.yaml").write_text(MANIFEST, encoding="utf-8")
    shown = repository.ok("plan", "more", "--store", "git:HEAD").out
    assert "Plan: 1 to create" in shown


def test_what_is_excluded_here_is_excluded_there(repository: Any) -> None:
    repository.write("manifests/broken.yaml", "kind: [")
    repository.write("manifests/ignored.yaml", "kind: [")
    repository.write("manifests/.reconcilerignore", "ignored.yaml\n")
    committed(repository.path)
    result = repository.ok("plan", "--store", "git:HEAD", "--exclude", "broken.yaml")
    assert "1 object in sync" in result.out


@pytest.mark.parametrize("command", ["apply", "destroy", "release"])
def test_nothing_is_applied_to_a_revision(repository: Any, command: str) -> None:
    more = {"release": ["--all"]}.get(command, [])
    result = repository.run(command, *more, "--store", "git:HEAD", "--auto-approve")
    assert (result.code, result.out) == (3, "")
    assert "this store can only be read, and its plans are for review" in result.err


def test_a_saved_plan_is_shown_and_not_applied(repository: Any) -> None:
    repository.secret("new", token="not-a-real-token")
    said = repository.ok("plan", "--store", "git:HEAD", "--out", "review.plan").err
    assert said == "Saved, for review only. To show it: reconciler show review.plan\n"
    assert "for review only" in repository.ok("show", "review.plan").out
    result = repository.run("apply", "review.plan", "--store", "git:HEAD")
    assert result.code == 3
    assert "not-a-real-token" not in (repository.path / "review.plan").read_text(encoding="utf-8")


def test_nothing_has_drifted_from_a_revision(repository: Any) -> None:
    repository.secret("new", token="not-a-real-token")
    shown = repository.ok("drift", "--store", "git:HEAD").out
    assert "not applied yet" in shown
    assert "No drift" in shown


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        ("git:absent", "there is no revision absent"),
        ("git:", "needs a revision"),
        ("git:--help", "needs a revision"),
        ("git:HEAD:manifests", "there is no revision HEAD:manifests"),
    ],
)
def test_a_revision_that_is_none(repository: Any, revision: str, words: str) -> None:
    result = repository.run("plan", "--store", revision)
    assert result.code == 1
    assert words in result.err


def test_a_shallow_clone_is_named(repository: Any, tmp_path_factory: Any) -> None:
    first = git(repository.path, "rev-parse", "HEAD")
    repository.secret("new", token="not-a-real-token")
    committed(repository.path)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--depth=1", f"file://{repository.path}", "shallow")
    os.chdir(clone / "shallow")
    assert "2 objects in sync" in repository.ok("plan", "--store", "git:HEAD").out
    result = repository.run("plan", "--store", f"git:{first}")
    assert result.code == 1
    assert "which is a shallow clone" in result.err
    assert "fetch-depth: 0" in result.err


def test_a_partial_clone_fetches_nothing(repository: Any, tmp_path_factory: Any) -> None:
    first = git(repository.path, "rev-parse", "HEAD")
    repository.write("manifests/db.yaml", MANIFEST.replace("not-a-real-password", "other"))
    committed(repository.path)
    git(repository.path, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--filter=blob:none", f"file://{repository.path}", "partial")
    os.chdir(clone / "partial")
    result = repository.run("plan", "--store", f"git:{first}")
    assert result.code == 1
    assert "if the clone is partial or shallow, fetch all of it" in result.err


def test_nothing_that_the_repository_configures_is_executed(repository: Any) -> None:
    trap = repository.write("trap.sh", "#!/bin/sh\ntouch executed\ncat\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "filter.x.smudge", "diff.x.textconv", "core.pager"):
        git(repository.path, "config", name, str(trap))
    hook = repository.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch executed\n")
    hook.chmod(0o755)
    repository.write(".gitattributes", "*.yaml filter=x diff=x\n")
    assert repository.ok("plan", "--store", "git:HEAD")
    assert not (repository.path / "executed").exists()


def test_a_link_out_of_the_tree_is_not_followed(repository: Any) -> None:
    outside = repository.path.parent / "outside.yaml"
    outside.write_text(MANIFEST.replace("name: db", "name: outside"), encoding="utf-8")
    (repository.path / "manifests/link.yaml").symlink_to(outside)
    (repository.path / "manifests/near.yaml").symlink_to("db.yaml")
    committed(repository.path)
    (repository.path / "manifests/link.yaml").unlink()
    shown = repository.ok("plan", "--store", "git:HEAD", "--prune", "--allow-empty").out
    assert "outside" not in shown


def test_a_submodule_is_named(repository: Any, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    (other / "a.yaml").write_text(MANIFEST.replace("name: db", "name: a"), encoding="utf-8")
    committed(other)
    git(repository.path, "submodule", "add", "-q", str(other), "manifests/module")
    committed(repository.path)
    result = repository.run("plan", "--store", "git:HEAD")
    assert result.code == 1
    assert "a submodule, whose files that revision has not: manifests/module" in result.err
    assert "No changes" in repository.ok("plan", "manifests/db.yaml", "--store", "git:HEAD").out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0GITCRYPT\0rest", "encrypted with git-crypt"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"kind: [", "error["),
    ],
)
def test_what_cannot_be_read_there_is_named(repository: Any, content: bytes, words: str) -> None:
    (repository.path / "manifests/other.yaml").write_bytes(content)
    committed(repository.path)
    (repository.path / "manifests/other.yaml").unlink()
    result = repository.run("plan", "--store", "git:HEAD")
    assert result.code == 1
    assert "the manifests of that revision have errors" in result.err
    assert "  ~ manifests/other.yaml:" in result.err
    assert words in result.err


def test_what_has_no_revisions_is_refused(repository: Any) -> None:
    result = repository.run("plan", "-", "--store", "git:HEAD", stdin=MANIFEST)
    assert result.code == 1
    assert "standard input has no earlier revision" in result.err
    outside = repository.path.parent / "elsewhere.yaml"
    outside.write_text(MANIFEST, encoding="utf-8")
    result = repository.run("plan", str(outside), "--store", "git:HEAD")
    assert "is not in the Git repository" in result.err
    result = repository.run("get", "--store", "git:HEAD")
    assert "there are none here" in result.err


def test_no_repository(workplace: Any) -> None:
    workplace.write("manifests/db.yaml", MANIFEST)
    result = workplace.run("plan", "--store", "git:HEAD")
    assert result.code == 1
    assert "is not in a Git repository" in result.err


def crafted(directory: Path, *entries: tuple[str, str, bytes]) -> str:
    """A commit whose tree has `entries` (mode, name, content), whatever a checkout thinks of it."""

    def store(kind: str, content: bytes) -> str:
        command = [GIT, "-C", str(directory), "hash-object", "-w", "-t", kind, "--literally"]
        ended = subprocess.run(
            [*command, "--stdin"], input=content, capture_output=True, check=True
        )
        return ended.stdout.decode().strip()

    tree = b"".join(
        f"{mode} {name}".encode()
        + b"\0"
        + bytes.fromhex(store("tree" if mode == "40000" else "blob", content))
        for mode, name, content in entries
    )
    who = "a <a@example.com> 1700000000 +0000"
    text = f"tree {store('tree', tree)}\nauthor {who}\ncommitter {who}\n\na\n"
    return store("commit", text.encode())


@pytest.mark.parametrize("name", ["..", "../escaped", ".git", "manifests/../../escaped"])
def test_a_tree_with_names_that_lead_out_is_refused(repository: Any, name: str) -> None:
    commit = crafted(repository.path, ("100644", name, b"x"))
    result = repository.run("plan", "--store", f"git:{commit}")
    assert result.code == 1
    assert "that revision" in result.err
    assert not leftovers()


def test_a_link_is_no_directory_to_write_into(repository: Any) -> None:
    outside = repository.path.parent / "outside"
    outside.mkdir()
    inner = b"120000 link\0" + bytes.fromhex(
        git(repository.path, "hash-object", "-w", "manifests/db.yaml")
    )
    commit = crafted(
        repository.path,
        ("120000", "place", str(outside).encode()),
        ("40000", "place", inner),
    )
    result = repository.run("plan", "--store", f"git:{commit}")
    assert result.code == 1
    assert "that revision has a file that no checkout can have" in result.err
    assert not list(outside.iterdir())
    assert not leftovers()
