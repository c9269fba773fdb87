"""Mutated manifests: whatever comes in, only diagnostics come out, soon, with a place and a code.

`FUZZ_COUNT` and `FUZZ_SEED` make a longer run or another one; `FUZZ_FIRST` is the number of the
first input. Every input has a random generator of its own, so each can be made again by itself.
"""

from __future__ import annotations

import io
import os
import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from reconciler.manifests import Loaded
from reconciler.model.objects import Desired, Diagnostic, Severity, Source
from reconciler.rules import validate
from reconciler.workflow import load
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import CANARY, ROOT, planted_values, seeds

COUNT = int(os.environ.get("FUZZ_COUNT", "50000"))
SEED = os.environ.get("FUZZ_SEED", "loader")
FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
_CHUNK = 10_000

MOST_CPU_SECONDS = 2.0
MOST_MEMORY = 500 * 1024 * 1024

SEEDS = seeds()
TEXTS = [text for _, text in SEEDS]
VALUES = planted_values()
CODES = frozenset(
    code
    for line in (ROOT / "docs/diagnostics.md").read_text().splitlines()
    if line.startswith("| `")
    for code in re.findall(r"`([a-z0-9-]+)`", line.split("|")[1])
)
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_OPEN = ("metadata", "kind", "apiVersion", "type", "items")
"""Fields that hold no values: what has strayed there is shown as what it has become."""


def test_the_seeds_are_good_and_the_values_known() -> None:
    """Mutations of nonsense would not reach far."""
    found = [load("-", stdin=io.BytesIO(text.encode())) for text in TEXTS]
    assert sum(bool(one.objects) for one in found) > len(TEXTS) * 3 // 4
    assert len(VALUES) > 50
    assert {"base64-invalid", "key-duplicate", "dockerconfigjson-invalid"} <= CODES
    place = Source("a.yaml", 1, 1)
    for value in (TEXTS[0].split("plain: ")[1][:20], "a canary+9/3 a"):
        leaky = Diagnostic(
            severity=Severity.ERROR, code="", message=value, field="data[k]", source=place
        )
        assert leaks([leaky]) == [leaky]


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography's, of what is merely odd
@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, _CHUNK))
def test_mutated_manifests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Callable[[str], None], first: int
) -> None:
    monkeypatch.chdir(tmp_path)
    codes: Counter[str] = Counter()
    good, slowest, began = 0, 0.0, time.process_time()
    memory = _peak_memory()
    count = min(_CHUNK, FIRST + COUNT - first)
    for number in range(first, first + count):
        pick = random.Random(f"{SEED}/{number}")  # noqa: S311 - to be the same again
        name, text = pick.choice(SEEDS)
        content = mutated(pick, text, TEXTS)
        try:
            found, took = loaded(name, content, from_stdin=pick.random() < 0.5)
            check(name, content, found)
            assert took < MOST_CPU_SECONDS
        except BaseException as error:
            Path("input").write_bytes(content)
            error.add_note(
                f"FUZZ_SEED={SEED} FUZZ_FIRST={number} FUZZ_COUNT=1 makes it again; {name} is now"
                f" {tmp_path}/input, {len(content)} bytes: {content[:500]!r}"
            )
            raise
        slowest = max(slowest, took)
        good += bool(found.objects)
        codes.update({item.code for item in found.diagnostics})
    took = time.process_time() - began
    grown = _peak_memory() - memory
    figures(
        f"{count} inputs, {good} with objects, {len(codes)} codes, {took:.0f} s of CPU, the slowest"
        f" {slowest:.2f} s, {grown // 2**20} MiB more at the peak"
    )
    assert grown < MOST_MEMORY
    if count == _CHUNK:  # mutations that only break the syntax, or nothing, would prove little
        assert good > count // 5
        assert len(codes) > 30


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def loaded(name: str, content: bytes, *, from_stdin: bool) -> tuple[Loaded, float]:
    """Load the content, and tell how many seconds of CPU that took."""
    path = "-" if from_stdin else name
    if not from_stdin:
        Path(name).write_bytes(content)
    began = time.process_time()
    found = load(path, stdin=io.BytesIO(content))
    return found, time.process_time() - began


def check(name: str, content: bytes, found: Loaded) -> None:
    for item in found.diagnostics:
        assert item.code in CODES
        assert item.source.file in {"<stdin>", name}
        assert item.message
    check_places(content, found)
    assert leaks(found.diagnostics) == []
    keys = {desired.key for desired in found.objects}
    assert len({(one.key, one.generate_name) for one in found.objects}) == len(found.objects)
    for desired in found.objects:
        check_object(desired, {key.name for key in keys})


def check_places(content: bytes, found: Loaded) -> None:
    """Every place is within the file; YAML knows more line ends than JSON and most editors."""
    text = content.decode("utf-8", "replace")
    lines = text.split("\n")
    most_lines, longest = len(_BREAK.split(text)), max(map(len, lines))
    usual = most_lines == len(lines)
    other_codec = "\0" in text or content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for place in (item.source for some in (found.diagnostics, found.objects) for item in some):
        assert place.line >= 1
        assert place.column >= 1
        if not other_codec:
            assert place.line <= most_lines, place
            length = len(lines[place.line - 1]) if usual else longest
            assert place.column <= length + 1, place


def check_object(desired: Desired, names: set[str]) -> None:
    """What loads is what an API server would take."""
    for violation in validate(desired):
        if violation.severity is Severity.ERROR:
            match violation.path:
                case ("metadata", "ownerReferences", int(index), "uid"):
                    assert desired.owners[index].name in names, violation
                case _:
                    pytest.fail(f"{desired.key}: {violation}")
    texts = [*desired.key, *desired.labels, *desired.labels.values(), *desired.annotations]
    "".join([*texts, *desired.annotations.values(), *desired.data]).encode()


def leaks(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that hold a planted value, and are not about a name or a label."""
    return [
        item
        for item in diagnostics
        if not item.field.startswith(_OPEN)
        and any(value in item.message or value in item.hint for value in _not_for(item))
    ]


def _not_for(item: Diagnostic) -> Iterable[str]:
    """A field's name is shown where it can be one, even if it was a value before its mutation."""
    return {CANARY} if item.code == "field-unknown" else VALUES
