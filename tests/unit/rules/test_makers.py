"""Which Secrets the objects of other programs lead to."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.objects import ObjectKey
from reconciler.rules.makers import ANY_NAMESPACE, MAKERS, secrets_made_by

TLS = {"cert-manager.io/cluster-issuer": "letsencrypt"}

# API version, kind, spec, annotations, and the Secrets: name, and whether they are overwritten.
MADE: list[tuple[str, str, Any, dict[str, str], list[tuple[str, bool]]]] = [
    ("bitnami.com/v1alpha1", "SealedSecret", {"encryptedData": {}}, {}, [("x", True)]),
    (
        # The controller names the Secret as the SealedSecret, whatever the template says.
        "bitnami.com/v1alpha1",
        "SealedSecret",
        {"template": {"metadata": {"name": "other"}}},
        {},
        [("x", True)],
    ),
    ("cert-manager.io/v1", "Certificate", {"secretName": "b"}, {}, [("b", True)]),
    (
        "cert-manager.io/v1",
        "Issuer",
        {"acme": {"privateKeySecretRef": {"name": "b"}}},
        {},
        [("b", False)],
    ),
    ("external-secrets.io/v1", "ExternalSecret", {"target": {"name": "b"}}, {}, [("b", True)]),
    ("external-secrets.io/v1beta1", "ExternalSecret", {}, {}, [("x", True)]),
    (
        "external-secrets.io/v1",
        "ExternalSecret",
        {"target": {"creationPolicy": "Merge"}},
        {},
        [("x", False)],
    ),
    ("external-secrets.io/v1", "ExternalSecret", {"target": {"creationPolicy": "None"}}, {}, []),
    ("kubernetes-client.io/v1", "ExternalSecret", {}, {}, [("x", True)]),
    *(
        (
            "secrets.hashicorp.com/v1beta1",
            kind,
            {"destination": {"name": "b", "create": True}},
            {},
            [("b", True)],
        )
        for kind in (
            "VaultStaticSecret",
            "VaultDynamicSecret",
            "VaultPKISecret",
            "HCPVaultSecretsApp",
        )
    ),
    ("ricoberger.de/v1alpha1", "VaultSecret", {}, {}, [("x", True)]),
    ("koudingspawn.de/v1", "Vault", {}, {}, [("x", True)]),
    ("redhatcop.redhat.io/v1alpha1", "VaultSecret", {"output": {"name": "b"}}, {}, [("b", True)]),
    ("onepassword.com/v1", "OnePasswordItem", {}, {}, [("x", True)]),
    (
        "secrets.doppler.com/v1alpha1",
        "DopplerSecret",
        {"managedSecret": {"name": "b", "namespace": "shop"}},
        {},
        [("b", True)],
    ),
    (
        "secrets.infisical.com/v1alpha1",
        "InfisicalSecret",
        {"managedSecretReference": {"secretName": "b", "secretNamespace": "shop"}},
        {},
        [("b", True)],
    ),
    (
        "secrets.infisical.com/v1alpha1",
        "InfisicalSecret",
        {"managedKubeSecretReferences": [{"secretName": "b"}, {"secretName": "c"}]},
        {},
        [("b", True), ("c", True)],
    ),
    (
        "secrets.infisical.com/v1alpha1",
        "InfisicalDynamicSecret",
        {"managedSecretReference": {"secretName": "b"}},
        {},
        [("b", True)],
    ),
    ("k8s.bitwarden.com/v1", "BitwardenSecret", {"secretName": "b"}, {}, [("b", True)]),
    (
        "isindir.github.com/v1alpha3",
        "SopsSecret",
        {"secretTemplates": [{"name": "b"}, {"name": "c"}]},
        {},
        [("b", True), ("c", True)],
    ),
    ("craftypath.github.io/v1alpha1", "SopsSecret", {}, {}, [("x", True)]),
    (
        "spv.no/v2beta1",
        "AzureKeyVaultSecret",
        {"output": {"secret": {"name": "b"}}},
        {},
        [("b", True)],
    ),
    (
        "secrets-store.csi.x-k8s.io/v1",
        "SecretProviderClass",
        {"secretObjects": [{"secretName": "b"}]},
        {},
        [("b", True)],
    ),
    ("secret-sync.x-k8s.io/v1alpha1", "SecretSync", {}, {}, [("x", True)]),
    *(
        (f"{group}/v1alpha1", kind, {}, {}, [("x", True)])
        for group, kind in (
            ("secretgen.k14s.io", "Password"),
            ("secretgen.k14s.io", "Certificate"),
            ("secretgen.k14s.io", "RSAKey"),
            ("secretgen.k14s.io", "SSHKey"),
            ("secretgen.carvel.dev", "SecretImport"),
            ("secretgen.carvel.dev", "SecretTemplate"),
            ("secretgenerator.mittwald.de", "StringSecret"),
            ("secretgenerator.mittwald.de", "BasicAuth"),
            ("secretgenerator.mittwald.de", "SSHKeyPair"),
            ("kafka.strimzi.io", "KafkaUser"),
        )
    ),
    (
        "postgresql.cnpg.io/v1",
        "Cluster",
        {},
        {},
        [(f"x-{end}", False) for end in ("app", "superuser", "ca", "server", "replication")],
    ),
    (
        "postgres-operator.crunchydata.com/v1beta1",
        "PostgresCluster",
        {},
        {},
        [("x-pguser-x", False)],
    ),
    (
        "kafka.strimzi.io/v1beta2",
        "Kafka",
        {},
        {},
        [("x-cluster-ca-cert", False), ("x-clients-ca-cert", False)],
    ),
    (
        "acid.zalan.do/v1",
        "postgresql",
        {"users": {"foo_user": [], "app": None}},
        {},
        [
            (f"{user}.x.credentials.postgresql.acid.zalan.do", False)
            for user in ("foo-user", "app", "postgres", "standby")
        ],
    ),
    *(
        (f"{group}.percona.com/v1", kind, spec, {}, [(name, False)])
        for group, kind, spec, name in (
            ("pxc", "PerconaXtraDBCluster", {}, "x-secrets"),
            ("pxc", "PerconaXtraDBCluster", {"secretsName": "b"}, "b"),
            ("ps", "PerconaServerMySQL", {}, "x-secrets"),
            ("psmdb", "PerconaServerMongoDB", {"secrets": {"users": "b"}}, "b"),
            ("psmdb", "PerconaServerMongoDB", {}, "x-secrets"),
            ("pgv2", "PerconaPGCluster", {"users": [{"name": "app"}]}, "x-pguser-app"),
            ("pgv2", "PerconaPGCluster", {}, "x-pguser-x"),
        )
    ),
    *(
        (
            version,
            "RDSInstance",
            {"writeConnectionSecretToRef": {"name": "b", "namespace": "shop"}},
            {},
            made,
        )
        for version, made in (("database.aws.crossplane.io/v1beta1", [("b", True)]), ("v1", []))
    ),
    ("rabbitmq.com/v1beta1", "RabbitmqCluster", {}, {}, [("x-default-user", False)]),
    ("rabbitmq.com/v1beta1", "User", {}, {}, [("x-user-credentials", False)]),
    (
        "elasticsearch.k8s.elastic.co/v1",
        "Elasticsearch",
        {},
        {},
        [
            ("x-es-elastic-user", False),
            ("x-es-http-certs-public", False),
            ("x-es-http-ca-internal", False),
        ],
    ),
    ("k8s.keycloak.org/v2alpha1", "Keycloak", {}, {}, [("x-initial-admin", False)]),
    ("networking.k8s.io/v1", "Ingress", {"tls": [{"secretName": "b"}]}, TLS, [("b", True)]),
    ("networking.k8s.io/v1", "Ingress", {"tls": [{"secretName": "b"}]}, {}, []),
    (
        "gateway.networking.k8s.io/v1",
        "Gateway",
        {"listeners": [{"tls": {"certificateRefs": [{"name": "b"}]}}, {}]},
        TLS,
        [("b", True)],
    ),
    ("v1", "Secret", {}, TLS, []),
    ("cert-manager.io/v1", "Certificate", {"secretName": [1]}, {}, []),
    ("cert-manager.io/v1", "Certificate", "text", {}, []),
]


def document(version: str, kind: str, spec: Any, annotations: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(("version", "kind", "spec", "annotations", "expected"), MADE)
def test_what_is_made(
    version: str,
    kind: str,
    spec: Any,
    annotations: dict[str, str],
    expected: list[tuple[str, bool]],
) -> None:
    made = [*secrets_made_by(document(version, kind, spec, annotations), "default", "f.yaml:3")]
    assert [(item.secret.name, item.overwrites) for item in made] == expected
    assert {item.secret.namespace for item in made} <= {"shop"}
    assert {item.maker for item in made} <= {f"{kind}/shop/x"}
    assert {item.manifest for item in made} <= {"f.yaml:3"}


def test_a_maker_of_many_namespaces() -> None:
    spec = {"externalSecretSpec": {"target": {"name": "b"}}}
    text = document("external-secrets.io/v1", "ClusterExternalSecret", spec, {})
    (made,) = secrets_made_by(text, "default", "f.yaml:1")
    assert made.secret == ObjectKey("Secret", ANY_NAMESPACE, "b")


def test_every_row_was_tried() -> None:
    tried = {(version.rpartition("/")[0], kind) for version, kind, *_, made in MADE if made}
    tried -= {("database.aws.crossplane.io", "RDSInstance")}  # makes one whatever its kind
    assert MAKERS - tried == {("external-secrets.io", "ClusterExternalSecret")}
