"""The component for GitLab, really run with gitlab-ci-local; `make pipelines` installs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.conftest import ROOT, STAGES, applied, commit, write_fleet

COMPONENT = ROOT / "integrations" / "gitlab"
TEMPLATE = COMPONENT / "templates" / "secrets.yml"
FLEET = COMPONENT / "examples" / "fleet.yml"


def test_the_readme_has_every_input() -> None:
    header, _ = yaml.safe_load_all(TEMPLATE.read_text())
    readme = (COMPONENT / "README.md").read_text()
    for name, declared in header["spec"]["inputs"].items():
        shown = f"`{declared['default']}`" if declared.get("default") else "none"
        shown = "required" if "default" not in declared else shown
        assert f"| `{name}` | {shown} |" in readme, name


def test_the_hook_checks_all_manifests_at_once() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "reconciler-validate"
    assert hook["pass_filenames"] is False
    assert re.match(hook["files"], "manifests/db.yaml")
    assert not re.match(hook["files"], ".gitlab-ci.yml")


@pytest.fixture
def pipeline(tools: Path, programs: Path, checkout: Path) -> Any:
    """Runs jobs of a pipeline that includes the component for two sets."""
    (checkout / "secrets.yml").write_text(TEMPLATE.read_text())
    includes = [
        {
            "local": "secrets.yml",
            "inputs": {
                "name": name,
                "image": "none",
                "set": name,
                "paths": f"manifests/{name}",
                "store": f"sqlite:{checkout.parent}/{name}.db",
                "arguments": "--prune",
            },
        }
        for name in ("shop", "billing")
    ]
    (checkout / ".gitlab-ci.yml").write_text(yaml.safe_dump({"include": includes}))
    (checkout / ".gitignore").write_text("*-plan/\n.gitlab-ci-local/\n")
    commit(checkout, "https://gitlab.com/shop/secrets.git")

    return runs_of(tools, programs, checkout)


def runs_of(tools: Path, programs: Path, checkout: Path) -> Any:
    """Runs jobs of the pipeline of a checkout."""

    def run(*arguments: str, **variables: str) -> Any:
        command = [str(tools / "gitlab-ci-local"), "--force-shell-executor", "--shell-isolation"]
        for name, value in variables.items():
            command += ["--variable", f"{name}={value}"]
        environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(checkout.parent),
        }
        return subprocess.run(
            [*command, *arguments],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.pipelines
def test_a_plan_is_applied_and_its_reports_are_those_of_gitlab(
    pipeline: Any, checkout: Path
) -> None:
    ran = pipeline("shop-plan", "billing-plan", "shop-apply")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Applied: 2 created." in ran.stdout
    for name in ("shop", "billing"):
        folder = checkout / f"{name}-plan"
        assert json.loads((folder / "counts.json").read_bytes()) == {
            "create": 2,
            "update": 0,
            "delete": 0,
        }
        quality = json.loads((folder / "quality.json").read_bytes())
        assert {issue["location"]["path"] for issue in quality} == {f"manifests/{name}/db.yaml"}
        assert json.loads((folder / "plan.json").read_bytes())["options"]["prune"] is True
        assert (folder / "plan.html").read_text().startswith("<!doctype html>")
    again = pipeline("shop-plan")
    assert "No changes." in again.stdout


@pytest.mark.pipelines
def test_with_a_key_of_ones_own_only_a_sealed_plan_is_applied(
    pipeline: Any, tmp_path: Path
) -> None:
    ran = pipeline("shop-plan")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    file = tmp_path / "fingerprint.key"
    file.write_text("11" * 32)
    for key in (
        {"RECONCILER_FINGERPRINT_KEY": "11" * 32},
        {"RECONCILER_FINGERPRINT_KEY_FILE": str(file)},
    ):
        ran = pipeline("shop-apply", **key)
        assert ran.returncode != 0
        assert "--require-sealed" in ran.stdout


@pytest.mark.pipelines
def test_jobs_belong_to_their_pipelines(pipeline: Any) -> None:
    def jobs(**variables: str) -> set[str]:
        listed = pipeline("--list-csv", **variables)
        return {line.split(";")[0] for line in listed.stdout.splitlines() if ";" in line} - {"name"}

    assert jobs() == {"shop-plan", "billing-plan", "shop-apply", "billing-apply"}
    assert jobs(CI_PIPELINE_SOURCE="schedule") == {"shop-drift", "billing-drift"}
    review = jobs(CI_PIPELINE_SOURCE="merge_request_event")
    assert review == {"shop-plan", "billing-plan"}


@pytest.mark.pipelines
def test_drift_is_checked_on_schedules_and_reported(pipeline: Any, checkout: Path) -> None:
    assert pipeline("shop-plan", "shop-apply").returncode == 0
    ran = pipeline("shop-drift", CI_PIPELINE_SOURCE="schedule")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No drift. 2 objects in sync." in ran.stdout
    assert "<testsuite" in (checkout / "shop-plan" / "drift.xml").read_text()
    assert (checkout / "shop-plan" / "drift.html").exists()


@pytest.fixture
def fleet(tools: Path, programs: Path, checkout: Path) -> Any:
    """Runs jobs of the example for many environments."""
    write_fleet(checkout)
    shutil.copy(FLEET, checkout / ".gitlab-ci.yml")
    (checkout / ".gitignore").write_text("shards/\n.gitlab-ci-local/\n*.json\n*.xml\n")
    commit(checkout, "https://gitlab.com/shop/secrets.git")
    run = runs_of(tools, programs, checkout)
    return partial(run, RECONCILER_FINGERPRINT_KEY="11" * 32)


APPROVED = ("--manual", "fleet-approve", "fleet-approve")


def whole(checkout: Path, *arguments: str) -> Any:
    """What the program prints of the whole fleet in one run."""
    ran = subprocess.run(
        [checkout.parent / "programs" / "reconciler", *arguments],
        cwd=checkout,
        env=os.environ | {"RECONCILER_FINGERPRINT_KEY": "11" * 32},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(at_home(ran.stdout))


def at_home(text: str) -> str:
    """`text` without the way from a job's folder to the stores."""
    return re.sub(r"(\.\./)+", "", text)


