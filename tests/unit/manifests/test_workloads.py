"""What manifests of other kinds tell of Secrets, and what of it no manifest provides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests import LintSettings, Loaded, unprovided
from reconciler.manifests.lints import Level
from reconciler.model.objects import ObjectKey, Severity
from reconciler.workflow import load

Loader = Callable[..., Loaded]

SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: a}
stringData: {k: v}
---
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - env:
        - valueFrom:
            secretKeyRef: %s
"""
HEAD = "apiVersion: %s\nkind: %s\nmetadata: {name: x}\n"


def told(found: Loaded) -> list[tuple[str, str]]:
    return [(item.code, item.message) for item in unprovided(found)]


def test_a_workload_is_a_consumer_with_its_place(loaded: Loader) -> None:
    found = loaded(SECRET + POD % "{name: a, key: k}", namespace="shop")
    (one,) = found.consumers
    assert (str(one), one.secret, one.key) == (
        "Pod/shop/web",
        ObjectKey("Secret", "shop", "a"),
        "k",
    )
    assert one.manifest == "f.yaml:6"
    assert one.field == "spec.containers[0].env[0].valueFrom.secretKeyRef"
    assert [note.message for note in found.notices] == ["skipped 1 object of other kinds: 1 Pod"]
    assert found.diagnostics == ()
    assert told(found) == []


def test_items_of_a_list_and_merged_maps_count_too(loaded: Loader) -> None:
    text = """\
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          volumes:
            - &base {name: x, secret: {secretName: a}}
            - {<<: *base, name: y}
"""
    found = loaded(text)
    assert [one.field for one in found.consumers] == [
        "spec.template.spec.volumes[0].secret",
        "spec.template.spec.volumes[1].secret",
    ]
    assert {one.manifest for one in found.consumers} == {"f.yaml:4"}


@pytest.mark.parametrize(
    "tail",
    [
        "spec: x\n",
        "spec: {containers: [{env: {}}]}\n",
        "spec: {1: 2, 1: 3}\n",
        "spec: {imagePullSecrets: [{name: '{{ .x }}'}]}\n",
        "spec: {imagePullSecrets: [{name: 'ENC[AES256_GCM,data:x]'}]}\nsops: {mac: x}\n",
        "spec: {<<: 1}\n",
        "spec: {? [a] : b}\n",
    ],
)
def test_what_is_wrong_with_other_kinds_is_not_ours_to_tell(loaded: Loader, tail: str) -> None:
    found = loaded(HEAD % ("v1", "Pod") + tail)
    assert found.consumers == ()
    assert found.diagnostics == ()


def test_other_kinds_are_not_looked_into(loaded: Loader) -> None:
    spec = "spec: {imagePullSecrets: [{name: a}], template: {spec: {volumes: []}}}\n"
    for version, kind in (("v1", "Service"), ("example.com/v1", "Pod"), ("v1", "Deployment")):
        assert loaded(HEAD % (version, kind) + spec).consumers == ()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{name: a, key: k}", []),
        ("{name: a, key: l, optional: true}", []),
        ("{name: b, key: k, optional: true}", []),
        (
            "{name: a, key: l}",
            [
                (
                    "secret-key-unprovided",
                    "it uses the key 'l' of Secret/default/a, which no manifest provides",
                )
            ],
        ),
        (
            "{name: b, key: k}",
            [("secret-unprovided", "it uses the Secret 'b', which no manifest provides")],
        ),
    ],
)
def test_what_no_manifest_provides(
    loaded: Loader, reference: str, expected: list[tuple[str, str]]
) -> None:
    assert told(loaded(SECRET + POD % reference)) == expected


def test_a_warning_has_its_place_and_its_object(loaded: Loader) -> None:
    (item,) = unprovided(loaded(SECRET + POD % "{name: b, key: k}"))
    assert (item.source.file, item.source.line) == ("f.yaml", 6)
    assert item.object == "Pod/default/web"
    assert item.field.endswith("secretKeyRef")
    assert item.severity is Severity.WARNING
    assert item.hint


def test_the_same_is_told_once(loaded: Loader) -> None:
    text = SECRET + HEAD % ("v1", "Pod") + "spec: {imagePullSecrets: [{name: b}, {name: b}]}\n"
    assert len(told(loaded(text))) == 1


ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: r}\n"


