"""What looks like a manifest and is not one yet: Helm templates and files that SOPS encrypted."""

from __future__ import annotations

import re

from reconciler.manifests.nodes import Document, Malformed, Mapping, Mark, Node, Position, Scalar
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
    mark = directive(document.text, broken)
    return unrendered(document, mark) if mark else broken.diagnostic(document)


def directive(text: str, broken: Malformed) -> Mark | None:
    """The template's directive that makes `text` `broken`, if one does.

    Only one where the parser stopped counts: another may well be text within a value.
    """
    lines = text.split("\n")
    last = min(broken.mark.line, len(lines) - 1)
    first = max(last - 1, 0) if broken.message.endswith(_TOLD_LATE) else last
    for line in range(first, last + 1):
        match = _DIRECTIVE.match(lines[line])
        if match:
            column = match.start("start")
            return Position(line, column, sum(len(before) + 1 for before in lines[:line]) + column)
    return _action_around(text, broken.mark.index)


def _action_around(text: str, index: int) -> Mark | None:
    """The beginning of the template's action in whose midst the parser stopped, if it did."""
    start = text.rfind("{{", 0, index)
    action = _ACTION.match(text, start) if start >= 0 else None
    if action is None or action.end() <= index:
        return None
    return Position(text.count("\n", 0, start), start - text.rfind("\n", 0, start) - 1, start)


def is_directive(document: Document, node: Node) -> bool:
    """Tell whether `node` is, or holds, a template's directive."""
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "{{" in node.value
    return document.text.startswith("{{", node.mark.index) or document.text.startswith(
        "{{", max(node.mark.index - 1, 0)
    )


def unrendered(document: Document, mark: Mark, item: int | None = None) -> Diagnostic:
    """What to say of a template, or of the `item` of a List in one."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="template-unrendered",
        message="this is a template that has not been rendered: a {{ directive }} stands here",
        field="",
        source=document.source(mark, item),
        hint="render it first, for example with 'helm template', and load what comes out",
    )


def is_sops_record(node: Node) -> bool:
    """Tell whether `node` is what SOPS writes at ``sops`` of a document that it encrypted."""
    return isinstance(node, Mapping) and any(
        isinstance(key, Scalar) and key.value in _SOPS_FIELDS for key in node.items[::2]
    )


def is_encrypted(node: Node) -> bool:
    """Tell whether `node` is a value that SOPS encrypted."""
    return (
        isinstance(node, Scalar) and isinstance(node.value, str) and is_encrypted_text(node.value)
    )


def is_encrypted_text(text: str) -> bool:
    """Tell whether `text` is a value that SOPS encrypted."""
    return text.startswith(_ENCRYPTED)


def undecrypted(document: Document, mark: Mark, item: int | None = None) -> Diagnostic:
    """What to say of an encrypted document, or of the `item` of a List in one."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="sops-encrypted",
        message="this document is encrypted with SOPS",
        field="",
        source=document.source(mark, item),
        hint="decrypt it first, for example with 'sops -d FILE | reconciler … -'",
    )
