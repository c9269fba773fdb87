"""A part of GitHub's API on loopback: comments, pull requests and artifacts of a repository."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "shop/secrets"
TOKEN = "not-a-real-token"
BOT = "github-actions[bot]"


class Stub:
    """Comments by number of pull request, pull requests, artifacts, and what was asked for."""

    def __init__(self) -> None:
        self.address = ""
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.pulls: list[dict[str, Any]] = []
        self.artifacts: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self._lock = threading.Lock()
        self._count = 0

    def bodies(self, number: int = 7) -> list[str]:
        """The texts of the comments of a pull request."""
        return [str(comment["body"]) for comment in self.comments.get(number, ())]

    def add(self, body: str, login: str = BOT, number: int = 7) -> dict[str, Any]:
        """Add a comment of somebody."""
        with self._lock:
            self._count += 1
            comment = {"id": self._count, "body": body, "user": {"login": login}}
            self.comments.setdefault(number, []).append(comment)
        return comment

    def answer(self, method: str, target: str, content: Any) -> tuple[int, Any]:
        """Status and document for a request."""
        self.requests.append(f"{method} {target}")
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix(f"/repos/{REPOSITORY}/")
        if len(str((content or {}).get("body", ""))) > 65_536:
            return 422, {"message": "body is too long"}
        if path in {"pulls", "actions/artifacts"}:
            return 200, self._listed(path, query)
        if issue := re.fullmatch(r"issues/(\d+)/comments", path):
            number = int(issue[1])
            if method == "POST":
                return 201, self.add(content["body"], number=number)
            size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
            return 200, self.comments.get(number, [])[(page - 1) * size : page * size]
        if comment := re.fullmatch(r"issues/comments/(\d+)", path):
            return self._change(method, int(comment[1]), content)
        return 404, {"message": "Not Found"}

    def _listed(self, path: str, query: dict[str, str]) -> Any:
        if path == "pulls":
            heads = [it for it in self.pulls if it["head"]["label"] == query["head"]]
            return [it for it in heads if it["state"] == query["state"]]
        named = [it for it in self.artifacts if it["name"] == query["name"]]
        return {"total_count": len(named), "artifacts": named}

    def _change(self, method: str, number: int, content: Any) -> tuple[int, Any]:
        for comments in self.comments.values():
            for comment in comments:
                if comment["id"] == number and method == "PATCH":
                    comment["body"] = content["body"]
                    return 200, comment
                if comment["id"] == number and method == "DELETE":
                    comments.remove(comment)
                    return 204, None
        return 404, {"message": "Not Found"}


@contextmanager
def running() -> Iterator[Stub]:
    """The API, on a port of its own."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            content = json.loads(self.rfile.read(length)) if length else None
            status, document = 401, {"message": "Bad credentials"}
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, document = stub.answer(self.command, self.path, content)
            encoded = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - as http.server has it

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
