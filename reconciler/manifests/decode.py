"""Documents to desired objects, as strictly as a server with ``fieldValidation: Strict``."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from reconciler.manifests import foreign, separators
from reconciler.manifests.decoded import Decoded, Draft, Rejected, Skipped
from reconciler.manifests.entries import Entries, is_null
from reconciler.manifests.fields import Fields
from reconciler.manifests.kinds import (
    FIELDS,
    check_namespace,
    secret_data,
    service_account_settings,
)
from reconciler.manifests.metadata import read_metadata
from reconciler.manifests.nodes import Document, Mapping, Node, Sequence, item_of
from reconciler.manifests.workloads import secrets_of
from reconciler.manifests.ytt import ytt_directive
from reconciler.model.inputs import IGNORE_FILE
from reconciler.model.objects import (
    KINDS,
    NAMESPACE,
    OPAQUE,
    SECRET,
    SERVICE_ACCOUNT,
    Desired,
    Diagnostic,
    ObjectKey,
    Severity,
    Source,
)

MAX_DOCUMENT_BYTES = 3 * 1024 * 1024
"""The largest document, or item of a List, in UTF-8: an API server's limit for one request."""

_LIST = "List"
_TYPED_LISTS = {f"{kind}List": kind for kind in KINDS}
_READ = (*KINDS, _LIST, *_TYPED_LISTS)
_SPELLINGS = {name.casefold(): name for name in _READ}
_CLOSE_SPELLING = 0.8  # the nearest of Kubernetes' other kinds, ServiceList, is at 0.76
_OF_OBJECTS = frozenset({"metadata", "items", "spec", "data", "stringData", "sops"})
_LIST_FIELDS = frozenset({"apiVersion", "kind", "metadata", "items"})
_VERSION = "v1"
_TOO_LARGE = "the object is larger than the 3 MiB that an API server accepts in one request"
_NOT_AN_OBJECT = "this is not an object: expected a map with apiVersion and kind"
_LIST_NESTED = "a List within a List: kubectl refuses it"
_COMMENTS = ("//", "/*")
_OTHER_FILE = f"to leave a file out that is no manifest, use --exclude or {IGNORE_FILE}"
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")


def decode(document: Document, namespace: str) -> list[Draft | Decoded]:
    """Decode the objects in `document`, including those within Lists.

    Objects without a namespace get `namespace`.
    """
    if document.problem:
        return [Rejected((document.problem,), foreign=not foreign.claims_object(document.text))]
    if document.root is None or is_null(document.root):
        return []
    decoder = _DocumentDecoder(document, namespace)
    decoder.decode(document.root, (document.start, document.end))
    return decoder.decoded


class _DocumentDecoder:
    __slots__ = ("_document", "_items", "_namespace", "decoded")

    def __init__(self, document: Document, namespace: str) -> None:
        self._document = document
        self._namespace = namespace
        self._items = 0
        self.decoded: list[Draft | Decoded] = []

    def decode(
        self, node: Node, extent: tuple[int, int], *, listed: bool = False, assumed: str = ""
    ) -> None:
        """Add the objects in `node`, which spans `extent`; `assumed` is a typed list's kind."""
        if not isinstance(node, Mapping):
            item = self._next_item() if listed else None
            source = self._document.source(node.place, item)
            hint = _hint_for(self._document.text, node)
            failed = _failed(source, "not-an-object", _NOT_AN_OBJECT, hint)
            self.decoded.append(replace(failed, foreign=not (listed or foreign.is_misplaced(node))))
            return
        separator = separators.missing(self._document, node) if node.mixed and not listed else None
        if separator:
            self.decoded.append(Rejected((separator,)))
            return
        fields = Fields(self._document, node, None)
        entries = fields.entries(node, ())
        kind = fields.text(entries, "kind", ()) or assumed
        version = fields.text(entries, "apiVersion", ()) or (_VERSION if assumed else "")
        encrypted = "sops" in entries and foreign.is_sops_record(entries["sops"].node)
        if not encrypted and version == _VERSION and (kind == _LIST or kind in _TYPED_LISTS):
            if listed:
                source = self._document.source(node.place, self._next_item())
                hint = "move the items of the inner List to the outer one"
                self.decoded.append(_failed(source, "list-nested", _LIST_NESTED, hint))
                return
            self._list(fields, entries, extent, _TYPED_LISTS.get(kind, ""))
            return
        fields.item = self._next_item() if listed else None
        if encrypted and not is_other(kind, version):
            place = entries["sops"].place
            encrypted_here = foreign.undecrypted(self._document, place, fields.item)
            is_foreign = not listed and _is_foreign(entries)
            self.decoded.append(Rejected((encrypted_here,), foreign=is_foreign))
            return
        if version.startswith(foreign.KUSTOMIZE_GROUP):
            unbuilt = foreign.unbuilt(self._document, node.place, fields.item)
            self.decoded.append(Rejected((unbuilt,), foreign=not listed))
            return
        self.decoded.append(self._object(fields, entries, kind, version, extent))

    def _next_item(self) -> int:
        self._items += 1
        return self._items - 1

    def _list(
        self, fields: Fields, entries: Entries, extent: tuple[int, int], assumed: str
    ) -> None:
        fields.refuse_unknown(entries, _LIST_FIELDS, ())
        fields.map(entries, "metadata", ())
        items = fields.list(entries, "items", ())
        if fields.problems:
            self.decoded.append(Rejected(tuple(fields.diagnostics(""))))
        bounds = pairwise([*(entry.place for entry in items), extent[1]])
        for entry, bound in zip(items, bounds, strict=True):
            self.decode(entry.node, bound, listed=True, assumed=assumed)

    def _object(
        self, fields: Fields, entries: Entries, kind: str, version: str, extent: tuple[int, int]
    ) -> Draft | Decoded:
        if kind not in KINDS or version != _VERSION:
            result = _not_managed(fields, entries, kind, version, self._namespace)
            if (
                isinstance(result, Rejected)
                and fields.item is None
                and _is_foreign(entries)
                and not foreign.is_misplaced(fields.root)
            ):
                return replace(result, foreign=True)
            return result
        if directive := ytt_directive(self._document, fields.root, fields.item):
            return Rejected((directive,))
        if not _fits(self._document.text, *extent):
            source = fields.source
            return _failed(source, "document-too-large", _TOO_LARGE, hint="split it")
        return _managed(fields, entries, kind, self._namespace)


