"""What the vendor's pages call otherwise than a server does, held against a server."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.integration.cce.conftest import CceSite
from tests.integration.kubernetes.site import Document
from tests.world import secret_manifest as secret

REGISTRY = '{"auths": {"registry.example.com": {"auth": "dXNlcjpub3QtcmVhbA=="}}}'
SPELLINGS = [
    ("opaque", "Opaque", {"x": "1"}, {"x": "2"}),
    (
        "kubernetes.io/.dockerconfigjson",
        "kubernetes.io/dockerconfigjson",
        {".dockerconfigjson": REGISTRY},
        {".dockerconfigjson": "{}"},
    ),
    ("kubernetes.io/.dockercfg", "kubernetes.io/dockercfg", {".dockercfg": "{}"}, {}),
    ("cfe/secure-opaque", "cfe/secure-opaque", {"x": "1"}, {"x": "2"}),
]


def typed(spelling: str, values: dict[str, Any], **metadata: Any) -> Document:
    document = secret("a", **values)
    named = {**document["metadata"], **metadata} if "generateName" not in metadata else metadata
    return {**document, "type": spelling, "metadata": named}


@pytest.mark.parametrize(("spelling", "known", "values", "changed"), SPELLINGS)
def test_a_spelling_of_the_pages(
    site: CceSite, spelling: str, known: str, values: dict[str, str], changed: dict[str, str]
) -> None:
    site.put(typed(spelling, values))
    told = site.apply("--server-dry-run")
    assert ("cce-type-spelling" in told.out) == (spelling != known)
    assert "something else" not in told.out + told.err
    assert site.live("a")["type"] == known
    site.converged()
    assert "No drift" in site.ok("drift").out
    if changed:
        site.put(typed(spelling, changed))
        told = site.apply()
        assert "something else" not in told.out + told.err
        assert site.secrets() == {"a": changed}
        site.converged()
    site.put(typed(known, changed or values))
    plan = json.loads(site.ok("plan", "-o", "json").out)
    assert {change["action"] for change in plan["changes"]} <= {"no-op", "update"}


def test_a_spelling_in_a_drawn_name_and_in_a_replace(site: CceSite) -> None:
    site.put(typed("opaque", {"x": "1"}, generateName="one-"))
    site.apply()
    site.converged()
    site.put(typed("opaque", {"x": "1"}, generateName="one-") | {"immutable": True})
    site.apply()
    site.put(typed("opaque", {"x": "2"}, generateName="one-") | {"immutable": True})
    site.apply("--allow-replace")
    assert list(site.secrets().values()) == [{"x": "2"}]
    site.converged()


def test_an_object_that_has_the_spelling_keeps_it(site: CceSite) -> None:
    site.create({**secret("a", x="1"), "type": "opaque"})
    site.put(typed("opaque", {"x": "2"}))
    site.apply("--adopt")
    assert site.live("a")["type"] == "opaque"
    assert site.secrets() == {"a": {"x": "2"}}
    site.converged()


def test_names_and_labels_of_the_chinese_page(site: CceSite) -> None:
    labels = {"example.com/my-key": "A_b.c", "0a_b": ""}
    values: dict[str, Any] = {"A_b-c.d": "1"}
    document = secret("a.b-c.0", **values)
    document["metadata"]["labels"] = labels
    site.put(document, typed("Opaque", {"x": "1"}, generateName="one.two-"))
    site.apply()
    assert site.live("a.b-c.0")["metadata"]["labels"].items() >= labels.items()
    assert len(site.secrets()) == 2


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "uid": ({"uid": "u"}, "field-read-only"),
    "resourceVersion": ({"resourceVersion": "1"}, "field-read-only"),
    "selfLink": ({"selfLink": "/api"}, "field-read-only"),
    "creationTimestamp": ({"creationTimestamp": "2016-08-03T07:46:12Z"}, "field-read-only"),
    "two controllers": (
        {
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": True}
                for name in ("a", "b")
            ]
        },
        "owner-controller-conflict",
    ),
    "capital": ({"name": "A"}, "name-invalid"),
    "underscore": ({"name": "a_b"}, "name-invalid"),
    "long": ({"name": "a" * 254}, "name-invalid"),
    "label": ({"labels": {"a": "-"}}, "label-value-invalid"),
    "namespace with a dot": ({"namespace": "a.b"}, "namespace-invalid"),
}


@pytest.mark.parametrize(("metadata", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_pages_forbid_is_refused_with_its_place(
    site: CceSite, metadata: dict[str, Any], code: str
) -> None:
    site.put(typed("Opaque", {"x": "1"}, **metadata))
    calls = len(site.gateway.calls)
    result = site.run("validate")
    assert result.code == 1
    assert code in result.out
    assert "manifests/all.json:1:" in result.out
    assert len(site.gateway.calls) == calls


def test_the_rules_of_the_known_type_are_those_of_validate(site: CceSite) -> None:
    site.put(typed("kubernetes.io/.dockerconfigjson", {"x": "1"}))
    result = site.run("validate")
    assert result.code == 1
    assert "required-key-missing" in result.out
    assert "cce-type-spelling" in result.out


def test_a_namespace_must_exist(site: CceSite) -> None:
    document = secret("a", x="1")
    document["metadata"]["namespace"] = f"{site.home}-not"
    site.put(document)
    result = site.run("apply", "--auto-approve")
    assert result.code != 0
    assert f"{site.home}-not" in result.out + result.err


def test_if_a_read_gives_something_else_than_was_written(site: CceSite) -> None:
    """Nobody knows what cfe/secure-opaque gives back; if it is no value, it is told."""
    sealed = base64.b64encode(b"canary-sealed").decode()
    written = base64.b64encode(b"canary-written").decode()
    site.gateway.rewrite = lambda body: body.replace(written.encode(), sealed.encode())
    site.put(typed("cfe/secure-opaque", {"x": "canary-written"}))
    told = site.apply()
    assert "to another value than the one it was sent" in told.out + told.err
    result = site.run("plan", "--detailed-exitcode")
    assert result.code == 2
    assert "data[x]" in result.out
    for said in (told.out + told.err, result.out + result.err):
        assert "canary" not in said
        assert sealed not in said
