"""A stand-in for Huawei Cloud: IAM, the service CCE, and its gateway to a real API server.

Known are the API's pages and what the vendor's SDK sends and reads; nobody has held this against
the service itself. Signatures are checked as the vendor documents them ("AK/SK Signing and
Authentication Algorithm"), with none of the SDK's code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import urllib3
import yaml

from tests.clusters import Cluster
from tests.standins.serving import Server

KEY_ID, KEY_SECRET = "NOTAREALKEYID0000000", "canary-sk-not-a-real-secret-key"
USER, PASSWORD, ACCOUNT = "robot", "canary-password-not-a-real-one", "shop"
PROJECT = "0123456789abcdef0123456789abcdef"
CLUSTER_ID = "6b1d3f9a-1c55-11ee-8f0e-0255ac100b0b"
REGION = "cn-test-1"

_ALGORITHM = "SDK-HMAC-SHA256"
_MOST_SKEW = timedelta(minutes=15)
_MUST_BE_SIGNED = {"host", "x-sdk-date", "x-cluster-id", "x-project-id", "x-security-token"}
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade"),
}
_KEPT_IN = {
    *("authorization", "x-auth-token", "x-sdk-date", "x-security-token", "x-cluster-id"),
    *("x-project-id", "host", "content-length"),
}
_KEPT_OUT = {"content-length", "date", "warning", "audit-id"}


@dataclass(frozen=True)
class Call:
    """A request that has come; ``number`` counts from 0, headers have small letters."""

    number: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def writes(self) -> bool:
        """Whether it is a write that the API server is to get."""
        return self.method != "GET" and "/secrets" in self.path


@dataclass(frozen=True)
class Strike:
    """What befalls a call: its connection is cut before or after its effect, or it is refused."""

    cut: str = ""
    status: int = 0
    body: Any = None
    retry_after: int | None = None


CUT_BEFORE = Strike(cut="before")
CUT_AFTER = Strike(cut="after")


def throttled(seconds: int = 0) -> Strike:
    body = {"error_code": "APIGW.0308", "error_msg": "throttled", "request_id": "r"}
    return Strike(status=429, body=body, retry_after=seconds)


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass
class _Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Gateway:
    """In front of `cluster`, as its administrator, for one key and one user.

    ``strike`` is asked of each call whether something befalls it. ``rewrite`` makes something else
    of the bodies that the API server answers.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.strike: Callable[[Call], Strike | None] = lambda _: None
        self.rewrite: Callable[[bytes], bytes] = lambda body: body
        self.calls: list[Call] = []
        self.tokens: list[str] = []
        self._tokens_in_force: set[str] = set()
        self._turn = threading.Lock()
        self._entry, self._user = _administrator(cluster)
        self._behind = _pool(self._entry, self._user)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gateway = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def place(self) -> dict[str, str]:
        """The variables that say where this is."""
        suffix = REGION.replace("-", "_").upper()
        return {
            f"HUAWEICLOUD_SDK_REGION_{service}_{suffix}": self.endpoint
            for service in ("CCE", "IAM")
        }

    @property
    def with_key(self) -> dict[str, str]:
        """The environment of somebody who has an access key."""
        key = {"HUAWEICLOUD_SDK_AK": KEY_ID, "HUAWEICLOUD_SDK_SK": KEY_SECRET}
        return {**self.place, **key}

    @property
    def with_password(self) -> dict[str, str]:
        """The environment of somebody who has a user."""
        return {
            **self.place,
            "HW_USER_NAME": USER,
            "HW_USER_PASSWORD": PASSWORD,
            "HW_DOMAIN_NAME": ACCOUNT,
        }

    @staticmethod
    def url(auth: str = "") -> str:
        return f"cce://{CLUSTER_ID}?region={REGION}" + (f"&auth={auth}" if auth else "")

    def expire_tokens(self) -> None:
        """From now on, tokens that were issued are not accepted."""
        with self._turn:
            self._tokens_in_force.clear()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._behind.clear()

    def settle(self) -> None:
        """Wait until the calls of clients that are gone are carried out."""
        self._server.settle()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> _Answer:
        """The answer to a request; an empty status stands for a connection that is cut."""
        with self._turn:
            call = Call(len(self.calls), method, target, headers, body)
            self.calls.append(call)
        strike = self.strike(call) or Strike()
        if strike.cut == "before":
            return _Answer(0)
        if strike.status:
            asked = {} if strike.retry_after is None else {"Retry-After": str(strike.retry_after)}
            return _Answer(strike.status, _json(strike.body), asked)
        try:
            found = self._routed(call)
        except Refused as refusal:
            fault = {"error_code": refusal.code, "error_msg": "refused", "request_id": "a1b2"}
            found = _Answer(refusal.status, _json(fault), {"X-Request-Id": "a1b2"})
        return _Answer(0) if strike.cut == "after" else found

    def _routed(self, call: Call) -> _Answer:
        if call.path == "/v3/auth/tokens" and call.method == "POST":
            return self._issue_token(call)
        self._authenticate(call)
        if call.path == "/v3/projects":
            return _Answer(200, _json({"projects": [{"id": PROJECT, "name": REGION}]}))
        if call.path.startswith("/api/v3/projects/"):
            return self._make_certificate(call)
        if call.headers.get("x-cluster-id") != CLUSTER_ID:
            raise Refused(404, "CCE.01404001")
        return self._passed_on(call)

    def _authenticate(self, call: Call) -> None:
        token = call.headers.get("x-auth-token")
        if token is not None:
            if token not in self._tokens_in_force:
                raise Refused(401, "APIGW.0301")
        elif not _is_signed(call):
            raise Refused(401, "APIGW.0303")

    def _issue_token(self, call: Call) -> _Answer:
        auth = json.loads(call.body)["auth"]
        expected = {
            "name": USER,
            "password": PASSWORD,
            "domain": {"name": ACCOUNT},
        }
        scope = auth["scope"]["project"]
        if auth["identity"] != {"methods": ["password"], "password": {"user": expected}}:
            fault = {"code": 401, "message": "The username or password is wrong."}
            return _Answer(401, _json({"error": fault}))
        if scope not in ({"name": REGION}, {"id": PROJECT}):
            raise Refused(400, "IAM.0001")
        token = f"canary-token-{secrets.token_urlsafe(24)}"
        with self._turn:
            self.tokens.append(token)
            self._tokens_in_force.add(token)
        expires = datetime.now(UTC) + timedelta(hours=24)
        body = {"token": {"expires_at": f"{expires:%Y-%m-%dT%H:%M:%S.000000Z}"}}
        return _Answer(201, _json(body), {"X-Subject-Token": token})

    def _make_certificate(self, call: Call) -> _Answer:
        if call.path != f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER_ID}/clustercert":
            raise Refused(404, "CCE.01404001")
        if json.loads(call.body) != {"duration": 1}:
            raise Refused(400, "CCE.01400001")
        authority = self._entry["certificate-authority-data"]
        server = self._entry["server"]
        clusters = {
            "internalCluster": {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True},
            "externalCluster": {"server": server, "insecure-skip-tls-verify": True},
            "externalClusterTLSVerify": {"server": server, "certificate-authority-data": authority},
        }
        contexts = {
            name.replace("Cluster", ""): {"cluster": name, "user": "user"} for name in clusters
        }
        document = {
            "kind": "Config",
            "apiVersion": "v1",
            "preferences": {},
            "clusters": [{"name": name, "cluster": each} for name, each in clusters.items()],
            "users": [{"name": "user", "user": self._user}],
            "contexts": [{"name": name, "context": each} for name, each in contexts.items()],
            "current-context": "external",
        }
        return _Answer(200, _json(document), {"Port-ID": "not-a-port"})

    def _passed_on(self, call: Call) -> _Answer:
        answer = self._behind.request(
            call.method,
            f"{self._entry['server']}{call.target}",
            body=call.body or None,
            headers={
                name: text
                for name, text in call.headers.items()
                if name not in _HOP_BY_HOP | _KEPT_IN
            },
            retries=False,
        )
        passed = {
            name: text
            for name, text in answer.headers.items()
            if name.lower() not in _HOP_BY_HOP | _KEPT_OUT
        }
        return _Answer(answer.status, self.rewrite(answer.data), passed)


