"""No error of a store holds a value."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable

import pytest

from reconciler.errors import StoreError
from reconciler.model.objects import Live
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Session
from reconciler.model.values import SecretValue
from tests.stores.words import Words

CANARY = b"canary-7f3a9c-value"


@pytest.fixture
def live(session: Session, words: Words) -> Live:
    return session.create(words.secret("s", {"password": CANARY}, immutable=True), words.mark())


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ("create", "taken"),
        ("create", "invalid"),
        ("update", "moved"),
        ("update", "immutable"),
        ("update", "invalid"),
        ("update", "unfit"),
        ("delete", "moved"),
    ],
)
def test_no_error_holds_a_value(
    session: Session, words: Words, live: Live, action: str, problem: str
) -> None:
    seen = Precondition("another", "1") if problem == "moved" else words.as_seen(live)
    path = {"immutable": "/data/password", "unfit": "/data/missing/deeper"}.get(problem)
    patch = (Operation("add", path or "/data/bad key", SecretValue(CANARY + b"-2")),)
    name = "s" if problem == "taken" else "t"
    key = "password" if problem == "taken" else "bad key"

    calls: dict[str, Callable[[], object]] = {
        "create": lambda: session.create(words.secret(name, {key: CANARY}), words.mark()),
        "update": lambda: session.update(live.key, patch, words.mark(), seen),
        "delete": lambda: session.delete(live.key, seen),
    }
    with pytest.raises(StoreError) as caught:
        calls[action]()

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    shown += caught.value.message + caught.value.hint
    for form in (CANARY, base64.b64encode(CANARY).rstrip(b"="), CANARY.hex().encode()):
        assert form.decode() not in shown
