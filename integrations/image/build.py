#!/usr/bin/env python3
"""Make the image of `reconciler` without a registry, a daemon or root, for machines with neither.

    build.py WHEEL ARCHIVE [--name REFERENCE] [--clouds]

It needs a Debian of release 12 with `apt-get` and `dpkg`, Python with pip, and cyclonedx-python-lib
for the bill of materials. The image has Debian's Python, what `requirements/image.txt` locks, and
WHEEL: no shell, no package manager, user 65532. ARCHIVE suits `docker load`, `podman load` and
`ctr images import`. Beside it lies ARCHIVE.cdx.json, a CycloneDX 1.6 list of what is inside.

The same wheel, lock and Debian packages give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import archive
import materials

LOCKS = Path(__file__).resolve().parents[2] / "requirements"
USER = "65532"
SITE = "usr/lib/python3/dist-packages"
PYTHON = "python3.11"
PACKAGES = (
    *("base-files", "libc6", "libgcc-s1", "zlib1g", "libexpat1", "libffi8", "libbz2-1.0"),
    *("liblzma5", "libcrypt1", "libsqlite3-0", "libssl3", "libuuid1", "ca-certificates"),
    *(f"{PYTHON}-minimal", f"lib{PYTHON}-minimal", f"lib{PYTHON}-stdlib"),
)

_LAUNCHER = f"""#!/usr/bin/{PYTHON} -I
from reconciler.__main__ import run

run()
"""
_USERS = f"root:x:0:0::/root:/none\nreconciler:x:{USER}:{USER}::/tmp:/none\n"
_GROUPS = f"root:x:0:\nreconciler:x:{USER}:\n"
_UNUSED = (
    "etc/cron*",
    "usr/share/doc",
    "usr/share/lintian",
    "usr/share/man",
    "usr/sbin",
    f"usr/lib/{PYTHON}/lib2to3",
    f"usr/lib/{PYTHON}/ensurepip",
    f"{SITE}/bin",
    f"{SITE}/kubernetes/aio",  # half of that package, and nothing here imports it
)


def main() -> None:
    """Make the archive and its bill of materials; print the image's digest."""
    parser = argparse.ArgumentParser(description="Make the image without a registry or a daemon.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--name", default="reconciler:local")
    parser.add_argument("--clouds", action="store_true", help="with the SDKs of cce and sae")
    given = parser.parse_args()
    lock = LOCKS / ("image-clouds.txt" if given.clouds else "image.txt")
    with tempfile.TemporaryDirectory(prefix="image-") as work:
        root, downloads = Path(work, "root"), Path(work, "downloads")
        root.mkdir()
        downloads.mkdir()
        unpack_debian(root, downloads)
        install(given.wheel, lock, root)
        furnish(root)
        compile_all(root)
        listed = materials.bill(
            given.name,
            [package.stem.split("_")[:2] for package in sorted(downloads.iterdir())],
            root / SITE,
        )
        image = archive.Image(
            name=given.name,
            entrypoint=["/usr/bin/reconciler"],
            user=USER,
            directory="/work",
            variables={"PATH": "/usr/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},  # noqa: S108
            labels={"org.opencontainers.image.licenses": "Apache-2.0"},
        )
        digest = archive.write(image, root, given.archive)
    given.archive.with_name(f"{given.archive.name}.cdx.json").write_text(listed, encoding="utf-8")
    print(digest)


def unpack_debian(root: Path, downloads: Path) -> None:
    """Unpack Debian's packages into `root`; none of their scripts runs."""
    subprocess.run(
        ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *PACKAGES],
        cwd=downloads,
        check=True,
    )
    for package in sorted(downloads.iterdir()):
        subprocess.run(["dpkg", "--extract", package, root], check=True)


def install(wheel: Path, lock: Path, root: Path) -> None:
    """Install `wheel` and what `lock` has into `root`, all as wheels and by their hashes."""
    pip = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--root-user-action=ignore", "--no-compile", "--no-deps", "--only-binary", ":all:"),
        *("--python-version", PYTHON.removeprefix("python"), "--target", root / SITE),
    )
    subprocess.run([*pip, "--require-hashes", "--requirement", lock], check=True)
    subprocess.run([*pip, "--upgrade", wheel], check=True)


def furnish(root: Path) -> None:
    """Do what the packages' scripts would, add the program and the user, drop what is not used."""
    for pattern in _UNUSED:
        for path in root.glob(pattern):
            shutil.rmtree(path)
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(b"".join(path.read_bytes() for path in authorities))
    launcher = root / "usr/bin/reconciler"
    launcher.write_text(_LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)
    (root / "etc/passwd").write_text(_USERS, encoding="utf-8")
    (root / "etc/group").write_text(_GROUPS, encoding="utf-8")
    (root / "work").mkdir()
    for path in (root, *root.rglob("*")):
        if path.is_dir() and path.name != "tmp" and not path.is_symlink():
            path.chmod(0o755)  # whatever the umask of whoever runs this


def compile_all(root: Path) -> None:
    """Compile with the image's own Python: a third of its size, and two seconds of each start."""
    libraries = (*root.glob("*/*-linux-gnu"), *root.glob("usr/lib/*-linux-gnu"))
    loader = next(root.glob("lib*/ld-linux*"))
    subprocess.run(
        [
            *(loader, "--library-path", ":".join(map(str, libraries))),
            *(root / "usr/bin" / PYTHON, "-I", "-m", "compileall", "-q", "-j", "1"),
            *("--invalidation-mode", "unchecked-hash", "-s", root, "-p", "/"),
            *("-x", r"/(lib2to3|idlelib)/", root / "usr/lib"),
        ],
        env={**os.environ, "PYTHONHOME": str(root / "usr")},
        check=True,
    )


if __name__ == "__main__":
    main()