def _fits(text: str, start: int, end: int) -> bool:
    if (end - start) * 4 <= MAX_DOCUMENT_BYTES:
        return True
    return len(text[start:end].encode("utf-8", "surrogatepass")) <= MAX_DOCUMENT_BYTES


def _hint_for(text: str, node: Node) -> str:
    """What to do about a document, or an item of a List, that is no map."""
    if isinstance(node, Sequence):
        return "write each object as a document of its own, with a line --- between two"
    if text.lstrip().startswith(_COMMENTS):
        return "remove the comments, which JSON does not have"
    return ""


def _is_foreign(entries: Entries) -> bool:
    """Whether a document does not even claim to be an object.

    Files of Helm (the index of a repository, the list of repositories, a chart's metadata) have an
    ``apiVersion`` and, unlike an object that lost its kind, nothing else that objects have.
    """
    if "kind" in entries:
        return False
    others = set(entries) - {"apiVersion"}
    return "apiVersion" not in entries or (bool(others) and not others & _OF_OBJECTS)


def _failed(source: Source, code: str, message: str, hint: str = "") -> Rejected:
    diagnostic = Diagnostic(
        severity=Severity.ERROR, code=code, message=message, field="", source=source, hint=hint
    )
    return Rejected((diagnostic,))


def is_other(kind: str, version: str) -> bool:
    """Whether this kind is valid but not managed, as far as its name and version show."""
    if not version or not _KIND.fullmatch(kind):
        return False
    if kind in _READ:
        return "." in version.rpartition("/")[0]
    return version != _VERSION or not _meant_kind(kind)


@lru_cache
def _meant_kind(kind: str) -> str:
    """The kind of `v1` of which `kind` looks like a misspelling; empty if none."""
    close = difflib.get_close_matches(kind.casefold(), _SPELLINGS, n=1, cutoff=_CLOSE_SPELLING)
    return _SPELLINGS[close[0]] if close else ""


def _not_managed(
    fields: Fields, entries: Entries, kind: str, version: str, namespace: str
) -> Decoded:
    """Skip an object of another kind, or report why its kind is not valid."""
    if is_other(kind, version):
        group = version.rpartition("/")[0]
        used, made, ignored = secrets_of(fields, kind, version, namespace)
        return Skipped(f"{kind}.{group}" if kind in _READ else kind, used, made, ignored)
    wrong = {problem.path for problem in fields.problems}
    root = item_of(fields.root)
    if not version and ("apiVersion",) not in wrong:
        hint = f"write apiVersion: {_VERSION}; {_OTHER_FILE}"
        fields.error("api-version-missing", "the object has no apiVersion", (), root, hint)
    if not kind and ("kind",) not in wrong:
        hint = f"write kind: {SECRET}, {SERVICE_ACCOUNT} or {NAMESPACE}"
        fields.error("kind-missing", "the object has no kind", (), root, hint)
    if kind and not _KIND.fullmatch(kind):
        fields.error("kind-invalid", "this cannot be a kind", ("kind",), entries["kind"])
    elif version == _VERSION and kind not in _READ and _meant_kind(kind):
        fields.error(
            "kind-invalid",
            f"there is no kind {kind!r} in {version}",
            ("kind",),
            entries["kind"],
            f"did you mean {_meant_kind(kind)!r}?",
        )
    if version and kind in _READ:
        fields.error(
            "api-version-wrong",
            f"there is no {kind} in this apiVersion",
            ("apiVersion",),
            entries["apiVersion"],
            f"write apiVersion: {_VERSION}",
        )
    return Rejected(tuple(fields.diagnostics("")))


def _managed(fields: Fields, entries: Entries, kind: str, namespace: str) -> Draft:
    """A Namespace, ServiceAccount or Secret."""
    if not entries.keys() <= FIELDS[kind]:
        fields.refuse_unknown(entries, FIELDS[kind], ())
    metadata = read_metadata(fields, entries)
    if kind == NAMESPACE:
        check_namespace(fields, entries)
        namespace = ""
    secret = kind == SECRET
    key = ObjectKey(kind, metadata.namespace or namespace, metadata.name)
    identity = (*key, metadata.generate_name)
    data, digests = secret_data(fields, entries, identity) if secret else ({}, {})
    desired = Desired(
        key=key,
        generate_name=metadata.generate_name,
        labels=metadata.labels,
        annotations=metadata.annotations,
        finalizers=metadata.finalizers,
        owners=metadata.owners,
        type=(fields.text(entries, "type", ()) or OPAQUE) if secret else "",
        immutable=secret and bool(fields.flag(entries, "immutable", ())),
        data=data,
        settings=service_account_settings(fields, entries) if kind == SERVICE_ACCOUNT else {},
        source=fields.source,
        ciphertexts=digests,
        sealed=fields.document.sealed,
    )
    return Draft(fields, entries, desired)
