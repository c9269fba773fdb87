"""Inputs to objects: the two rooms that know nothing of each other."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from reconciler import inputs
from reconciler.inputs import Running
from reconciler.inputs.rendering import Waiting
from reconciler.inputs.sops import SopsProgram
from reconciler.manifests import LintSettings, Loaded, objects_of, plain_document
from reconciler.model.inputs import Exclusion, InputSource
from reconciler.model.sops import KeyGroup, Sops

_DEFAULT_LINTS = LintSettings()


def load(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    namespace: str = "default",
    stdin: IO[bytes] | None = None,
    exclude: Sequence[Exclusion] = (),
    lints: LintSettings = _DEFAULT_LINTS,
    moment: datetime | None = None,
    environ: Mapping[str, str] = os.environ,
    sources: Sequence[InputSource] = (),
    running: Running | None = None,
    sops_ignore_mac: bool = False,
) -> Loaded:
    """Load the manifests at `paths` and report every problem in them.

    Directories are read recursively, without what `exclude` leaves out; ``-`` stands for `stdin`,
    or the process's own standard input. Objects that name no namespace get `namespace`. `lints`
    sets which warnings are reported, and which count as errors. Certificates are checked as of
    `moment`, which has a time zone, or now. The program sops decrypts what SOPS encrypted, with
    the keys that it has in `environ`. `sources` come after `paths`; `running` says how programs are
    run that print manifests, which is with `environ` and without what executes or fetches anything
    unless it is given. `sops_ignore_mac` accepts SOPS files that were changed after they were
    encrypted. Bad input raises nothing.
    """
    names = [paths] if isinstance(paths, str | bytes | os.PathLike) else paths
    reading = inputs.Reading(
        parse=plain_document,
        stdin=stdin,
        exclude=tuple(exclude),
        running=running or Running(environ=environ),
    )
    with SopsProgram(environ) as sops:
        return objects_of(
            inputs.read(names, reading, sources),
            namespace=namespace,
            lints=lints,
            moment=moment or datetime.now(UTC),
            sops=_YieldingSops(sops, reading.running.waiting),
            sops_ignore_mac=sops_ignore_mac,
        )


@dataclass(frozen=True, slots=True)
class _YieldingSops(Sops):
    """The program `sops`, with ``waiting`` entered for as long as it is at work."""

    sops: Sops
    waiting: Waiting

    def share(self, group: KeyGroup) -> bytes:
        with self.waiting():
            return self.sops.share(group)

    def decrypt(
        self, text: str, kind: str, servers: Collection[str], *, ignore_mac: bool = False
    ) -> str:
        with self.waiting():
            return self.sops.decrypt(text, kind, servers, ignore_mac=ignore_mac)
