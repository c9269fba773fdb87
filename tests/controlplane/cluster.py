#!/usr/bin/env python3
"""A Kubernetes cluster of one real node, in namespaces of its own, until SIGTERM. Needs root.

    cluster.py DIR PROGRAM IMAGE.tar...

DIR must be new; DIR/kubeconfig appears once the node is ready, for use from this machine's
loopback. PROGRAM is what build.sh builds. The first image is that of the Pods' own processes too,
registry.test/busybox:1. SIGHUP kills the API server and starts it again.

What node.sh starts (control plane, containerd, kubelet, containers) has its own network, mounts,
processes, host name and cgroups below those of the caller. It ends with this program, and leaves
nothing behind but DIR; after a SIGKILL of this program, empty cgroups.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cgroups

_NODE = Path(__file__).with_name("node.sh")
# In a process of its own, and not before exec: only there are no other threads.
_JOINED = 'for group in $1; do echo $$ >"$group/cgroup.procs"; done; shift; exec "$@"'
_APART = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--cgroup", "--mount", "--net", "--pid", "--uts", "--ipc"),
    *("--fork", "--kill-child", "--mount-proc"),
)


def main(directory: Path, program: Path, *images: Path) -> int:
    """Run it; fails where it ends without having been asked to."""
    directory.mkdir(parents=True)
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: asked.append(number))
    groups = cgroups.made(f"{directory.name}-{os.getpid()}")
    # A socket stays in the network in which it was made: what node.sh accepts came in here.
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        process = _started(directory, program, images, listener.fileno(), groups)
    try:
        while process.poll() is None:
            if signal.SIGHUP in asked:
                asked.remove(signal.SIGHUP)
                _pass_on(signal.SIGHUP, process)
            if asked:
                return 0
            _publish(directory, port)
            time.sleep(0.05)
        return 1
    finally:
        process.kill()  # with --kill-child, all that has begun below it
        process.wait()
        for _, group in groups:
            cgroups.remove(group)


def _started(
    directory: Path,
    program: Path,
    images: tuple[Path, ...],
    listener: int,
    groups: list[tuple[str, Path]],
) -> subprocess.Popen[bytes]:
    with (directory / "node.log").open("wb") as log:
        return subprocess.Popen(
            [
                *("bash", "-c", _JOINED, "bash", " ".join(str(group) for _, group in groups)),
                *_APART,
                *(_NODE, directory, program, str(listener)),
                " ".join(controllers for controllers, _ in groups),
                *images,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener],
        )


def _pass_on(number: int, process: subprocess.Popen[bytes]) -> None:
    """Send a signal to node.sh, the only child of unshare."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for child in children.read_text(encoding="ascii").split():
        os.kill(int(child), number)


def _publish(directory: Path, port: int) -> None:
    """Once the node is ready, write the kubeconfig for this side of the listener."""
    config = directory / "kubeconfig"
    if config.exists() or not (directory / "ready").exists():
        return
    inside = (directory / "control" / "kubeconfig").read_text(encoding="utf-8")
    temporary = config.with_suffix(".tmp")
    temporary.touch(0o600)
    temporary.write_text(
        inside.replace("https://127.0.0.1:443", f"https://127.0.0.1:{port}"), encoding="utf-8"
    )
    temporary.rename(config)


if __name__ == "__main__":
    sys.exit(main(*(Path(word).resolve() for word in sys.argv[1:])))
