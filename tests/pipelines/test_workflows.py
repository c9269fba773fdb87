"""The example workflows, really run with act, and judged by the linters of workflows.

`make pipelines` installs what this needs. The actions that keep and fetch artifacts are copies of
folders here; all else is what is shipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.conftest import (
    ACTION,
    ROOT,
    STAGES,
    applied,
    commit,
    write_fleet,
    write_secret,
)
from tests.pipelines.stub import REPOSITORY, TOKEN, Stub

pytestmark = pytest.mark.pipelines

EXAMPLES = sorted((ACTION / "examples").glob("*.yml"))
SHA = "0123456789abcdef0123456789abcdef01234567"
_INPUTS = ("name", "path", "pattern", "if-no-files-found", "run-id", "github-token")
_COPY = """name: {name}
inputs: {inputs}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        NAME: "${{{{ inputs.name }}}}"
        FOLDER: "${{{{ inputs.path }}}}"
        PATTERN: "${{{{ inputs.pattern }}}}"
      run: {script}
"""
_ARTIFACTS = {
    "upload": 'mkdir -p "$ARTIFACTS/$NAME" && cp -r "$FOLDER/." "$ARTIFACTS/$NAME"',
    # Those of a pattern get a folder each.
    "download": 'mkdir -p "$FOLDER" && cp -r "$ARTIFACTS"/${PATTERN:-$NAME/.} "$FOLDER"',
}


class Act:
    """Runs the example workflows in a checkout."""

    def __init__(self, tools: Path, programs: Path, checkout: Path, api: Stub) -> None:
        self.checkout, self.artifacts = checkout, checkout.parent / "artifacts"
        self._programs, self._tools, self._api = programs, tools, api
        workflows = checkout / ".github" / "workflows"
        workflows.mkdir(parents=True)
        for example in EXAMPLES:
            # The program is on PATH; all else is as shipped.
            text = re.sub(
                r"(uses: example/reconciler/\S+\n +with:\n)",
                r'\1          install: "false"\n',
                example.read_text(),
            )
            (workflows / example.name).write_text(text)
        commit(checkout, f"https://github.com/{REPOSITORY}")

    def run(self, name: str, event: dict[str, Any], workflow: str, *more: str) -> str:
        """What act printed; the workflow succeeded."""
        ran = self.tried(name, event, workflow, *more)
        assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
        return str(ran.stdout)

    def tried(self, name: str, event: dict[str, Any], workflow: str, *more: str) -> Any:
        path = self.checkout.parent / "event.json"
        repository = {"full_name": REPOSITORY, "id": 1, "default_branch": "main"}
        path.write_text(json.dumps({"repository": repository} | event))
        command = [str(self._tools / "act"), name, "-e", str(path)]
        command += ["-W", f".github/workflows/{workflow}", "-P", "ubuntu-latest=-self-hosted"]
        if not _of_fork(event):
            command += ["--var", f"RECONCILER_STORE=sqlite:{self.checkout.parent}/store.db"]
        command += ["--no-cache-server", "-s", f"GITHUB_TOKEN={TOKEN}"]
        settings = {
            "GITHUB_API_URL": self._api.address,
            "GITHUB_REPOSITORY": REPOSITORY,
            "ARTIFACTS": str(self.artifacts),
        }
        for setting, value in settings.items():
            command += ["--env", f"{setting}={value}"]
        for action, folder in self._actions().items():
            command += ["--local-repository", f"{action}={folder}"]
        home = self.checkout.parent / "home"
        home.mkdir(exist_ok=True)
        environment = os.environ | {
            "PYTHONSAFEPATH": "1",  # as on no runner: the action does not mind
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
        }
        return subprocess.run(
            [*command, *more],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def _actions(self) -> dict[str, Path]:
        """Where each action is that the workflows use."""
        used = {use for file in (*EXAMPLES, ACTION / "action.yml") for use in _uses(file)}
        folders = {}
        for use in used:
            repository, _, sha = use.partition("@")
            name = "/".join(repository.split("/")[:2])
            folders[f"{name}@{sha}"] = self._folder(name)
        return folders

    def _folder(self, name: str) -> Path:
        folder = self.checkout.parent / name.replace("/", "-")
        if name == "example/reconciler":
            # Not the whole work tree: act copies it for each step, with a .venv of 440 MB.
            shutil.copytree(ACTION, folder / ACTION.relative_to(ROOT), dirs_exist_ok=True)
        folder.mkdir(exist_ok=True)
        for kind, script in _ARTIFACTS.items():
            if kind in name:
                (folder / "action.yml").write_text(
                    _COPY.format(
                        name=kind, script=script, inputs=json.dumps({key: {} for key in _INPUTS})
                    )
                )
        return folder


def _of_fork(event: dict[str, Any]) -> bool:
    """Whether the run gets no variables, as runs of forks do not."""
    head = event.get("pull_request", {}).get("head")
    return bool(head) and head["repo"]["full_name"] != REPOSITORY


def _uses(file: Path) -> list[str]:
    return re.findall(r"uses: (\S+@[0-9a-f]{40})", file.read_text())


@pytest.fixture
def act(tools: Path, programs: Path, checkout: Path, api: Stub) -> Act:
    return Act(tools, programs, checkout, api)


def pull_request(repository: str = REPOSITORY) -> dict[str, Any]:
    head = {"sha": SHA, "ref": "feature", "repo": {"full_name": repository}}
    return {"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}}


def test_two_pushes_and_a_matrix_of_two_are_two_comments(act: Act, api: Stub) -> None:
    log = act.run("pull_request", pull_request(), "plan-and-apply.yml")
    bodies = api.bodies()
    assert len(bodies) == 2
    assert {name for name in ("shop", "billing") for body in bodies if name in body} == {
        "shop",
        "billing",
    }
    assert sorted(folder.name for folder in act.artifacts.iterdir()) == [
        "reconciler-plan-billing",
        "reconciler-plan-shop",
    ]
    assert "not-a-real-password" not in log
    (act.checkout / "manifests/shop/more.yaml").write_text(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: shop}\n"
    )
    act.run("pull_request", pull_request(), "plan-and-apply.yml")
    assert len(api.bodies()) == 2
    assert sorted(request.split()[0] for request in api.requests) == ["GET"] * 4 + [
        "PATCH",
        "PATCH",
        "POST",
        "POST",
    ]
    assert sum("3 to create" in body for body in api.bodies()) == 1


def commented(act: Act, api: Stub) -> list[str]:
    """The comments on the pull request of a fork that changes both sets, plan and all."""
    for name in ("shop", "billing"):
        write_secret(act.checkout, name, "changed-by-the-fork")
        with (act.checkout / "manifests" / name / "db.yaml").open("a") as file:
            file.write(f"---\nkind: Secret\napiVersion: v1\nmetadata: {{name: new-{name}}}\n")
    act.run("pull_request", pull_request("mallory/secrets"), "plan-and-apply.yml")
    assert {request.partition("?")[0] for request in api.requests} == {
        f"GET /repos/{REPOSITORY}/actions/artifacts"
    }
    shutil.rmtree(act.checkout / "manifests")
    api.pulls = [{"number": 11, "state": "open", "head": {"label": "mallory:feature", "sha": SHA}}]
    head = {"full_name": "mallory/secrets", "owner": {"login": "mallory"}}
    run = {
        "id": 99,
        "event": "pull_request",
        "head_sha": SHA,
        "head_branch": "feature",
        "head_repository": head,
        "pull_requests": [],
    }
    act.run("workflow_run", {"workflow_run": run}, "forks.yml")
    bodies = api.bodies(11)
    assert len(bodies) == 2
    assert all("A run of a fork has made this plan" in body for body in bodies)
    assert all("1 to create, 1 to update" in body for body in bodies)
    return bodies


def test_a_fork_plans_against_the_snapshot_and_is_commented_by_the_second_workflow(
    act: Act, api: Stub
) -> None:
    act.run("push", {"ref": "refs/heads/main", "after": SHA}, "plan-and-apply.yml")
    assert sorted(folder.name for folder in act.artifacts.glob("*snapshot*")) == [
        "reconciler-snapshot-billing",
        "reconciler-snapshot-shop",
    ]
    origin = {"id": 42, "head_branch": "main", "head_repository_id": 1}
    api.artifacts = [
        {"name": folder.name, "expired": False, "created_at": "2026", "workflow_run": origin}
        for folder in act.artifacts.glob("*snapshot*")
    ]
    bodies = commented(act, api)
    assert all("(snapshot)" in body for body in bodies)
    assert all("cannot tell whether they differ" in body for body in bodies)


def test_without_a_snapshot_a_fork_is_compared_with_main(act: Act, api: Stub) -> None:
    git = ["git", "update-ref", "refs/remotes/origin/main", "HEAD"]
    subprocess.run(git, cwd=act.checkout, check=True)
    bodies = commented(act, api)
    assert all("`git:origin/main`" in body or "(git)" in body for body in bodies)


def test_a_snapshot_is_taken_on_schedules_alone(act: Act, api: Stub) -> None:
    act.run("push", {"ref": "refs/heads/main", "after": SHA}, "plan-and-apply.yml")
    shutil.rmtree(act.artifacts)
    act.run("schedule", {"schedule": "17 3 * * *"}, "plan-and-apply.yml")
    assert sorted(folder.name for folder in act.artifacts.iterdir()) == [
        "reconciler-snapshot-billing",
        "reconciler-snapshot-shop",
    ]
    assert api.requests == []


def test_after_a_merge_the_plan_of_the_artifact_is_applied(act: Act, api: Stub) -> None:
    event = {"ref": "refs/heads/main", "after": SHA}
    log = act.run("push", event, "plan-and-apply.yml")
    assert log.count("Applied: 2 created.") == 2
    assert api.requests == []
    again = act.run("push", event, "plan-and-apply.yml", "-j", "plan")
    assert "No changes. 2 objects in sync." in again
    assert "to create" not in again


def test_a_manifest_with_an_error_fails_the_job(act: Act, api: Stub) -> None:
    write_secret(act.checkout, "shop", "[1]")
    ran = act.tried("pull_request", pull_request(), "plan-and-apply.yml")
    assert ran.returncode != 0
    assert sum("### No plan" in body for body in api.bodies()) == 1


@pytest.fixture
def fleet(tools: Path, programs: Path, checkout: Path, api: Stub) -> Act:
    write_fleet(checkout)
    return Act(tools, programs, checkout, api)


KEY = "11" * 32
SEALED = ("-s", f"RECONCILER_FINGERPRINT_KEY={KEY}")
PUSH = {"ref": "refs/heads/main", "after": SHA}


def whole(act: Act, *arguments: str) -> str:
    """What the program prints of the whole fleet in one run."""
    ran = subprocess.run(
        [act.checkout.parent / "programs" / "reconciler", *arguments],
        cwd=act.checkout,
        env=os.environ | {"RECONCILER_FINGERPRINT_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout


def at_home(text: str) -> str:
    """`text` without the way from a job's folder to the stores."""
    return re.sub(r"(\.\./)+", "", text)


