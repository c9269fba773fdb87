from __future__ import annotations

import pytest

from reconciler.model.patches import Operation, PatchMisfit, patched
from reconciler.model.values import SecretValue

PLANTED = "canary-not-a-real-password"


def document() -> dict[str, object]:
    return {
        "metadata": {"annotations": {"note": PLANTED}, "finalizers": ["one"]},
        "data": {"password": SecretValue(PLANTED.encode())},
    }


def test_values_stay_wrapped_and_the_document_stays_as_it_was() -> None:
    value = SecretValue(b"another")
    before = document()
    result = patched(before, [Operation("replace", "/data/password", value)])
    assert result["data"]["password"] is value
    assert before == document()


@pytest.mark.parametrize(
    "operation",
    [
        Operation("remove", "/data/absent"),
        Operation("add", "/absent/key", "text"),
        Operation("replace", "/metadata/finalizers/x", "text"),
        Operation("add", "/metadata/annotations/note/deeper", "text"),
        Operation("test", "/metadata/annotations/note", "text"),
        Operation("test", "/data/password", SecretValue(b"another")),
        Operation("add", "no-pointer", "text"),
        Operation("conjure", "/data/password", "text"),
        Operation("replace", "", "text"),
    ],
    ids=lambda operation: f"{operation.op} {operation.path}",
)
def test_a_patch_that_does_not_fit_is_refused_without_a_quote(operation: Operation) -> None:
    with pytest.raises(PatchMisfit) as caught:
        patched(document(), [operation])
    assert PLANTED not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
