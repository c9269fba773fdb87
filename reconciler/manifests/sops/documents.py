"""Encrypted documents, put back into the stream as plain ones with the places of their source."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from reconciler.manifests.decode import is_other
from reconciler.manifests.foreign import is_sops_record
from reconciler.manifests.nodes import Document, Entry, Mapping, Node, Scalar, Sequence, bare
from reconciler.manifests.sops.ciphertexts import ciphertexts_of, encrypted_leaves, without_record
from reconciler.manifests.sops.record import LeftToProgram, Record, read_record, servers
from reconciler.manifests.sops.shamir import combined
from reconciler.manifests.yaml import documents, parts
from reconciler.model.objects import Diagnostic, Severity
from reconciler.model.sops import Sops, SopsRefusal

_MAC = "mac"
_VALUES = frozenset({"data", "stringData"})
_MOST_NAMED, _MOST_LEVELS = 3, 2
_NOTHING = Entry("items", 0, None)
_NOT_ONLY_VALUES = "not only its values are encrypted, so nothing of it can be checked"
_ENCRYPT_LESS = "or encrypt the values alone, by encrypted_regex: ^(data|stringData)$ in .sops.yaml"


@dataclass(frozen=True, slots=True)
class Decryption:
    """How encrypted documents are read by `sops`, and what came up in doing so.

    ``ignore_mac`` accepts files that were changed after they were encrypted; ``unverified`` lists
    them. ``lacking`` are the refusals for which values were left sealed.
    """

    sops: Sops
    ignore_mac: bool = False
    unverified: list[str] = field(default_factory=list)
    lacking: list[SopsRefusal] = field(default_factory=list)


def opened(stream: Iterable[Document], how: Decryption) -> Iterator[Document]:
    """The documents of `stream`, those that SOPS encrypted opened.

    Neighbours with the same record are one file to SOPS, with one MAC over all of them. Where all
    of a file is of kinds that are not managed, it stays encrypted. Where no key is at hand, its
    values do: what else is in a document can be checked without. Of a file that cannot be opened
    for another reason, one document has the problem, and only those of other kinds come besides.
    """
    for mac, group in groupby(stream, key=_mac):
        together = [*group]
        managed = [document for document in together if not _is_other(document)]
        if mac is None or not managed:
            yield from together
            continue
        try:
            roots = _opened(together, how)
        except SopsRefusal as refusal:
            if refusal.lacks_key:
                how.lacking.append(refusal)
                yield from (_sealed(document, refusal) for document in together)
                continue
            yield managed[0]._replace(root=None, problem=_problem(managed[0], refusal))
            yield from filter(_is_other, together)
            continue
        for document, root in zip(together, roots, strict=True):
            yield document._replace(root=root, ciphertexts=ciphertexts_of(document.root))


def _mac(document: Document) -> str | None:
    """What tells the files in a stream apart; ``None`` for a document that is not encrypted."""
    entry = _record_entry(document)
    if entry is None or not isinstance(entry.value, Mapping):
        return None
    mac = entry.value.entries.get(_MAC)
    return str(mac.value) if mac and isinstance(mac.node, Scalar) else ""


def _is_other(document: Document) -> bool:
    return isinstance(document.root, Mapping) and is_other_object(document.root)


def is_other_object(root: Mapping) -> bool:
    """Whether an object is of a kind that is not managed, as far as it can be read."""
    entries = root.entries
    kind, version = (
        str(entries[name].value) if name in entries else "" for name in ("kind", "apiVersion")
    )
    return is_other(kind, version)


def _record_entry(document: Document) -> Entry | None:
    root = document.root
    if not isinstance(root, Mapping):
        return None
    entry = root.entries.get("sops")
    return entry if entry is not None and is_sops_record(entry.node) else None


def _opened(together: list[Document], how: Decryption) -> list[Node]:
    roots = [document.root for document in together if document.root is not None]
    entry = _record_entry(together[0])
    assert entry is not None
    assert isinstance(entry.value, Mapping)
    # cryptography is imported only for files that SOPS encrypted.
    from reconciler.manifests.sops.cipher import opened as opened_roots

    try:
        record = read_record(entry.value)
        plain, fits = opened_roots(roots, record, _data_key(record, how.sops))
    except LeftToProgram:
        return _decrypted(together, roots, how, frozenset(servers(entry.value)))
    if fits:
        return plain
    if how.ignore_mac:
        how.unverified.append(together[0].file)
        return plain
    return _decrypted(together, roots, how, frozenset(servers(entry.value)))


def _data_key(record: Record, sops: Sops) -> bytes:
    if len(record.groups) == 1:
        return sops.share(record.groups[0])
    shares: list[bytes] = []
    refusal: SopsRefusal | None = None
    for group in record.groups:
        try:
            shares.append(sops.share(group))
        except SopsRefusal as refused:
            refusal = refused
        if len(shares) == record.threshold:
            try:
                return combined(shares)
            except ValueError:
                raise LeftToProgram from None
    if refusal is None:
        raise LeftToProgram
    raise refusal


def _decrypted(
    together: list[Document], roots: list[Node], how: Decryption, named: Collection[str]
) -> list[Node]:
    """The roots as the program sops decrypts them: it decides where we read a file otherwise."""
    texts = {id(document.text): document.text for document in together}
    text = "".join(texts.values())
    kind = "json" if text.lstrip().startswith("{") else "yaml"
    plain = [
        document.root
        for part in parts(_by_program(text, kind, how, named, together[0].file))
        for document in documents(part, together[0].file, 0)
    ]
    if len(plain) != len(roots):
        raise SopsRefusal(
            "sops-failed",
            "what the program sops makes of this file is not the same list of documents",
            "check that 'sops decrypt FILE' prints what you expect",
        )
    return [_placed(node, root) for node, root in zip(plain, roots, strict=True) if node]


def _by_program(text: str, kind: str, how: Decryption, named: Collection[str], file: str) -> str:
    try:
        return how.sops.decrypt(text, kind, named)
    except SopsRefusal as refusal:
        if not (how.ignore_mac and refusal.code == "sops-tampered"):
            raise
    plain = how.sops.decrypt(text, kind, named, ignore_mac=True)
    how.unverified.append(file)
    return plain


def _placed(plain: Node, source: Node) -> Node:
    """`plain` with the places of `source`, as far as that has the same keys and items."""
    if isinstance(plain, Mapping):
        places = source.entries if isinstance(source, Mapping) else {}
        entries = {
            name: _placed_entry(entry, places.get(name), source.place)
            for name, entry in plain.entries.items()
        }
        mixed = [_placed_entry(entry, None, source.place) for entry in plain.mixed]
        return Mapping(entries, source.place, mixed)
    if isinstance(plain, Sequence):
        sources = source.items if isinstance(source, Sequence) else []
        items = [
            _placed(item, sources[index] if index < len(sources) else Scalar(None, source.place))
            for index, item in enumerate(plain.items)
        ]
        return Sequence(items, source.place)
    return Scalar(plain.value, source.place)


def _placed_entry(entry: Entry, source: Entry | None, place: int) -> Entry:
    if source is None:
        nowhere = Scalar(None, place)
        return entry._replace(
            place=place, value=bare(_placed(entry.node, nowhere)), written_at=place
        )
    return source._replace(value=bare(_placed(entry.node, source.node)))


def _sealed(document: Document, refusal: SopsRefusal) -> Document:
    """`document` without its record, its values encrypted; a problem where more than these are."""
    if _is_other(document) or not isinstance(document.root, Mapping):
        return document
    root = without_record(document.root)
    hidden = list(dict.fromkeys(_hidden(root)))
    if hidden:
        named = ", ".join(hidden[:_MOST_NAMED])
        more = f" and {len(hidden) - _MOST_NAMED} more" if len(hidden) > _MOST_NAMED else ""
        problem = _problem(document, refusal, f"{_NOT_ONLY_VALUES}: {named}{more}", _ENCRYPT_LESS)
        return document._replace(root=None, problem=problem)
    return document._replace(root=root, ciphertexts=ciphertexts_of(root), sealed=True)


def _hidden(root: Mapping) -> Iterator[str]:
    """The encrypted fields of managed objects besides their values."""
    entries = root.entries
    items = entries["items"].value if "items" in entries else None
    if not isinstance(items, Sequence):
        yield from _hidden_of_object(root)
        return
    yield from _hidden_of_object(Mapping({**entries, "items": _NOTHING}, root.place, root.mixed))
    for item in items.items:
        if isinstance(item, Mapping) and not is_other_object(item):
            yield from _hidden_of_object(item)


def _hidden_of_object(root: Mapping) -> Iterator[str]:
    for _, _, keys in encrypted_leaves(root):
        if keys[0] not in _VALUES:
            yield ".".join(keys[:_MOST_LEVELS])


def _problem(
    document: Document, refusal: SopsRefusal, besides: str = "", more_hint: str = ""
) -> Diagnostic:
    entry = _record_entry(document)
    return Diagnostic(
        severity=Severity.ERROR,
        code=refusal.code,
        message="; ".join(filter(None, (refusal.message, besides))),
        field="",
        source=document.source(entry.place if entry else document.start),
        hint="; ".join(filter(None, (refusal.hint, more_hint))),
    )
