from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.objects import ObjectKey, OwnerReference, Resource, Severity
from reconciler.model.values import SecretValue
from reconciler.rules import Violation, validate, validate_update
from reconciler.rules.secret_types import TYPE_RULES
from tests.unit.rules.cases import CASES, Case, secret


def told(found: tuple[Violation, ...], severity: Severity) -> list[str]:
    return [f"{one.field}: {one.code}" for one in found if one.severity is severity]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_says_what_upstream_says(case: Case) -> None:
    violations = validate(case.resource)
    assert told(violations, Severity.ERROR) == list(case.errors)
    assert told(violations, Severity.WARNING) == list(case.warnings)


def test_titles_name_one_row_each() -> None:
    titles = [case.title for case in CASES]
    assert sorted(titles) == sorted(set(titles))


def test_every_built_in_type_has_a_row_on_either_side() -> None:
    accepted = {case.resource.type for case in CASES if not (case.errors or case.warnings)}
    objected = {case.resource.type for case in CASES if case.errors or case.warnings}
    # A tls pair that is fit is made in test_key_pairs; a dockercfg is read as dockerconfigjson is.
    assert set(TYPE_RULES) - accepted == {"kubernetes.io/tls", "kubernetes.io/dockercfg"}
    assert set(TYPE_RULES) - objected == set()


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_says_what_to_do(case: Case) -> None:
    for violation in validate(case.resource):
        assert violation.message
        assert violation.hint
        assert violation.message.isprintable()


def test_an_update_is_not_held_up_by_a_warning() -> None:
    unfit = secret({"tls.crt": "", "tls.key": ""}, type="kubernetes.io/tls")
    assert told(validate(unfit), Severity.WARNING)
    assert validate_update(unfit, unfit) == ()


CANARY = "c4n4ryV4lue"


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("Opaque", {"bad key": CANARY}),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": CANARY}),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": f'{{"a": "\\{CANARY}"}}'}),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": f'{{"{CANARY}": 1e999}}'}),
        ("kubernetes.io/dockercfg", {".dockercfg": f'["{CANARY}"]'}),
        ("kubernetes.io/tls", {"tls.crt": CANARY, "tls.key": CANARY}),
        (
            "bootstrap.kubernetes.io/token",
            {
                "token-id": CANARY,
                "token-secret": CANARY,
                "expiration": CANARY,
                "auth-extra-groups": CANARY,
            },
        ),
    ],
)
def test_no_value_is_told(type_: str, data: dict[str, str]) -> None:
    violations = validate(secret(data, type=type_, annotations={"bad key": CANARY}))
    assert len(violations) >= 2
    assert CANARY not in "".join(map(repr, violations))


@pytest.mark.parametrize("label", [f"not {CANARY}", CANARY * 9])
def test_no_label_that_may_repeat_a_value_is_told(label: str) -> None:
    (violation,) = validate(secret({"key": label}, labels={"app": label}))
    assert violation.code == "label-value-invalid"
    assert CANARY not in repr(violation)


def test_a_long_name_is_cut_in_the_message() -> None:
    (violation,) = validate(secret(name="n" * 10_000))
    assert len(violation.message) < 200
    assert "10000 characters" in violation.message


WORDS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="aA0-._/\n", max_size=300),
    st.sampled_from(["", "kube-system", "v1", "Event", "bootstrap-token-abcdef"]),
)
VALUES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"{" * 2000,
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        ]
    ),
).map(SecretValue)
KEYS_OF_TYPES = st.sampled_from(
    [
        ".dockercfg",
        ".dockerconfigjson",
        "ssh-privatekey",
        "tls.crt",
        "tls.key",
        "username",
        "token-id",
        "token-secret",
        "expiration",
        "auth-extra-groups",
    ]
)
RESOURCES = st.builds(
    Resource,
    key=st.builds(
        ObjectKey, st.sampled_from(["Namespace", "ServiceAccount", "Secret"]), WORDS, WORDS
    ),
    generate_name=WORDS,
    labels=st.dictionaries(WORDS, WORDS, max_size=3),
    annotations=st.dictionaries(WORDS, WORDS, max_size=3),
    finalizers=st.lists(WORDS, max_size=3).map(tuple),
    owners=st.lists(
        st.builds(OwnerReference, WORDS, WORDS, WORDS, WORDS, st.sampled_from([None, True, False])),
        max_size=3,
    ).map(tuple),
    type=st.one_of(WORDS, st.sampled_from(sorted(TYPE_RULES))),
    immutable=st.booleans(),
    data=st.dictionaries(st.one_of(WORDS, KEYS_OF_TYPES), VALUES, max_size=4),
)


@given(RESOURCES, RESOURCES)
def test_anything_is_judged_and_nothing_raises(live: Resource, updated: Resource) -> None:
    for violation in (*validate(live), *validate_update(live, updated)):
        assert violation.message
        assert isinstance(violation.field, str)
