"""The programs of the action for GitHub, run as its steps run them, against a stub of the API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.views.comments import marker
from tests.pipelines.conftest import ACTION, write_secret
from tests.pipelines.stub import BOT, REPOSITORY, TOKEN, Stub

SHA = "0123456789abcdef0123456789abcdef01234567"
PASSWORD = "canary-password-of-the-pipeline"


@dataclass
class Runner:
    """Runs the steps of the action for one job, as the runner of GitHub does."""

    api: Stub
    programs: Path
    checkout: Path
    scratch: Path
    event: dict[str, Any]
    name: str = "pull_request"

    def environment(self, **inputs: str) -> dict[str, str]:
        event, output = self.scratch / "event.json", self.scratch / "output"
        event.write_text(json.dumps(self.event))
        output.write_text("")
        return {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HOME": str(self.scratch),
            "RUNNER_TEMP": str(self.scratch),
            "GITHUB_API_URL": self.api.address,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "42",
            "GITHUB_EVENT_NAME": self.name,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.scratch / "summary.md"),
            "GITHUB_TOKEN": TOKEN,
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
        }

    def run(self, program: str, *arguments: str, **environment: str) -> Any:
        command = [*([sys.executable] if program.endswith(".py") else []), str(ACTION / program)]
        return subprocess.run(
            [*command, *arguments],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def plan(self, **inputs: str) -> tuple[dict[str, str], Any]:
        """The outputs of the step that plans, and what it printed."""
        environment = self.environment(**inputs)
        ran = self.run("plan.py", **environment)
        assert ran.returncode == 0, ran.stderr
        pairs = Path(environment["GITHUB_OUTPUT"]).read_text().splitlines()
        return dict(pair.split("=", 1) for pair in pairs), ran

    def comment(self, outputs: dict[str, str], **inputs: str) -> Any:
        environment = self.environment(**inputs) | {"CHANGES": outputs["changes"]}
        return self.run("comment.py", outputs["comment"], **environment)

    def push(self, **inputs: str) -> dict[str, str]:
        """Both steps, as after a push to the branch."""
        outputs, _ = self.plan(**inputs)
        ran = self.comment(outputs, **inputs)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return outputs


@pytest.fixture
def runner(api: Stub, programs: Path, checkout: Path, tmp_path: Path) -> Runner:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    head = {"sha": SHA, "repo": {"full_name": REPOSITORY}}
    event = {"pull_request": {"number": 7, "head": head}}
    return Runner(api, programs, checkout, scratch, event)


def shop(name: str = "shop") -> dict[str, str]:
    return {"set": name, "paths": f"manifests/{name}", "store": f"sqlite:{name}.db"}


def apply(runner: Runner, name: str = "shop") -> None:
    inputs = shop(name)
    command = ["apply", inputs["paths"], "--set", name, "--store", inputs["store"]]
    ran = runner.environment()
    program = str(runner.programs / "reconciler")
    arguments = [program, *command, "--auto-approve"]
    subprocess.run(arguments, cwd=runner.checkout, env=ran, check=True, capture_output=True)


def test_the_marker_is_that_of_the_report() -> None:
    sys.path.insert(0, str(ACTION))
    try:
        import comment
    finally:
        sys.path.remove(str(ACTION))
    for key in ("shop", "a--b", "-->", "grüße\n|x", "manifests/shop"):
        assert comment.marker(key) == marker(key)


def test_two_pushes_are_one_comment_which_is_updated(runner: Runner) -> None:
    apply(runner)
    write_secret(runner.checkout, "shop", "another-password")
    outputs = runner.push(**shop())
    assert outputs["exit-code"] == "2"
    assert outputs["changes"] == "true"
    assert [outputs[name] for name in ("create", "update", "replace", "delete")] == list("0100")
    (first,) = runner.api.bodies()
    assert first.startswith("<!-- reconciler: ")
    assert "1 to update" in first
    assert f"Commit {SHA}, [log](https://github.com/{REPOSITORY}/actions/runs/42)." in first
    runner.event["pull_request"]["head"]["sha"] = "f" * 40
    (runner.checkout / "manifests/shop/db.yaml").write_text(
        (runner.checkout / "manifests/shop/db.yaml").read_text().replace("db", "queue")
    )
    runner.push(**shop())
    (second,) = runner.api.bodies()
    assert "1 to create" in second
    assert "f" * 40 in second


def test_a_plan_without_changes_says_so_in_place_and_begins_no_comment(runner: Runner) -> None:
    apply(runner)
    assert runner.push(**shop())["changes"] == "false"
    assert runner.api.bodies() == []
    write_secret(runner.checkout, "shop", "another-password")
    runner.push(**shop())
    write_secret(runner.checkout, "shop", "not-a-real-password")
    outputs = runner.push(**shop())
    assert outputs["exit-code"] == "0"
    (body,) = runner.api.bodies()
    assert "No changes." in body


def test_jobs_of_a_matrix_have_a_comment_each(runner: Runner) -> None:
    for _ in range(2):
        for name in ("shop", "billing"):
            runner.push(**shop(name))
    bodies = runner.api.bodies()
    assert len(bodies) == 2
    assert [name in body for name, body in zip(("shop", "billing"), bodies, strict=True)]
    runner.push(**shop(), directory="elsewhere")
    runner.push(**shop() | {"store": "sqlite:other.db"})
    runner.push(**shop(), key="a key of its own")
    assert len(runner.api.bodies()) == 5


def test_comments_of_others_are_left_alone_and_double_ones_become_one(runner: Runner) -> None:
    runner.push(**shop())
    (body,) = runner.api.bodies()
    copied = runner.api.add(body.replace("create", "forge"), login="somebody")
    for number in range(120):
        runner.api.add(f"chat {number}", login="somebody")
    runner.api.add(body.replace("\n", "\r\n"))
    quoted = runner.api.add(f"> quoted\n{body}")
    runner.push(**shop())
    bodies = runner.api.bodies()
    assert len(bodies) == 123
    assert copied["body"] in bodies
    assert quoted["body"] in bodies


def test_errors_in_manifests_update_the_comment_and_annotate(runner: Runner) -> None:
    runner.push(**shop())
    (runner.checkout / "manifests/shop/bad.yaml").write_text("kind: Secret\nmetadata: {name: x}\n")
    outputs, ran = runner.plan(**shop())
    assert outputs["exit-code"] == "1"
    assert outputs["changes"] == "true"
    assert not {"plan", "json", "html"} & outputs.keys()
    lines = ran.stdout.splitlines()
    assert lines[0] == f"::add-matcher::{ACTION / 'problem-matcher.json'}"
    assert lines[-1] == "::remove-matcher owner=reconciler::"
    assert any(line.startswith("manifests/shop/bad.yaml:1:1: error[") for line in lines)
    runner.comment(outputs, **shop())
    (body,) = runner.api.bodies()
    assert "### No plan" in body
    assert "exit code 1" in body


def test_the_problem_matcher_reads_diagnostics() -> None:
    document = json.loads((ACTION / "problem-matcher.json").read_bytes())
    (matcher,) = document["problemMatcher"]
    (pattern,) = matcher["pattern"]
    assert matcher["owner"] == "reconciler"
    for text, expected in (
        (
            "m/a.yaml:4:5: warning[tls-key-mismatch] Secret/shop/tls data[tls.crt]: no",
            ("m/a.yaml", "4", "5", "warning", "tls-key-mismatch"),
        ),
        ("a b:c.yaml:1:1: error[yaml-wrong]: no", ("a b:c.yaml", "1", "1", "error", "yaml-wrong")),
    ):
        found = re.fullmatch(pattern["regexp"], text)
        assert found
        names = ("file", "line", "column", "severity", "code")
        assert tuple(found[pattern[name]] for name in names) == expected
    assert not re.fullmatch(pattern["regexp"], "    hint: decode it once")


def test_a_step_writes_reports_and_a_summary_and_no_value(runner: Runner) -> None:
    write_secret(runner.checkout, "shop", PASSWORD)
    outputs, ran = runner.plan(**shop(), arguments="--prune\n--max-deletes=5\n")
    directory = Path(outputs["directory"])
    assert {path.name for path in directory.iterdir()} == {
        "comment.md",
        "plan.html",
        "plan.json",
        "plan.md",
        "reconciler.plan",
    }
    for name in ("plan", "json", "markdown", "html", "comment"):
        assert Path(outputs[name]).parent == directory
    options = json.loads(Path(outputs["json"]).read_bytes())["options"]
    assert options["prune"] is True
    summary = (runner.scratch / "summary.md").read_text()
    assert summary.startswith("### Plan: 2 to create")
    assert "::notice file=manifests/shop/db.yaml" in ran.stdout
    for path in directory.iterdir():
        assert PASSWORD not in path.read_text()
    assert PASSWORD not in ran.stdout + ran.stderr + summary


def test_refused_plans_are_commented_and_fail(runner: Runner) -> None:
    apply(runner)
    (runner.checkout / "manifests/shop/db.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    )
    outputs = runner.push(**shop(), arguments="--prune")
    assert outputs["exit-code"] == "3"
    assert "**Refused:**" in runner.api.bodies()[0]


def fork_event(**changes: Any) -> dict[str, Any]:
    run = {
        "id": 99,
        "event": "pull_request",
        "head_sha": SHA,
        "head_branch": "feature/a&state=closed",
        "head_repository": {"full_name": "mallory/secrets", "owner": {"login": "mallory"}},
        "pull_requests": [],
    }
    return {"workflow_run": run | changes}


def pull(number: int, **changes: Any) -> dict[str, Any]:
    head = {"label": "mallory:feature/a&state=closed", "sha": SHA}
    return {"number": number, "state": "open", "head": head} | changes


def test_a_fork_has_a_comment_made_of_its_report_alone(runner: Runner) -> None:
    outputs, _ = runner.plan(**shop())
    document = runner.scratch / "artifact.json"
    document.write_text(Path(outputs["json"]).read_text())
    runner.event, runner.name = fork_event(), "workflow_run"
    runner.api.pulls = [pull(11)]
    (runner.checkout / "manifests/shop/db.yaml").unlink()
    outputs, _ = runner.plan(**shop(), report=str(document))
    assert outputs["create"] == "2"
    assert "plan" not in outputs
    assert runner.comment(outputs, **shop()).returncode == 0
    (body,) = runner.api.bodies(11)
    assert body.startswith(marker("shop|sqlite:shop.db||manifests/shop|"))
    assert "2 to create" in body
    assert "A run of a fork has made this plan, so it may be wrong. It is never applied." in body
    assert f"[log](https://github.com/{REPOSITORY}/actions/runs/99)" in body
    runner.plan(**shop(), report=str(document))
    runner.comment(outputs, **shop())
    assert len(runner.api.bodies(11)) == 1


@pytest.mark.parametrize(
    "pulls",
    [
        [],
        [pull(11, state="closed")],
        [pull(11, head={"label": "mallory:feature/a&state=closed", "sha": "e" * 40})],
        [pull(11, head={"label": "shop:main", "sha": SHA})],
        [pull(11), pull(12)],
    ],
    ids=["none", "closed", "moved on", "another branch", "two"],
)
def test_the_pull_request_of_a_fork_is_that_of_the_event_or_none(
    runner: Runner, pulls: list[dict[str, Any]]
) -> None:
    outputs, _ = runner.plan(**shop())
    runner.event, runner.name, runner.api.pulls = fork_event(), "workflow_run", pulls
    ran = runner.comment(outputs, **shop())
    assert ran.returncode == 0
    assert "no comment" in ran.stdout
    assert runner.api.comments == {}


def test_no_number_is_taken_from_a_push(runner: Runner) -> None:
    outputs, _ = runner.plan(**shop())
    runner.event = fork_event(event="push", pull_requests=[{"number": 7}])
    assert "no comment" in runner.comment(outputs, **shop()).stdout
    runner.event = {"ref": "refs/heads/main"}
    assert "no comment" in runner.comment(outputs, **shop()).stdout


@pytest.mark.parametrize(
    "forged",
    [
        b"{}",
        b"not json",
        b'{"format": "reconciler.plan/v1", "summary": {"create": "1\\nplan=/etc/passwd"}}',
    ],
)
def test_a_forged_report_is_refused(runner: Runner, forged: bytes) -> None:
    document = runner.scratch / "artifact.json"
    document.write_bytes(forged)
    runner.event, runner.name = fork_event(), "workflow_run"
    outputs, _ = runner.plan(**shop(), report=str(document))
    assert outputs["exit-code"] == "1"
    assert "plan" not in outputs
    assert "### No plan" in Path(outputs["comment"]).read_text()


def test_what_a_refusal_of_the_api_says(runner: Runner) -> None:
    outputs, _ = runner.plan(**shop())
    environment = runner.environment() | {"GITHUB_TOKEN": "another", "CHANGES": "true"}
    ran = runner.run("comment.py", outputs["comment"], **environment)
    assert ran.returncode == 1
    assert ran.stdout == "::error title=reconciler::GitHub refused the comment: HTTP 401\n"


def test_an_apply_job_applies_the_plan_of_the_artifact(runner: Runner) -> None:
    outputs, _ = runner.plan(**shop())
    runner.name = "push"
    ran = runner.run("apply.sh", **runner.environment(**shop()), PLAN=outputs["plan"])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert runner.plan(**shop())[0]["exit-code"] == "0"


@pytest.mark.parametrize("variable", ["", "_FILE"])
def test_with_a_key_of_ones_own_only_a_sealed_plan_is_applied(
    runner: Runner, tmp_path: Path, variable: str
) -> None:
    file = tmp_path / "fingerprint.key"
    file.write_text("11" * 32)
    key = {f"RECONCILER_FINGERPRINT_KEY{variable}": str(file) if variable else "11" * 32}
    outputs, _ = runner.plan(**shop())
    runner.name = "push"
    ran = runner.run("apply.sh", **runner.environment(**shop()), **key, PLAN=outputs["plan"])
    assert ran.returncode == 3, ran.stdout + ran.stderr


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "workflow_run"])
def test_nothing_is_applied_for_a_pull_request(runner: Runner, event: str) -> None:
    outputs, _ = runner.plan(**shop())
    runner.name = event
    ran = runner.run("apply.sh", **runner.environment(**shop()), PLAN=outputs["plan"])
    assert ran.returncode == 3
    assert runner.plan(**shop())[0]["exit-code"] == "2"


def kept(run: int, created: str = "2026-11-25T00:00:00Z", **changes: Any) -> dict[str, Any]:
    origin = {"id": run, "head_branch": "main", "head_repository_id": 1}
    return {
        "name": "seen",
        "expired": False,
        "created_at": created,
        "workflow_run": origin,
    } | changes


def fork_artifact(run: int, **changes: Any) -> dict[str, Any]:
    origin = {"id": run, "head_branch": "main", "head_repository_id": 1} | changes
    return kept(run, "2026-11-28T00:00:00Z", workflow_run=origin)


def found_snapshot(runner: Runner, **more: str) -> tuple[dict[str, str], str]:
    """The outputs of the step that finds the snapshot, and what it printed."""
    repository = {"id": 1, "default_branch": "main"}
    runner.event["repository"] = repository
    runner.event["pull_request"]["base"] = {"ref": "next"}
    environment = runner.environment(against="seen") | {"SNAPSHOTS": "/tmp/x"} | more  # noqa: S108
    ran = runner.run("find_snapshot.py", **environment)
    assert ran.returncode == 0, ran.stderr
    pairs = Path(environment["GITHUB_OUTPUT"]).read_text().splitlines()
    return dict(pair.split("=", 1) for pair in pairs), ran.stdout


def test_the_newest_snapshot_of_the_default_branch_is_taken(runner: Runner) -> None:
    runner.api.artifacts = [
        kept(3),
        kept(4, "2026-11-26T00:00:00Z"),
        kept(5, "2026-11-27T00:00:00Z", expired=True),
        kept(6, "2026-11-27T00:00:00Z", name="another"),
        fork_artifact(7, head_repository_id=2),
        fork_artifact(8, head_branch="feature"),
        kept(9, "2026-11-28T00:00:00Z", workflow_run=None),
    ]
    outputs, _ = found_snapshot(runner)
    assert outputs == {"run": "4", "store": "snapshot:/tmp/x/snapshot.json"}


def test_without_a_snapshot_the_branch_that_it_is_for_is_compared(runner: Runner) -> None:
    runner.api.artifacts = [fork_artifact(7, head_repository_id=2)]
    outputs, printed = found_snapshot(runner)
    assert outputs == {"run": "", "store": "git:origin/next"}
    assert "no snapshot" in printed
    outputs, printed = found_snapshot(runner, GITHUB_TOKEN="of nobody")
    assert outputs["store"] == "git:origin/next"
    assert "::warning title=reconciler::no snapshot could be looked up: HTTP 401" in printed


def test_a_snapshot_is_taken_of_the_store_and_holds_no_value(runner: Runner) -> None:
    write_secret(runner.checkout, "shop", PASSWORD)
    apply(runner)
    runner.name = "schedule"
    snapshots = runner.scratch / "snapshots"
    environment = runner.environment(**shop()) | {"SNAPSHOTS": str(snapshots)}
    ran = runner.run("snapshot.sh", **environment)
    assert ran.returncode == 0, ran.stderr
    text = (snapshots / "snapshot.json").read_text()
    assert PASSWORD not in text
    outputs, _ = runner.plan(**shop() | {"store": f"snapshot:{snapshots}/snapshot.json"})
    assert outputs["exit-code"] == "2"
    assert "snapshot-unverified" in Path(outputs["json"]).read_text()


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "workflow_run"])
def test_no_snapshot_is_taken_for_a_pull_request(runner: Runner, event: str) -> None:
    runner.name = event
    environment = runner.environment(**shop()) | {"SNAPSHOTS": str(runner.scratch / "s")}
    ran = runner.run("snapshot.sh", **environment)
    assert ran.returncode == 3
    assert not (runner.scratch / "s").exists()


def test_the_readme_has_every_input_and_output() -> None:
    import yaml

    action = yaml.safe_load((ACTION / "action.yml").read_text())
    readme = (ACTION / "README.md").read_text()
    for section in ("inputs", "outputs"):
        for name in action[section]:
            assert f"| `{name}` |" in readme, name


def test_the_author_of_the_stub_is_that_of_the_workflow_token() -> None:
    assert f"default: {BOT}" in (ACTION / "action.yml").read_text()