@pytest.mark.pipelines
def test_shards_of_a_fleet_are_one_report_and_are_applied_in_stages(
    fleet: Any, checkout: Path
) -> None:
    ran = fleet("fleet-plan", "fleet-report")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    merged = at_home((checkout / "fleet.json").read_text())
    # Only the run itself says which new values are equal; its groups are made anew in a report.
    apart = {"groups": None}
    assert json.loads(merged) | apart == whole(checkout, "plan", "--all", "-o", "json") | apart
    counts = json.loads((checkout / "counts.json").read_bytes())
    assert counts == {"create": len(STAGES), "update": 0, "delete": 0}
    assert applied(checkout) == set()
    ran = fleet(*APPROVED, "fleet-stage-1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert applied(checkout) == {"staging"}
    ran = fleet("fleet-stage-2")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert applied(checkout) == {*STAGES}


@pytest.mark.pipelines
def test_a_shard_that_is_missing_fails_the_report_of_the_fleet(fleet: Any, checkout: Path) -> None:
    program = checkout.parent / "programs" / "reconciler"
    dies = '[ "$CI_NODE_INDEX" = 2 ] && exit 9'
    program.write_text(program.read_text().replace("PYTHONPATH", f"{dies}\nPYTHONPATH", 1))
    ran = fleet("fleet-plan", "fleet-report")
    assert ran.returncode != 0
    assert "Shard 2/3 is missing" in ran.stdout + ran.stderr
    read = json.loads((checkout / "fleet.json").read_bytes())
    assert [each["environment"] for each in read["environments"]] == [*STAGES]


@pytest.mark.pipelines
def test_drift_of_a_fleet_is_checked_in_shards(fleet: Any, checkout: Path) -> None:
    jobs = ("fleet-plan", *APPROVED, "fleet-stage-1", "fleet-stage-2")
    assert fleet(*jobs).returncode == 0
    ran = fleet("fleet-drift", "fleet-drift-report", CI_PIPELINE_SOURCE="schedule")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    text = (checkout / "drift.xml").read_text()
    assert [name for name in STAGES if f'"reconciler drift {name}"' in text] == [*STAGES]


@pytest.mark.pipelines
def test_jobs_of_the_fleet_belong_to_their_pipelines(fleet: Any) -> None:
    def jobs(**variables: str) -> set[str]:
        listed = fleet("--list-csv", **variables).stdout.splitlines()
        return {re.split("[:;]", line)[0] for line in listed if line.startswith("fleet-")}

    stages = {f"fleet-stage-{stage}" for stage in (1, 2)}
    assert jobs() == {"fleet-plan", "fleet-report", "fleet-approve"} | stages
    assert jobs(CI_PIPELINE_SOURCE="merge_request_event") == {"fleet-plan", "fleet-report"}
    assert jobs(CI_PIPELINE_SOURCE="schedule") == {"fleet-drift", "fleet-drift-report"}


@pytest.mark.pipelines
@pytest.mark.parametrize(
    "text", [lambda: TEMPLATE.read_text().split("\n---\n")[1], FLEET.read_text]
)
def test_the_schema_of_the_jobs(tools: Path, tmp_path: Path, text: Callable[[], str]) -> None:
    jobs = tmp_path / ".gitlab-ci.yml"
    jobs.write_text(text())
    command = [str(tools / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    command += ["--data-transform", "gitlab-ci", str(jobs)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
