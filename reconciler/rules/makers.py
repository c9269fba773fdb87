"""Which Secrets other programs make, told by the objects that ask them to.

Source: the API references of the programs; for those whose names come from a template or a default:

- Zalando: `users` of https://opensource.zalando.com/postgres-operator/docs/user.html and
  ``secret_name_template`` of .../docs/reference/operator_parameters.html, with its default;
- Percona: https://docs.percona.com/percona-operator-for-mysql/pxc/users.html (``secretsName``),
  https://docs.percona.com/percona-operator-for-mongodb/system-users.html (``secrets.users``) and
  https://docs.percona.com/percona-operator-for-postgresql/latest/users.html (``NAME-pguser-USER``);
- Crossplane: ``writeConnectionSecretToRef``, which managed resources and claims of every kind may
  have: https://docs.crossplane.io/v1.20/concepts/managed-resources/#writeconnectionsecrettoref.

What does not have their shape is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reconciler.model.objects import SECRET, ObjectKey

ANY_NAMESPACE = "*"
"""The namespace of a Secret that is made in namespaces which no manifest names."""

_Path = tuple[str, ...]
"""Where something stands in an object; ``*`` is each item of a list, ``@`` each key of a map."""

_NAME: _Path = ("metadata", "name")


@dataclass(frozen=True, slots=True)
class MadeSecret:
    """A Secret that another program makes because of an object.

    ``maker`` is the object's ``KIND/NAMESPACE/NAME`` and ``manifest`` its ``FILE:LINE``.
    ``overwrites`` tells that the program writes the whole of the Secret, whoever made it.
    """

    secret: ObjectKey
    maker: str
    manifest: str
    overwrites: bool = True


class _Making(NamedTuple):
    """A row: where the Secret's name and namespace stand, and what is put around the name.

    ``form`` has the name for ``{0}`` and that of the object for ``{1}``. An object without the name
    uses ``fallback``, if any, with its own name; without the namespace, its own.
    """

    name: _Path = _NAME
    namespace: _Path = ()
    fallback: str = ""
    form: str = "{}"
    overwrites: bool = True


_ZALANDO = ".credentials.postgresql.acid.zalan.do"


def _generated(*forms: str) -> tuple[_Making, ...]:
    """Secrets of an operator, named after the object, which a user may provide instead."""
    return tuple(_Making(form=form, overwrites=False) for form in forms)


_OWN = (_Making(),)
_DESTINATION = (_Making(("spec", "destination", "name")),)
_INFISICAL = ("spec", "managedSecretReference")

_MAKINGS: Mapping[tuple[str, str], tuple[_Making, ...]] = {
    ("bitnami.com", "SealedSecret"): _OWN,
    ("cert-manager.io", "Certificate"): (_Making(("spec", "secretName")),),
    ("cert-manager.io", "Issuer"): (
        _Making(("spec", "acme", "privateKeySecretRef", "name"), overwrites=False),
    ),
    ("external-secrets.io", "ExternalSecret"): (
        _Making(("spec", "target", "name"), fallback="{}"),
    ),
    ("external-secrets.io", "ClusterExternalSecret"): (
        _Making(("spec", "externalSecretSpec", "target", "name"), fallback="{}"),
    ),
    ("kubernetes-client.io", "ExternalSecret"): _OWN,
    ("secrets.hashicorp.com", "VaultStaticSecret"): _DESTINATION,
    ("secrets.hashicorp.com", "VaultDynamicSecret"): _DESTINATION,
    ("secrets.hashicorp.com", "VaultPKISecret"): _DESTINATION,
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): _DESTINATION,
    ("ricoberger.de", "VaultSecret"): _OWN,
    ("koudingspawn.de", "Vault"): _OWN,
    ("redhatcop.redhat.io", "VaultSecret"): (_Making(("spec", "output", "name"), fallback="{}"),),
    ("onepassword.com", "OnePasswordItem"): _OWN,
    ("secrets.doppler.com", "DopplerSecret"): (
        _Making(("spec", "managedSecret", "name"), ("spec", "managedSecret", "namespace")),
    ),
    ("secrets.infisical.com", "InfisicalSecret"): (
        _Making((*_INFISICAL, "secretName"), (*_INFISICAL, "secretNamespace")),
        _Making(("spec", "managedKubeSecretReferences", "*", "secretName")),
    ),
    ("secrets.infisical.com", "InfisicalDynamicSecret"): (
        _Making((*_INFISICAL, "secretName"), (*_INFISICAL, "secretNamespace")),
    ),
    ("k8s.bitwarden.com", "BitwardenSecret"): (_Making(("spec", "secretName")),),
    ("isindir.github.com", "SopsSecret"): (_Making(("spec", "secretTemplates", "*", "name")),),
    ("craftypath.github.io", "SopsSecret"): _OWN,
    ("spv.no", "AzureKeyVaultSecret"): (_Making(("spec", "output", "secret", "name")),),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"): (
        _Making(("spec", "secretObjects", "*", "secretName")),
    ),
    ("secret-sync.x-k8s.io", "SecretSync"): _OWN,
    ("secretgen.k14s.io", "Password"): _OWN,
    ("secretgen.k14s.io", "Certificate"): _OWN,
    ("secretgen.k14s.io", "RSAKey"): _OWN,
    ("secretgen.k14s.io", "SSHKey"): _OWN,
    ("secretgen.carvel.dev", "SecretImport"): _OWN,
    ("secretgen.carvel.dev", "SecretTemplate"): _OWN,
    ("secretgenerator.mittwald.de", "StringSecret"): _OWN,
    ("secretgenerator.mittwald.de", "BasicAuth"): _OWN,
    ("secretgenerator.mittwald.de", "SSHKeyPair"): _OWN,
    ("postgresql.cnpg.io", "Cluster"): _generated(
        "{}-app", "{}-superuser", "{}-ca", "{}-server", "{}-replication"
    ),
    ("postgres-operator.crunchydata.com", "PostgresCluster"): _generated("{0}-pguser-{0}"),
    ("acid.zalan.do", "postgresql"): (
        _Making(("spec", "users", "@"), form=f"{{0}}.{{1}}{_ZALANDO}", overwrites=False),
        *_generated(f"postgres.{{}}{_ZALANDO}", f"standby.{{}}{_ZALANDO}"),
    ),
    ("pxc.percona.com", "PerconaXtraDBCluster"): (
        _Making(("spec", "secretsName"), fallback="{}-secrets", overwrites=False),
    ),
    ("ps.percona.com", "PerconaServerMySQL"): (
        _Making(("spec", "secretsName"), fallback="{}-secrets", overwrites=False),
    ),
    ("psmdb.percona.com", "PerconaServerMongoDB"): (
        _Making(("spec", "secrets", "users"), fallback="{}-secrets", overwrites=False),
    ),
    ("pgv2.percona.com", "PerconaPGCluster"): (
        _Making(
            ("spec", "users", "*", "name"),
            form="{1}-pguser-{0}",
            fallback="{0}-pguser-{0}",
            overwrites=False,
        ),
    ),
    ("kafka.strimzi.io", "KafkaUser"): _OWN,
    ("kafka.strimzi.io", "Kafka"): _generated("{}-cluster-ca-cert", "{}-clients-ca-cert"),
    ("rabbitmq.com", "RabbitmqCluster"): _generated("{}-default-user"),
    ("rabbitmq.com", "User"): _generated("{}-user-credentials"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): _generated(
        "{}-es-elastic-user", "{}-es-http-certs-public", "{}-es-http-ca-internal"
    ),
    ("k8s.keycloak.org", "Keycloak"): _generated("{}-initial-admin"),
}
"""Group and kind of what makes Secrets, and which. A maker more is a row more."""

MADE_TYPES: Mapping[str, str] = {
    "helm.sh/release.v1": "is the record of a Helm release: leave it to Helm, which rewrites and "
    "deletes it",
    "kubernetes.io/service-account-token": "holds a token that the cluster issues: declare it "
    "without data, or leave it out",
    "bootstrap.kubernetes.io/token": "is a bootstrap token, which the cluster deletes when it "
    "expires: leave it out",
}
"""Types of Secrets that programs make for themselves, and what to tell whoever exports one.

