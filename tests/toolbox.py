"""The programs that write the files which the loader reads, as `make tools` builds them."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

BUILD = Path(__file__).resolve().parent / "tools" / "build.sh"


@cache
def built() -> Path | None:
    """The directory of the programs, where there is one; waits for a build that is under way."""
    asked = subprocess.run([BUILD, "--where"], capture_output=True, text=True, check=True)
    return Path(asked.stdout.strip()) if asked.stdout else None


def directory() -> Path:
    """The directory of the programs. Without it, the test is skipped, or fails in CI."""
    programs = built()
    if programs is None:
        import pytest  # the benchmarks do without

        missing = "the programs are not built: run `make tools`"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return programs
