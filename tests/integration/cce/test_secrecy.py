"""No value, key, password or token gets out: not into URLs, headers, streams, files or logs."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator

import pytest
from huaweicloudsdkcore.auth.credentials import Credentials

from tests.integration.cce.conftest import CceSite
from tests.standins.cce_gateway import KEY_SECRET, PASSWORD, Call, Strike
from tests.world import secret_manifest as secret

VALUES = ("canary-first-8841", "canary-second-77c0", "canary-third-ß漢")


def forms(text: str) -> Iterator[str]:
    content = text.encode()
    yield text
    yield content.hex()
    yield base64.b64encode(content).decode().rstrip("=")
    yield base64.urlsafe_b64encode(content).decode().rstrip("=")


class Log(logging.Handler):
    """Everything that anybody logs, and the SDK has its own loggers that tell nobody else."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()} {record.exc_text} {record.args!r}")


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    before = {}
    for name in (None, "urllib3", *_SDK_LOGGERS):
        logger = logging.getLogger(name)
        before[logger] = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(log)
    yield log
    for logger, level in before.items():
        logger.setLevel(level)
        logger.removeHandler(log)


_SDK_LOGGERS = ("HuaweiCloud-SDK-CceClient", "HuaweiCloud-SDK-IamClient")


def strike_now_and_then(call: Call) -> Strike | None:
    """Refusals that repeat what was sent, as a server's may."""
    if call.number % 11 == 0 and call.writes:
        text = call.body.decode()
        body = {"kind": "Status", "status": "Failure", "reason": "Invalid", "message": text}
        return Strike(status=422, body={**body, "details": {"causes": [{"message": text}]}})
    if call.number % 7 == 0:
        return Strike(status=403, body={"error_code": "APIGW.0307", "error_msg": str(call.headers)})
    return None


@pytest.mark.parametrize("way", ["aksk", "token", "certificate"])
def test_through_the_life_of_a_secret(site: CceSite, log: Log, way: str) -> None:
    site.go_by(way)
    hidden = [*VALUES, KEY_SECRET, PASSWORD]
    said: list[str] = []
    for troubled in (False, True):
        site.gateway.strike = strike_now_and_then if troubled else lambda _: None
        for number, value in enumerate(VALUES):
            site.put(secret("a", password=value), secret(f"b{number}", x=value, immutable=True))
            for command in (
                ("plan", "-v", "--server-dry-run"),
                ("plan", "-o", "json", "--out", "saved.plan"),
                ("apply", "--auto-approve", "--verbose", "--allow-replace", "--prune"),
                ("drift", "-v", "--unmanaged"),
                ("get",),
            ):
                result = site.run(*command)
                assert result.code in {0, 1, 2, 3, 5}, result
                said += [result.out, result.err]
    hidden += site.gateway.tokens
    assert way != "token" or site.gateway.tokens
    urls_and_headers = [f"{call.target} {dict(call.headers)}" for call in site.gateway.calls]
    files = [
        content.decode("utf-8", "replace")
        for name, content in site.files().items()
        if not name.startswith("manifests/")
    ]
    for text in (*said, *files, *log.lines):
        assert [value for value in hidden if any(form in text for form in forms(value))] == []
        assert "Traceback" not in text
    for text in urls_and_headers:
        # A token is where it belongs: in its header.
        shown = text.replace(f"'x-auth-token': '{_token_in(text)}'", "")
        assert [value for value in hidden if any(form in shown for form in forms(value))] == []
    assert any("urllib3" in line for line in log.lines)


def _token_in(text: str) -> str:
    _, _, rest = text.partition("'x-auth-token': '")
    return rest.partition("'")[0]


@pytest.mark.parametrize(
    ("way", "of_services"),
    [("aksk", True), ("token", True), ("certificate", True), ("aksk", False), ("token", False)],
)
def test_what_services_and_gateway_say_is_not_repeated(
    site: CceSite, log: Log, way: str, *, of_services: bool
) -> None:
    Credentials._CACHE.clear()
    site.go_by(way)
    site.put(secret("a", password=VALUES[0]))

    def repeat(call: Call) -> Strike | None:
        is_service = call.path.startswith(("/v3/", "/api/v3/"))
        if is_service != of_services:
            return None
        text = f"{call.body.decode()} {dict(call.headers)}"
        return Strike(status=400, body={"error_code": text, "error_msg": text})

    site.gateway.strike = repeat
    result = site.run("plan")
    assert result.code == 1
    said = "\n".join([result.out, result.err, *log.lines])
    for value in (PASSWORD, KEY_SECRET, "SDK-HMAC-SHA256", "Traceback"):
        assert value not in said


def test_a_store_shows_none_of_its_credentials(site: CceSite) -> None:
    from reconciler.stores import open_store

    for way, environ in (("aksk", site.gateway.with_key), ("token", site.gateway.with_password)):
        store = open_store(site.gateway.url(way), environ)
        shown = f"{store!r} {vars(store)!r} {vars(vars(store)['_connection'])!r}"
        store.close()
        for value in (KEY_SECRET, PASSWORD):
            assert value not in shown
