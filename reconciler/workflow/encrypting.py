"""Manifests encrypted by the program sops, before anything of them reaches a disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.inputs.sops import SopsProgram
from reconciler.manifests.sops import plain_values
from reconciler.model.sops import SopsRefusal


def encrypted(text: str, path: Path, environ: Mapping[str, str]) -> str:
    """`text`, a stream of manifests, as sops encrypts what is to be the file `path`.

    `environ` is the environment that sops gets, without the variables of this program.

    Raises:
        ConfigError: no rule matches `path`, the rule leaves values plain, or sops fails.
    """
    try:
        with SopsProgram(environ) as sops:
            sealed = sops.encrypt(text, str(path))
    except SopsRefusal as refusal:
        raise ConfigError(f"{path} was not written: {refusal.message}", hint=refusal.hint) from None
    left = [*plain_values(sealed)]
    if left:
        raise ConfigError(
            f"{path} was not written: the rule of .sops.yaml for it leaves values plain",
            details=left,
            hint="let the rule say encrypted_regex: ^(data|stringData)$",
        )
    return sealed
