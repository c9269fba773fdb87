"""What the service says against a call, told in words that hold nothing of it."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectNotFound,
    RightsMissing,
    StoreError,
    StoreUnavailable,
)
from reconciler.model.objects import ObjectKey
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue
from reconciler.stores import open_store
from reconciler.stores.sae.pace import Patience
from tests.standins.sae import CUT_AFTER, CUT_BEFORE, KEY_SECRET, REGION, Call, Standin, Strike
from tests.stores.words import Words
from tests.unit.stores.sae.conftest import Region
from tests.world import held

CANARY = b"canary-5e8f21-value"
FORMS = (CANARY.decode(), base64.b64encode(CANARY).decode()[:-4], CANARY.hex(), KEY_SECRET)
WORDS = Words()

CODES: dict[str, tuple[int, type[StoreError], str]] = {
    "InvalidParameter.NotEmpty": (400, ObjectInvalid, "refuses a parameter"),
    "InvalidParameter.Obviously": (400, ObjectInvalid, "refuses a parameter"),
    "InvalidParameter.WithMessage": (400, ObjectInvalid, "refuses a parameter"),
    "SecretNameConflict.AlreadyExist": (400, ObjectExists, "exists already"),
    "QuotaExceeded.SecretInNamespace": (400, StoreError, "as many Secrets as"),
    "QuotaExceeded.SecretDataKey": (400, ObjectInvalid, "more keys"),
    "InvalidSecretType.NotAvailable": (400, ObjectInvalid, "does not know its type"),
    "InvalidSecretDataKey.NotFound": (400, ObjectInvalid, "does not have a key"),
    "InvalidNamespaceId.NotFound": (404, ObjectNotFound, "namespace does not exist"),
    "InvalidSecretId.NotFound": (404, ObjectNotFound, "does not exist"),
    "OperationFailed.RPCError": (500, StoreUnavailable, "within the service"),
    "InternalError": (500, StoreUnavailable, "an internal error"),
    "Throttling.User": (400, StoreUnavailable, "asks for fewer calls"),
    "ServiceUnavailable": (503, StoreUnavailable, "asks for fewer calls"),
    "NoPermission": (403, RightsMissing, "lacks the permission"),
    "Forbidden.RAM": (403, RightsMissing, "lacks the permission"),
    "InvalidAccessKeyId.NotFound": (404, StoreError, "does not accept the access key"),
    "SignatureDoesNotMatch": (400, StoreError, "does not accept the access key"),
    "SomethingNew": (400, StoreError, "refuses the call"),
}


def shown(error: BaseException) -> str:
    """All that anybody could print of an error."""
    texts = ["".join(traceback.format_exception(error)), repr(error), str(vars(error))]
    for inner in (error.__cause__, error.__context__):
        texts += [shown(inner)] if inner is not None else []
    return "\n".join(texts)


def tried(region: Region) -> StoreError:
    """The error of a create of a Secret that holds the canary."""
    session = held(region.open())
    session.create(WORDS.secret("first", {"a": b"1"}), WORDS.mark())
    region.standin.strike = region.standin.__dict__.pop("planned")
    with pytest.raises(StoreError) as caught:
        session.create(WORDS.secret("s", {"password": CANARY}), WORDS.mark())
    text = shown(caught.value) + caught.value.message + caught.value.hint
    assert [form for form in FORMS if form in text] == []
    assert "struck" not in text, "the service's own words"
    return caught.value


def strike(region: Region, *strikes: Strike, action: str = "CreateSecret") -> None:
    """Let the calls for the Secret with the canary be struck, each once, then always."""
    left = list(strikes)

    def planned(call: Call) -> Strike | None:
        if call.action != action or call.parameters.get("SecretName") not in {"s", None}:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    region.standin.__dict__["planned"] = planned


def striking(action: str, befalls: Strike) -> Callable[[Call], Strike | None]:
    return lambda call: befalls if call.action == action else None


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("soft", [False, True], ids=["status", "success-false"])
def test_each_code_is_told_apart(
    region: Region, no_patience: None, code: str, *, soft: bool
) -> None:
    del no_patience
    status, kind, text = CODES[code]
    if soft:
        body = f'{{"Success": false, "Code": "{status}", "ErrorCode": "{code}", "Message": "struck"'
        strike(region, Strike(status=200, body=f"{body}}}".encode()))
    else:
        strike(region, Strike(status=status, code=code))
    error = tried(region)
    assert type(error) is kind
    assert text in error.message
    assert code in error.message or kind is ObjectExists
    if "access key" not in text:
        assert "Secret/default/s" in error.message
    if kind is RightsMissing:
        assert error.details == ("sae:CreateSecret",)


def test_a_pause_that_is_asked_for_is_passed_on(region: Region, no_patience: None) -> None:
    del no_patience
    strike(region, Strike(status=429, code="Throttling.Api", retry_after=1500))
    error = tried(region)
    assert isinstance(error, StoreUnavailable)
    assert error.retry_after == 1.5


@pytest.mark.parametrize(
    ("befalls", "text"),
    [
        (CUT_BEFORE, "cannot be reached"),
        (CUT_AFTER, "cannot be reached"),
        (Strike(status=502, body=b"<html>Bad Gateway</html>"), "cannot be read"),
        (Strike(status=200, body=b"<html>Welcome</html>"), "cannot be read"),
        (Strike(status=200, body=b"[1, 2]"), "cannot be read"),
        (Strike(status=200, body=b'{"Success": true}'), "has no id"),
    ],
)
def test_no_usable_answer_is_a_passing_fault(
    region: Region, no_patience: None, befalls: Strike, text: str
) -> None:
    del no_patience
    strike(region, befalls)
    error = tried(region)
    assert isinstance(error, StoreUnavailable)
    assert text in error.message


def test_a_secret_that_does_not_fit_into_a_url(region: Region, no_patience: None) -> None:
    del no_patience
    region.standin.url_limit = 4_000
    strike(region, Strike())
    region.standin.__dict__["planned"] = lambda _: None
    session = held(region.open())
    with pytest.raises(StoreUnavailable) as caught:
        session.create(WORDS.secret("s", {"password": CANARY * 500}), WORDS.mark())
    assert "too large for a URL" in caught.value.hint
    assert FORMS[0] not in shown(caught.value)


@pytest.mark.parametrize("action", ["UpdateSecret", "DescribeSecret", "DeleteSecret"])
def test_the_other_calls_tell_as_little(region: Region, no_patience: None, action: str) -> None:
    del no_patience
    session = held(region.open())
    live = session.create(WORDS.secret("s", {"password": CANARY}), WORDS.mark())
    patch = (Operation("replace", "/data/password", SecretValue(CANARY + b"2")),)
    seen = WORDS.as_seen(live)
    calls: dict[str, Callable[[], object]] = {
        "UpdateSecret": lambda: session.update(live.key, patch, WORDS.mark(), seen),
        "DescribeSecret": lambda: session.delete(live.key, seen),
        "DeleteSecret": lambda: session.delete(live.key, seen),
    }
    for befalls in (CUT_BEFORE, Strike(status=400, code="InvalidParameter.WithMessage")):
        region.standin.strike = striking(action, befalls)
        with pytest.raises(StoreError) as caught:
            calls[action]()
        assert [form for form in FORMS if form in shown(caught.value)] == []


def test_a_wrong_key_is_told_as_such(standin: Standin) -> None:
    environ = {**standin.environ, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "another"}
    store = open_store(standin.url, environ)
    with pytest.raises(StoreError, match="does not accept the access key"):
        WORDS.look(store)
    assert standin.calls == []


def test_without_a_key_the_way_to_one_is_told(
    standin: Standin, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from alibabacloud_credentials.utils import auth_util

    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in (("ecs_metadata_disabled", "true"), ("access_key_id", None)):
        monkeypatch.setattr(auth_util, f"environment_{name}", value)
    with pytest.raises(StoreError, match="no access key was found"):
        WORDS.look(open_store(standin.url, {}))


def test_reads_are_tried_again_and_pauses_kept(region: Region) -> None:
    slept: list[float] = []
    region.patience = Patience(sleep=slept.append)
    region.standin.put("s", {"a": "MQ=="})
    befalls = [CUT_BEFORE, Strike(status=429, code="Throttling.User", retry_after=2500), CUT_AFTER]
    region.standin.strike = lambda _: befalls.pop() if befalls else None
    found = WORDS.look(region.open(), WORDS.key("s")).objects
    assert found[WORDS.key("s")].data == {"a": SecretValue(b"1")}
    assert [seconds for seconds in slept if seconds >= 2.5]


def test_nothing_is_logged_however_much_is_asked_for(
    region: Region,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")
    transport = logging.getLogger("urllib3.connectionpool")
    loud = logging.StreamHandler()
    request.addfinalizer(lambda: transport.removeHandler(loud))
    request.addfinalizer(lambda: transport.setLevel(0))
    transport.addHandler(loud)
    transport.setLevel(logging.DEBUG)
    transport.debug("this is heard")
    session = held(region.open())
    live = session.create(WORDS.secret("s", {"password": CANARY}), WORDS.mark())
    session.update(
        live.key,
        (Operation("replace", "/data/password", SecretValue(CANARY + b"2")),),
        WORDS.mark(),
        WORDS.as_seen(live),
    )
    said = "".join(capfd.readouterr())
    assert "this is heard" in said
    assert [form for form in FORMS if form in said] == []
    assert "pop/v1" not in said


def test_an_object_of_no_number_is_not_looked_for(region: Region) -> None:
    session = held(region.open())
    live = session.create(WORDS.secret("s", {"a": b"1"}), WORDS.mark())
    with pytest.raises(StoreError, match="created again"):
        session.delete(live.key, Precondition("no-number", "1"))
    with pytest.raises(ObjectNotFound):
        session.delete(ObjectKey("Secret", "default", "t"), Precondition("no-number", "1"))
    assert region.standin.names(REGION) == {"s"}
