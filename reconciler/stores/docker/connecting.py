"""Connects to the engine that a URL, a context or the environment names, as docker does.

The precedence is that of https://docs.docker.com/engine/manage-resources/contexts/: what is named
outright, then ``DOCKER_HOST``, then ``DOCKER_CONTEXT`` and the current context.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.errors import ConfigError
from reconciler.stores.docker.engine import Engine
from reconciler.stores.kit.refusals import not_installed
from reconciler.stores.urls import shown_path

_ADDRESS = re.compile(r"(unix|tcp|http|https|ssh|npipe)://")
_DEFAULT = "unix:///var/run/docker.sock"


def connection(named: str, environ: Mapping[str, str], workers: int) -> Engine:
    """The engine that `named` names, an address or a context; empty stands for the environment's.

    Raises:
        ConfigError: docker-py is not installed, or there is no such context.
    """
    try:
        import docker  # noqa: F401 - the store asks for it only when it is used
    except ModuleNotFoundError:
        raise not_installed("docker", "the Docker SDK for Python", "docker") from None
    if _ADDRESS.match(named):
        settings = {"base_url": named, **_tls(environ)}
    elif named:
        settings = _of_context(named)
    elif environ.get("DOCKER_HOST"):
        settings = {"base_url": environ["DOCKER_HOST"], **_tls(environ)}
    else:
        settings = _of_context(environ.get("DOCKER_CONTEXT", ""))
    return Engine(settings, workers)


def _of_context(name: str) -> dict[str, Any]:
    """The address and certificates of a context; the current one where none is named."""
    from docker.context import ContextAPI

    try:
        context = ContextAPI.get_context(name or None)
    except Exception as error:  # noqa: BLE001 - docker-py raises bare Exceptions of damaged files
        raise ConfigError(
            f"the docker context cannot be read ({type(error).__name__})",
            hint="see: docker context ls",
        ) from None
    if context is None:
        raise ConfigError(
            "there is no docker context of the name that the store's URL or DOCKER_CONTEXT gives",
            hint="write docker:CONTEXT, docker:unix:///PATH or docker:tcp://HOST:PORT; "
            "see: docker context ls",
        )
    settings: dict[str, Any] = {"base_url": context.Host or _DEFAULT}
    if context.TLSConfig is not None:
        settings["tls"] = context.TLSConfig
    return settings


def _tls(environ: Mapping[str, str]) -> dict[str, Any]:
    """``DOCKER_TLS_VERIFY`` and ``DOCKER_CERT_PATH``, as the docker command reads them."""
    from docker.errors import TLSParameterError
    from docker.tls import TLSConfig

    path, verify = environ.get("DOCKER_CERT_PATH"), bool(environ.get("DOCKER_TLS_VERIFY"))
    if not (path or verify):
        return {}
    place = Path(path) if path else Path(environ.get("HOME", "/")) / ".docker"
    certificate = (str(place / "cert.pem"), str(place / "key.pem"))
    try:
        tls = TLSConfig(client_cert=certificate, ca_cert=str(place / "ca.pem"), verify=verify)
    except TLSParameterError:
        raise ConfigError(
            f"DOCKER_CERT_PATH: {shown_path(str(place)) or 'the directory'} does not hold ca.pem, "
            "cert.pem and key.pem",
            hint="correct DOCKER_CERT_PATH, or unset it and DOCKER_TLS_VERIFY",
        ) from None
    return {"tls": tls}
