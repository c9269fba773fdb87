"""Connects by a kubeconfig, or by the account of a Pod."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from reconciler.errors import ConfigError
from reconciler.files import checkout_of
from reconciler.stores.kubernetes import static
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.reaching import pool_of
from reconciler.stores.urls import shown_path

_STEERING = {"exec", "auth-provider", "tokenFile"}
_OTHER_KUBECONFIG = "choose a file with --kubeconfig or KUBECONFIG, a context with --context"


def connect(
    context: str, kubeconfig: str, environ: Mapping[str, str], *, trusted: bool
) -> Connection:
    """A connection as kubectl would make it: by kubeconfig, or within a cluster by its account.

    A kubeconfig of the checkout may name programs, and files to send, only if it is `trusted`.

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

        if not (within or trusted):
            for file in files.split(os.pathsep):
                _refuse_programs(Path(file))
        reached = official.of_pod() if within else official.of_files(files, shown, context)
    access, headers = reached
    return Connection(access.address, pool_of(access), headers)


def _refuse_programs(file: Path) -> None:
    """Refuse a kubeconfig of the checkout that may name a program, or a file to send as a token.

    Raises:
        ConfigError: it has such a user, whichever context is chosen.
    """
    steering = sorted(_STEERING & _fields_of_users(file)) if _is_of_checkout(file) else []
    if steering:
        raise ConfigError(
            f"the kubeconfig {shown_path(str(file))} is a file of this checkout, and has a user "
            f"with {' and '.join(map(repr, steering))}: that could run programs here, or send a "
            "file of this machine to the cluster",
            hint="if you trust this checkout, use --allow-run or RECONCILER_ALLOW_RUN=1",
        )


def _fields_of_users(file: Path) -> set[str]:
    """The fields of all users, read as the official client does, so that both see the same.

    None where it cannot be read: that client says why.
    """
    try:
        with file.open() as stream:
            document = yaml.safe_load(stream)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return set()
    entries = document.get("users") if isinstance(document, dict) else None
    users = [
        entry.get("user")
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    ]
    return {str(field) for user in users if isinstance(user, dict) for field in user}


def _is_of_checkout(file: Path) -> bool:
    """Whether `file` is below the repository, or else the directory, that we are in.

    A home directory is nobody's checkout, even where it is a repository of its own.
    """
    try:
        checkout, home = checkout_of(Path.cwd()), Path.home().resolve()
    except (OSError, RuntimeError):  # the directory is gone; nobody has a home
        return True
    return file.resolve().is_relative_to(checkout) and not home.is_relative_to(checkout)


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