def test_accounts_need_what_they_pull_with_and_not_what_they_list(loaded: Loader) -> None:
    listed = loaded(SECRET + ACCOUNT + "secrets: [{name: b}]\n")
    pulling = loaded(SECRET + ACCOUNT + "imagePullSecrets: [{name: b}]\n")
    assert told(listed) == []
    assert [code for code, _ in told(pulling)] == ["secret-unprovided"]


MISSED = POD % "{name: a, key: l}"


@pytest.mark.parametrize(
    "head",
    [
        "annotations: {reconciler/ignore-keys: l}",
        "annotations: {reconciler/create-only: 'true'}",
    ],
)
def test_a_key_that_something_else_fills_in_is_not_missed(loaded: Loader, head: str) -> None:
    text = SECRET.replace("{name: a}", f"{{name: a, {head}}}")
    assert text != SECRET
    assert told(loaded(text + MISSED)) == []
    assert len(told(loaded(SECRET + MISSED))) == 1


def test_a_secret_without_data_and_a_token_are_filled_elsewhere(loaded: Loader) -> None:
    empty = SECRET.replace("stringData: {k: v}\n", "")
    token = SECRET.replace("stringData: {k: v}\n", "type: kubernetes.io/service-account-token\n")
    token = token.replace(
        "{name: a}", "{name: a, annotations: {kubernetes.io/service-account.name: r}}"
    )
    assert told(loaded(empty + MISSED)) == []
    assert told(loaded(token + POD % "{name: a, key: token}")) == []


def test_a_namespace_without_secrets_has_them_from_elsewhere(loaded: Loader) -> None:
    apart = POD.replace("name: web", "name: web\n  namespace: far") % "{name: b, key: k}"
    assert told(loaded(SECRET + apart)) == []
    assert told(loaded(apart)) == []


INGRESS = HEAD % ("networking.k8s.io/v1", "Ingress") + "spec: {tls: [{secretName: b}]}\n"


@pytest.mark.parametrize(
    "maker",
    [
        HEAD % ("cert-manager.io/v1", "Certificate") + "spec: {secretName: b}\n",
        HEAD % ("external-secrets.io/v1", "ExternalSecret") + "spec: {target: {name: b}}\n",
        HEAD.replace("x", "b") % ("external-secrets.io/v1beta1", "ExternalSecret"),
        HEAD.replace("x", "b") % ("bitnami.com/v1alpha1", "SealedSecret"),
        INGRESS.replace("x}", "y, annotations: {cert-manager.io/cluster-issuer: i}}"),
        INGRESS.replace("x}", "y, annotations: {kubernetes.io/tls-acme: 'true'}}"),
    ],
)
def test_what_another_program_makes_is_not_missed(loaded: Loader, maker: str) -> None:
    assert told(loaded(f"{SECRET}{INGRESS}---\n{maker}")) == []
    assert len(told(loaded(SECRET + INGRESS))) == 1


@pytest.mark.parametrize("tail", ["spec: x\n", "spec: {secretName: [1]}\n", ""])
def test_a_maker_of_another_shape_makes_nothing_wrong(loaded: Loader, tail: str) -> None:
    found = loaded(SECRET + INGRESS + "---\n" + HEAD % ("cert-manager.io/v1", "Certificate") + tail)
    assert [code for code, _ in told(found)] == ["secret-unprovided"]


def test_settings_count_and_errors_come_first(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SECRET + POD % "{name: b, key: k}")
    found = load(path)
    assert unprovided(found, LintSettings(levels={"secret-unprovided": "off"})) == ()
    (strict,) = unprovided(found, LintSettings(strict=True))
    assert strict.severity is Severity.ERROR
    path.write_text(SECRET.replace("k: v", "k: [v]") + POD % "{name: b, key: k}")
    broken = load(path)
    assert broken.errors
    assert unprovided(broken) == ()


SEALED = HEAD.replace("x", "a") % ("bitnami.com/v1alpha1", "SealedSecret")


def owners(found: Loaded) -> list[tuple[str, str]]:
    return [(item.code, item.object) for item in found.diagnostics]


