from __future__ import annotations

import random
import re

import pytest

from reconciler.manifests.nodes import Document, Entry, Mapping, Scalar, Sequence

LINE = re.compile("\r\n?|\n")


def pieces(seed: int) -> str:
    """Some 10,000 characters with line breaks of all kinds, in every phase."""
    pick = random.Random(seed)  # noqa: S311 - to be the same again
    breaks = ("a", "\n", "\r", "\r\n", "\u2028", "\x85")
    return "".join(pick.choice(breaks) for _ in range(8000))


@pytest.mark.parametrize("seed", range(5))
def test_places_are_lines_and_columns_as_editors_count(seed: int) -> None:
    text = pieces(seed)
    starts = [0, *(match.end() for match in LINE.finditer(text))]
    document = Document("f.yaml", 3, 7, text, None, {})
    for place in {*range(0, len(text), 97), *range(4090, 4103), *range(8186, 8199), len(text)}:
        if text[place - 1 : place + 1] == "\r\n":
            continue
        line = sum(start <= place for start in starts)
        source = document.source(place, 2)
        assert (source.line, source.column) == (7 + line, place - starts[line - 1] + 1)
        assert (source.file, source.document, source.item) == ("f.yaml", 3, 2)


def test_the_place_of_a_value_follows_its_key() -> None:
    assert Entry("key", 10, "value").node == Scalar("value", 15)
    assert Entry("key", 10, "value", 20).node == Scalar("value", 20)
    assert Entry("key", 10, Sequence([], 30), 30).node == Sequence([], 30)
    assert Entry(Mapping({}, 10), 10, None, 20).key_node == Mapping({}, 10)
