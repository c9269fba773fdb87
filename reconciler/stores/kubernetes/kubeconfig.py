"""Connects by a kubeconfig, or by the account of a Pod."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes import static
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.reaching import pool_of
from reconciler.stores.urls import shown_path

_OTHER_KUBECONFIG = "choose a file with --kubeconfig or KUBECONFIG, a context with --context"


def connect(context: str, kubeconfig: str, environ: Mapping[str, str]) -> Connection:
    """A connection as kubectl would make it: by kubeconfig, or within a cluster by its account.

    Raises:
        ConfigError: neither is there, or what is there cannot be used.
    """
    files = kubeconfig or environ.get("KUBECONFIG") or _default()
    shown = os.pathsep.join(filter(None, map(shown_path, files.split(os.pathsep))))
    within = "KUBERNETES_SERVICE_HOST" in environ and not (shown or kubeconfig or context)
    if not (within or shown):
        raise ConfigError(_missing(kubeconfig, environ), hint=_OTHER_KUBECONFIG)
    reached = None if within else static.read(files, context, environ)
    if reached is None:
        from reconciler.stores.kubernetes import official

        reached = official.of_pod() if within else official.of_files(files, shown, context)
    access, headers = reached
    return Connection(access.address, pool_of(access), headers)


def _default() -> str:
    return str(Path("~/.kube/config").expanduser())


def _missing(kubeconfig: str, environ: Mapping[str, str]) -> str:
    """What to say where no file is there; a variable's content may be a key, or a kubeconfig."""
    if kubeconfig:
        return (
            "the kubeconfig that --kubeconfig, RECONCILER_KUBECONFIG or the configuration file "
            "names does not exist"
        )
    if environ.get("KUBECONFIG"):
        return "the kubeconfig that KUBECONFIG names does not exist"
    return f"the kubeconfig {_default()} does not exist"
