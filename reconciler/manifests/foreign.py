"""Documents that are not manifests yet: Helm templates and files encrypted with SOPS."""

from __future__ import annotations

import re

from reconciler.manifests.nodes import Document, Malformed, Mapping, Node, Scalar
from reconciler.model.objects import Diagnostic, Severity

_DIRECTIVE = re.compile(  # possessive, for long lines
    r"""[ \t]*+(?:-[ \t]++)*+(?:[^\s"'#][^"'\n]*:[ \t]++)?(?P<start>\{\{)"""
)
# An action may hold quotes that end those around it, and a comment lines of any kind.
_ACTION = re.compile(r"\{\{[-\s/.$(A-Za-z](?:(?!\{\{|\}\}).)*+\}\}", re.DOTALL)
# libyaml reports these on the line after the broken one.
_REPORTED_LATE = ("did not find expected <document start>", "could not find expected ':'")
_ENCRYPTED = "ENC[AES256_GCM,"  # https://getsops.io/docs/#encryption-protocol
_SOPS_FIELDS = {"mac", "version", "lastmodified"}


def problem(document: Document, broken: Malformed) -> Diagnostic:
    """The reason why `document` has no tree: a template directive, if that broke it."""
    place = directive(document.text, broken)
    return broken.diagnostic(document) if place is None else unrendered(document, place)


def directive(text: str, broken: Malformed) -> int | None:
    """The place of the template directive that broke `text`, if any.

    Only a directive where the parser stopped counts; others may be text within a value.
    """
    lines = text.split("\n")
    last = text.count("\n", 0, broken.place)
    first = max(last - 1, 0) if broken.message.endswith(_REPORTED_LATE) else last
    for line in range(first, last + 1):
        match = _DIRECTIVE.match(lines[line])
        if match:
            return sum(len(before) + 1 for before in lines[:line]) + match.start("start")
    return _action_around(text, broken.place)


def _action_around(text: str, index: int) -> int | None:
    """The start of the template action in which the parser stopped, if any."""
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
    """The error for a template, or for the `item` of a List in one."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="template-unrendered",
        message="this is a template that has not been rendered: it has a {{ directive }} here",
        field="",
        source=document.source(place, item),
        hint="render it first, for example with 'helm template', and load its output",
    )


def is_sops_record(node: Node) -> bool:
    """Tell whether `node` is the ``sops`` field that SOPS adds to an encrypted document."""
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
    """The error for an encrypted document, or for the `item` of a List in one."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="sops-encrypted",
        message="this document is encrypted with SOPS",
        field="",
        source=document.source(place, item),
        hint="decrypt it first, for example with 'sops -d FILE | reconciler … -'",
    )
