"""The program sops: its key service for data keys, and itself for whole files.

What it prints on standard error is never shown: that can hold values, and hashes from which values
can be guessed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Self

from reconciler.inputs.programs import inherited
from reconciler.inputs.sops.failures import ServiceLost
from reconciler.model.sops import SERVER_FIELDS, KeyGroup, MasterKey, SopsRefusal

if TYPE_CHECKING:
    from reconciler.inputs.sops.keyservice import KeyService

ADDRESSES = "RECONCILER_SOPS_ADDRESSES"
"""The variable that lists, by commas, the servers that files may name besides ``VAULT_ADDR``."""

_LONGEST_SECONDS = 120.0  # a person may have to enter a PIN
_RECIPIENTS = {
    "age": "age",
    "pgp": "PGP",
    "kms": "AWS KMS",
    "gcp_kms": "GCP KMS",
    "hckms": "Huawei Cloud KMS",
    "azure_kv": "Azure Key Vault",
    "hc_vault": "Vault",
}
# getsops/sops v3.13, cmd/sops/codes/codes.go
_NO_KEY = 128
_ALTERED = frozenset({25, 51, 52})

_FAILED = "sops-failed"
_NO_RULE = (b"no matching creation rules found", b"config file not found")

_UNRULED = (
    "no rule of a .sops.yaml matches the file",
    "add a rule whose path_regex matches it, with encrypted_regex: ^(data|stringData)$",
)
_NOT_ENCRYPTED = (
    "the program sops cannot encrypt the file",
    "see what 'sops encrypt' reports for another file that the same rule matches",
)

_REFUSALS = {
    "sops-program-missing": (
        "this document is encrypted with SOPS, and the program sops is not on PATH",
        "install it (https://getsops.io), or pipe what 'sops decrypt FILE' prints to reconciler",
    ),
    "sops-extra-missing": (
        "this document is encrypted with SOPS, and the extra sops is not installed",
        "install it with: pip install 'secrets-reconciler[sops]'",
    ),
    "sops-version": ("the program sops on PATH has no key service", "install sops 3.8 or newer"),
    "sops-tampered": (
        "this document was changed after SOPS encrypted it: its MAC, or a value, does not verify",
        "restore it and use 'sops edit FILE'; decrypt before kustomize, which breaks the MAC",
    ),
    "sops-no-key": (
        "no key that opens this document is at hand",
        "make a key available to sops, for example in SOPS_AGE_KEY_FILE",
    ),
    "sops-service-lost": (
        "the key service of sops has ended, or does not answer, so this document was not decrypted",
        "try again; if that does not help, see whether 'sops decrypt FILE' works",
    ),
    "sops-failed": (
        "the program sops cannot decrypt this document",
        "see what 'sops decrypt FILE' reports",
    ),
}


class SopsProgram:
    """The program sops as found on PATH; its key service starts with the first data key.

    `environ` is the environment that it gets, without this program's own variables. Use it in a
    ``with`` statement: its end ends the key service.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(inherited(environ))
        self._allowed = {
            address.strip().rstrip("/")
            for address in (
                *environ.get(ADDRESSES, "").split(","),
                environ.get("VAULT_ADDR", ""),
            )
            if address.strip()
        }
        self._open = contextlib.ExitStack()
        self._service: KeyService | None = None
        self._shares: dict[tuple[str, str], bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._service = None
        self._open.close()

    def share(self, group: KeyGroup) -> bytes:
        """See `reconciler.model.sops.Sops`."""
        program = self._program()
        barred = [
            key
            for key in group
            if key.kind in SERVER_FIELDS
            and not self._may_ask(key.fields.get(SERVER_FIELDS[key.kind], ""))
        ]
        for key in group:
            if key not in barred and (share := self._unwrapped(program, key)):
                return share
        if barred:
            raise _barred(barred[0].fields.get(SERVER_FIELDS[barred[0].kind], ""))
        raise _refusal("sops-no-key", *sorted({_RECIPIENTS[key.kind] for key in group}))

    def decrypt(
        self, text: str, kind: str, servers: Collection[str], *, ignore_mac: bool = False
    ) -> str:
        """See `reconciler.model.sops.Sops`."""
        for server in servers:
            if not self._may_ask(server):
                raise _barred(server)
        options = ["--input-type", kind, "--output-type", kind]
        options += ["--ignore-mac"] if ignore_mac else []
        try:
            ended = subprocess.run(  # noqa: S603 - a list, without a shell
                [self._program(), "decrypt", *options, "/dev/stdin"],
                input=text.encode("utf-8", "surrogateescape"),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environ,
                timeout=_LONGEST_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise _refusal("sops-failed") from None
        if ended.returncode in _ALTERED:
            raise _refusal("sops-tampered")
        if ended.returncode == _NO_KEY:
            raise _refusal("sops-no-key")
        if ended.returncode != 0:
            raise _refusal("sops-failed")
        return ended.stdout.decode("utf-8", "surrogateescape")

    def encrypt(self, text: str, path: str) -> str:
        """`text`, in YAML, encrypted by the rule of ``.sops.yaml`` for `path`, which is not read.

        Raises:
            SopsRefusal: no rule matches, or the program cannot encrypt it.
        """
        kinds = ("--input-type", "yaml", "--output-type", "yaml")
        try:
            ended = subprocess.run(  # noqa: S603 - a list, without a shell
                [self._program(), "encrypt", *kinds, "--filename-override", path, "/dev/stdin"],
                input=text.encode("utf-8", "surrogateescape"),
                capture_output=True,
                env=self._environ,
                timeout=_LONGEST_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise SopsRefusal(_FAILED, *_NOT_ENCRYPTED) from None
        if ended.returncode == 0:
            return ended.stdout.decode("utf-8", "surrogateescape")
        unruled = any(words in ended.stderr for words in _NO_RULE)  # looked at, never shown
        raise SopsRefusal(_FAILED, *(_UNRULED if unruled else _NOT_ENCRYPTED))

    def _program(self) -> str:
        program = shutil.which("sops", path=self._environ.get("PATH", os.defpath))
        if program is None:
            raise _refusal("sops-program-missing")
        return program

    def _may_ask(self, server: str) -> bool:
        """Whether `server` may be asked for a key: whoever wrote the file has named it."""
        return server.rstrip("/") in self._allowed

    def _unwrapped(self, program: str, key: MasterKey) -> bytes | None:
        name = (key.kind, key.wrapped)
        if name not in self._shares:
            try:
                unwrapped = self._key_service(program).unwrapped(key)
            except ServiceLost:
                raise _refusal("sops-service-lost") from None
            if unwrapped is None:
                return None
            self._shares[name] = unwrapped
        return self._shares[name]

    def _key_service(self, program: str) -> KeyService:
        if self._service is None:
            try:
                # h2 is imported only for files that SOPS encrypted.
                from reconciler.inputs.sops.keyservice import key_service
            except ModuleNotFoundError:
                raise _refusal("sops-extra-missing") from None
            try:
                self._service = self._open.enter_context(key_service(program, self._environ))
            except OSError:
                raise _refusal("sops-version") from None
        return self._service


def _refusal(code: str, *recipients: str) -> SopsRefusal:
    message, hint = _REFUSALS[code]
    return SopsRefusal(
        code, f"{message} ({', '.join(recipients)})" if recipients else message, hint
    )


def _barred(server: str) -> SopsRefusal:
    return SopsRefusal(
        "sops-address",
        f"this document names the server {server!a}, which is not asked for keys unless you allow "
        "it",
        f"if it is yours, list it in {ADDRESSES}",
    )
