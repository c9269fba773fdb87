"""Connects by a kubeconfig, or by the account of a Pod."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kubernetes import client, config
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigMerger

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes import complaints
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.engine.pool import Pool
from reconciler.stores.kubernetes.engine.trust import (
    UnusableAuthority,
    UnusableCertificate,
    present,
    trusting,
)
from reconciler.stores.kubernetes.reaching import ProxySettings, pool_of
from reconciler.stores.urls import shown_path

_OTHER_KUBECONFIG = "choose a file with --kubeconfig or KUBECONFIG, a context with --context"


def connect(context: str, kubeconfig: str, environ: Mapping[str, str]) -> Connection:
    """A connection as kubectl would make it: by kubeconfig, or within a cluster by its account.

    Raises:
        ConfigError: neither is there, or what is there cannot be used.
    """
    settings = client.Configuration()
    files = kubeconfig or environ.get("KUBECONFIG") or _default()
    shown = os.pathsep.join(filter(None, map(shown_path, files.split(os.pathsep))))
    within = "KUBERNETES_SERVICE_HOST" in environ and not (shown or kubeconfig or context)
    if not (within or shown):
        raise ConfigError(_missing(kubeconfig, environ), hint=_OTHER_KUBECONFIG)
    with _complaints() as heard, _files_of_client() as place:
        try:
            if within:
                config.load_incluster_config(client_configuration=settings)
            else:
                config.load_kube_config(
                    config_file=files,
                    context=context or None,
                    client_configuration=settings,
                    temp_file_path=place or None,
                )
        except ConfigException as error:
            raise ConfigError(
                f"the kubeconfig {shown} cannot be used: {complaints.of_kubeconfig(str(error))}",
                hint=f"{_OTHER_KUBECONFIG}{_contexts(files)}",
            ) from None
        except OSError as error:
            raise ConfigError(
                f"the kubeconfig {shown}, or a file that it needs, cannot be read or written: "
                f"{error.strerror or type(error).__name__}",
                hint="look at the file, and at TMPDIR: certificates of a kubeconfig pass by there",
            ) from None
        except Exception as error:  # noqa: BLE001 - a parser's own text may hold a credential
            raise ConfigError(
                f"the kubeconfig {shown} cannot be read: {type(error).__name__}",
                hint=_OTHER_KUBECONFIG,
            ) from None
        pool = _pool_of(settings)
    if heard:
        raise ConfigError(
            "the kubeconfig's credentials plugin gives none: "
            f"{'; '.join(map(complaints.of_plugin, heard))}",
            hint="run what the kubeconfig has under 'exec' by hand, or log in again",
        )
    return Connection(str(settings.host), pool, partial(_credentials, settings))


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


def _contexts(files: str) -> str:
    """The contexts, for a hint; empty where they cannot be read."""
    try:
        entries = KubeConfigMerger(files).config.value["contexts"]
        names = [str(entry.value["name"]) for entry in entries]
    except Exception:  # noqa: BLE001 - what is wrong with the file has been said already
        return ""
    return f"; its contexts are {', '.join(names)}" if names else ""


@contextmanager
def _files_of_client() -> Iterator[str]:
    """A directory for the certificates and keys of a kubeconfig, which the client writes to files.

    It would keep them as long as the process runs, and one that is killed would leave them. Where
    no directory can be made it is empty: most kubeconfigs need none.
    """
    try:
        made = TemporaryDirectory(prefix="reconciler-")
    except OSError:
        yield ""
        return
    with made as place:
        yield place


def _pool_of(settings: client.Configuration) -> Pool:
    """Connections by `settings`; the files that they name are read now.

    Raises:
        ConfigError: they cannot be used.
    """
    try:
        trust = trusting(settings.ssl_ca_cert or "", verify=settings.verify_ssl)
        # Proxies are held against the same authority, and are shown no certificate of ours.
        proxy_trust = trusting(settings.ssl_ca_cert or "", verify=settings.verify_ssl)
    except UnusableAuthority:
        raise ConfigError(
            "the certificate authority of the cluster cannot be used",
            hint="look at the cluster's certificate-authority in the kubeconfig",
        ) from None
    try:
        if settings.cert_file:
            present(trust, settings.cert_file, settings.key_file or "")
    except UnusableCertificate:
        raise ConfigError(
            "the client certificate or its key cannot be used",
            hint="look at the user's client-certificate and client-key in the kubeconfig; the key "
            "may not be encrypted",
        ) from None
    proxy = ProxySettings(settings.proxy or "", settings.no_proxy or "")
    name = settings.tls_server_name or ""
    return pool_of(str(settings.host), trust, proxy, name, proxy_trust)


def _credentials(settings: client.Configuration) -> dict[str, str]:
    """The headers that authenticate; asked for each time, as plugins renew them."""
    auth_settings: Mapping[str, Any] = settings.auth_settings()
    return {setting["key"]: setting["value"] for setting in auth_settings.values()}


class _Listener(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self._heard.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What is logged as an error meanwhile.

    The official client logs what is wrong with a credentials plugin, and goes on as nobody.
    """
    heard: list[str] = []
    listener = _Listener(heard)
    logging.getLogger().addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(listener)
