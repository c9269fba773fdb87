"""What people choose falls below the bar, what is drawn at random stays above."""

from __future__ import annotations

import base64
import json
import random
import string

import pytest

from reconciler.model.values import SecretValue
from reconciler.rules.strength import LEAST_BITS, bits_of, is_guessable

WEAK = [
    "",
    "1",
    "1234",
    "837465",
    "0123456789",
    "changeme",
    "ChangeMe1!",
    "P@ssw0rd!",
    "giraffe",
    "elephant",
    "crocodile",
    "qwertyuiop",
    "hunter2",
    "2026-11-28",
    "28.11.2026",
    "aaaaaaaaaaaaaaaaaaaa",
    "abcdefghijklmnop",
    "1212121212121212",
    "passwordpasswordpassword",
    "  1234\n",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQXlW\n-----END CERTIFICATE-----\n",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----\n",
    "postgres://app:hunter2@db:5432/app",
    "user=admin\npassword=hunter2\n",
    json.dumps({"auths": {"registry.example": {"username": "app", "password": "hunter2"}}}),
    "[" * 2000,
]


@pytest.mark.parametrize("value", WEAK)
def test_what_can_be_guessed(value: str) -> None:
    assert bits_of(value.encode()) < LEAST_BITS
    assert bits_of(base64.b64encode(value.encode())) < LEAST_BITS


@pytest.mark.parametrize(
    "alphabet",
    [
        string.ascii_letters + string.digits + string.punctuation,
        string.ascii_letters + string.digits,
    ],
)
@pytest.mark.parametrize("length", [8, 12, 16, 32, 64])
def test_random_passwords_are_strong(alphabet: str, length: int) -> None:
    draw = random.Random(f"{alphabet} {length}")  # noqa: S311 - the same values in each run
    weak = sum(
        bits_of("".join(draw.choices(alphabet, k=length)).encode()) < LEAST_BITS
        for _ in range(1000)
    )
    # Of eight letters and digits, a few happen to look like something that a person chose.
    assert weak <= (50 if length == 8 else 1)


@pytest.mark.parametrize("length", [16, 32, 64, 1024])
def test_random_bytes_are_strong_however_they_are_spelled(length: int) -> None:
    draw = random.Random(length)  # noqa: S311 - the same values in each run
    content = draw.randbytes(length)
    spelled = [content, content.hex().encode(), base64.b64encode(content)]
    inside = json.dumps({"token": content.hex()}).encode()
    assert min(map(bits_of, [*spelled, inside])) >= LEAST_BITS


def test_a_private_key_counts_beside_its_certificate() -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    draw = random.Random(1)  # noqa: S311 - the same values in each run
    body = base64.b64encode(draw.randbytes(120)).decode()
    key = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    assert bits_of((certificate + key).encode()) >= LEAST_BITS


def guessable(*values: str) -> bool:
    return is_guessable([SecretValue(value.encode()) for value in values])


def test_the_sum_counts_and_equal_values_count_once() -> None:
    assert guessable("1234")
    assert guessable("837465", "837465", "837465")
    assert not guessable("837465", "102938", "564738")
    assert not guessable("1234", "x7#kQ9!z")


def test_where_no_value_is_nothing_can_be_guessed() -> None:
    assert not guessable()
    assert guessable("")