def test_shards_of_a_fleet_have_one_comment_which_is_that_of_a_whole_run(
    fleet: Act, api: Stub
) -> None:
    fleet.run("pull_request", pull_request(), "fleet.yml", *SEALED)
    assert sorted(folder.name for folder in fleet.artifacts.iterdir()) == [
        f"reconciler-shard-{number}" for number in (1, 2, 3)
    ]
    assert applied(fleet.checkout) == set()
    (body,) = api.bodies()
    plan = whole(fleet, "plan", "--all", "--detailed-exitcode", "-o", "json")
    (fleet.checkout.parent / "whole.json").write_text(plan)
    shown = ("-o", "markdown", "--key", "fleet", "--limit", "64000")
    said = whole(fleet, "report", "../whole.json", *shown).rstrip()
    assert at_home(body).startswith(at_home(said))
    assert all(f"| `{name}` |" in body for name in STAGES)
    merged = whole(fleet, "report", str(fleet.artifacts), "-o", "json")
    # Only the run itself says which new values are equal; its groups are made anew in a report.
    apart = {"groups": None}
    assert json.loads(at_home(merged)) | apart == json.loads(at_home(plan)) | apart


def test_a_shard_that_fails_is_named_in_the_comment(fleet: Act, api: Stub) -> None:
    program = fleet.checkout.parent / "programs" / "reconciler"
    dies = '[ "$RECONCILER_SHARD" = 2/3 ] && exit 9'
    program.write_text(program.read_text().replace("PYTHONPATH", f"{dies}\nPYTHONPATH", 1))
    ran = fleet.tried("pull_request", pull_request(), "fleet.yml", *SEALED)
    assert ran.returncode != 0
    (body,) = api.bodies()
    assert "shard `2/3` is missing" in body
    assert "Shard 2/3 is missing: there is no report of it." in ran.stdout
    assert "7 environments: 3 failed" in body


