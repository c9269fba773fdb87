"""Where an output file comes to lie: links, pipes, devices, and what else may stand there."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from reconciler.errors import FileNotWritten
from reconciler.files import own_descriptor, write_over_own, write_whole

NEW = b"new"
OLD = b"old"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "f"
    for content in (OLD, NEW):
        write_whole(path, content, mode=0o600)
        assert path.read_bytes() == content
        assert mode_of(path) == 0o600
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("before", "mark", "is_replaced"),
    [
        (b"", b"mine", True),
        (b"", None, True),
        (b'{"format": "mine/v1"}', b'"mine/', True),
        (b"apiVersion: v1", b'"mine/', False),
        (b'{"format": "mine/v1"}', None, False),
        (b" " * 100 + b'"mine/', b'"mine/', False),
    ],
)
def test_only_a_file_with_the_mark_is_replaced(
    tmp_path: Path, before: bytes, mark: bytes | None, *, is_replaced: bool
) -> None:
    path = tmp_path / "f"
    path.write_bytes(before)
    if is_replaced:
        write_over_own(path, NEW, mode=0o600, mark=mark)
    else:
        with pytest.raises(FileNotWritten, match="it is not overwritten"):
            write_over_own(path, NEW, mode=0o600, mark=mark)
    assert path.read_bytes() == (NEW if is_replaced else before)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("is_there", [True, False], ids=["target", "dangling"])
def test_a_link_stays_and_its_target_is_replaced(
    tmp_path: Path, depth: int, *, is_there: bool
) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "target"
    if is_there:
        target.write_bytes(OLD)
        target.chmod(0o644)
    path = target
    for number in range(depth):
        link = tmp_path / f"link{number}"
        link.symlink_to(os.path.relpath(path, tmp_path))
        path = link
    write_whole(path, NEW, mode=0o600)
    assert path.is_symlink()
    assert target.read_bytes() == NEW
    assert mode_of(target) == 0o600
    assert [one.name for one in (tmp_path / "elsewhere").iterdir()] == ["target"]
    assert not [one for one in tmp_path.iterdir() if one.is_file() and not one.is_symlink()]


def test_a_link_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link" / "f", NEW, mode=0o600)
    assert (tmp_path / "real" / "f").read_bytes() == NEW


@pytest.mark.parametrize("target", ["link", "other/../link", "nowhere/f", "directory"])
def test_a_link_that_leads_to_no_file_is_an_error(tmp_path: Path, target: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "directory").mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileNotWritten, match="link: cannot be written: "):
        write_whole(link, NEW, mode=0o600)
    assert sorted(tmp_path.rglob("*")) == before
    assert link.is_symlink()


@pytest.mark.parametrize("through_a_link", [True, False])
def test_a_pipe_is_written_to(tmp_path: Path, *, through_a_link: bool) -> None:
    path = pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if through_a_link:
        path = tmp_path / "link"
        path.symlink_to("pipe")
    content = os.urandom(300_000)  # more than a pipe holds
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(path, content, mode=0o600)
    reader.join(timeout=60)
    assert read == [content]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert sorted(tmp_path.iterdir()) == sorted({path, pipe})


def test_a_device_is_written_to(tmp_path: Path) -> None:
    # Through a link, so that a fault replaces the link and not the machine's device.
    (tmp_path / "null").symlink_to(os.devnull)
    write_whole(tmp_path / "null", NEW, mode=0o600)
    assert (tmp_path / "null").is_symlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_device_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(FileNotWritten, match="full: cannot be written: No space left"):
        write_whole(tmp_path / "full", NEW, mode=0o600)


def test_an_inherited_descriptor_is_written_to_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "f"
    with file.open("wb") as opened:
        file.chmod(0o644)
        opened.write(OLD)
        opened.flush()
        (tmp_path / "link").symlink_to(f"/dev/fd/{opened.fileno()}")
        inode = file.stat().st_ino
        write_whole(tmp_path / "link", NEW, mode=0o600)
        opened.write(OLD)
    assert file.read_bytes() == OLD + NEW + OLD
    assert file.stat().st_ino == inode
    assert mode_of(file) == 0o600


def test_a_descriptor_that_is_not_open_is_an_error() -> None:
    with pytest.raises(FileNotWritten, match="Bad file descriptor"):
        write_whole(Path("/dev/fd/987"), NEW, mode=0o600)


def test_which_paths_lead_to_a_descriptor_of_this_process(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdin")
    (tmp_path / "loop").symlink_to("loop")
    assert own_descriptor("/dev/fd/7") == 7
    assert own_descriptor("/dev/../dev/stdout") == 1
    assert own_descriptor(tmp_path / "link") == 0
    for path in ("/dev/null", "/proc/1/fd/0", tmp_path / "loop", tmp_path / "none", "-", "a\0"):
        assert own_descriptor(path) is None


@pytest.mark.parametrize("at_first", ["file", "nothing", "link"])
def test_a_link_that_is_put_there_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_first: str
) -> None:
    (tmp_path / "private").mkdir()
    victim = tmp_path / "private" / "victim"
    victim.write_bytes(OLD)
    path, aside = tmp_path / "f", tmp_path / "aside"
    if at_first == "file":
        path.write_bytes(OLD)
    if at_first == "link":
        aside.write_bytes(OLD)
        path.symlink_to("aside")
    resolve = os.path.realpath

    def swapped(name: str | os.PathLike[str]) -> str:
        if Path(name) == path:
            path.unlink(missing_ok=True)
            path.symlink_to(victim)
        return resolve(name)

    monkeypatch.setattr(os.path, "realpath", swapped)
    with pytest.raises(FileNotWritten, match="somebody else put another file there"):
        write_whole(path, NEW, mode=0o600)
    assert victim.read_bytes() == OLD
    assert [one.name for one in (tmp_path / "private").iterdir()] == ["victim"]


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "f", NEW, mode=0o600)
    assert list(tmp_path.iterdir()) == []
