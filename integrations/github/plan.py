#!/usr/bin/env python3
"""Plans as a step of a workflow: reports, outputs, a summary of the step, and a comment's text.

Reads its inputs from the environment, since text in a workflow's script would be carried out.
Needs `reconciler` on PATH and nothing else but Python 3.11.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from comment import marker, run_address

CHANGES = 2
SUMMARY_CHARACTERS = 250_000
"""A summary may have 1 MiB, and a character takes at most four bytes."""
COMMENT_CHARACTERS = 64_000
"""A comment may have 65,536 characters; the last lines are added later."""
MATCHER = Path(__file__).with_name("problem-matcher.json")
SETTINGS = ("SET", "STORE", "CONFIG")
ACTIONS = ("create", "update", "replace", "delete")


def main() -> int:
    """Plan, or show plans that other runs have made. Returns the exit code of that."""
    directory = Path(tempfile.mkdtemp(prefix="reconciler-", dir=os.environ.get("RUNNER_TEMP")))
    given = Path(os.environ.get("INPUT_REPORT") or directory)
    document, code = directory / "plan.json", 0
    if given == directory:
        code = planned(directory, document)
    elif given.is_dir():
        code = merged(given, document)
    else:
        document = given
    if code not in {0, CHANGES} and not document.exists():
        text = failed(code)
    else:
        text, code = shown(document, code)
    comment = directory / "comment.md"
    comment.write_text(text, encoding="utf-8")
    write_outputs(directory, document, code)
    return code


def planned(directory: Path, document: Path) -> int:
    """The exit code of `reconciler plan`, which writes its reports into `directory`."""
    findings = directory / "findings"
    reports = {
        "json": document,
        "markdown": directory / "plan.md",
        "html": directory / "plan.html",
        "github": findings,
    }
    command = ["reconciler", "plan", *lines("INPUT_PATHS"), *lines("INPUT_ARGUMENTS")]
    command += ["--detailed-exitcode", "--out", str(directory / "reconciler.plan")]
    command += [f"--report={name}={path}" for name, path in reports.items()]
    run = subprocess.run(
        command, env=settings(), stderr=subprocess.PIPE, text=True, errors="replace", check=False
    )
    if findings.exists():
        sys.stderr.write(run.stderr)
        sys.stderr.flush()
        sys.stdout.write(findings.read_text(encoding="utf-8"))
        findings.unlink()
    else:
        # Nothing but the diagnostics tells what is wrong: the matcher makes annotations of them.
        print(f"::add-matcher::{MATCHER}\n{run.stderr}\n::remove-matcher owner=reconciler::")
    sys.stdout.flush()
    return run.returncode


def merged(shards: Path, document: Path) -> int:
    """The exit code of merging the reports of shards into `document`."""
    command = ["reconciler", "report", str(shards), "-o", "json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if run.stdout:
        document.write_bytes(run.stdout)
    return run.returncode


def shown(document: Path, code: int) -> tuple[str, int]:
    """The comment's text, after writing the summary; and the code, 1 where there is no plan."""
    report = ["reconciler", "report", str(document), "-o", "markdown"]
    keyed = [*report, "--key", key(), "--limit", str(COMMENT_CHARACTERS)]
    comment = subprocess.run(keyed, stdout=subprocess.PIPE, text=True, check=False)
    if comment.returncode:
        return failed(comment.returncode), comment.returncode
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        long = [*report, "--limit", str(SUMMARY_CHARACTERS)]
        with Path(summary).open("ab") as file:
            subprocess.run(long, stdout=file, check=True)
    return comment.stdout, code


def key() -> str:
    """What tells this plan's comment from those of other jobs: the same in each run of a job."""
    given = os.environ.get("INPUT_KEY", "")
    named = [settings().get(f"RECONCILER_{name}", "") for name in SETTINGS]
    where = [",".join(lines("INPUT_PATHS")), os.environ.get("INPUT_DIRECTORY", "")]
    return given or "|".join([*named, *where])


def failed(code: int) -> str:
    """A comment for where there is no plan to show."""
    log = f"[the log]({run_address()}) says why"
    return f"{marker(key())}\n\n### No plan\n\n`reconciler` ended with exit code {code}; {log}.\n"


def write_outputs(directory: Path, document: Path, code: int) -> None:
    """The outputs of the step; counts are 0 where there is no plan."""
    actions = summary_of(document)
    outputs = {
        "exit-code": code,
        "changes": str(any(actions.values()) or code not in {0, CHANGES}).lower(),
        **actions,
        "directory": directory,
        "comment": directory / "comment.md",
        "json": document,
        "markdown": directory / "plan.md",
        "html": directory / "plan.html",
        "plan": directory / "reconciler.plan",
    }
    written = [
        f"{name}={value}\n"
        for name, value in outputs.items()
        if not isinstance(value, Path) or value.exists()
    ]
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(written)


def summary_of(document: Path) -> dict[str, int]:
    """How many objects each action touches, in all environments together."""
    try:
        read: dict[str, Any] = json.loads(document.read_bytes())
        plans = (
            [part["plan"] for part in read["environments"]] if "environments" in read else [read]
        )
        summaries = [plan["summary"] for plan in plans if plan is not None]
        return {action: sum(int(each[action]) for each in summaries) for action in ACTIONS}
    except (OSError, ValueError, KeyError, TypeError):
        return dict.fromkeys(ACTIONS, 0)


def settings() -> dict[str, str]:
    """The environment, in which inputs that are not empty go before what the job has set."""
    given = {f"RECONCILER_{name}": os.environ.get(f"INPUT_{name}", "") for name in SETTINGS}
    return os.environ | {name: value for name, value in given.items() if value}


def lines(name: str) -> list[str]:
    """The lines of an input that are not empty."""
    return [line.strip() for line in os.environ.get(name, "").splitlines() if line.strip()]


if __name__ == "__main__":
    main()  # the last step of the action fails, so that those in between still run
