"""From addresses and what authenticates to a pool of connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes.engine.pool import Pool, Server, UnusableAddress, address_of
from reconciler.stores.kubernetes.engine.proxies import UnusableProxy, is_exempt, proxy_of
from reconciler.stores.kubernetes.engine.trust import (
    UnusableAuthority,
    UnusableCertificate,
    present,
    trusting,
)


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """The URL of a proxy, empty where there is none, and the hosts that are reached without it."""

    url: str = field(default="", repr=False)
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """How a server is reached; certificates and keys are PEM.

    `authority` is what the server is held against, or else what the system trusts; `verify` off
    trusts whoever answers. `name` is that of the server in TLS, where it is not that of its
    address. `certificate` and `key` are the client's.
    """

    address: str
    authority: bytes = field(default=b"", repr=False)
    verify: bool = True
    name: str = ""
    proxy: ProxySettings = ProxySettings()
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)


def proxy_settings(environ: Mapping[str, str], address: str) -> ProxySettings:
    """The proxy that the environment names for `address`, in small letters or in capitals."""

    def variable(name: str) -> str:
        return environ.get(name) or environ.get(name.upper()) or ""

    scheme = address.partition(":")[0].lower()
    url = variable(f"{scheme}_proxy") or variable("all_proxy")
    return ProxySettings(url, variable("no_proxy"))


def pool_of(access: Access) -> Pool:
    """Connections by `access`.

    Raises:
        ConfigError: something of it cannot be used.
    """
    try:
        return Pool(_server_of(access))
    except UnusableAddress:
        problem = "the address of the API server cannot be used"
        hint = "it is the cluster's server in the kubeconfig, as in https://host:6443"
    except UnusableProxy:
        problem = "the address of the proxy cannot be used"
        hint = "proxy-url in the kubeconfig, or HTTPS_PROXY: http://, https:// or socks5://"
    except UnusableAuthority:
        problem = "the certificate authority of the cluster cannot be used"
        hint = "look at the cluster's certificate-authority in the kubeconfig"
    except UnusableCertificate:
        problem = "the client certificate or its key cannot be used"
        hint = (
            "look at the user's client-certificate and client-key in the kubeconfig; the key may "
            "not be encrypted"
        )
    raise ConfigError(problem, hint=hint)


def _server_of(access: Access) -> Server:
    scheme, host, port, _ = address_of(access.address)
    proxy, proxy_trust, trust = None, None, None
    if access.proxy.url and not is_exempt(host, port, access.proxy.exempt):
        proxy = proxy_of(access.proxy.url)
        if proxy.kind == "https":  # held against the same authority, and shown no certificate
            proxy_trust = trusting(access.authority, verify=access.verify)
    if scheme == "https":
        trust = trusting(access.authority, verify=access.verify)
        if access.certificate:
            present(trust, access.certificate, access.key)
    return Server(host, port, trust, access.name, proxy, proxy_trust)
