#!/usr/bin/env python3
"""Finds the newest snapshot that a run of the default branch has kept as an artifact.

Runs of forks may keep artifacts of any name, so the name alone says nothing: the run must be one of
this repository's default branch. Needs nothing but Python 3.11.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from comment import call

_PAGE = 100
FILE = "snapshot.json"


def main() -> int:
    """Write the run, and the URL of the store to plan against, as outputs of the step."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
    run = None
    try:
        run = newest_run(os.environ["INPUT_AGAINST"], event["repository"])
    except HTTPError as error:
        print(f"::warning title=reconciler::no snapshot could be looked up: HTTP {error.code}")
    if run is None:
        base = event.get("pull_request", {}).get("base", {})
        store = f"git:origin/{base.get('ref') or event['repository']['default_branch']}"
        print(f"no snapshot: the plan is compared with {store}")
    else:
        store = f"snapshot:{os.environ['SNAPSHOTS']}/{FILE}"
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"run={run or ''}\nstore={store}\n")
    return 0


def newest_run(name: str, repository: Mapping[str, Any]) -> int | None:
    """The run that has kept the newest artifact of this name; None where there is none."""
    query = urlencode({"name": name, "per_page": _PAGE})
    ours = [
        artifact
        for artifact in call("GET", f"actions/artifacts?{query}")["artifacts"]
        if not artifact["expired"] and _is_trusted(artifact["workflow_run"], repository)
    ]
    newest = max(ours, key=lambda artifact: str(artifact["created_at"]), default=None)
    return int(newest["workflow_run"]["id"]) if newest else None


def _is_trusted(run: Mapping[str, Any] | None, repository: Mapping[str, Any]) -> bool:
    return (
        run is not None
        and run["head_repository_id"] == repository["id"]
        and run["head_branch"] == repository["default_branch"]
    )


if __name__ == "__main__":
    sys.exit(main())