def _is_signed(call: Call) -> bool:
    """Whether the signature of a request is that of the key."""
    algorithm, _, rest = call.headers.get("authorization", "").partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    names = given.get("SignedHeaders", "").split(";")
    needed = _MUST_BE_SIGNED & call.headers.keys() | {"host", "x-sdk-date"}
    if algorithm != _ALGORITHM or given.get("Access") != KEY_ID or not needed <= set(names):
        return False
    date = call.headers.get("x-sdk-date", "")
    made = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - made) > _MOST_SKEW:
        return False
    text = f"{_ALGORITHM}\n{date}\n{hashlib.sha256(_canonical(call, names)).hexdigest()}"
    expected = hmac.new(KEY_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, given.get("Signature", ""))


def _canonical(call: Call, names: list[str]) -> bytes:
    """The request in the form that is signed; its body in any case, as nothing here is unsigned."""
    parts = urlsplit(call.target)
    path = "/".join(quote(unquote(part), safe="~") for part in parts.path.split("/"))
    assert "+" not in parts.query, "a space must be written %20, so that all read the same"
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    lines = [
        call.method,
        path if path.endswith("/") else f"{path}/",
        "&".join(f"{quote(key, safe='~')}={quote(text, safe='~')}" for key, text in pairs),
        *(f"{name}:{call.headers.get(name, '').strip()}" for name in sorted(names)),
        "",
        ";".join(names),
        hashlib.sha256(call.body).hexdigest(),
    ]
    return "\n".join(lines).encode()


def _administrator(cluster: Cluster) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cluster and the user ``admin`` of the kubeconfig."""
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    users = {entry["name"]: entry["user"] for entry in document["users"]}
    return document["clusters"][0]["cluster"], users["admin"]


def _pool(entry: Mapping[str, Any], user: Mapping[str, Any]) -> urllib3.PoolManager:
    authority = base64.b64decode(entry["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with ExitStack() as files:
        names = []
        for part in ("client-certificate-data", "client-key-data"):
            file = files.enter_context(tempfile.NamedTemporaryFile())
            file.write(base64.b64decode(user[part]))
            file.flush()
            names.append(file.name)
        context.load_cert_chain(*names)
    return urllib3.PoolManager(maxsize=64, ssl_context=context)


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


class _Server(Server):
    gateway: Gateway

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed say no goodbye."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): text for name, text in self.headers.items()}
        answer = self.server.gateway.answer(self.command, self.path, headers, body)
        if not answer.status:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
