"""Manifests as programs print them: the quick readers make the same trees, or none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from random import Random

import pytest
import yaml

from reconciler.manifests.jsontext import compose_json
from reconciler.manifests.quickjson import quick_json
from reconciler.manifests.yaml import MAX_DEPTH, parts
from tests.fuzz.mutations import mutated
from tests.fuzz.shapes import JSON_SHAPES, YAML_SHAPES
from tests.fuzz.test_simple import compared, typed

COUNT = int(os.environ.get("FUZZ_COUNT", "50000"))
SEED = os.environ.get("FUZZ_SEED", "shapes")


def compared_json(text: str) -> Iterator[bool]:
    """Whether there was anything to compare, for each part of `text`."""
    for part in parts(text):
        quick = quick_json(part.text, 0, MAX_DEPTH)
        yield quick is not None
        if quick is not None:
            full = compose_json(part.text, 0, MAX_DEPTH)
            assert [trimmed(tree) for tree in quick] == [trimmed(tree) for tree in full]


def trimmed(tree: tuple[object, int, int]) -> object:
    root, start, end = tree
    return typed(root), start, end


@pytest.mark.parametrize("shape", [*YAML_SHAPES, *JSON_SHAPES])
def test_both_readers_agree(figures: Callable[[str], None], shape: str) -> None:
    make = {**YAML_SHAPES, **JSON_SHAPES}[shape]
    compare = compared_json if shape in JSON_SHAPES else compared
    others = [make(Random(f"{SEED}/other {number}")) for number in range(50)]  # noqa: S311
    quick = 0
    for number in range(COUNT):
        pick = Random(f"{SEED}/{number}")  # noqa: S311 - to be the same again
        text = make(pick)
        if pick.random() < 0.7:
            text = mutated(pick, text, others).decode("utf-8", "surrogateescape")
        try:
            quick += sum(compare(text)) > 0
        except BaseException as error:
            error.add_note(f"FUZZ_SEED={SEED}, input {number}: {text[:500]!r}")
            raise
    figures(f"{shape}: {COUNT} inputs, {quick} read by the quick reader")
    assert quick > COUNT // 20


def test_both_readers_agree_on_texts_that_are_matched_step_by_step() -> None:
    many = [make_secret(number) for number in range(1000)]
    whole = {"apiVersion": "v1", "kind": "List", "items": many}
    assert [*compared(yaml.dump(whole, Dumper=yaml.CSafeDumper, width=10**6))] == [True]
    assert [*compared_json(json.dumps(whole, indent=4))] == [True]
    assert [*compared_json("\n".join(map(json.dumps, many)))] == [True]


def make_secret(number: int) -> dict[str, object]:
    metadata = {"name": f"a{number}", "labels": {"a": "b"}, "creationTimestamp": None}
    return {"kind": "Secret", "metadata": metadata, "stringData": {"k": "", "v": "x" * 600}}
