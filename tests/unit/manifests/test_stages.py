"""Objects are checked many at a time; each gets its own result, in the order of the input."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.workflow import load

COUNT = 600  # more than go through a stage at once
BROKEN = range(0, COUNT, 7)  # on both sides of where one lot ends and the next one begins
WARNED = range(3, COUNT, 7)


def manifest(number: int) -> str:
    key = "data" if number in BROKEN else "stringData"
    value = "changeme" if number in WARNED else "not base64!"
    name = f"s{number:03}"
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n{key}:\n  a: {value}\n"


def write(tmp_path: Path, shape: str) -> Path:
    """The manifests as one stream, as one List, as a file for each, and as files of seven."""
    texts = [*map(manifest, range(COUNT))]
    if shape == "stream":
        (tmp_path / "all.yaml").write_text("---\n".join(texts))
    elif shape == "list":
        items = ["- " + text.replace("\n", "\n  ").rstrip(" ") for text in texts]
        head = "apiVersion: v1\nkind: List\nitems:\n"
        (tmp_path / "all.yaml").write_text(head + "".join(items))
    else:
        each = {"files": 1, "files of seven": 7}[shape]
        for start in range(0, COUNT, each):
            (tmp_path / f"{start:03}.yaml").write_text("---\n".join(texts[start : start + each]))
    return tmp_path


@pytest.mark.parametrize("shape", ["stream", "list", "files", "files of seven"])
def test_every_object_has_its_own_result(tmp_path: Path, shape: str) -> None:
    loaded = load(write(tmp_path, shape))
    assert [item.name for item in loaded.objects] == [
        f"s{number:03}" for number in range(COUNT) if number not in BROKEN
    ]
    told = [(item.code, item.object) for item in loaded.diagnostics]
    assert told == [
        (
            "base64-invalid" if number in BROKEN else "value-placeholder",
            f"Secret/default/s{number:03}",
        )
        for number in range(COUNT)
        if number in BROKEN or number in WARNED
    ]


def test_the_files_of_all_lots_count(tmp_path: Path) -> None:
    loaded = load([write(tmp_path, "files"), tmp_path / "000.yaml"])
    assert loaded.files == COUNT
    assert [(item.path, item.secrets) for item in loaded.inputs] == [
        (str(tmp_path), COUNT),
        (str(tmp_path / "000.yaml"), 1),
    ]
