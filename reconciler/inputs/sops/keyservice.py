"""The key service of the program sops: one process that unwraps the data keys of all files.

The service is that of getsops/sops v3.13, ``keyservice/``.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.inputs.parents import end_with_parent
from reconciler.inputs.sops.calls import Calls
from reconciler.inputs.sops.failures import CallFailed, ServiceLost
from reconciler.inputs.sops.messages import decrypt_request, plaintext_of
from reconciler.model.sops import MasterKey

_DECRYPT = "/KeyService/Decrypt"
_START_SECONDS = 10.0
_ANSWER_SECONDS = 120.0  # a person may have to enter a PIN
_POLL_SECONDS = 0.005


class KeyService:
    """The service as `calls` reach it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def unwrapped(self, key: MasterKey) -> bytes | None:
        """What `key` wrapped; ``None`` where the service cannot unwrap it.

        Raises:
            ServiceLost: it gives no answer.
        """
        try:
            return plaintext_of(self._calls.call(_DECRYPT, decrypt_request(key)))
        except ServiceLost:
            raise
        except (CallFailed, ValueError):
            return None


@contextlib.contextmanager
def key_service(program: str, environ: Mapping[str, str]) -> Iterator[KeyService]:
    """A key service that ends with the body, and with this process.

    Its socket is in a directory that only this user can enter, as it asks nobody who they are.

    Raises:
        OSError: it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="reconciler-") as directory:  # of mode 0700
        path = Path(directory, "sops")
        process = subprocess.Popen(  # noqa: S603 - a list, without a shell
            [program, "keyservice", "--network", "unix", "--address", str(path)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - it calls nothing that takes a lock
        )
        try:
            with contextlib.closing(_connected(process, path)) as calls:
                yield KeyService(calls)
        finally:
            process.kill()
            process.wait()


def _connected(process: subprocess.Popen[bytes], path: Path) -> Calls:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            return Calls(path, _ANSWER_SECONDS)
        except OSError:
            if process.poll() is not None or time.monotonic() >= until:
                raise
        time.sleep(_POLL_SECONDS)