Sources: https://helm.sh/docs/topics/advanced/#storage-backends and
https://kubernetes.io/docs/concepts/configuration/secret/#secret-types.
"""

_ISSUERS = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")
_ANNOTATED: Mapping[tuple[str, str], tuple[_Making, ...]] = {
    ("networking.k8s.io", "Ingress"): (_Making(("spec", "tls", "*", "secretName")),),
    ("gateway.networking.k8s.io", "Gateway"): (
        _Making(("spec", "listeners", "*", "tls", "certificateRefs", "*", "name")),
    ),
}
"""The same, of objects for which cert-manager acts where an annotation names an issuer."""

MAKERS = frozenset({*_MAKINGS, *_ANNOTATED})
"""The groups and kinds that `secrets_made_by` reads."""

CONNECTION = "writeConnectionSecretToRef"
"""The field of ``spec`` that makes an object of whatever group a maker: those of Crossplane."""
_CONNECTED = (_Making(("spec", CONNECTION, "name"), ("spec", CONNECTION, "namespace")),)


def secrets_made_by(
    document: Mapping[str, Any], namespace: str, manifest: str
) -> Iterator[MadeSecret]:
    """The Secrets that another program makes because of `document`, which `manifest` holds.

    `namespace` is that of objects that name none.
    """
    kind = str(document.get("kind"))
    key = (str(document.get("apiVersion")).rpartition("/")[0], kind)
    home = next(_texts(document, ("metadata", "namespace")), namespace)
    maker = "/".join((kind, home, *_texts(document, _NAME)))
    policy = next(_texts(document, ("spec", "target", "creationPolicy")), "")
    if policy == "None":
        return
    for making in _makings(document, key):
        target = next(_texts(document, making.namespace), home) if making.namespace else home
        for name in _names(document, making):
            yield MadeSecret(
                ObjectKey(
                    SECRET,
                    ANY_NAMESPACE if kind == "ClusterExternalSecret" else target,
                    name,
                ),
                maker,
                manifest,
                making.overwrites and policy != "Merge",
            )


def _names(document: Mapping[str, Any], making: _Making) -> Iterator[str]:
    own = next(_texts(document, _NAME), "")
    names = [*_texts(document, making.name)]
    if names:
        yield from (making.form.format(name, own) for name in names)
    elif own and making.fallback:
        yield making.fallback.format(own)


def _makings(document: Mapping[str, Any], key: tuple[str, str]) -> tuple[_Making, ...]:
    annotated = any(
        any(_texts(document, ("metadata", "annotations", issuer))) for issuer in _ISSUERS
    )
    return (
        *_MAKINGS.get(key, ()),
        *(_ANNOTATED.get(key, ()) if annotated else ()),
        *(_CONNECTED if "." in key[0] else ()),
    )


def _texts(node: Any, path: _Path) -> Iterator[str]:
    """The texts at `path`, empty ones left out."""
    if not path:
        if isinstance(node, str) and node:
            yield node
    elif path[0] == "*":
        for item in node if isinstance(node, list) else ():
            yield from _texts(item, path[1:])
    elif path[0] == "@":  # names of Secrets have no underscores: makers put hyphens there
        for name in node if isinstance(node, Mapping) else ():
            yield from _texts(str(name).replace("_", "-"), path[1:])
    elif isinstance(node, Mapping):
        yield from _texts(node.get(path[0]), path[1:])
