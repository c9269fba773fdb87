"""Objects as manifests want them, as stores hold them, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from reconciler.model.values import SecretValue

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

NAMESPACE = "Namespace"
SERVICE_ACCOUNT = "ServiceAccount"
SECRET = "Secret"  # noqa: S105 - a kind, not a password
KINDS = (NAMESPACE, SERVICE_ACCOUNT, SECRET)
"""The kinds that are managed, in the order in which they are created."""

LASTING_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
"""Those that no server deletes (k8s.io/apiserver pkg/admission/plugin/namespace/lifecycle)."""

OPAQUE = "Opaque"


class ObjectKey(NamedTuple):
    """What identifies an object in a store; ``namespace`` is empty for a Namespace."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """``KIND/NAMESPACE/NAME``, or ``KIND/NAME`` for a Namespace, as ``--target`` takes it."""
        return "/".join(filter(None, self))


@dataclass(frozen=True, slots=True)
class Source:
    """The place of an object or a field in the manifests.

    ``line`` and ``column`` count from 1. ``document`` counts the documents of the stream from 0,
    empty ones too; ``item`` is the index within a List, else ``None``.
    """

    file: str
    line: int
    column: int
    document: int = 0
    item: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """How bad a diagnostic is: an error keeps the manifests from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something to tell the author of a manifest.

    ``field`` is a path as Kubernetes prints them (``metadata.labels[app]``), or empty; ``object``
    is the object's ``KIND/NAMESPACE/NAME`` as far as it is known; ``hint`` says what to do.
    """

    severity: Severity
    code: str
    message: str
    field: str
    source: Source
    object: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class OwnerReference:
    """An entry of ``metadata.ownerReferences`` (API reference: OwnerReference v1 meta)."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The content of a Namespace, ServiceAccount or Secret.

    ``stringData`` is merged into ``data`` already, ``type`` is defaulted (empty for what is not a
    Secret). ``name`` is empty where the server is to generate it from ``generate_name``.
    ``settings`` holds the other fields of a ServiceAccount, as they stand in the API. ``repr``
    leaves out what may repeat a value: labels, annotations, settings, and the keys of ``data``,
    among which a value slips in where a comma ends a map's entry too early.
    """

    key: ObjectKey
    generate_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)
    finalizers: tuple[str, ...] = ()
    owners: tuple[OwnerReference, ...] = ()
    type: str = ""
    immutable: bool = False
    data: Mapping[str, SecretValue] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Json] = field(default_factory=dict, repr=False)

    @property
    def kind(self) -> str:
        """``Namespace``, ``ServiceAccount`` or ``Secret``."""
        return self.key.kind

    @property
    def namespace(self) -> str:
        """The namespace; empty for a Namespace."""
        return self.key.namespace

    @property
    def label(self) -> str:
        """``KIND/NAMESPACE/NAME`` for diagnostics, or the prefix where the name is generated."""
        key = self.key
        return str(key if key.name else key._replace(name=self.generate_name))

    @property
    def name(self) -> str:
        """The name; empty where the server generates it."""
        return self.key.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired(Resource):
    """An object as a manifest wants it.

    ``ciphertexts`` has the digests of values that are encrypted in the manifest, by their keys.
    ``sealed`` says that no key at hand opens it, so that nobody has verified it.
    """

    source: Source
    ciphertexts: Mapping[str, str] = field(default_factory=dict, repr=False)
    sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What this tool applied last: the set that owns the object, and a fingerprint for each field.

    ``fields`` maps a field's path, as `reconciler.model.fields` forms it, to its fingerprint.
    ``ciphertexts`` maps the paths of values that were encrypted in their manifest to digests, as
    `reconciler.model.ciphertexts` forms them.
    """

    set_name: str
    fields: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    ciphertexts: Mapping[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live(Resource):
    """An object as a store holds it; ``applied`` is ``None`` where no set owns it.

    ``created`` is the creation time in RFC 3339. ``managers`` has the fields that another program
    wrote last, with its name, where the store knows. The answer to a write has ``warnings`` of the
    store, and in ``unfinished`` what the write still waits for, in words.
    """

    uid: str
    resource_version: str
    created: str = ""
    applied: Applied | None = None
    managers: Mapping[tuple[str, ...], str] = field(default_factory=dict, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    unfinished: str = field(default="", compare=False)

    @classmethod
    def of(
        cls,
        resource: Resource,
        *,
        uid: str,
        resource_version: str,
        created: str = "",
        applied: Applied | None = None,
    ) -> Live:
        """The content of `resource` as a store holds it."""
        return cls(
            key=resource.key,
            generate_name=resource.generate_name,
            labels=resource.labels,
            annotations=resource.annotations,
            finalizers=resource.finalizers,
            owners=resource.owners,
            type=resource.type,
            immutable=resource.immutable,
            data=resource.data,
            settings=resource.settings,
            uid=uid,
            resource_version=resource_version,
            created=created,
            applied=applied,
        )

    @property
    def owner_set(self) -> str | None:
        """The set that owns the object; ``None`` where none does."""
        return None if self.applied is None else self.applied.set_name


@dataclass(frozen=True, slots=True)
class Bystander:
    """A live object that neither the manifests nor the set know, without its values.

    ``set_name`` is the set that owns it, ``None`` where none does.
    """

    key: ObjectKey
    uid: str
    owner_uids: tuple[str, ...] = ()
    set_name: str | None = None

    @classmethod
    def of(cls, live: Live) -> Bystander:
        """`live` without its content."""
        return cls(live.key, live.uid, tuple(owner.uid for owner in live.owners), live.owner_set)


@dataclass(frozen=True, slots=True)
class InputYield:
    """How many objects an input held: a file, a directory or standard input, as it was named.

    ``others`` are Namespaces and ServiceAccounts, ``skipped`` objects of kinds that are not
    managed. A file that several inputs share counts for each.
    """

    path: str
    secrets: int = 0
    others: int = 0
    skipped: int = 0

    @property
    def empty(self) -> bool:
        """Whether there was nothing at all, such as in a file of comments."""
        return not (self.secrets or self.others or self.skipped)
