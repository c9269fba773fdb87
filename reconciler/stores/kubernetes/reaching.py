"""From addresses and what authenticates to a pool of connections."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes.engine.pool import Pool, Server, UnusableAddress, address_of
from reconciler.stores.kubernetes.engine.proxies import UnusableProxy, is_exempt, proxy_of
from reconciler.stores.kubernetes.engine.trust import trusting


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """The URL of a proxy, empty where there is none, and the hosts that are reached without it."""

    url: str = ""
    exempt: str = ""


def proxy_settings(environ: Mapping[str, str], address: str) -> ProxySettings:
    """The proxy that the environment names for `address`, in small letters or in capitals."""

    def variable(name: str) -> str:
        return environ.get(name) or environ.get(name.upper()) or ""

    scheme = address.partition(":")[0].lower()
    url = variable(f"{scheme}_proxy") or variable("all_proxy")
    return ProxySettings(url, variable("no_proxy"))


def pool_of(
    address: str,
    trust: ssl.SSLContext,
    proxy: ProxySettings = ProxySettings(),
    name: str = "",
    proxy_trust: ssl.SSLContext | None = None,
) -> Pool:
    """Connections to the server at `address`, whose certificate may be for another `name`.

    A proxy that is reached by TLS is held against `proxy_trust`, or else against what the system
    trusts.

    Raises:
        ConfigError: the address, or that of the proxy, cannot be used.
    """
    try:
        scheme, host, port, _ = address_of(address)
    except UnusableAddress:
        raise ConfigError(
            "the address of the API server cannot be used",
            hint="it is the cluster's server in the kubeconfig, as in https://host:6443",
        ) from None
    if proxy.url and not is_exempt(host, port, proxy.exempt):
        try:
            through = proxy_of(proxy.url)
        except UnusableProxy:
            raise ConfigError(
                "the address of the proxy cannot be used",
                hint="proxy-url in the kubeconfig, or HTTPS_PROXY: http://, https:// or socks5://",
            ) from None
    else:
        through = None
    if through is None or through.kind != "https":
        proxy_trust = None
    elif proxy_trust is None:
        proxy_trust = trusting()
    secured = trust if scheme == "https" else None
    return Pool(Server(host, port, secured, name, through, proxy_trust))
