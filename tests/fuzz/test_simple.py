"""The quick reader makes the same tree as the one on libyaml, or none."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest

from reconciler.manifests.nodes import Document, Entry, Mapping
from reconciler.manifests.simple import simple_document
from reconciler.manifests.yaml import documents, parts
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds

COUNT = int(os.environ.get("FUZZ_COUNT", "50000"))
SEED = os.environ.get("FUZZ_SEED", "simple")

TEXTS = [text for _, text in seeds()]

_KEYS = (
    *("name", "namespace", "a.b/c", "tls.crt", ".dockerconfigjson", "_x", "a-b", "Z9", "type"),
    *(
        "y",
        "no",
        "Null",
        "true",
        "ON",
        "~",
        "<<",
        ".inf",
        ".e1",
        ".",
        "..",
        "1",
        "0x1",
        "-a",
        "a b",
    ),
    *("'a'", '"a"', "a:", "a#", "a #", "?", "? a", "- a", "&a", "*a", "!a", "{a", "[a", "ä", "a\t"),
)
_VALUES = (
    *(
        "a",
        "orders-000001",
        "YWJj",
        "YQ==",
        "a/b+c=",
        "_a",
        "<a>",
        "$(x)",
        "(a)",
        "=",
        "/",
        "a b  c",
    ),
    *(
        "",
        " ",
        "~",
        "null",
        "y",
        "No",
        "true",
        "True",
        "off",
        "<<",
        ".nan",
        "-.INF",
        "tru",
        "nullx",
    ),
    *(
        "0",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "0x1f",
        "0b1",
        "1_000",
        "12:30",
        "2026-01-01",
        "1.2.3",
        ".5",
        "-",
    ),
    *(
        "- a",
        "-a",
        "--- a",
        "a: b",
        "a :b",
        "a:b",
        "a:",
        ":a",
        ":",
        "a #b",
        "a#b",
        "#a",
        "a ",
        " a",
    ),
    *(
        '"a"',
        '"a\\n"',
        '"\\/"',
        '"\\u00e9"',
        '"\\x41"',
        '"a\\\\"',
        '"',
        '"a',
        '"a" b',
        '"a" #b',
        '""',
    ),
    *("'a'", "'a''b'", "''", "'", "'a", "'a' b", "'\"'", '"\'"', "'a\\n'", "'ä'"),
    *(
        "&a b",
        "*a",
        "!!str a",
        "!a",
        "%a",
        "@a",
        "`a",
        "{a: b}",
        "{}",
        "[a]",
        "[]",
        "a]",
        "a}",
        "a,b",
    ),
    *(
        "ENC[AES256_GCM,data:x]",
        "{{ .x }}",
        "a{{x}}",
        "ä",
        "a\tb",
        "\ta",
        "a\x85b",
        "a\u2028b",
        "a\r",
    ),
    *("|", "|-", "|+", "|2", "| #a", ">", ">-", "| a"),
)
_INDENTS = ("", "", " ", "  ", "  ", "  ", "    ", "    ", "      ", "\t")
_LINES = (
    "    # a ",
    "",
    " ",
    "# a",
    "  # a: b",
    "    a",
    "      b",
    "---",
    "...",
    "%YAML 1.1",
    "a",
    "  - a",
    "?",
    ":",
)
_HEADS = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n",
    "---\n# a\n\napiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n    labels:\n      b: c\n",
    "kind: Secret\nmetadata:\n  name: a\n  annotations:\n    b: c\napiVersion: v1\n",
    "apiVersion: \"v1\"\nkind: 'Secret'\nimmutable: true\nmetadata: \n  name: a\n",
)
_BLOCK = "  c: |-\n    d: e\n\n      f\n  g: |\n    #h\n"
_OUTLINES = (
    *("{key}:", "{key}:", "{key}: {value}", "{key}: {value}", "- {value}", "- {key}: {value}"),
    *("- {key}:", "- {key}:", "{key}: |\n{deeper}a", "- {key}: |-\n{deeper}a\n\n{deeper} b"),
    *("- - {value}", "-", "-  {key}: {value}", "- ", "# {value}", "", "{value}", "{key}: []"),
    *("- {{}}", "- {{a: b}}", "- '{value}'", "- {key}: # {value}", "{key}:  {value}", "- # a"),
)
_TAILS = ("", "\n", "\n\n# end\n", "  \n", "---\n", "data:\n  z: YQ==\n", "stringData:\n  z: 1\n")


def soup(pick: random.Random) -> str:
    """A manifest of lines that look harmless each by itself."""
    text = pick.choice(_HEADS) + pick.choice(("stringData:\n", "data:\n", "", "type: Opaque\n"))
    for _ in range(pick.randrange(6)):
        kind = pick.random()
        if kind < 0.15:
            line = pick.choice(_LINES)
        elif kind < 0.3:
            line = _BLOCK.rstrip("\n") if pick.random() < 0.5 else pick.choice(_BLOCK.split("\n"))
        else:
            indent = "  " if pick.random() < 0.7 else pick.choice(_INDENTS)
            key = f"k{pick.randrange(9)}" if pick.random() < 0.7 else pick.choice(_KEYS)
            blank = " " if pick.random() < 0.9 else pick.choice(("", "  ", "\t"))
            line = f"{indent}{key}:{blank}{pick.choice(_VALUES)}"
        text += line + ("\n" if pick.random() < 0.97 else pick.choice(("", " \n", "\r\n", "\n\n")))
    return text + pick.choice(_TAILS)


def outline(pick: random.Random) -> str:
    """Maps and lists in each other, most of them indented as they should be."""
    text, depth = pick.choice(("", "", "---\n", "# a\n", " ")), 0
    for _ in range(pick.randrange(1, 9)):
        depth = max(depth + pick.choice((-4, -2, -2, 0, 0, 0, 2, 2, 2, 4, 1, -1)), 0)
        key = f"k{pick.randrange(9)}" if pick.random() < 0.8 else pick.choice(_KEYS)
        value = "a" if pick.random() < 0.6 else pick.choice(_VALUES)
        text += " " * depth + pick.choice(_OUTLINES).format(
            key=key, value=value, deeper=" " * (depth + pick.choice((2, 2, 4, 4, 4, 3)))
        )
        text += "\n" if pick.random() < 0.98 else pick.choice(("", " \n", "\n\n", "\r\n"))
    return text


def written(pick: random.Random) -> str:
    """A mutation of a manifest that somebody may have written."""
    return mutated(pick, pick.choice(TEXTS), TEXTS).decode("utf-8", "surrogateescape")


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography's, of what is merely odd
@pytest.mark.parametrize("make", [soup, outline, written], ids=["soup", "outline", "written"])
def test_both_readers_agree(
    figures: Callable[[str], None], make: Callable[[random.Random], str]
) -> None:
    simple = 0
    for number in range(COUNT):
        text = make(random.Random(f"{SEED}/{number}"))  # noqa: S311 - to be the same again
        try:
            simple += sum(compared(text))
        except BaseException as error:
            error.add_note(f"FUZZ_SEED={SEED}, input {number}: {text[:500]!r}")
            raise
    figures(f"{COUNT} inputs, {simple} read by the quick reader")
    assert simple > COUNT // 20


def compared(text: str) -> Iterator[bool]:
    """Whether there was anything to compare, for each part of `text`."""
    for part in parts(text):
        quick = simple_document(part, "a.yaml", 3)
        yield quick is not None
        if quick is not None:
            (full,) = documents(part, "a.yaml", 3)
            assert tree(quick) == tree(full)


def tree(document: Document) -> object:
    """All of `document`, with the types of its values: 1 and True are equal."""
    return document.start, document.end, document.text, document.problem, typed(document.root)


def typed(node: object) -> object:
    if isinstance(node, Mapping):
        return Mapping, node.place, [typed(entry) for entry in node.all_entries()]
    if isinstance(node, Entry):
        return typed(node.key), node.place, typed(node.value), node.value_place
    if isinstance(node, tuple | list):
        return type(node), [typed(child) for child in node]
    return type(node), repr(node) if isinstance(node, float) else node  # a NaN equals nothing
