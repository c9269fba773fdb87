"""Kubeconfigs and the accounts of Pods, read by the official client.

Importing it takes longer than a plan of a thousand objects, so this module is imported where the
client is needed: for plugins, providers, the account of a Pod, and for saying what is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
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
from reconciler.stores.kubernetes.reaching import Access, ProxySettings

_OTHER_KUBECONFIG = "choose a file with --kubeconfig or KUBECONFIG, a context with --context"
Headers = Callable[[], Mapping[str, str]]


def of_pod() -> tuple[Access, Headers]:
    """What the account of the Pod gives access to, and the headers that authenticate.

    Raises:
        ConfigError: it cannot be used.
    """
    settings = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=settings)
    except (ConfigException, OSError) as error:
        raise ConfigError(
            "the account of the Pod cannot be used: "
            f"{error if isinstance(error, ConfigException) else error.strerror}",
            hint="is automountServiceAccountToken off? Or name a kubeconfig with --kubeconfig",
        ) from None
    return _access(settings), partial(_credentials, settings)


def of_files(files: str, shown: str, context: str) -> tuple[Access, Headers]:
    """What `context` of a kubeconfig, or the current one, gives access to, and the headers.

    `shown` is what people are shown of `files`.

    Raises:
        ConfigError: it cannot be used.
    """
    settings = client.Configuration()
    with _complaints() as heard, _files_of_client() as place:
        try:
            config.load_kube_config(
                config_file=files,
                context=context or None,
                client_configuration=settings,
                temp_file_path=place or None,
            )
            access = _access(settings)
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
    if heard:
        raise ConfigError(
            "the kubeconfig's credentials plugin gives none: "
            f"{'; '.join(map(complaints.of_plugin, heard))}",
            hint="run what the kubeconfig has under 'exec' by hand, or log in again",
        )
    return access, partial(_credentials, settings)


def _access(settings: client.Configuration) -> Access:
    """`settings`, with the content of the files that they name."""

    def content(path: str | None) -> bytes:
        return Path(path).read_bytes() if path else b""

    return Access(
        str(settings.host),
        content(settings.ssl_ca_cert),
        bool(settings.verify_ssl),
        settings.tls_server_name or "",
        ProxySettings(settings.proxy or "", settings.no_proxy or ""),
        content(settings.cert_file),
        content(settings.key_file),
    )


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