def test_a_fleet_is_applied_stage_by_stage(fleet: Act, api: Stub) -> None:
    log = fleet.run("push", PUSH, "fleet.yml", *SEALED)
    assert applied(fleet.checkout) == {*STAGES}
    assert log.count("Applied: 1 created.") == len(STAGES)
    assert "[Fleet/Stage 2" not in log[: log.index("Applied: 1 created.")]
    assert "Shard 1/3, stage 1: none of 7 chosen environments" in log
    assert "not-a-real" not in log
    assert api.requests == []


def test_a_stage_that_fails_is_the_last_one(fleet: Act) -> None:
    """What was planned for `staging` is not what is there any more."""
    program = fleet.checkout.parent / "programs" / "reconciler"
    change = "case $1 in apply) sed -i s/not-a-real/changed/ clusters/staging/db.yaml;; esac"
    program.write_text(program.read_text().replace("PYTHONPATH", f"{change}\nPYTHONPATH", 1))
    ran = fleet.tried("push", PUSH, "fleet.yml", *SEALED)
    assert ran.returncode != 0
    assert "Stage 2" not in ran.stdout
    assert {path.stem for path in fleet.checkout.parent.glob("eu-*.db")} == set()


def test_linters_of_workflows_find_nothing(tools: Path) -> None:
    action = ACTION / "action.yml"
    for command in (
        ["actionlint", *EXAMPLES],
        ["zizmor", "--offline", "--no-progress", action, *EXAMPLES],
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", action],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *EXAMPLES],
    ):
        program, *arguments = map(str, command)
        ran = subprocess.run(
            [tools / program, *arguments], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
