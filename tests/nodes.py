"""A cluster with a real node for the tests: containerd, runc and kubelet, in namespaces of its own.

Its images are made here; nothing is pulled. Pods reach the API server as in any cluster.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import clusters
from tests.clusters import Cluster

ROOT = clusters.HERE.parent
CLUSTER = clusters.HERE / "controlplane" / "cluster.py"
ARCHIVE = ROOT / "integrations" / "image" / "archive.py"
BUSYBOX = "registry.test/busybox:1"
RECONCILER = "registry.test/reconciler:1"
PROGRAMS = ("containerd", "ctr", "runc", "busybox", "unshare", "setpriv")
PLUGINS = Path("/usr/lib/cni/bridge")
MISSING = "no node: run `make programs` as root, and `make controlplane`"

_APPLETS = ("sh", "cat", "sleep", "env", "ls", "id", "echo", "nc", "mkdir")


class Node(Cluster):
    """A running cluster of one node."""

    def _command(self, arguments: Sequence[str]) -> Sequence[str | Path]:
        """What starts it; `arguments` are archives of images."""
        return [sys.executable, CLUSTER, self.directory, self.program, *arguments]


def impossible() -> str:
    """Why no node can run on this machine, whatever is installed; nothing where one can."""
    if os.geteuid():
        return "A REAL NODE IS NOT TESTED HERE: it takes root"
    hierarchies = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    if all(line.startswith("0::") for line in hierarchies):
        return "A REAL NODE IS NOT TESTED HERE: it takes cgroups v1, and this machine has only v2"
    return ""


def busybox(directory: Path) -> Path:
    """An image of Debian's static busybox, which also is what holds a Pod's namespaces."""
    root = directory / "busybox"
    (root / "bin").mkdir(parents=True)
    (root / "tmp").mkdir(mode=0o1777)
    shutil.copy(shutil.which("busybox") or "busybox", root / "bin" / "busybox")
    for applet in _APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    image = directory / "busybox.tar"
    subprocess.run(
        [sys.executable, ARCHIVE, image, BUSYBOX, root, "/bin/sleep", "2147483647"],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return image


def need() -> None:
    """Skip a test where no node can run, and where a program is missing; that fails in CI."""
    if why := impossible():
        pytest.skip(why)
    here = all(map(shutil.which, PROGRAMS)) and PLUGINS.exists()
    if clusters.program() in {None, clusters.ENVTEST} or not here:
        if "CI" in os.environ:
            pytest.fail(MISSING)
        pytest.skip(MISSING)


def started(*images: Path) -> Node:
    """A new cluster with a node that has `images`, and busybox. A test calls `need` before."""
    program = clusters.program()
    assert program is not None
    base = Path(tempfile.mkdtemp(prefix="reconciler-node-"))
    return Node(program, base / "cluster", [str(busybox(base)), *map(str, images)])


def reconciler_image(directory: Path) -> Path:
    """The image of the wheel that is tested, or of one built from the checkout.

    It is kept in the cache of the tests under a name made from what it is built from.
    """
    environment = Path(sys.executable).parent
    wheels = [*(environment.parent / "wheel").glob("*.whl")]
    if "INSTALLED_WHEEL" not in os.environ:
        build: list[str | Path] = [
            environment / "hatchling",
            "build",
            "--target",
            "wheel",
            "--directory",
            directory,
        ]
        subprocess.run(build, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        wheels = [*directory.glob("*.whl")]
    (wheel,) = wheels
    program = ARCHIVE.with_name("build.py")
    sources = (wheel, ROOT / "requirements" / "image.txt", *sorted(program.parent.glob("*.py")))
    content = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    image = Path(base, "reconciler-tests", f"image-{content[:16]}.tar")
    if not image.exists():
        made = directory / "image.tar"
        subprocess.run(["apt-get", "update", "-qq"], check=True)  # noqa: S607 - Debian has it
        subprocess.run([sys.executable, program, wheel, made, "--name", RECONCILER], check=True)
        shutil.move(f"{made}.cdx.json", f"{image}.cdx.json")
        shutil.move(made, image)
    return image