@pytest.mark.parametrize("text", [SECRET + SEALED, SEALED + "---\n" + SECRET])
def test_a_secret_that_another_manifest_makes_too(loaded: Loader, text: str) -> None:
    found = loaded(text)
    assert owners(found) == [("secret-two-owners", "Secret/default/a")]
    (warning,) = found.diagnostics
    assert "SealedSecret/default/a" in warning.message
    assert f"f.yaml:{text[: text.index(SEALED)].count(chr(10)) + 1}" in warning.message
    assert warning.source.line == text[: text.index(SECRET)].count("\n") + 1
    assert len(found.objects) == 1


def test_a_connection_secret_of_whatever_kind_has_two_owners(loaded: Loader) -> None:
    head = HEAD % ("database.example.org/v1", "PostgresInstance")
    spec = "spec: {writeConnectionSecretToRef: {name: a, namespace: default}}\n"
    assert owners(loaded(f"{SECRET}{head}{spec}")) == [("secret-two-owners", "Secret/default/a")]
    assert owners(loaded(f"{SECRET}{head}spec: [writeConnectionSecretToRef]\n")) == []


@pytest.mark.parametrize(
    ("secret", "maker"),
    [
        (SECRET, SEALED.replace("name: a", "name: b")),
        (SECRET, SEALED.replace("name: a", "name: a, namespace: far")),
        (SECRET.replace("stringData: {k: v}\n", ""), SEALED),
        (
            SECRET.replace("name: a", "name: a, annotations: {reconciler/create-only: 'true'}"),
            SEALED,
        ),
        (
            SECRET.replace(
                "name: a", "name: a, annotations: {sealedsecrets.bitnami.com/patch: 'true'}"
            ),
            SEALED,
        ),
        (
            SECRET,
            HEAD.replace("x", "a") % ("external-secrets.io/v1", "ExternalSecret")
            + "spec: {target: {creationPolicy: Merge}}\n",
        ),
        (
            SECRET.replace("name: a", "name: db-app"),
            HEAD.replace("x", "db") % ("postgresql.cnpg.io/v1", "Cluster"),
        ),
    ],
)
def test_a_secret_of_one_owner(loaded: Loader, secret: str, maker: str) -> None:
    assert owners(loaded(secret + maker)) == []


def test_two_owners_by_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SECRET + SEALED)
    off = load(path, lints=LintSettings(levels={"secret-two-owners": "off"}))
    assert off.diagnostics == ()
    strict = load(path, lints=LintSettings(strict=True))
    assert [item.code for item in strict.errors] == ["secret-two-owners"]
    assert strict.objects == ()


def test_a_secret_for_many_namespaces_is_missed_in_none(loaded: Loader) -> None:
    maker = HEAD.replace("x", "b") % ("external-secrets.io/v1", "ClusterExternalSecret")
    assert told(loaded(SECRET + INGRESS + "---\n" + maker)) == []


IGNORED = "metadata: {name: %s, annotations: {reconciler/lint-ignore: %s}}"


@pytest.mark.parametrize(
    "text",
    [
        SECRET
        + POD.replace("metadata:\n  name: web", IGNORED % ("web", "secret-unprovided"))
        % "{name: b, key: k}",
        SECRET
        + ACCOUNT.replace("metadata: {name: r}", IGNORED % ("r", "secret-unprovided"))
        + "imagePullSecrets: [{name: b}]\n",
        SECRET.replace("metadata: {name: a}", IGNORED % ("a", "secret-two-owners")) + SEALED,
    ],
)
def test_an_object_can_switch_a_lint_off(loaded: Loader, text: str) -> None:
    found = loaded(text)
    assert (owners(found), told(found)) == ([], [])
    other = loaded(text.replace("lint-ignore: secret", "lint-ignore: value-empty #"))
    assert other.errors or other.diagnostics or told(other)


def test_lints_of_other_kinds_by_path(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SECRET + SEALED + "---\n" + POD % "{name: b, key: k}")
    codes = ("secret-two-owners", "secret-unprovided")
    paths: dict[str, dict[str, Level]] = {"a.yaml": dict.fromkeys(codes, "off")}
    for root, silent in ((str(tmp_path), True), ("/elsewhere", False)):
        lints = LintSettings(paths=paths, root=root)
        found = load(path, lints=lints)
        assert bool(found.diagnostics or unprovided(found, lints)) is not silent
