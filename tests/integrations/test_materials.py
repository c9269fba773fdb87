"""The bill of materials of an image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.nodes import ARCHIVE

PROGRAM = """
import sys
from pathlib import Path
import materials
print(materials.bill("x:1", [("libc6", "1%3a2.36-9%2bdeb12u13")], Path(sys.argv[1])))
"""


def bill(site: Path) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, site],
        env={**os.environ, "PYTHONPATH": str(ARCHIVE.parent)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_it_lists_the_packages_of_debian_and_python_and_is_reproducible(tmp_path: Path) -> None:
    record = tmp_path / "Some_Thing-1.5.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.5\n")
    text = bill(tmp_path)
    assert bill(tmp_path) == text
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert [component["purl"] for component in document["components"]] == [
        "pkg:deb/debian/libc6@1:2.36-9%2Bdeb12u13",
        "pkg:pypi/some-thing@1.5",
    ]
