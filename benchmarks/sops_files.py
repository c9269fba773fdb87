"""What loading files that SOPS encrypted costs, beside one process of sops for each of them.

    python benchmarks/sops_files.py          # 1,000 files; needs `make tools`

CPU seconds are those of this process and of the programs that it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.workflow import load
from tests import toolbox

COUNT = 1_000
SAMPLE = 100
_OPTIONS = (
    *("--encrypted-regex", "^(data|stringData)$"),
    *("--input-type", "yaml", "--output-type", "yaml"),
)


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of `work` in this process, and in those that have ended meanwhile."""
    before = os.times()
    work()
    after = os.times()
    return (
        after.user + after.system - before.user - before.system,
        after.children_user + after.children_system - before.children_user - before.children_system,
    )


def encrypt(program: Path, recipient: str, file: Path) -> None:
    """Write one encrypted Secret with three values."""
    name = file.stem
    plain = (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n"
        f"  password: not-a-real-password-{name}\n  user: user-{name}\n"
        f"  url: https://example.org/{name}\n"
    )
    done = subprocess.run(
        [program, "encrypt", "--age", recipient, *_OPTIONS, "/dev/stdin"],
        input=plain.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    file.write_bytes(done.stdout)


def one_by_one(program: Path, files: list[Path]) -> None:
    """Decrypt each file with a process of its own."""
    for file in files:
        subprocess.run([program, "decrypt", file], stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    """Print the figures."""
    programs = toolbox.directory()
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        key, manifests = Path(folder, "key"), Path(folder, "manifests")
        manifests.mkdir()
        subprocess.run([programs / "age-keygen", "-o", key], stderr=subprocess.DEVNULL, check=True)
        os.environ["SOPS_AGE_KEY_FILE"] = str(key)
        recipient = subprocess.run(
            [programs / "age-keygen", "-y", key], capture_output=True, text=True, check=True
        ).stdout.strip()
        files = [manifests / f"s{number}.yaml" for number in range(COUNT)]
        with ThreadPoolExecutor(2) as at_once:
            list(at_once.map(lambda file: encrypt(programs / "sops", recipient, file), files))
        loaded = load(manifests)
        assert len(loaded.objects) == COUNT, loaded.errors[:3]
        own, service = cpu(lambda: load(manifests))
        _, each = cpu(lambda: one_by_one(programs / "sops", files[:SAMPLE]))
    each *= COUNT / SAMPLE
    total = own + service
    print(f"{COUNT} files, loaded                {total:6.2f} s of CPU ({service:.2f} of sops)")
    print(
        f"{COUNT} files, one sops each ({SAMPLE})  {each:6.2f} s of CPU   ratio {each / total:.1f}"
    )


if __name__ == "__main__":
    main()
