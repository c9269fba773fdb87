"""What a Secret costs to load in the shapes that other programs print, beside block style.

    python benchmarks/shapes.py                      # CPU microseconds, five turns
    python benchmarks/shapes.py --instructions       # by callgrind; a quarter of an hour

Each file has the same Secrets. What is told of them stands in docs/figures.md.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from generate import generate
from measure import cpu

from reconciler.workflow import load

SIZE = 10_000
_FEW, _MORE = 300, 1300  # what starting takes is the same for both
_COLLECTED = re.compile(r"Collected : (\d+)")

Secrets = list[dict[str, Any]]


class _Dumper(yaml.CSafeDumper):
    """Writes text of several lines as a literal block, as Go does."""


def _written(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written)


def _yaml(value: object) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, width=10**6)
    return text


def _list(secrets: Secrets) -> dict[str, Any]:
    """What ``kubectl get secrets`` prints, without what only a server sets."""
    metadata = {"resourceVersion": ""}
    return {
        "apiVersion": "v1",
        "items": [_encoded(secret) for secret in secrets],
        "kind": "List",
        "metadata": metadata,
    }


def _live(secrets: Secrets) -> dict[str, Any]:
    """The same with fields that are errors in a manifest."""
    live = _list(secrets)
    for secret in live["items"]:
        moment = {"creationTimestamp": "2026-01-01T00:00:00Z", "uid": "7c0d-1"}
        secret["metadata"] = {**secret["metadata"], **moment, "resourceVersion": "1"}
    return live


def _encoded(secret: dict[str, Any]) -> dict[str, Any]:
    data = {
        key: base64.b64encode(text.encode()).decode()
        for key, text in secret.get("stringData", {}).items()
    }
    rest = {field: value for field, value in secret.items() if field != "stringData"}
    return {**rest, "data": {**secret.get("data", {}), **data}}


def _pretty(value: object) -> str:
    return json.dumps(value, indent=4, sort_keys=True) + "\n"


def _fields(texts: Mapping[str, str], line: str) -> list[str]:
    return [line.format(key, json.dumps(text)) for key, text in texts.items()]


def _chart(secret: dict[str, Any]) -> str:
    """As Helm prints it: every text in quotes."""
    metadata = secret["metadata"]
    lines = ["---", "# Source: app/templates/secret.yaml", "apiVersion: v1", "kind: Secret"]
    lines += ["metadata:", f"  name: {metadata['name']}", f"  namespace: {metadata['namespace']}"]
    for field in ("labels", "annotations"):
        lines += [f"  {field}:", *_fields(metadata[field], "    {}: {}")]
    lines.append(f"type: {secret['type']}")
    field = "data" if "data" in secret else "stringData"
    return "\n".join([*lines, f"{field}:", *_fields(secret[field], "  {}: {}")]) + "\n"


def _flow(secret: dict[str, Any]) -> str:
    metadata = secret["metadata"]
    field = "data" if "data" in secret else "stringData"
    maps = [
        f"{name}: {{{', '.join(_fields(metadata[name], '{}: {}'))}}}"
        for name in ("labels", "annotations")
    ]
    names = [f"name: {metadata['name']}", f"namespace: {metadata['namespace']}"]
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{{', '.join([*names, *maps])}}}\n"
        f"type: {secret['type']}\n{field}: {{{', '.join(_fields(secret[field], '{}: {}'))}}}\n"
    )


SHAPES: Mapping[str, Callable[[Secrets], str]] = {
    "kustomize build": lambda secrets: "---\n".join(map(_yaml, secrets)),
    "helm template": lambda secrets: "".join(map(_chart, secrets)),
    "List, YAML": lambda secrets: _yaml(_list(secrets)),
    "List, JSON": lambda secrets: _pretty(_list(secrets)),
    "stream of JSON, a line for each": lambda secrets: "".join(
        f"{json.dumps(secret, separators=(',', ':'))}\n" for secret in secrets
    ),
    "stream of JSON, indented": lambda secrets: "".join(map(_pretty, secrets)),
    "documents of JSON": lambda secrets: "---\n".join(
        f"{json.dumps(secret)}\n" for secret in secrets
    ),
    "flow style": lambda secrets: "---\n".join(map(_flow, secrets)),
    "List of live objects, YAML": lambda secrets: _yaml(_live(secrets)),
    "List of live objects, JSON": lambda secrets: _pretty(_live(secrets)),
}
BLOCK = "block style"


def write(size: int, directory: Path) -> dict[str, Path]:
    """A file with `size` Secrets for each shape, block style first."""
    source = directory / f"files-{size}"
    generate(size, source)
    texts = [file.read_text() for file in sorted(source.iterdir()) if file.stem != "namespaces"]
    secrets: Secrets = [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]
    written = {BLOCK: "---\n".join(texts)}
    written |= {shape: make(secrets) for shape, make in SHAPES.items()}
    paths = {}
    for number, (shape, text) in enumerate(written.items()):
        paths[shape] = directory / f"{size}-{number}.yaml"
        paths[shape].write_text(text)
    return paths


def microseconds(directory: Path, rounds: int) -> dict[str, float]:
    """CPU microseconds for each object, the median of `rounds` turns over all shapes."""
    paths = write(SIZE, directory)
    load(paths[BLOCK])
    turns = [
        {shape: cpu(partial(load, path)) for shape, path in paths.items()} for _ in range(rounds)
    ]
    return {shape: median(turn[shape] for turn in turns) / SIZE * 1e6 for shape in paths}


def instructions(directory: Path) -> dict[str, float]:
    """Thousands of instructions for each object."""
    few, more = write(_FEW, directory), write(_MORE, directory)
    return {
        shape: (_counted(more[shape]) - _counted(few[shape])) / (_MORE - _FEW) / 1000
        for shape in few
    }


def _counted(path: Path) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    done = subprocess.run(
        [*command, __file__, "--load", path], stderr=subprocess.PIPE, check=True, text=True
    )
    counted = _COLLECTED.search(done.stderr)
    assert counted is not None
    return int(counted[1])


def main() -> None:
    """Print the figures as rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns over all shapes")
    parser.add_argument("--instructions", action="store_true", help="count them by callgrind")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    gc.set_threshold(1_000_000, 50, 1000)  # as the program itself does, in cli/program.py
    if chosen.load:
        load(chosen.load)
        return
    with tempfile.TemporaryDirectory(prefix="reconciler-shapes-") as name:
        directory = Path(name)
        counted = chosen.instructions
        figures = instructions(directory) if counted else microseconds(directory, chosen.rounds)
    for shape, figure in figures.items():
        print(f"| {shape} | {figure:.0f} | {figure / figures[BLOCK]:.2f} |")


if __name__ == "__main__":
    main()
