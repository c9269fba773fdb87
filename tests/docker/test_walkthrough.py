"""What the page of the Docker store tells a reader to type is typed here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests import engines

PAGE = Path(__file__).resolve().parents[2] / "docs/stores/docker.md"
_HERE = 'reconciler() { "$PYTHON" -m reconciler "$@"; }\n'


def test_the_page_leads_from_nothing_to_a_rotated_secret(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 6
    bash = shutil.which("bash")
    assert bash is not None
    engine = engines.started(swarm=False)
    try:
        result = subprocess.run(
            [bash, "-eux", "-c", _HERE + "\n".join(blocks)],
            cwd=tmp_path,
            env={
                **os.environ,
                "DOCKER_HOST": f"unix://{engine.socket}",
                "PYTHON": sys.executable,
                "PYTHONSAFEPATH": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        engine.stop()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "unreal-password" not in result.stdout
    assert "Service/web (file db-password) keeps the old version" in result.stdout
    assert "Service/web (file db-password) is updated to the new version" in result.stdout
    assert '"SecretName":"shop.password-2"' in result.stdout
    assert '"Name":"db-password","UID":"0","GID":"0","Mode":256' in result.stdout
    assert result.stdout.count("No drift.") == 2
    assert "data[username]  removed" in result.stdout
