"""What looks like a manifest and is not one yet: Helm templates and files that SOPS encrypted."""

from __future__ import annotations

import re

from reconciler.manifests.nodes import Document, Mapping, Mark, Node, Position, Scalar
from reconciler.model.objects import Diagnostic, Severity

_DIRECTIVE = re.compile(
    r"""^[ \t]*(?:-[ \t]+)*(?:[^\s"'#][^"'\n]*:[ \t]+)?(?P<start>\{\{)""", re.MULTILINE
)
_ENCRYPTED = "ENC[AES256_GCM,"  # https://getsops.io/docs/#encryption-protocol
_SOPS_FIELDS = {"mac", "version", "lastmodified"}


def template(document: Document) -> Diagnostic | None:
    """What to say of a document that cannot be parsed because it is a template."""
    match = _DIRECTIVE.search(document.text)
    if not match:
        return None
    start = match.start("start")
    line_start = document.text.rfind("\n", 0, start) + 1
    line = document.text.count("\n", 0, start)
    return unrendered(document, Position(line, start - line_start, start))


def is_directive(document: Document, node: Node) -> bool:
    """Tell whether `node` is, or holds, a template's directive."""
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "{{" in node.value
    return document.text.startswith("{{", node.mark.index) or document.text.startswith(
        "{{", max(node.mark.index - 1, 0)
    )


def unrendered(document: Document, mark: Mark) -> Diagnostic:
    """What to say of a template."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="template-unrendered",
        message="this is a template that has not been rendered: a {{ directive }} stands here",
        field="",
        source=document.source(mark),
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
        isinstance(node, Scalar)
        and isinstance(node.value, str)
        and node.value.startswith(_ENCRYPTED)
    )


def undecrypted(document: Document, mark: Mark) -> Diagnostic:
    """What to say of an encrypted document."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="sops-encrypted",
        message="this document is encrypted with SOPS",
        field="",
        source=document.source(mark),
        hint="decrypt it first, for example with 'sops -d FILE | reconciler … -'",
    )
