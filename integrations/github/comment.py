#!/usr/bin/env python3
"""Creates or updates the one comment on a pull request that has a key.

Whose comment it is and which pull request it is about come from the event and from the API alone,
never from the text. Needs nothing but Python 3.11.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

_PAGE = 100
_SECONDS = 30


def main() -> int:
    """Write the comment. Returns 1 where GitHub refuses it."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
    try:
        write(text, event, has_changes=os.environ.get("CHANGES") != "false")
    except HTTPError as error:
        print(f"::error title=reconciler::GitHub refused the comment: HTTP {error.code}")
        return 1
    return 0


def write(text: str, event: Mapping[str, Any], *, has_changes: bool) -> None:
    """Put `text` in the place of the comment with its marker.

    Where there is none, there will be one only if there is anything to review.
    """
    number = pull_request(event)
    if number is None:
        print("no open pull request of this commit: no comment")
        return
    first_line = text.partition("\n")[0]
    comments = list(own_comments(number, first_line))
    body = text.rstrip("\n") + closing(event)
    if not comments:
        if has_changes:
            call("POST", f"issues/{number}/comments", {"body": body})
        return
    oldest, *others = comments
    call("PATCH", f"issues/comments/{oldest}", {"body": body})
    for comment in others:  # two runs at once have each seen none
        call("DELETE", f"issues/comments/{comment}")


def pull_request(event: Mapping[str, Any]) -> int | None:
    """The number of the pull request that `event` is about; None where there is none.

    GitHub leaves out the pull requests of forks in `workflow_run`: the one that is open for the
    branch is it, if it still has the commit of the run.
    """
    if "pull_request" in event:
        return int(event["pull_request"]["number"])
    run = event.get("workflow_run")
    if not run or run["event"] != "pull_request":
        return None
    head = f"{run['head_repository']['owner']['login']}:{run['head_branch']}"
    query = urlencode({"state": "open", "head": head, "per_page": _PAGE})
    numbers = [
        int(pull["number"])
        for pull in call("GET", f"pulls?{query}")
        if pull["head"]["sha"] == run["head_sha"]
    ]
    return numbers[0] if len(numbers) == 1 else None


def own_comments(number: int, first_line: str) -> Iterator[int]:
    """The comments of the author that we write as which begin with the marker, oldest first."""
    author = os.environ.get("INPUT_AUTHOR") or "github-actions[bot]"
    page = 1
    while True:
        comments = call("GET", f"issues/{number}/comments?per_page={_PAGE}&page={page}")
        for comment in comments:
            is_ours = comment["user"] and comment["user"]["login"] == author
            if is_ours and (comment["body"] or "").partition("\n")[0].rstrip("\r") == first_line:
                yield int(comment["id"])
        if len(comments) < _PAGE:
            return
        page += 1


def closing(event: Mapping[str, Any]) -> str:
    """The last lines: which commit it is about, and whether a stranger's run has made it."""
    run = event.get("workflow_run")
    commit = run["head_sha"] if run else event["pull_request"]["head"]["sha"]
    said = f"\n\nCommit {commit}, [log]({run_address(run)})."
    if run and run["head_repository"]["full_name"] != os.environ["GITHUB_REPOSITORY"]:
        said += " A run of a fork has made this plan, so it may be wrong. It is never applied."
    return said


def call(method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
    """What the API of this repository answers."""
    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    request = Request(  # noqa: S310 - the runner gives the address
        f"{base}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        data=None if content is None else json.dumps(content).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
        read = answer.read()
    return json.loads(read) if read else None


def marker(key: str) -> str:
    """The first line of the comment with `key`, as `reconciler report --key` writes it."""
    return f"<!-- reconciler: {quote(key, '', errors='surrogatepass').replace('-', '%2D')} -->"


def run_address(run: Mapping[str, Any] | None = None) -> str:
    """Where the log of a run is: of this one, if no other is given."""
    number = run["id"] if run else os.environ.get("GITHUB_RUN_ID", "")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{os.environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{number}"


if __name__ == "__main__":
    sys.exit(main())
