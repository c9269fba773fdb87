"""What looks like a manifest and is not one yet: Helm templates and files that SOPS encrypted."""

from __future__ import annotations

import re

from reconciler.manifests.nodes import Document, Malformed, Mapping, Node, Scalar
from reconciler.model.objects import Diagnostic, Severity

_DIRECTIVE = re.compile(  # possessive, for long lines
    r"""[ \t]*+(?:-[ \t]++)*+(?:[^\s"'#][^"'\n]*:[ \t]++)?(?P<start>\{\{)"""
)
# An action may hold quotes that end those around it, and a comment lines of any kind.
_ACTION = re.compile(r"\{\{[-\s/.$(A-Za-z](?:(?!\{\{|\}\}).)*+\}\}", re.DOTALL)
# What libyaml says on the line after the one that is at fault.
_TOLD_LATE = ("did not find expected <document start>", "could not find expected ':'")
_ENCRYPTED = "ENC[AES256_GCM,"  # https://getsops.io/docs/#encryption-protocol
_SOPS_FIELDS = {"mac", "version", "lastmodified"}


def problem(document: Document, broken: Malformed) -> Diagnostic:
    """Why `document` has no tree: the directive of a template, where that is what broke it."""
    place = directive(document.text, broken)
    return broken.diagnostic(document) if place is None else unrendered(document, place)


def directive(text: str, broken: Malformed) -> int | None:
    """The template's directive that makes `text` `broken`, if one does.

    Only one where the parser stopped counts: another may well be text within a value.
    """
    lines = text.split("\n")
    last = text.count("\n", 0, broken.place)
    first = max(last - 1, 0) if broken.message.endswith(_TOLD_LATE) else last
    for line in range(first, last + 1):
        match = _DIRECTIVE.match(lines[line])
        if match:
            return sum(len(before) + 1 for before in lines[:line]) + match.start("start")
    return _action_around(text, broken.place)


def _action_around(text: str, index: int) -> int | None:
    """The beginning of the template's action in whose midst the parser stopped, if it did."""
    start = text.rfind("{{", 0, index)
    action = _ACTION.match(text, start) if start >= 0 else None
    if action is None or action.end() <= index:
        return None
    return start


def is_directive(document: Document, node: Node) -> bool:
    """Tell whether `node` is, or holds, a template's directive."""
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "{{" in node.value
    return document.text.startswith("{{", node.place) or document.text.startswith(
        "{{", max(node.place - 1, 0)
    )


def unrendered(document: Document, place: int, item: int | None = None) -> Diagnostic:
    """What to say of a template, or of the `item` of a List in one."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="template-unrendered",
        message="this is a template that has not been rendered: a {{ directive }} stands here",
        field="",
        source=document.source(place, item),
        hint="render it first, for example with 'helm template', and load what comes out",
    )


def is_sops_record(node: Node) -> bool:
    """Tell whether `node` is what SOPS writes at ``sops`` of a document that it encrypted."""
    return isinstance(node, Mapping) and any(
        isinstance(entry.key, str) and entry.key in _SOPS_FIELDS for entry in node.all_entries()
    )


def is_encrypted(node: Node) -> bool:
    """Tell whether `node` is a value that SOPS encrypted."""
    return (
        isinstance(node, Scalar) and isinstance(node.value, str) and is_encrypted_text(node.value)
    )


def is_encrypted_text(text: str) -> bool:
    """Tell whether `text` is a value that SOPS encrypted."""
    return text.startswith(_ENCRYPTED)


def undecrypted(document: Document, place: int, item: int | None = None) -> Diagnostic:
    """What to say of an encrypted document, or of the `item` of a List in one."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="sops-encrypted",
        message="this document is encrypted with SOPS",
        field="",
        source=document.source(place, item),
        hint="decrypt it first, for example with 'sops -d FILE | reconciler … -'",
    )
