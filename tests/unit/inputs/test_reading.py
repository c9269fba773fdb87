from __future__ import annotations

import codecs
import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from reconciler.manifests import Loaded
from reconciler.model.objects import InputYield
from reconciler.workflow import load

SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\nstringData:\n  key: ключ 😀\n"


def write(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SECRET.format(name), encoding="utf-8")


def names(found: Loaded) -> list[str]:
    return [item.name for item in found.objects]


def told(found: Loaded) -> list[tuple[str, str]]:
    return [(item.code, str(item.source)) for item in found.diagnostics]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_directories_are_read_in_order_without_what_is_no_manifest(tmp_path: Path) -> None:
    for name in ["b.yaml", "a/z.yml", "a/b/c.json", "c.txt", ".hidden.yaml", ".git/d.yaml"]:
        write(tmp_path / "m" / name, name.replace("/", "-").replace(".", "-").lstrip("-"))
    (tmp_path / "m/a/b/c.json").write_text(
        '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "json"}}'
    )
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"]:
        (tmp_path / "m" / name).write_text("resources: []\n")
    found = load("m")
    assert names(found) == ["json", "a-z-yml", "b-yaml"]
    assert found.diagnostics == ()
    assert [item.source.file for item in found.objects] == ["m/a/b/c.json", "m/a/z.yml", "m/b.yaml"]


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path / ".secret.txt", "hidden")
    assert names(load(tmp_path / ".secret.txt")) == ["hidden"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "m/a.yaml", "a")
    (tmp_path / "link.yaml").symlink_to("m/a.yaml")
    found = load(["m/a.yaml", "m", "./m/../m/a.yaml", tmp_path / "m", "link.yaml"])
    assert names(found) == ["a"]
    assert found.diagnostics == ()


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/a.yaml", "a")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/up").symlink_to("..")
    (tmp_path / "m/self").symlink_to(".")
    (tmp_path / "m/other").symlink_to("../elsewhere")
    found = load("m")
    assert names(found) == ["a"]
    assert found.diagnostics == ()


