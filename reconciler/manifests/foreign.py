"""Documents that are not manifests yet: templates, kustomizations, files encrypted with SOPS."""

from __future__ import annotations

import re
import shlex

from reconciler.manifests.nodes import Document, Malformed, Mapping, Node, Scalar, Sequence
from reconciler.model.objects import KINDS, Diagnostic, Severity

KUSTOMIZE_GROUP = "kustomize.config.k8s.io/"
"""What begins the apiVersion of kustomizations and components."""

_RENDER = "render it first, and load the output"
_TEMPLATES = {
    "{{": (
        "{{ directive }}",
        "render it first, for example with 'helm template', and load its output",
    ),
    "${": (
        "${variable}",
        "substitute it first, for example with 'flux build' or 'envsubst', and load the output",
    ),
    "{%": ("{% statement %}", _RENDER),
    "{#": ("{# comment #}", _RENDER),
    "<%": ("<% tag %>", _RENDER),
}
"""What a template is told by, how to show it, and what to do: Helm, Flux, Jinja and Jekyll, ERB."""

_MARKERS = tuple(_TEMPLATES)
_MARK = "|".join(map(re.escape, _MARKERS))
_DIRECTIVE = re.compile(  # possessive, for long lines
    r"""(?:---)?[ \t]*+(?:-[ \t]++)*+(?:[^\s"'#][^"'\n]*:[ \t]++)?"""
    rf"(?P<start>{_MARK})"
)
_VARIABLE = re.compile(r"""[^"'#\n$]*+(?:\$(?!\{)[^"'#\n$]*+)*+(?P<start>\$\{)""")
_COMMENT = re.compile(r"^[ \t]*(?P<start>\{#)[^\n]*#\}[ \t]*$", re.MULTILINE)
# An action may hold quotes that end those around it, and a comment lines of any kind.
_ACTION = re.compile(r"\{\{[-\s/.$(A-Za-z](?:(?!\{\{|\}\}).)*+\}\}", re.DOTALL)
# libyaml reports these on the line after the broken one.
_REPORTED_LATE = ("did not find expected <document start>", "could not find expected ':'")
# To libyaml, {# is a map that begins with a comment to the end of the line.
_MAP_UNCLOSED = "did not find expected ',' or '}'"
_CLAIM = re.compile(r"""(?:^|[\s{,"'])(?:apiVersion|kind)["']?[ \t]*:""")
_ENCRYPTED = "ENC[AES256_GCM,"  # https://getsops.io/docs/#encryption-protocol
_SOPS_FIELDS = {"mac", "version", "lastmodified"}


def claims_object(text: str) -> bool:
    """Whether `text`, which cannot be parsed, has an ``apiVersion`` or a ``kind`` somewhere."""
    return _CLAIM.search(text) is not None


def is_misplaced(node: Node) -> bool:
    """Whether `node` is no object, but was surely meant to be one, or to be a List of some.

    That is a bare list with an object in it, be it called ``items``, or an object whose ``Kind`` is
    written in another case. A manifest must not be left out for that, as its object may be pruned.
    """
    if isinstance(node, Mapping):
        items = node.entries.get("items")
        return _kind_of(node) in KINDS or (items is not None and is_misplaced(items.node))
    return isinstance(node, Sequence) and any(
        isinstance(item, Mapping) and _kind_of(item) in KINDS for item in node.items
    )


def _kind_of(node: Mapping) -> object:
    """What the map says of a kind, in any case, where it has a version or metadata as well."""
    names = {name.casefold(): name for name in node.entries}
    if "kind" not in names or not {"apiversion", "metadata"} & names.keys():
        return None
    return node.entries[names["kind"]].value


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
        match = _DIRECTIVE.match(lines[line]) or _VARIABLE.match(lines[line])
        if match:
            return sum(len(before) + 1 for before in lines[:line]) + match.start("start")
    if broken.message.endswith(_MAP_UNCLOSED):
        comments = [match.start("start") for match in _COMMENT.finditer(text, 0, broken.place)]
        if comments:
            return comments[-1]
    return _action_around(text, broken.place)


def _action_around(text: str, index: int) -> int | None:
    """The start of the template action in which the parser stopped, if any."""
    start = text.rfind("{{", 0, index)
    action = _ACTION.match(text, start) if start >= 0 else None
    if action is None or action.end() <= index:
        return None
    return start


def is_directive(document: Document, place: int, node: Node) -> bool:
    """Whether `node`, or the key of it at `place`, is or holds a template's directive."""
    return bool(_marker_in(document, place, node))


def _marker_in(document: Document, place: int, node: Node | None) -> str:
    """What begins the directive; empty where there is none."""
    text = document.text
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            marker = next((marker for marker in _MARKERS if marker in node.value), "")
            if marker:
                return marker
    elif node is not None and text.startswith("{{", max(node.place - 1, 0)):
        return "{{"
    places = (place,) if node is None else (place, node.place)
    return next((marker for at in places for marker in _MARKERS if text.startswith(marker, at)), "")


def unrendered(
    document: Document, place: int, item: int | None = None, node: Node | None = None
) -> Diagnostic:
    """The error for a template, or for the `item` of a List in one; its directive is in `node`."""
    shown, hint = _TEMPLATES[_marker_in(document, place, node) or _MARKERS[0]]
    return template_error(
        document, (place, item), f"a template that has not been rendered: it has a {shown}", hint
    )


def template_error(
    document: Document, at: tuple[int, int | None], what: str, hint: str
) -> Diagnostic:
    """The error for `what` is at a place, within the item of a List where there is one."""
    return _error(document, at, "template-unrendered", f"this is {what} here", hint)


def unbuilt(document: Document, place: int, item: int | None = None) -> Diagnostic:
    """The error for a kustomization that was given in place of what it comes to."""
    directory = shlex.quote(document.file.rpartition("/")[0] or ".")
    message = "this is a kustomization: only kustomize can make manifests of it"
    hint = f"kustomize build {directory} | reconciler plan -"
    return _error(document, (place, item), "input-unbuilt", message, hint)


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
    message = "this document is encrypted with SOPS, and not as SOPS writes a file"
    hint = (
        "give the whole file as 'sops encrypt' wrote it: it is decrypted where its key is at hand"
    )
    return _error(document, (place, item), "sops-encrypted", message, hint)


def _error(
    document: Document, at: tuple[int, int | None], code: str, message: str, hint: str
) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code=code,
        message=message,
        field="",
        source=document.source(*at),
        hint=hint,
    )
