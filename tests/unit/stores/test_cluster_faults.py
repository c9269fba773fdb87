"""What a cluster says of a failed request, without the values that the request held."""

from __future__ import annotations

import json
import ssl
import urllib.parse

import pytest

from reconciler.model.values import MASK, SecretValue
from reconciler.stores.kubernetes.engine.faults import Cut, TooSlow, Unreachable
from reconciler.stores.kubernetes.faults import scrubbed, unreached

VALUE = 'canary "value" ß/+'
VALUES = (SecretValue(VALUE.encode()), SecretValue(b"other-value"))


def test_usual_forms_of_a_value_are_cut_out() -> None:
    assert scrubbed(f"denied: {VALUE}, sorry", VALUES) == f"denied: {MASK}, sorry"
    assert scrubbed("denied: nothing is wrong", VALUES) == "denied: nothing is wrong"


@pytest.mark.parametrize(
    "form",
    [
        urllib.parse.quote_plus(VALUE),
        json.dumps(json.dumps(VALUE)),
        f"0x{VALUE.encode().hex().upper()}",
        " ".join(f"{VALUE.encode().hex()}"),
    ],
)
def test_a_message_that_holds_a_value_in_another_encoding_is_withheld(form: str) -> None:
    said = scrubbed(f"admission denied {form}, sorry", VALUES)
    assert said.startswith("(the server's message may repeat a secret value")


def test_a_message_too_long_to_be_looked_through_is_withheld() -> None:
    assert "not shown" in scrubbed("x" * 20_000, VALUES)
    assert scrubbed("x" * 20_000, ()) == "x" * 2000 + "…"


def test_what_openssl_says_of_a_cut_is_named() -> None:
    alert = ssl.SSLError(1, "canary")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    for error, name in (
        (Cut(alert), alert.reason),
        (Unreachable(TimeoutError("canary")), "TimeoutError"),
        (TooSlow(), "TooSlow"),
    ):
        told = unreached("a lock", "https://api", error).message
        assert told.endswith(f"cannot be reached, or the connection was cut ({name})")
