"""The fields that only some kinds have (API reference: Secret, ServiceAccount, Namespace v1)."""

from __future__ import annotations

import re

from reconciler.manifests import foreign
from reconciler.manifests.entries import Entries, Problem, shown_place
from reconciler.manifests.fields import Fields
from reconciler.manifests.nodes import Entry
from reconciler.model.ciphertexts import digest_of
from reconciler.model.objects import NAMESPACE, SECRET, SERVICE_ACCOUNT, Json, Severity
from reconciler.model.values import SealedValue, SecretValue
from reconciler.rules import RulePath, finalizer_violations
from reconciler.rules.base64 import decode_base64

_TAG_OR_ANCHOR_ALONE = re.compile(r"[!&][^\s,}\]]*[ \t]*(?:[,}\]#\r]|$)", re.MULTILINE)
_COMMON = frozenset({"apiVersion", "kind", "metadata"})
FIELDS = {
    SECRET: _COMMON | {"type", "immutable", "data", "stringData"},
    SERVICE_ACCOUNT: _COMMON | {"secrets", "imagePullSecrets", "automountServiceAccountToken"},
    NAMESPACE: _COMMON | {"spec", "status"},
}
"""What each kind's objects may hold at their top."""

_SECRET_REFERENCE = frozenset(
    {"kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"}
)
_LOCAL_REFERENCE = frozenset({"name"})
_NAMESPACE_SPEC = frozenset({"finalizers"})
_NAMESPACE_STATUS = frozenset({"phase", "conditions"})


def secret_data(
    fields: Fields, entries: Entries, identity: tuple[str, ...]
) -> tuple[dict[str, SecretValue], dict[str, str]]:
    """``data`` decoded, and ``stringData`` in UTF-8 over it; ``null`` is an empty value.

    What ``stringData`` overrides must be base64 all the same: the server decodes it first. Besides
    the values come the digests of those that SOPS encrypted in the object `identity`. Where they
    are encrypted still, they are sealed.
    """
    data: dict[str, SecretValue] = {}
    digests: dict[str, str] = {}
    encrypted = fields.document.ciphertexts
    for key, entry in fields.map(entries, "data", ()).items():
        if encrypted and _sealed(fields, entry, identity, (data, digests), key):
            continue
        written = entry.value
        text = written if type(written) is str else fields.string(entry, ("data", key))
        if not text:
            _warn_of_lost_value(fields, entry, ("data", key))
        try:
            data[key] = SecretValue(decode_base64(text))
        except ValueError:
            fields.error(
                "base64-invalid",
                "the value is not valid base64",
                ("data", key),
                entry,
                "encode it on one line, padding included; put plain text under stringData",
            )
    for key, entry in fields.map(entries, "stringData", ()).items():
        digests.pop(key, None)
        if encrypted and _sealed(fields, entry, identity, (data, digests), key):
            continue
        written = entry.value
        text = written if type(written) is str else fields.string(entry, ("stringData", key))
        if not text:
            _warn_of_lost_value(fields, entry, ("stringData", key))
        elif foreign.is_encrypted_text(text):
            path = ("stringData", key)
            fields.error("sops-encrypted", "the value is encrypted", path, entry)
        value = SecretValue(text.encode())
        overridden = data.get(key)
        if overridden not in (None, value) and not isinstance(overridden, SealedValue):
            fields.problems.append(_override(key, entry))
        data[key] = value
    return data, digests


def _sealed(
    fields: Fields,
    entry: Entry,
    identity: tuple[str, ...],
    noted: tuple[dict[str, SecretValue], dict[str, str]],
    key: str,
) -> bool:
    """Note the digest of a value that SOPS encrypted; whether the value is encrypted still."""
    ciphertext = fields.document.ciphertexts.get(entry.value_place)
    if ciphertext is None:
        return False
    data, digests = noted
    digests[key] = digest_of(identity, ciphertext)
    if entry.value != ciphertext.text:
        return False
    data[key] = SealedValue(digests[key])
    return True


def _warn_of_lost_value(fields: Fields, entry: Entry, path: RulePath) -> None:
    """Warn of ``password: !x`` or ``&x``: an empty value with a tag or an anchor."""
    empty = entry.value is None or entry.value == ""
    if empty and _TAG_OR_ANCHOR_ALONE.match(fields.document.text, entry.value_place):
        fields.problems.append(
            Problem(
                "value-lost",
                "the value is empty: YAML reads text that begins with ! or & as a tag or an anchor",
                path,
                entry.value_place,
                "put the value in quotes",
                Severity.WARNING,
            )
        )


def _override(key: str, entry: Entry) -> Problem:
    return Problem(
        "data-overridden",
        "data has a different value for this key, which is ignored",
        ("stringData", key),
        shown_place(entry),
        "remove the key from data or from stringData",
        Severity.WARNING,
    )


def service_account_settings(fields: Fields, entries: Entries) -> dict[str, Json]:
    """The fields of a ServiceAccount as in the API, without empty ones."""
    settings: dict[str, Json] = {}
    for name, allowed in (("secrets", _SECRET_REFERENCE), ("imagePullSecrets", _LOCAL_REFERENCE)):
        references: list[Json] = [
            _reference(fields, entry, allowed, (name, index))
            for index, entry in enumerate(fields.list(entries, name, ()))
        ]
        if references:
            settings[name] = references
    automount = fields.flag(entries, "automountServiceAccountToken", ())
    if automount is not None:
        settings["automountServiceAccountToken"] = automount
    return settings


def check_namespace(fields: Fields, entries: Entries) -> None:
    """Check the types of what is dropped, as only the server fills it: finalizers and status."""
    spec = fields.map(entries, "spec", ())
    fields.refuse_unknown(spec, _NAMESPACE_SPEC, ("spec",))
    for index, entry in enumerate(fields.list(spec, "finalizers", ("spec",))):
        path = ("spec", "finalizers", index)
        for fault in finalizer_violations(fields.string(entry, path), path):
            if isinstance(entry.value, str):
                fields.error(fault.code, fault.message, path, entry, fault.hint)
    status = fields.map(entries, "status", ())
    fields.refuse_unknown(status, _NAMESPACE_STATUS, ("status",))
    fields.text(status, "phase", ("status",))
    fields.list(status, "conditions", ("status",))


def _reference(fields: Fields, entry: Entry, allowed: frozenset[str], path: RulePath) -> Json:
    inner = fields.map_item(entry, path)
    fields.refuse_unknown(inner, allowed, path)
    texts = {name: fields.text(inner, name, path) for name in sorted(inner.keys() & allowed)}
    return {name: text for name, text in texts.items() if text}