def test_broken_links_and_pipes_in_a_directory_are_errors(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/gone.yaml").symlink_to("nowhere")
    (tmp_path / "m/loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(tmp_path / "m/pipe.yaml")
    write(tmp_path / "m/z.yaml", "z")
    found = load("m")
    assert told(found) == [
        ("file-unreadable", "m/gone.yaml:1:1"),
        ("file-unreadable", "m/loop.yaml:1:1"),
        ("file-unreadable", "m/pipe.yaml:1:1"),
    ]
    assert names(found) == ["z"]


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/readme.md").write_text("no manifest")
    assert told(load("empty")) == [("manifests-missing", "empty:1:1")]
    assert told(load("-", stdin=io.BytesIO(b" \n"))) == [("manifests-missing", "<stdin>:1:1")]
    assert [code for code, _ in told(load([]))] == ["manifests-missing"]


def test_an_empty_file_is_fine(loaded: Callable[[str], Loaded]) -> None:
    nothing = Loaded(files=1, inputs=(InputYield("f.yaml"),))
    assert loaded("") == loaded("# nothing\n---\n# here\n") == nothing


@pytest.mark.parametrize("path", ["none.yaml", "nul\0.yaml", "bad\udc80.yaml", "a\x1b[2J"])
def test_paths_that_are_none(path: str) -> None:
    found = load([path])
    assert [code for code, _ in told(found)] == ["file-unreadable"]
    assert found.diagnostics[0].source.file.isprintable()


def test_files_that_are_too_large(
    loaded: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.inputs.texts.MAX_FILE_BYTES", 100)
    assert told(loaded("#" * 101)) == [("file-too-large", "f.yaml:1:1")]
    assert told(loaded("#" * 100)) == []


def test_standard_input(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")
    stream = io.BytesIO(SECRET.format("b").encode())
    found = load(["a.yaml", "-", "-"], stdin=stream)
    assert names(found) == ["a", "b"]
    assert str(found.objects[1].source) == "<stdin>:1:1"


def piped(content: bytes) -> int:
    """The reading end of a pipe that holds `content` and is closed at the other."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


@pytest.mark.parametrize("way", ["twice", "another descriptor", "standard input first", "last"])
def test_a_pipe_is_read_once_whatever_it_is_called(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = piped(SECRET.format("a").encode())
    path = f"/dev/fd/{handle}"
    other = os.dup(handle)
    paths = {
        "twice": [path, path],
        "another descriptor": [path, f"/proc/self/fd/{other}"],
        "standard input first": ["-", path],
        "last": [path, "-"],
    }[way]
    with os.fdopen(handle, "rb") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        found = load(paths)
    os.close(other)
    assert names(found) == ["a"]
    assert found.errors == ()
    assert [(one.secrets, one.empty) for one in found.inputs] == [(1, False)] * len(set(paths))


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to("pipe")
    writer = threading.Thread(target=lambda: pipe.write_bytes(SECRET.format("a").encode()))
    writer.start()
    assert names(load(["pipe", "link", "./pipe"])) == ["a"]
    writer.join(timeout=60)


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_pipe_is_as_wrong_as_empty_standard_input(content: bytes) -> None:
    handle = piped(content)
    path = f"/dev/fd/{handle}"
    assert told(load(path)) == [("manifests-missing", f"{path}:1:1")]
    os.close(handle)
    assert told(load(os.devnull)) == []


def test_what_each_input_held(tmp_path: Path) -> None:
    write(tmp_path / "m/a.yaml", "a")
    (tmp_path / "m/empty.yaml").write_text("# nothing\n")
    (tmp_path / "more.yaml").write_text(
        "{apiVersion: v1, kind: Namespace, metadata: {name: n}}\n---\n"
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: n}}\n---\n"
        "{apiVersion: v1, kind: Pod, metadata: {name: n}}\n"
    )
    stream = io.BytesIO(SECRET.format("b").encode())
    paths = ["m", "more.yaml", "m/empty.yaml", "./m/a.yaml", "-"]
    assert load(paths, stdin=stream).inputs == (
        InputYield("m", secrets=1),
        InputYield("more.yaml", others=2, skipped=1),
        InputYield("m/empty.yaml"),
        InputYield("./m/a.yaml", secrets=1),
        InputYield("<stdin>", secrets=1),
    )
    assert [one.path for one in load(paths[:3]).inputs if one.empty] == ["m/empty.yaml"]


def test_standard_input_that_is_closed() -> None:
    stream = io.BytesIO()
    stream.close()
    assert told(load("-", stdin=stream)) == [("file-unreadable", "<stdin>:1:1")]


def test_a_process_without_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert told(load("-")) == [("file-unreadable", "<stdin>:1:1")]


def test_standard_input_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET.format("a")))
    found = load("-")
    assert names(found) == ["a"]
    assert found.objects[0].data["key"].reveal() == "ключ 😀".encode()


def test_paths_of_any_kind(tmp_path: Path) -> None:
    write(tmp_path / "m/a.yaml", "a")
    kinds: list[Any] = [PurePosixPath("m/a.yaml"), b"m/a.yaml", [b"m"], {"m": 1}, iter(["m"])]
    for paths in kinds:
        found = load(paths)
        assert [item.source.file for item in found.objects] == ["m/a.yaml"]


def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert told(load(".")) == [("file-unreadable", ".:1:1")]


@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings(
    loaded: Callable[[bytes], Loaded],
    codec: str,
    mark: bool,  # noqa: FBT001 - pytest gives it by name
    ending: str,
) -> None:
    text = f"{SECRET.format('a')}---\n{SECRET.format('b')}".replace("\n", ending)
    found = loaded((("\ufeff" if mark else "") + text).encode(codec))
    assert [item.data["key"].reveal() for item in found.objects] == ["ключ 😀".encode()] * 2
    assert [(item.source.line, item.source.document) for item in found.objects] == [(1, 0), (8, 1)]


def test_byte_order_marks_of_files_that_were_strung_together(
    loaded: Callable[[bytes], Loaded],
) -> None:
    part = codecs.BOM_UTF8 + b"---\n"
    found = loaded(part + SECRET.format("a").encode() + part + SECRET.format("b").encode())
    assert names(found) == ["a", "b"]


def test_what_is_not_utf_8_spoils_its_own_document_alone(loaded: Callable[[bytes], Loaded]) -> None:
    bad = SECRET.format("b").encode("utf-8").replace(b"\xba", b"\xff", 1)
    found = loaded(b"---\n".join([SECRET.format("a").encode(), bad, SECRET.format("c").encode()]))
    assert names(found) == ["a", "c"]
    assert told(found) == [("encoding-invalid", "f.yaml:13:8")]


def test_half_a_character_of_utf_16(loaded: Callable[[bytes], Loaded]) -> None:
    content = codecs.BOM_UTF16_LE + "a: b\nc: ".encode("utf-16-le") + b"\x00\xd8d\x00"
    assert told(loaded(content)) == [("encoding-invalid", "f.yaml:2:4")]


def test_a_directory_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m/inner").mkdir(parents=True)
    write(tmp_path / "m/z.yaml", "z")
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if path.endswith("inner"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may read everything
    found = load("m")
    assert told(found) == [("file-unreadable", "m/inner:1:1")]
    assert names(found) == ["z"]
