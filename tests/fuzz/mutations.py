"""Ways in which a manifest comes to be wrong, and some that nobody but a fuzzer thinks of."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, str, list[str]], str]

_TOKENS: tuple[str, ...] = (
    *"{}[]:,-?&*!|>'\"%@`#~<=\\\t\n \r\0\x1b\x7f\x85\x07",
    *("\ufeff", "\u2028", "\u2029", "\ud7ff", "\ufffe", "\u202e", "é", "😀", "\udcff", "\udc80"),
    *("---", "\n---\n", "\n...\n", "--- ", "\n%YAML 1.2\n---\n", "%TAG ! x\n", "...", "\r\n", "\r"),
    *("<<: ", "<<", "*meta", "&meta ", "*values", "*", "&a", "*a", "? ", ": ", "- ", "- - - "),
    *("{{ ", " }}", "{{", "{{- end }}", "ENC[AES256_GCM,", "sops: {mac: x}\n", "|", ">-", "|+9"),
    *("!!int ", "!!binary ", "!!float ", "!!null ", "!!set ", "!!map ", "!x ", "!<tag:x> ", "!"),
    *("null", "~", "yes", "no", "true", "1", "-1", "1e3", "1e999", ".inf", ".nan", "0x", "0x1F"),
    *("0o7", "0b1", "1_000", "1:30", "9223372036854775808", "-9223372036854775809", "+.5", "''"),
    *("apiVersion: v1\n", "kind: Secret\n", "kind: List\n", "items:\n- ", "metadata:\n", "name: "),
    *(
        "namespace: ",
        "generateName: ",
        "data:\n",
        "stringData:\n",
        "type: ",
        "immutable: ",
        "uid: ",
    ),
    *(
        "kubernetes.io/tls",
        "kubernetes.io/dockercfg",
        "finalizers: ",
        "ownerReferences: ",
        "{}",
        "[]",
    ),
    *(
        '{"',
        '"}',
        "\\ud83d",
        "\\u0000",
        '"',
        '\\"',
        "\\x",
        "\\",
        "[{",
        "}]",
        ",,",
        '"a": ',
        "/* */",
    ),
)
_TOKEN = re.compile(r"\s+|[A-Za-z0-9_./+=-]+|.", re.DOTALL)
_SCALAR = re.compile(r"(?<=: )[^\n{}\[\]]+")


def _place(pick: Random, text: str) -> int:
    return pick.randrange(len(text) + 1)


def splice_token(pick: Random, text: str, _others: list[str]) -> str:
    start = _place(pick, text)
    end = min(len(text), start + pick.choice((0, 0, 0, 1, 1, 2, 5, 12)))
    return text[:start] + pick.choice(_TOKENS) + text[end:]


def replace_token(pick: Random, text: str, _others: list[str]) -> str:
    start = _place(pick, text)
    match = _TOKEN.match(text, start)
    end = match.end() if match else start
    return text[:start] + pick.choice((*_TOKENS, "")) + text[end:]


def replace_scalar(pick: Random, text: str, _others: list[str]) -> str:
    found = list(_SCALAR.finditer(text))
    if not found:
        return text
    match = pick.choice(found)
    return text[: match.start()] + pick.choice(_TOKENS) + text[match.end() :]


def swap_tokens(pick: Random, text: str, _others: list[str]) -> str:
    found = list(_TOKEN.finditer(text, max(0, _place(pick, text) - 200)))[:80]
    if len(found) < 2:
        return text
    one, two = sorted(pick.sample(found, 2), key=lambda match: match.start())
    return text[: one.start()] + two[0] + text[one.end() : two.start()] + one[0] + text[two.end() :]


def flip_bit(pick: Random, text: str, _others: list[str]) -> str:
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(pick.choice((1, 1, 1, 2, 8))):
        if content:
            content[pick.randrange(len(content))] ^= 1 << pick.randrange(8)
    return content.decode("utf-8", "surrogateescape")


def _with_lines(change: Callable[[Random, list[str]], None]) -> Mutation:
    def mutate(pick: Random, text: str, _others: list[str]) -> str:
        lines = text.splitlines(keepends=True) or [""]
        change(pick, lines)
        return "".join(lines)

    return mutate


def _swap(pick: Random, lines: list[str]) -> None:
    one, two = pick.randrange(len(lines)), pick.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]


def _duplicate(pick: Random, lines: list[str]) -> None:
    start = pick.randrange(len(lines))
    block = lines[start : start + pick.choice((1, 1, 2, 5))]
    lines[(at := pick.choice((start, pick.randrange(len(lines))))) : at] = block


def _delete(pick: Random, lines: list[str]) -> None:
    start = pick.randrange(len(lines))
    del lines[start : start + pick.choice((1, 1, 2, 5))]


def _indent(pick: Random, lines: list[str]) -> None:
    start = pick.randrange(len(lines))
    more = pick.choice((" ", "  ", "\t", "    ", "- ", "", "", ""))
    for number in range(start, min(len(lines), start + pick.choice((1, 1, 3, 8)))):
        lines[number] = more + lines[number] if more else lines[number].removeprefix("  ")


def _cut(pick: Random, lines: list[str]) -> None:
    number = pick.randrange(len(lines))
    lines[number] = lines[number][: _place(pick, lines[number])]


def cross_over(pick: Random, text: str, others: list[str]) -> str:
    lines = text.splitlines(keepends=True) or [""]
    donor = pick.choice(others).splitlines(keepends=True)
    start, taken = pick.randrange(len(donor)), pick.choice((1, 3, 10, 40))
    at = pick.randrange(len(lines))
    lines[at : at + pick.choice((0, 1, 3))] = donor[start : start + taken]
    return "".join(lines)


def join_documents(pick: Random, text: str, others: list[str]) -> str:
    return text + pick.choice(("\n---\n", "---\n", "\n", "", "...\n")) + pick.choice(others)


def line_ends(pick: Random, text: str, _others: list[str]) -> str:
    return text.replace("\n", pick.choice(("\r\n", "\r", "\n\n", "\u2028", "\x85", " \n", "\n\r")))


COMMON: tuple[Mutation, ...] = (
    *(splice_token, splice_token, splice_token, replace_token, replace_token, replace_scalar),
    *(replace_scalar, swap_tokens, flip_bit, flip_bit),
    *map(_with_lines, (_swap, _duplicate, _delete, _indent, _indent, _cut)),
    *(cross_over, cross_over, join_documents, line_ends),
)


def nest(pick: Random, text: str, _others: list[str]) -> str:
    """Lists and maps in each other, closed or not, in block and in flow style."""
    depth = pick.choice((5, 50, 99, 100, 101, 150, 1000, 20_000))
    opening, closing = pick.choice(
        (("[", "]"), ('{"a":', "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]"), ("&a [", "]"))
    )
    at = _place(pick, text)
    return text[:at] + opening * depth + pick.choice(("", "1", closing * depth)) + text[at:]


def stairs(pick: Random, text: str, _others: list[str]) -> str:
    depth = pick.choice((20, 98, 105, 300))
    steps = "".join(f"{' ' * level}k{level}:\n" for level in range(depth))
    return text + pick.choice(("\n---\n", "\nstringData:\n", "")) + steps


def bomb(pick: Random, text: str, _others: list[str]) -> str:
    """Aliases of aliases: lists, maps, or merges."""
    width, height = pick.choice(((2, 30), (10, 9), (9, 20), (3, 120), (200, 3)))
    shape = pick.choice(("[{}]", "{{{}}}", "{{<<: [{}]}}"))
    lines = ["a0: &a0 " + pick.choice(("[x]", "{k: v}", "x" * 1000))]
    for level in range(1, height):
        aliases = [f"*a{level - 1}"] * width
        if shape == "{{{}}}":
            aliases = [f"k{number}: {alias}" for number, alias in enumerate(aliases)]
        lines.append(f"a{level}: &a{level} {shape.format(', '.join(aliases))}")
    made = "\n".join(lines) + "\n"
    return pick.choice((made + "---\n" + text, text + "\n" + made, made))


def huge_scalar(pick: Random, text: str, _others: list[str]) -> str:
    size = pick.choice((1_000, 30_000, 300_000))
    unit = pick.choice(
        ("x", "9", "é", " ", "\t", "{{ ", "'", '"', "\\", "a: ", "- ", "#", "\n", "A=", "0_", "&")
    )
    made = unit * (size // len(unit))
    quote = pick.choice(("", "'", '"', "|\n ", "!!binary ", "!!int ", "-", "0x", "."))
    at = _place(pick, text)
    found = list(_SCALAR.finditer(text))
    if found and pick.random() < 0.6:
        at = pick.choice(found).start()
    return text[:at] + quote + made + (quote if len(quote) == 1 else "") + text[at:]


def many(pick: Random, text: str, others: list[str]) -> str:
    """Many documents, keys, items, labels, or complaints."""
    count = pick.choice((50, 500, 3000))
    match pick.randrange(6):
        case 0:
            return text + "".join(f"\n---\n{pick.choice(others)}" for _ in range(count // 100 + 1))
        case 1:
            return text + "\nstringData:\n" + "".join(f"  k{n}: v\n" for n in range(count))
        case 2:
            return text + "\n" + "unknown: x\n" * count
        case 3:
            return text + "---\n" * count
        case 4:
            return "apiVersion: v1\nkind: List\nitems: [" + "{kind: Secret}, " * count + "]"
        case _:
            return text + "\n" + "".join(f"strangData{n}: x\n" for n in range(count))


HEAVY: tuple[Mutation, ...] = (nest, nest, stairs, bomb, bomb, huge_scalar, huge_scalar, many)

_ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-be",
    "latin-1",
    "utf-7",
    "cp1252",
)


def encoded(pick: Random, text: str) -> bytes:
    """The text in UTF-8, or now and then in something else, whole or not."""
    chance = pick.random()
    if chance < 0.9:
        return text.encode("utf-8", pick.choice(("surrogateescape", "surrogatepass")))
    if chance < 0.92:
        return codecs.BOM_UTF8 + text.encode("utf-8", "replace")
    content = text.encode(pick.choice(_ENCODINGS), "replace")
    if pick.random() < 0.3:
        content = content[: pick.randrange(len(content) + 1)]
    if pick.random() < 0.3:
        content = pick.choice((codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE, b"\xff\xfe")) + content
    return content


def mutated(pick: Random, text: str, others: list[str]) -> bytes:
    """`text` with a few mutations, one in forty of them heavy."""
    for _ in range(pick.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        kind = HEAVY if pick.random() < 0.025 else COMMON
        text = pick.choice(kind)(pick, text, others)
    return encoded(pick, text)
