"""Texts to checked objects, one stage after another for many of them at a time.

A stage that runs for many objects in a row finds its code and its tables in the processor's caches.
With all stages for one object after another, the same work takes half as long again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from reconciler.manifests.decode import decode
from reconciler.manifests.decoded import Decoded, Draft, checked
from reconciler.manifests.nodes import Document
from reconciler.manifests.simple import simple_document
from reconciler.manifests.sops import Decryption, opened
from reconciler.manifests.yaml import documents, parts
from reconciler.model.inputs import Text
from reconciler.model.objects import Desired
from reconciler.rules import Check, Violation

_AT_ONCE = 256  # documents: enough to gain all there is, and few enough to stay in the caches


def results_of(
    texts: Sequence[tuple[Text, str]], checks: Sequence[Check], decryption: Decryption | None
) -> list[list[Decoded]]:
    """The results for the objects in each of `texts`.

    With each text comes the namespace of objects that name none. `checks` are those of the rules
    and lints. `decryption` opens what SOPS encrypted; without it, that is an error.
    """
    results: list[list[Decoded]] = [[] for _ in texts]
    stream = (
        (document, namespace, of_text)
        for (text, namespace), of_text in zip(texts, results, strict=True)
        for document in _opened(text, decryption)
    )
    while batch := [*islice(stream, _AT_ONCE)]:
        decoded = [
            (each, of_text)
            for document, namespace, of_text in batch
            for each in decode(document, namespace)
        ]
        desired = [each.desired for each, _ in decoded if isinstance(each, Draft)]
        violations = iter(_violations(desired, checks))
        for each, of_text in decoded:
            of_text.append(checked(each, next(violations)) if isinstance(each, Draft) else each)
    return results


def _violations(desired: Sequence[Desired], checks: Iterable[Check]) -> list[list[Violation]]:
    """What `checks` say of each of `desired`."""
    violations: list[list[Violation]] = [[] for _ in desired]
    for check in checks:
        for of_object, violated in zip(violations, map(check, desired), strict=True):
            if violated:
                of_object.extend(violated)
    return violations


def _opened(text: Text, decryption: Decryption | None) -> Iterator[Document]:
    stream = _documents(text)
    if decryption is not None and "sops" in text.text:
        return opened(stream, decryption)
    return stream


def _documents(text: Text) -> Iterator[Document]:
    index = 0
    for part in parts(text.text):
        simple = simple_document(part, text.file, index)
        for document in (simple,) if simple else documents(part, text.file, index):
            yield document
            index += 1
