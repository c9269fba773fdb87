"""Values that an apply draws: what they are, and that each is drawn once."""

from __future__ import annotations

import re
import uuid
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from reconciler.errors import ObjectInvalid, StoreUnavailable
from reconciler.execution.retries import RetryPolicy
from reconciler.model.events import Outcome
from reconciler.model.objects import Desired
from reconciler.model.plan_options import KeyTarget
from reconciler.rules import validate
from reconciler.rules.key_pairs import key_pair_fault
from tests.world import IN_HAND, MOMENT, Faulty, Killed, World, run, secret, wrapped

AT_ONCE = RetryPolicy(attempts=3, first_delay=0.0)
TLS = {
    "reconciler/generate.tls.key": "tls; certificate=tls.crt; cn=The Shop; "
    "sans=db, *.db.svc, 10.0.0.1; days=30"
}
PAIR = secret("db", annotations=TLS, type="kubernetes.io/tls")


def generating(text: str) -> Desired:
    return secret("s", annotations={"reconciler/generate.k": text})


def values_of(world: World, resource: Desired) -> dict[str, bytes]:
    held = world.get(resource)
    assert held is not None
    return {name: value.reveal() for name, value in held.data.items()}


def drawn(world: World, text: str) -> dict[str, bytes]:
    resource = generating(text)
    assert run(world.work([resource])).results[0].outcome is Outcome.APPLIED
    return values_of(world, resource)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("alnum", lambda value: re.fullmatch(rb"[A-Za-z0-9]{32}", value)),
        ("alnum; length=100", lambda value: re.fullmatch(rb"[A-Za-z0-9]{100}", value)),
        ("hex; bytes=20", lambda value: re.fullmatch(rb"[0-9a-f]{40}", value)),
        ("base64; bytes=20", lambda value: len(b64decode(value, validate=True)) == 20),
        ("bytes; bytes=20", lambda value: len(value) == 20),
        ("uuid", lambda value: uuid.UUID(value.decode()).version == 4),
    ],
)
def test_what_is_drawn_is_what_the_manifest_asks_for(
    world: World, text: str, fits: Callable[[bytes], object]
) -> None:
    first = drawn(world, text)["k"]
    assert fits(first)
    world.remove(generating(text))
    assert drawn(world, text)["k"] != first


def test_an_ssh_key_and_its_public_key_belong_together(world: World) -> None:
    values = drawn(world, "ssh-ed25519; public=k.pub; comment=deploy@shop")
    private = load_ssh_private_key(values["k"], None)
    public = load_ssh_public_key(values["k.pub"])
    assert private.public_key() == public
    assert values["k.pub"].endswith(b" deploy@shop\n")
    assert values["k"].endswith(b"-----END OPENSSH PRIVATE KEY-----\n")


def test_a_certificate_and_its_key_are_fit_to_be_used(world: World) -> None:
    world.apply([PAIR])
    values = values_of(world, PAIR)
    assert key_pair_fault(values["tls.crt"], values["tls.key"]) is None
    held = world.get(PAIR)
    assert held is not None
    assert validate(held) == ()
    certificate = x509.load_pem_x509_certificate(values["tls.crt"])
    assert certificate.subject == certificate.issuer
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_before_utc == MOMENT - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == MOMENT + timedelta(days=30)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["db", "*.db.svc"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("10.0.0.1")]
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.ca is False
    assert load_pem_private_key(values["tls.key"], None).public_key() == certificate.public_key()


SEALED = replace(PAIR, immutable=True)
ROTATED = replace(IN_HAND, rotate=(KeyTarget(PAIR.key),))


def losing(world: World, method: str, written: list[Any], *, happened: bool) -> Faulty:
    """The world's store, which loses the answer to the first call of `method`."""

    def strike(_number: int, name: str, **when: bool) -> None:
        if name == method and when["happened"] is happened and not written:
            written.append(world.get(PAIR))
            raise StoreUnavailable("away")

    return Faulty(world.store, strike)


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize(
    ("method", "before", "after"),
    [("create", None, PAIR), ("update", PAIR, PAIR), ("create", SEALED, SEALED)],
    ids=["create", "update", "replace"],
)
def test_a_write_that_is_repeated_writes_the_same_values(
    world: World, method: str, before: Desired | None, after: Desired, *, happened: bool
) -> None:
    if before is not None:
        world.apply([before])
    old = values_of(world, PAIR) if before else {}
    written: list[Any] = []
    store = losing(world, method, written, happened=happened)
    options = ROTATED if before else IN_HAND
    (result,) = run(world.work([after], options, store=store, retries=AT_ONCE)).results
    assert result.outcome is Outcome.APPLIED, result
    assert store.calls.count(method) == 2
    values = values_of(world, PAIR)
    assert values != old
    assert key_pair_fault(values["tls.crt"], values["tls.key"]) is None
    if happened:
        assert {name: value.reveal() for name, value in written[0].data.items()} == values
    assert world.plan([after])[0].pending == ()


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("happened", [True, False])
def test_an_apply_that_is_killed_leaves_a_whole_pair(
    world: World, number: int, *, happened: bool
) -> None:
    world.apply([SEALED])
    old = values_of(world, SEALED)
    writes: list[str] = []

    def strike(_number: int, name: str, **when: bool) -> None:
        if name in {"create", "update", "delete"} and when["happened"] is happened:
            writes.append(name)
            if len(writes) == number:
                raise Killed

    work = world.work([SEALED], ROTATED, store=Faulty(world.store, strike))
    if number == 0 or number > 2:
        run(work)
    else:
        with pytest.raises(Killed):
            run(work)
    world.apply([SEALED])
    values = values_of(world, SEALED)
    assert key_pair_fault(values["tls.crt"], values["tls.key"]) is None
    rotated = number == 0 or number > 2 or (number == 2 and happened)
    assert (values != old) is rotated
    assert world.plan([SEALED])[0].pending == ()


def test_a_replace_that_fails_puts_the_old_value_back(world: World) -> None:
    world.apply([SEALED])
    old = values_of(world, SEALED)
    failed: list[str] = []

    def strike(_number: int, name: str, **when: bool) -> None:
        if name == "create" and not when["happened"] and not failed:
            failed.append(name)
            raise ObjectInvalid("refused")

    (result,) = run(world.work([SEALED], ROTATED, store=Faulty(world.store, strike))).results
    assert result.outcome is Outcome.FAILED
    assert "put back" in result.message
    assert values_of(world, SEALED) == old


def test_what_is_drawn_in_an_update_keeps_the_other_keys(world: World) -> None:
    world.apply([secret("s", {"user": "me"})])
    resource = replace(generating("alnum"), data=wrapped({"user": "me"}))
    world.apply([resource])
    values = values_of(world, resource)
    assert values["user"] == b"me"
    assert len(values["k"]) == 32
    assert world.plan([resource])[0].pending == ()
