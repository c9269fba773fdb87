"""Objects as large as a server takes them: whatever their shape, a plan takes its time and no more.

The bound is that of a generous reader; work that grows as keys times annotations takes minutes.
"""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable, Mapping

import pytest

from reconciler.model.plans import Action
from reconciler.stores.kubernetes.faults import scrubbed
from reconciler.workflow import load
from tests.world import planned, wrapped

MOST_CPU_SECONDS = 10.0
_DATA = 1_000_000  # of the 1,048,576 bytes that a Secret may have
_ANNOTATIONS = 250_000  # of 262,144

_KEYS = 90_000

_PICK = random.Random("costs")  # noqa: S311 - to be the same again
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(length: int, letters: str = _LETTERS) -> str:
    return "".join(_PICK.choices(letters, k=length))


def many(value: Callable[[], str]) -> dict[str, str]:
    """As many values as fit into a Secret, and into a request of 3 MiB."""
    found: dict[str, str] = {}
    size = 0
    while size < _DATA and len(found) < _KEYS:
        found[f"k{len(found)}"] = text = value()
        size += len(text)
    return found


SHAPES: Mapping[str, Callable[[], tuple[dict[str, str], dict[str, str]]]] = {
    "values of six letters": lambda: (many(lambda: f"Q{word(5)}"), {"a": word(_ANNOTATIONS)}),
    "values of 32 letters, many annotations": lambda: (
        many(lambda: f"Q{word(31)}"),
        {f"a{number}": word(40) for number in range(_ANNOTATIONS // 50)},
    ),
    "values that begin alike": lambda: (
        many(lambda: "p" * 50 + word(14)),
        {"a": "p" * _ANNOTATIONS},
    ),
    "long values that begin alike": lambda: (
        many(lambda: "p" * 1500 + word(14, "abc")),
        {"a": "p" * _ANNOTATIONS},
    ),
    "values of two letters": lambda: (
        many(lambda: f"{word(40, 'ab')}c"),
        {"a": word(_ANNOTATIONS, "ab")},
    ),
    "values of every length": lambda: (
        {f"k{length}": "a" * length + "b" for length in range(6, 1400)},
        {"a": "a" * _ANNOTATIONS},
    ),
    "one value": lambda: ({"k": "x" * _DATA}, {"a": "x" * _ANNOTATIONS}),
    "escapes": lambda: (
        many(lambda: word(12)),
        {"a": (r"\\\u0041\x41%41+&#65;=41a:b-" * _ANNOTATIONS)[:_ANNOTATIONS]},
    ),
    "backslashes": lambda: (many(lambda: word(12)), {"a": "\\" * _ANNOTATIONS}),
    "every annotation holds a value": lambda: (
        values := many(lambda: word(60)),
        {f"a{number}": values[f"k{number}"] for number in range(_ANNOTATIONS // 70)},
    ),
    "patterns": lambda: (
        many(lambda: word(12)),
        {"reconciler/ignore-keys": ",".join(f"x{number}*" for number in range(30_000))},
    ),
    "quotes": lambda: (many(lambda: "'" * 90 + word(9)), {"a": "'\"" * (_ANNOTATIONS // 2)}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_a_large_secret_takes_long(shape: str, figures: Callable[[str], None]) -> None:
    data, annotations = SHAPES[shape]()
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "large", "namespace": "default", "annotations": annotations},
        "stringData": data,
    }
    content = json.dumps(manifest).encode()
    began = time.process_time()
    loaded = load("-", stdin=io.BytesIO(content))
    at_planning = time.process_time()
    plan, _ = planned(loaded.objects)
    took = time.process_time() - began
    figures(f"{shape}: {took:.1f} s of CPU, {at_planning - began:.1f} s of it for loading")
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert took < MOST_CPU_SECONDS


@pytest.mark.parametrize("shape", ["List", "JSON, a line for each", "templates", "live"])
def test_many_objects_in_one_text_take_as_long_as_in_many(
    shape: str, figures: Callable[[str], None]
) -> None:
    secrets = [_small(number, live=shape == "live") for number in range(8000)]
    whole = {"apiVersion": "v1", "kind": "List", "items": secrets}
    text = json.dumps(whole)
    if shape == "templates":  # one word in one value, for which each object must be looked at
        text = text.replace("0" * 500, "#@", 1)
    elif shape == "JSON, a line for each":
        text = "\n".join(map(json.dumps, secrets))
    began = time.process_time()
    loaded = load("-", stdin=io.BytesIO(text.encode()))
    took = time.process_time() - began
    figures(f"{shape}: {took:.1f} s of CPU")
    assert len(loaded.objects) == (0 if shape == "live" else len(secrets))
    assert took < MOST_CPU_SECONDS


def _small(number: int, *, live: bool) -> dict[str, object]:
    metadata = {"name": f"a{number}", "namespace": "b"} | ({"uid": "0f-1"} if live else {})
    values = {"k": "0" * 500, "v": word(200)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def test_a_servers_message_takes_no_longer_for_many_values() -> None:
    values = wrapped(many(lambda: word(6))).values()
    began = time.process_time()
    assert scrubbed("denied " * 2000, values)
    assert time.process_time() - began < MOST_CPU_SECONDS
