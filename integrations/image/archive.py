#!/usr/bin/env python3
"""Container images as archives, made without a registry, a daemon or root.

    archive.py ARCHIVE NAME:TAG ROOT [COMMAND...]

An archive is an OCI image layout (image-spec 1.1, ``image-layout.md``) that also has the
``manifest.json`` of ``docker save``: ``ctr images import``, ``docker load``, ``podman load`` and
``skopeo copy oci-archive:`` take it. The same tree gives the same bytes: entries are sorted, belong
to root, and bear the time of `EPOCH`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EPOCH = 0
"""The time of every entry, in seconds; programs that compare it with a clock see 1970."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Go, and so the image specification, calls the processors that Linux names."""

_LAYOUT = "oci-layout"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What an image is, besides its files. ``name`` is a reference with a tag."""

    name: str
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    user: str = ""
    directory: str = "/"
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def write(image: Image, root: Path, archive: Path) -> str:
    """Write the tree below `root` as an image of one layer.

    Returns:
        The digest of the image's manifest, ``sha256:`` and 64 hexadecimal digits: what a registry
        would know it by.
    """
    layer = _layer(root)
    config = _json(_config(image, layer))
    compressed = gzip.compress(layer, compresslevel=6, mtime=EPOCH)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "config": _descriptor(_CONFIG_TYPE, config),
            "layers": [_descriptor(_LAYER_TYPE, compressed)],
        }
    )
    index = _descriptor(_MANIFEST_TYPE, manifest) | {
        "annotations": {
            "io.containerd.image.name": image.name,
            "org.opencontainers.image.ref.name": image.name.rpartition(":")[2],
        }
    }
    docker = {
        "Config": _place(config),
        "RepoTags": [image.name],
        "Layers": [_place(compressed)],
    }
    files = {_place(blob): blob for blob in (config, compressed, manifest)} | {
        _LAYOUT: _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json({"schemaVersion": 2, "manifests": [index]}),
        "manifest.json": _json([docker]),
    }
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), EPOCH, 0o644
            tar.addfile(entry, io.BytesIO(content))
    return f"sha256:{_digest(manifest)}"


def _layer(root: Path) -> bytes:
    """The files below `root` as an uncompressed tar."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = EPOCH
        return entry

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, str(path.relative_to(root)), recursive=False, filter=plain)
    return content.getvalue()


def _config(image: Image, layer: bytes) -> dict[str, Any]:
    return {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {
            "User": image.user,
            "WorkingDir": image.directory,
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.command),
            "Env": [f"{name}={value}" for name, value in sorted(image.variables.items())],
            "Labels": dict(sorted(image.labels.items())),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _digest(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()


def _place(blob: bytes) -> str:
    return f"blobs/sha256/{_digest(blob)}"


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{_digest(blob)}", "size": len(blob)}


if __name__ == "__main__":
    target, reference, tree, *words = sys.argv[1:]
    print(write(Image(name=reference, command=words), Path(tree), Path(target)))
