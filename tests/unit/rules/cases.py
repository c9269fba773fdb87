"""What Kubernetes v1.35.4 answers to creates, one row for each side of each rule.

The fields are ours, which are more precise than upstream's (it reports a label at
``metadata.labels``). All rows were compared with the validators that ``source`` names. To be
compared again, with a server too: every row is a whole object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.objects import (
    NAMESPACE,
    ObjectKey,
    OwnerReference,
    Resource,
)
from tests.world import account as desired_account
from tests.world import namespace as desired_namespace
from tests.world import secret as desired_secret

OBJECTMETA = "apimachinery/pkg/api/validation/objectmeta.go"
GENERIC = "apimachinery/pkg/api/validation/generic.go"
KUBE = "apimachinery/pkg/api/validate/content/kube.go"
DNS = "apimachinery/pkg/util/validation/validation.go"
CORE = "pkg/apis/core/validation/validation.go"
NAMES = "apiserver/pkg/storage/names/generate.go"
SECRET_STRATEGY = "pkg/registry/core/secret/strategy.go"
NAMESPACE_STRATEGY = "pkg/registry/core/namespace/strategy.go"
ACCOUNT_STRATEGY = "pkg/registry/core/serviceaccount/strategy.go"
HANDLERS = "apiserver/pkg/endpoints/handlers/rest.go"
BOOTSTRAP = "cluster-bootstrap/util/secrets/secrets.go"
BOOTSTRAP_AUTH = "plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go"

MIB = 1024 * 1024


@dataclass(frozen=True)
class Case:
    """An object, the upstream file and function that judges it, and the verdict.

    ``errors`` and ``warnings`` hold ``FIELD: CODE``.
    """

    title: str
    source: str
    resource: Resource
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def secret(
    data: Mapping[str, bytes | str] | None = None,
    type: str = "Opaque",  # noqa: A002 - the field's name
    name: str = "app",
    namespace: str = "shop",
    **fields: Any,
) -> Resource:
    """A Secret of one key, or of what is given; texts become values."""
    data = {"key": "value"} if data is None else data
    return desired_secret(name, data, home=namespace, type=type, **fields)


def account(name: str = "app", namespace: str = "shop", **fields: Any) -> Resource:
    return desired_account(name, home=namespace, **fields)


def namespace(name: str = "shop", **fields: Any) -> Resource:
    return desired_namespace(name, **fields)


def owner(name: str = "web", uid: str = "8a4c2f60", **fields: Any) -> OwnerReference:
    found = {"api_version": "apps/v1", "kind": "Deployment", **fields}
    return OwnerReference(name=name, uid=uid, **found)


def token(
    name: str = "bootstrap-token-abcdef", namespace: str = "kube-system", **changed: str | None
) -> Resource:
    """A bootstrap token that works, with keys changed, or dropped where they are ``None``."""
    data: dict[str, str | None] = {
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "usage-bootstrap-authentication": "true",
    }
    data |= {key.replace("_", "-"): value for key, value in changed.items()}
    kept = {key: value for key, value in data.items() if value is not None}
    return secret(kept, type="bootstrap.kubernetes.io/token", name=name, namespace=namespace)


def sized_annotations(size: int) -> dict[str, str]:
    """Two annotations of `size` bytes, keys and values together, some of two bytes each."""
    return {"a": "é" * 1000, "b": "x" * (size - 2 - 2000)}


NAME_CASES = [
    *(
        Case(title, f"{DNS} IsDNS1123Subdomain", secret(name=name), errors)
        for title, name, errors in [
            ("one letter", "a", ()),
            ("digits and dots", "1.a-b.2", ()),
            ("253 characters", "a" * 253, ()),
            ("254 characters", "a" * 254, ("metadata.name: name-invalid",)),
            ("upper case", "App", ("metadata.name: name-invalid",)),
            ("underscore", "my_app", ("metadata.name: name-invalid",)),
            ("dash at the start", "-a", ("metadata.name: name-invalid",)),
            ("dash at the end", "a-", ("metadata.name: name-invalid",)),
            ("dash before a dot", "a-.b", ("metadata.name: name-invalid",)),
            ("two dots", "a..b", ("metadata.name: name-invalid",)),
            ("newline at the end", "a\n", ("metadata.name: name-invalid",)),
            ("letter beyond ASCII", "appé", ("metadata.name: name-invalid",)),
            ("digit beyond ASCII", "app٣", ("metadata.name: name-invalid",)),
        ]
    ),
    Case("account with dots", f"{GENERIC} ValidateServiceAccountName", account(name="a.b")),
    Case(
        "account with a slash",
        f"{GENERIC} ValidateServiceAccountName",
        account(name="a/b"),
        ("metadata.name: name-invalid",),
    ),
    Case("namespace of 63", f"{DNS} IsDNS1123Label", namespace(name="n" * 63)),
    Case(
        "namespace of 64",
        f"{DNS} IsDNS1123Label",
        namespace(name="n" * 64),
        ("metadata.name: name-invalid",),
    ),
    Case(
        "namespace with a dot",
        f"{DNS} IsDNS1123Label",
        namespace(name="a.b"),
        ("metadata.name: name-invalid",),
    ),
    Case(
        "no name at all",
        f"{OBJECTMETA} ValidateObjectMetaAccessor",
        secret(name=""),
        ("metadata.name: name-missing",),
    ),
]

GENERATE_NAME_CASES = [
    *(
        Case(title, f"{GENERIC} maskTrailingDash", secret(name="", generate_name=prefix), errors)
        for title, prefix, errors in [
            ("dash at the end of the prefix", "app-", ()),
            ("two dashes at the end of the prefix", "app--", ()),
            ("dot at the end", "app.", ("metadata.generateName: generate-name-invalid",)),
            ("only a dash", "-", ("metadata.generateName: generate-name-invalid",)),
            ("upper case prefix", "App-", ("metadata.generateName: generate-name-invalid",)),
            (
                "upper case where upstream masks",
                "appX-",
                ("metadata.generateName: generate-name-invalid",),
            ),
            (
                "dot where upstream masks",
                "app.-",
                ("metadata.generateName: generate-name-invalid",),
            ),
            ("253 characters of prefix", "a" * 253, ()),
            ("254 of prefix", "a" * 254, ("metadata.generateName: generate-name-invalid",)),
        ]
    ),
    Case(
        "name and generateName",
        f"{OBJECTMETA} ValidateObjectMetaAccessor",
        secret(name="app", generate_name="App-"),
        ("metadata.generateName: generate-name-invalid",),
    ),
    Case(
        "masked letter beside a name",
        f"{GENERIC} maskTrailingDash",
        secret(name="app", generate_name="appX-"),
    ),
    Case(
        "masked letter of two bytes beside a name",
        f"{GENERIC} maskTrailingDash",
        secret(name="app", generate_name="appé-"),
        ("metadata.generateName: generate-name-invalid",),
    ),
    Case(
        "namespace prefix of 63",
        f"{NAMES} GenerateName",
        namespace(name="", generate_name="n" * 63),
    ),
    Case(
        "namespace prefix of 64",
        f"{DNS} IsDNS1123Label",
        namespace(name="", generate_name="n" * 64),
        ("metadata.generateName: generate-name-invalid",),
    ),
]

NAMESPACE_CASES = [
    Case(
        "no namespace",
        f"{OBJECTMETA} validateObjectMetaAccessorWithOptsCommon",
        secret(namespace=""),
        ("metadata.namespace: namespace-missing",),
    ),
    Case(
        "namespace with a dot in it",
        f"{GENERIC} ValidateNamespaceName",
        account(namespace="a.b"),
        ("metadata.namespace: namespace-invalid",),
    ),
    Case("namespace of 63 long", f"{GENERIC} ValidateNamespaceName", secret(namespace="n" * 63)),
    Case(
        "namespace of 64 long",
        f"{GENERIC} ValidateNamespaceName",
        secret(namespace="n" * 64),
        ("metadata.namespace: namespace-invalid",),
    ),
    Case(
        "Namespace in a namespace",
        f"{OBJECTMETA} validateObjectMetaAccessorWithOptsCommon",
        Resource(key=ObjectKey(NAMESPACE, "shop", "app")),
        ("metadata.namespace: namespace-forbidden",),
    ),
]

LABEL_KEY_CASES = [
    Case(title, f"{KUBE} IsLabelKey", secret(labels={key: "x"}), errors)
    for title, key, errors in [
        ("name alone", "app", ()),
        ("mixed case", "My_App.1", ()),
        ("prefix", "app.kubernetes.io/name", ()),
        ("name part of 63", "a" * 63, ()),
        ("name part of 64", "a" * 64, (f"metadata.labels[{'a' * 64}]: label-key-invalid",)),
        ("prefix of 253", "a" * 253 + "/" + "b" * 63, ()),
        (
            "prefix of 254",
            "a" * 254 + "/b",
            (f"metadata.labels[{'a' * 254}/b]: label-key-invalid",),
        ),
        ("upper case in the prefix", "A.b/c", ("metadata.labels[A.b/c]: label-key-invalid",)),
        ("empty key", "", ("metadata.labels[]: label-key-invalid",)),
        ("empty prefix", "/a", ("metadata.labels[/a]: label-key-invalid",)),
        ("empty name part", "a/", ("metadata.labels[a/]: label-key-invalid",)),
        ("two slashes", "a/b/c", ("metadata.labels[a/b/c]: label-key-invalid",)),
        ("dash first", "-a", ("metadata.labels[-a]: label-key-invalid",)),
        ("newline last", "a\n", ("metadata.labels[a\n]: label-key-invalid",)),
    ]
]

LABEL_VALUE_CASES = [
    Case(title, f"{KUBE} IsLabelValue", secret(labels={"app": value}), errors)
    for title, value, errors in [
        ("empty value", "", ()),
        ("mixed value", "My_value.1-2", ()),
        ("value of 63", "v" * 63, ()),
        ("value of 64", "v" * 64, ("metadata.labels[app]: label-value-invalid",)),
        ("value with a space", "a b", ("metadata.labels[app]: label-value-invalid",)),
        ("value with a slash", "a/b", ("metadata.labels[app]: label-value-invalid",)),
        ("value ending in a dot", "a.", ("metadata.labels[app]: label-value-invalid",)),
        ("value ending in a newline", "a\n", ("metadata.labels[app]: label-value-invalid",)),
    ]
]

ANNOTATION_CASES = [
    Case(
        "key in upper case", f"{OBJECTMETA} ValidateAnnotations", secret(annotations={"A.B/C": ""})
    ),
    Case(
        "value of any text", f"{OBJECTMETA} ValidateAnnotations", secret(annotations={"a": "é\n"})
    ),
    Case(
        "annotation key with a space",
        f"{OBJECTMETA} ValidateAnnotations",
        secret(annotations={"a b": ""}),
        ("metadata.annotations[a b]: annotation-key-invalid",),
    ),
    Case(
        "256 KiB",
        f"{OBJECTMETA} ValidateAnnotationsSize",
        secret(annotations=sized_annotations(256 * 1024)),
    ),
    Case(
        "256 KiB and a byte",
        f"{OBJECTMETA} ValidateAnnotationsSize",
        secret(annotations=sized_annotations(256 * 1024 + 1)),
        ("metadata.annotations: annotations-too-large",),
    ),
    Case(
        "deprecated annotation",
        f"{ACCOUNT_STRATEGY} warnIfHasEnforceMountableSecretsAnnotation",
        account(annotations={"kubernetes.io/enforce-mountable-secrets": "true"}),
        warnings=(
            "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: annotation-deprecated",
        ),
    ),
    Case(
        "Namespace's own name label",
        f"{NAMESPACE_STRATEGY} Canonicalize",
        namespace(name="shop", labels={"kubernetes.io/metadata.name": "shop"}),
    ),
    Case(
        "another name in it",
        f"{NAMESPACE_STRATEGY} Canonicalize",
        namespace(name="shop", labels={"kubernetes.io/metadata.name": "other"}),
        warnings=("metadata.labels[kubernetes.io/metadata.name]: label-overwritten",),
    ),
]

FINALIZER_CASES = [
    Case(title, f"{CORE} validateKubeFinalizerName", secret(finalizers=finalizers), errors)
    for title, finalizers, errors in [
        ("qualified", ("example.com/cleanup",), ()),
        ("Kubernetes' own", ("kubernetes", "orphan"), ()),
        ("foreground", ("foregroundDeletion",), ()),
        ("unqualified", ("cleanup",), ("metadata.finalizers[0]: finalizer-invalid",)),
        (
            "second is malformed",
            ("example.com/a", "b c"),
            ("metadata.finalizers[1]: finalizer-invalid",),
        ),
        (
            "two that exclude each other",
            ("orphan", "foregroundDeletion"),
            ("metadata.finalizers: finalizers-conflict",),
        ),
    ]
]

OWNER_CASES = [
    Case(title, f"{OBJECTMETA} ValidateOwnerReferences", secret(owners=owners), errors)
    for title, owners, errors in [
        ("whole reference", (owner(),), ()),
        ("core group", (owner(api_version="v1", kind="ServiceAccount"),), ()),
        (
            "empty fields",
            (owner(api_version="", kind="", name="", uid=""),),
            tuple(
                f"metadata.ownerReferences[0].{field}: owner-field-missing"
                for field in ("apiVersion", "kind", "name", "uid")
            ),
        ),
        (
            "group without version",
            (owner(api_version="apps/"),),
            ("metadata.ownerReferences[0].apiVersion: owner-field-missing",),
        ),
        (
            "apiVersion of three parts",
            (owner(api_version="a/b/c"),),
            ("metadata.ownerReferences[0].apiVersion: owner-field-missing",),
        ),
        (
            "Event",
            (owner(), owner(api_version="v1", kind="Event")),
            ("metadata.ownerReferences[1]: owner-forbidden",),
        ),
        ("Event of a group", (owner(api_version="events.k8s.io/v1", kind="Event"),), ()),
        ("one controller of two", (owner(controller=True), owner("b", controller=False)), ()),
        (
            "two controllers",
            (owner(controller=True), owner("b", controller=True)),
            ("metadata.ownerReferences[1].controller: owner-controller-conflict",),
        ),
    ]
]
OWNER_CASES.append(
    Case(
        "the same controller twice",
        f"{HANDLERS} dedupOwnerReferences",
        secret(owners=(owner(controller=True), owner(controller=True))),
        warnings=("metadata.ownerReferences[1]: owner-duplicate",),
    )
)

DATA_CASES = [
    *(
        Case(title, f"{DNS} IsConfigMapKey", secret({key: "x"}), errors)
        for title, key, errors in [
            ("all characters", "-._aZ9", ()),
            ("one dot before", ".key", ()),
            ("three dots, not first", "a...", ()),
            ("key of 253", "k" * 253, ()),
            ("key of 254", "k" * 254, (f"data[{'k' * 254}]: data-key-invalid",)),
            ("empty data key", "", ("data[]: data-key-invalid",)),
            ("dot", ".", ("data[.]: data-key-invalid",)),
            ("dot dot", "..", ("data[..]: data-key-invalid",)),
            ("dots first", "..key", ("data[..key]: data-key-invalid",)),
            ("three dots", "...", ("data[...]: data-key-invalid",)),
            ("slash in the key", "a/b", ("data[a/b]: data-key-invalid",)),
            ("key ending in a newline", "a\n", ("data[a\n]: data-key-invalid",)),
        ]
    ),
    Case("no data", f"{CORE} ValidateSecret", secret({})),
    Case(
        "1 MiB in two keys",
        f"{CORE} ValidateSecret",
        secret({"a" * 250: bytes(MIB - 1), "b": b"x"}),
    ),
    Case(
        "1 MiB and a byte",
        f"{CORE} ValidateSecret",
        secret({"a": bytes(MIB), "b": b"x"}),
        ("data: data-too-large",),
    ),
    Case("type of our own", f"{CORE} ValidateSecret", secret(type="example.com/any type")),
    Case("type unknown to Kubernetes", f"{CORE} ValidateSecret", secret(type="kubernetes.io/rbd")),
]

TYPE_CASES = [
    Case(title, f"{CORE} ValidateSecret", secret(data, type=type_), errors)
    for title, type_, data, errors in [
        ("user alone", "kubernetes.io/basic-auth", {"username": "u"}, ()),
        ("empty password alone", "kubernetes.io/basic-auth", {"password": ""}, ()),
        (
            "neither of both",
            "kubernetes.io/basic-auth",
            {"user": "u"},
            ("data: required-key-missing",),
        ),
        ("any ssh key", "kubernetes.io/ssh-auth", {"ssh-privatekey": "no key"}, ()),
        (
            "empty ssh key",
            "kubernetes.io/ssh-auth",
            {"ssh-privatekey": ""},
            ("data[ssh-privatekey]: required-key-empty",),
        ),
        (
            "no ssh key",
            "kubernetes.io/ssh-auth",
            {"ssh-publickey": "x"},
            ("data[ssh-privatekey]: required-key-missing",),
        ),
        (
            "tls without anything",
            "kubernetes.io/tls",
            {},
            ("data[tls.crt]: required-key-missing", "data[tls.key]: required-key-missing"),
        ),
        (
            "tls without a key",
            "kubernetes.io/tls",
            {"tls.crt": "", "ca.crt": ""},
            ("data[tls.key]: required-key-missing",),
        ),
        (
            "dockercfg in the other's key",
            "kubernetes.io/dockercfg",
            {".dockerconfigjson": "{}"},
            ("data[.dockercfg]: required-key-missing",),
        ),
        (
            "dockerconfigjson in the other's key",
            "kubernetes.io/dockerconfigjson",
            {".dockercfg": "{}"},
            ("data[.dockerconfigjson]: required-key-missing",),
        ),
        (
            "dockercfg that is no JSON",
            "kubernetes.io/dockercfg",
            {".dockercfg": "{'a': 1}"},
            ("data[.dockercfg]: dockercfg-invalid",),
        ),
        (
            "token of no account",
            "kubernetes.io/service-account-token",
            {},
            ("metadata.annotations[kubernetes.io/service-account.name]: annotation-missing",),
        ),
    ]
]
TYPE_CASES += [
    Case(
        "token of an empty account",
        f"{CORE} ValidateSecret",
        secret(
            {},
            type="kubernetes.io/service-account-token",
            annotations={"kubernetes.io/service-account.name": ""},
        ),
        ("metadata.annotations[kubernetes.io/service-account.name]: annotation-missing",),
    ),
    Case(
        "token of an account",
        f"{CORE} ValidateSecret",
        secret(
            {},
            type="kubernetes.io/service-account-token",
            annotations={"kubernetes.io/service-account.name": "app"},
        ),
    ),
    *(
        Case(
            f"tls of {title}",
            f"{SECRET_STRATEGY} warningsForSecret",
            secret({"tls.crt": content, "tls.key": content}, type="kubernetes.io/tls"),
            warnings=("data[tls.crt]: tls-pair-unusable",),
        )
        for title, content in [
            ("nothing", ""),
            ("no PEM", "x"),
            (
                "a bad PEM",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
        ]
    ),
]

_JSON: list[tuple[str, bytes | str, bool]] = [
    ("what docker login writes", json.dumps({"auths": {"registry.example": {}}}), True),
    ("white space around", " \r\n\t{} \n", True),
    ("null", "null", True),
    ("the same key twice", '{"a": 1, "a": 2}', True),
    ("lone surrogate", '{"a": "\\ud800"}', True),
    ("invalid UTF-8 in a string", b'{"a": "\xff"}', True),
    ("delete character", b'{"a": "\x7f"}', True),
    ("number at the edge", '{"a": 1.7976931348623157e308}', True),
    ("tiny number", '{"a": 1e-999}', True),
    ("400 nested lists", '{"a": ' + "[" * 400 + "]" * 400 + "}", True),
    ("100,000 nested lists", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", False),
    ("nothing", "", False),
    ("only white space", " \n", False),
    ("list", "[]", False),
    ("string", '"x"', False),
    ("number", "1", False),
    ("NaN", '{"a": NaN}', False),
    ("Infinity", '{"a": -Infinity}', False),
    ("number out of range", '{"a": 1e999}', False),
    ("whole number out of range", '{"a": ' + "9" * 400 + "}", False),
    ("whole number of 5,000 digits", '{"a": ' + "9" * 5000 + "}", False),
    ("leading zero", '{"a": 01}', False),
    ("trailing comma", '{"a": 1,}', False),
    ("comment", "{} // x", False),
    ("two objects", "{}{}", False),
    ("byte order mark", b"\xef\xbb\xbf{}", False),
    ("UTF-16", "{}".encode("utf-16"), False),
    ("invalid UTF-8 outside", b"{}\xff", False),
    ("tab in a string", '{"a": "\t"}', False),
    ("bad escape", '{"a": "\\x41"}', False),
    ("other white space", "{}\x0b", False),
    ("cut short", '{"auths": {', False),
]

JSON_CASES = [
    Case(
        f"JSON: {title}",
        f"{CORE} ValidateSecret",
        secret({".dockerconfigjson": content}, type="kubernetes.io/dockerconfigjson"),
        () if accepted else ("data[.dockerconfigjson]: dockerconfigjson-invalid",),
    )
    for title, content, accepted in _JSON
]

BOOTSTRAP_CASES = [
    Case(title, source, resource, warnings=warnings)
    for title, source, resource, warnings in [
        ("token that works", f"{BOOTSTRAP_AUTH} AuthenticateToken", token(), ()),
        (
            "signing alone",
            "pkg/controller/bootstrap/util.go validateSecretForSigning",
            token(usage_bootstrap_authentication=None, usage_bootstrap_signing="true"),
            (),
        ),
        (
            "another namespace",
            f"{BOOTSTRAP_AUTH} AuthenticateToken",
            token(namespace="shop"),
            ("metadata.namespace: bootstrap-token-ignored",),
        ),
        (
            "another name",
            f"{BOOTSTRAP} ParseName",
            token(name="abcdef"),
            ("metadata.name: bootstrap-token-ignored",),
        ),
        (
            "another's id",
            f"{BOOTSTRAP_AUTH} AuthenticateToken",
            token(token_id="fedcba"),
            ("metadata.name: bootstrap-token-ignored",),
        ),
        (
            "id in upper case",
            f"{BOOTSTRAP} ParseName",
            token(token_id="ABCDEF"),
            ("data[token-id]: bootstrap-token-ignored",),
        ),
        (
            "newline after the secret",
            f"{BOOTSTRAP_AUTH} AuthenticateToken",
            token(token_secret="0123456789abcdef\n"),
            ("data[token-secret]: bootstrap-token-ignored",),
        ),
        (
            "no usage",
            f"{BOOTSTRAP_AUTH} AuthenticateToken",
            token(usage_bootstrap_authentication="yes"),
            ("data[usage-bootstrap-authentication]: bootstrap-token-ignored",),
        ),
        ("expiration", f"{BOOTSTRAP} GetExpiration", token(expiration="2030-01-31T12:00:00Z"), ()),
        (
            "date alone",
            f"{BOOTSTRAP} GetExpiration",
            token(expiration="2030-01-31"),
            ("data[expiration]: bootstrap-token-ignored",),
        ),
        (
            "February 30",
            f"{BOOTSTRAP} GetExpiration",
            token(expiration="2030-02-30T12:00:00+01:00"),
            ("data[expiration]: bootstrap-token-ignored",),
        ),
        (
            "groups",
            f"{BOOTSTRAP} GetGroups",
            token(auth_extra_groups="system:bootstrappers:a,system:bootstrappers:b:c"),
            (),
        ),
        (
            "group outside",
            f"{BOOTSTRAP} GetGroups",
            token(auth_extra_groups="system:bootstrappers:a,admins"),
            ("data[auth-extra-groups]: bootstrap-token-ignored",),
        ),
        (
            "empty token",
            f"{BOOTSTRAP_AUTH} AuthenticateToken",
            secret({}, type="bootstrap.kubernetes.io/token", name="t"),
            (
                "metadata.namespace: bootstrap-token-ignored",
                "data[token-id]: bootstrap-token-ignored",
                "data[token-secret]: bootstrap-token-ignored",
                "data[usage-bootstrap-authentication]: bootstrap-token-ignored",
            ),
        ),
    ]
]

TOGETHER_CASES = [
    Case(
        "many at once",
        f"{CORE} ValidateSecret",
        secret(
            {"a/b": "x", "tls.key": "k"},
            type="kubernetes.io/tls",
            name="App",
            namespace="a.b",
            labels={"a b": "c d"},
            finalizers=("x",),
        ),
        (
            "metadata.name: name-invalid",
            "metadata.namespace: namespace-invalid",
            "metadata.labels[a b]: label-key-invalid",
            "metadata.labels[a b]: label-value-invalid",
            "metadata.finalizers[0]: finalizer-invalid",
            "data[a/b]: data-key-invalid",
            "data[tls.crt]: required-key-missing",
        ),
    )
]

CASES = [
    *NAME_CASES,
    *GENERATE_NAME_CASES,
    *NAMESPACE_CASES,
    *LABEL_KEY_CASES,
    *LABEL_VALUE_CASES,
    *ANNOTATION_CASES,
    *FINALIZER_CASES,
    *OWNER_CASES,
    *DATA_CASES,
    *TYPE_CASES,
    *JSON_CASES,
    *BOOTSTRAP_CASES,
    *TOGETHER_CASES,
]
