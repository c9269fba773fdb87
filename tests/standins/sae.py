"""A stand-in for the Serverless App Engine: what is known of its calls for Secrets, over HTTP.

Known are the API page of CreateSecret and what the vendor's SDK sends and reads; nobody has held
this against the service itself. The signature is checked as the vendor documents it ("V3 request
structure and signature"), with none of the SDK's code.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tests.standins.serving import Server

KEY_ID = "LTAI-not-a-real-key"
KEY_SECRET = "not-a-real-secret-of-the-key"
REGION = "cn-test"
VERSION = "2019-05-06"
NAMESPACE_KEYS = {"AccessKey": "canary-ns-access-key", "SecretKey": "canary-ns-secret-key"}

_ALGORITHM = "ACS3-HMAC-SHA256"
_SKEW_SECONDS = 900
_EMPTY = hashlib.sha256(b"").hexdigest()
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NEEDED_KEYS = {
    "Opaque": set(),
    "kubernetes.io/dockerconfigjson": {".dockerconfigjson"},
    "kubernetes.io/tls": {"tls.crt", "tls.key"},
}
_PATHS = {
    ("POST", "/pop/v1/sam/secret/secret"): "CreateSecret",
    ("PUT", "/pop/v1/sam/secret/secret"): "UpdateSecret",
    ("GET", "/pop/v1/sam/secret/secret"): "DescribeSecret",
    ("DELETE", "/pop/v1/sam/secret/secret"): "DeleteSecret",
    ("GET", "/pop/v1/sam/secret/secrets"): "ListSecrets",
    ("GET", "/pop/v1/paas/namespaces"): "DescribeNamespaces",
    ("POST", "/pop/v1/paas/namespace"): "CreateNamespace",
}

Parameters = dict[str, str]


@dataclass(frozen=True)
class Call:
    """A call that has come; ``number`` counts from 0."""

    number: int
    action: str
    parameters: Parameters


@dataclass(frozen=True)
class Strike:
    """What befalls a call: its connection is cut before or after its effect, or it is refused."""

    cut: str = ""
    status: int = 400
    code: str = ""
    retry_after: int | None = None
    body: bytes | None = None


CUT_BEFORE = Strike(cut="before")
CUT_AFTER = Strike(cut="after")


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass
class Kept:
    """A Secret of the service."""

    id: int
    name: str
    type: str
    data: dict[str, str]
    created: int
    updated: int
    apps: list[str] = field(default_factory=list)


class Standin:
    """A region with one key that may do everything.

    ``merges`` makes updates keep keys that they do not name. ``soft_errors`` answers errors with
    status 200 and ``Success: false``. ``strike`` is asked of each call whether something befalls
    it. ``latency`` is in seconds.
    """

    def __init__(self, *, merges: bool = False, namespaces: tuple[str, ...] = ()) -> None:
        self.merges = merges
        self.soft_errors = False
        self.latency = 0.0
        self.secrets_quota = 10_000
        self.keys_quota = 100
        self.url_limit = 16_384
        self.strike: Callable[[Call], Strike | None] = lambda _: None
        self.namespaces: dict[str, dict[str, Kept]] = {
            REGION: {},
            **{f"{REGION}:{name}": {} for name in namespaces},
        }
        self.calls: list[Call] = []
        self._turn = threading.RLock()
        self._nonces: set[str] = set()
        self._last_id = 15
        self._last_time = 0
        self._actions: dict[str, Callable[[Parameters], Any]] = {
            "CreateSecret": self._create,
            "UpdateSecret": self._update,
            "DescribeSecret": self._describe,
            "DeleteSecret": self._delete,
            "ListSecrets": self._list,
            "DescribeNamespaces": self._describe_namespaces,
            "CreateNamespace": self._create_namespace,
        }
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.standin = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"sae://{REGION}?endpoint=http://{self.endpoint}&names=hyphens"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET,
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def settle(self) -> None:
        """Wait until the calls of clients that are gone are carried out."""
        self._server.settle()

    def actions(self) -> list[str]:
        with self._turn:
            return [call.action for call in self.calls]

    def secret(self, name: str, namespace_id: str = REGION) -> Kept | None:
        with self._turn:
            return self.namespaces[namespace_id].get(name)

    def names(self, namespace_id: str = REGION) -> set[str]:
        """The Secrets of a namespace but those that a store keeps for itself."""
        with self._turn:
            found = self.namespaces[namespace_id]
            return {name for name in found if not name.startswith("reconciler_")}

    def put(
        self, name: str, data: dict[str, str], namespace_id: str = REGION, kind: str = "Opaque"
    ) -> Kept:
        """Put a Secret there, or other data into one, as somebody does in the console."""
        with self._turn:
            known = self.namespaces[namespace_id].get(name)
            if known is not None:
                known.data, known.updated = dict(data), self._now()
                return known
            now = self._now()
            self._last_id += 1
            kept = Kept(self._last_id, name, kind, dict(data), now, now)
            self.namespaces[namespace_id][name] = kept
            return kept

    def restore(self, namespaces: dict[str, list[Kept]]) -> None:
        """Hold what `namespaces` have, as if this had written it."""
        with self._turn:
            self.namespaces = {
                at: {kept.name: kept for kept in all_kept} for at, all_kept in namespaces.items()
            }
            everything = [kept for all_kept in namespaces.values() for kept in all_kept]
            self._last_id = max(kept.id for kept in everything)
            self._last_time = max(kept.updated for kept in everything)

    def drop(self, name: str, namespace_id: str = REGION) -> None:
        with self._turn:
            del self.namespaces[namespace_id][name]

    def arrived(self, action: str, parameters: Parameters) -> Call:
        with self._turn:
            call = Call(len(self.calls), action, parameters)
            self.calls.append(call)
            return call

    def check(self, method: str, target: str, headers: Any) -> tuple[str, Parameters]:
        """The action and the parameters of a request whose signature is right."""
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        parameters = dict(pairs)
        if len(parameters) != len(pairs):
            raise Refused(400, "InvalidParameter.Obviously", "a parameter is given twice")
        self._check_signature(method, parts.path, parameters, headers)
        action = _PATHS.get((method, parts.path))
        if action is None or headers["x-acs-action"] != action:
            raise Refused(404, "InvalidAction.NotFound", "no such action")
        if headers["x-acs-version"] != VERSION:
            raise Refused(400, "InvalidVersion", "no such version")
        return action, parameters

    def _check_signature(
        self, method: str, path: str, parameters: Parameters, headers: Any
    ) -> None:
        match = re.fullmatch(
            rf"{_ALGORITHM} Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{{64}})",
            headers.get("Authorization", ""),
        )
        if match is None:
            raise Refused(400, "IncompleteSignature", "no signature")
        key_id, signed, signature = match.groups()
        if key_id != KEY_ID:
            raise Refused(404, "InvalidAccessKeyId.NotFound", "no such key")
        names = signed.split(";")
        present = {name.lower() for name in headers}
        must = {name for name in present if name.startswith("x-acs-")} | {"host"}
        if not must <= set(names) or names != sorted(names):
            raise Refused(400, "IncompleteSignature", "headers are not signed")
        if headers["x-acs-content-sha256"] != _EMPTY:
            raise Refused(400, "SignatureDoesNotMatch", "the body's digest is wrong")
        query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted(parameters.items())
        )
        canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
        request = f"{method}\n{path}\n{query}\n{canonical_headers}\n{signed}\n{_EMPTY}"
        text = f"{_ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
        right = hmac.new(KEY_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, signature):
            raise Refused(400, "SignatureDoesNotMatch", f"the canonical request is {request}")
        self._check_freshness(headers)

    def _check_freshness(self, headers: Any) -> None:
        sent = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(time.time() - sent.timestamp()) > _SKEW_SECONDS:
            raise Refused(400, "InvalidTimeStamp.Expired", "too old")
        nonce = headers["x-acs-signature-nonce"]
        with self._turn:
            if nonce in self._nonces:
                raise Refused(400, "SignatureNonceUsed", "replayed")
            self._nonces.add(nonce)

    def carry_out(self, action: str, given: Parameters) -> Any:
        """Do what is asked; the ``Data`` of the answer."""
        with self._turn:
            return self._actions[action](given)

    def _create(self, given: Parameters) -> Any:
        namespace = self._namespace(given)
        name, kind = self._needed(given, "SecretName"), self._needed(given, "SecretType")
        data = self._data(given)
        if not _NAME.fullmatch(name):
            raise Refused(400, "InvalidParameter.WithMessage", f"SecretName: {given!r}")
        if kind not in _NEEDED_KEYS:
            message = f"The specified SecretType [{kind}] is not supported."
            raise Refused(400, "InvalidSecretType.NotAvailable", message)
        for key in sorted(_NEEDED_KEYS[kind] - data.keys()):
            message = f"The specified Key [{key}] does not exist in the specified Secret [{given}]."
            raise Refused(400, "InvalidSecretDataKey.NotFound", message)
        if name in namespace:
            message = f"The specified SecretName [{name}] already exist in this namespace."
            raise Refused(400, "SecretNameConflict.AlreadyExist", message)
        if len(namespace) >= self.secrets_quota:
            message = f"The specified secret exceeded quota [{self.secrets_quota}]."
            raise Refused(400, "QuotaExceeded.SecretInNamespace", message)
        self._last_id += 1
        now = self._now()
        namespace[name] = Kept(self._last_id, name, kind, data, now, now)
        return {"SecretId": self._last_id}

    def _update(self, given: Parameters) -> Any:
        kept, data = self._found(given), self._data(given)
        changed = {**kept.data, **data} if self.merges else data
        self._check_quota(changed)
        kept.data, kept.updated = changed, self._now()
        return {"SecretId": kept.id}

    def _describe(self, given: Parameters) -> Any:
        kept = self._found(given)
        return {**self._shown(kept, given["NamespaceId"]), "SecretData": kept.data}

    def _delete(self, given: Parameters) -> Any:
        kept = self._found(given)
        del self._namespace(given)[kept.name]
        return {"SecretId": kept.id}

    def _list(self, given: Parameters) -> Any:
        found = self._namespace(given).values()
        return {"Secrets": [self._shown(kept, given["NamespaceId"]) for kept in found]}

    def _describe_namespaces(self, _given: Parameters) -> Any:
        found = [
            {"NamespaceId": one, "RegionId": REGION, **NAMESPACE_KEYS} for one in self.namespaces
        ]
        return {"Namespaces": found, "TotalSize": len(found), "CurrentPage": 1}

    def _create_namespace(self, given: Parameters) -> Any:
        short = given.get("NameSpaceShortId", "")
        namespace_id = given.get("NamespaceId") or f"{REGION}:{short}"
        self._needed(given, "NamespaceName")
        if namespace_id in self.namespaces:
            raise Refused(400, "InvalidParameter.Obviously", "it exists")
        self.namespaces[namespace_id] = {}
        return {"NamespaceId": namespace_id, "RegionId": REGION, **NAMESPACE_KEYS}

    def _shown(self, kept: Kept, namespace_id: str) -> dict[str, Any]:
        return {
            "SecretId": kept.id,
            "SecretName": kept.name,
            "SecretType": kept.type,
            "NamespaceId": namespace_id,
            "CreateTime": kept.created,
            "UpdateTime": kept.updated,
            "RelateApps": [{"AppId": f"id-of-{app}", "AppName": app} for app in kept.apps],
        }

    def _data(self, given: Parameters) -> dict[str, str]:
        try:
            data = json.loads(json.loads(self._needed(given, "SecretData"))["SecretData"])
        except (ValueError, TypeError, KeyError):
            raise Refused(400, "InvalidParameter.Obviously", f"invalid {given}") from None
        if not isinstance(data, dict) or not all(isinstance(one, str) for one in data.values()):
            raise Refused(400, "InvalidParameter.WithMessage", f"invalid {given}")
        if not data:
            raise Refused(400, "InvalidParameter.NotEmpty", "You must specify SecretData.")
        self._check_quota(data)
        return data

    def _check_quota(self, data: dict[str, str]) -> None:
        if len(data) > self.keys_quota:
            message = f"The specified key in SecretData exceeded quota [{data}]."
            raise Refused(400, "QuotaExceeded.SecretDataKey", message)

    def _namespace(self, given: Parameters) -> dict[str, Kept]:
        found = self.namespaces.get(self._needed(given, "NamespaceId"))
        if found is None:
            message = "The specified NamespaceId does not exist."
            raise Refused(404, "InvalidNamespaceId.NotFound", message)
        return found

    def _found(self, given: Parameters) -> Kept:
        wanted = self._needed(given, "SecretId")
        for kept in self._namespace(given).values():
            if str(kept.id) == wanted:
                return kept
        raise Refused(404, "InvalidSecretId.NotFound", "The specified SecretId does not exist.")

    def _needed(self, given: Parameters, name: str) -> str:
        if not given.get(name):
            message = f"You must specify the parameter {name}."
            raise Refused(400, "InvalidParameter.NotEmpty", message)
        return given[name]

    def _now(self) -> int:
        self._last_time = max(self._last_time + 1, int(time.time() * 1000))
        return self._last_time


class _Server(Server):
    standin: Standin

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed leave broken connections behind."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815 - the names are those of the library
    do_PUT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Nothing is to be printed."""

    def _serve(self) -> None:
        standin = self.server.standin
        if standin.latency:
            time.sleep(standin.latency)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if len(self.path) > standin.url_limit:
            self._send(414, b"<html><h1>414 Request-URI Too Large</h1></html>", kind="text/html")
            return
        try:
            action, parameters = standin.check(self.command, self.path, self.headers)
            call = standin.arrived(action, parameters)
            strike = standin.strike(call)
            if strike is not None and strike.cut != "after":
                self._strike(strike)
                return
            data = standin.carry_out(action, parameters)
            if strike is not None:
                self._cut()
                return
            self._answer(200, {"Success": True, "Code": "200", "ErrorCode": "", "Data": data})
        except Refused as refused:
            self._refuse(refused)

    def _strike(self, strike: Strike) -> None:
        if strike.cut:
            self._cut()
        elif strike.body is not None:
            self._send(strike.status, strike.body, kind="text/html")
        else:
            extra = {} if strike.retry_after is None else {"x-acs-retry-after": strike.retry_after}
            body = {"Code": strike.code, "Message": f"struck: {self.path}"}
            self._answer(strike.status, body, extra)

    def _refuse(self, refused: Refused) -> None:
        if self.server.standin.soft_errors:
            body = {"Success": False, "Code": str(refused.status), "ErrorCode": refused.code}
            self._answer(200, {**body, "Message": refused.message})
        else:
            body = {"Code": refused.code, "Message": refused.message, "HostId": "sae.standin"}
            self._answer(refused.status, body)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(
        self, status: int, body: dict[str, Any], extra: dict[str, Any] | None = None
    ) -> None:
        told = {"Message": "success", "TraceId": "trace", **body}
        told["RequestId"] = "91F93257-7A4A-4BD3-9A7E-2F6EAE6D0000"
        self._send(status, json.dumps(told).encode(), extra, kind="application/json")

    def _send(
        self, status: int, body: bytes, extra: dict[str, Any] | None = None, *, kind: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (extra or {}).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)
