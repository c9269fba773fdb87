"""Images as archives: the same tree gives the same bytes, and every digest in them is right."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from tests.nodes import ARCHIVE, ROOT


def made(directory: Path, name: str, *, time: int) -> tuple[Path, str]:
    """An archive of a small tree whose files bear that time, and the digest as it is printed."""
    root = directory / name
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "program").write_text("hello")
    (root / "bin" / "program").chmod(0o755)
    (root / "bin" / "alias").symlink_to("program")
    os.utime(root / "bin" / "program", (time, time))
    archive = directory / f"{name}.tar"
    done = subprocess.run(
        [sys.executable, ARCHIVE, archive, "registry.test/x:1", root, "/bin/program"],
        capture_output=True,
        text=True,
        check=True,
    )
    return archive, done.stdout.strip()


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    first, digest = made(tmp_path, "first", time=1_000_000)
    second, other = made(tmp_path, "second", time=2_000_000)
    assert first.read_bytes() == second.read_bytes()
    assert digest == other


def test_what_the_manifests_name_is_there_with_that_digest(tmp_path: Path) -> None:
    archive, digest = made(tmp_path, "first", time=0)
    with tarfile.open(archive) as tar:
        files = {
            member.name: file.read()
            for member in tar.getmembers()
            if (file := tar.extractfile(member)) is not None
        }

    def blob(descriptor: Any) -> bytes:
        content = files[f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}"]
        assert hashlib.sha256(content).hexdigest() == descriptor["digest"].removeprefix("sha256:")
        assert len(content) == descriptor["size"]
        return content

    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == digest
    manifest = json.loads(blob(entry))
    config = json.loads(blob(manifest["config"]))
    layer = gzip.decompress(blob(manifest["layers"][0]))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["config"]["Cmd"] == ["/bin/program"]
    (docker,) = json.loads(files["manifest.json"])
    assert files[docker["Config"]] == blob(manifest["config"])
    assert [files[name] for name in docker["Layers"]] == [blob(manifest["layers"][0])]


def test_both_ways_to_an_image_install_the_same_lock() -> None:
    image = ROOT / "integrations" / "image"
    for recipe in ("build.py", "Containerfile"):
        assert "image.txt" in (image / recipe).read_text(encoding="utf-8")
