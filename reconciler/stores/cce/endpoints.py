"""The addresses of the services of Huawei Cloud."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from reconciler.errors import ConfigError
from reconciler.stores.cce.places import REGION
from reconciler.stores.kit.refusals import not_installed
from reconciler.stores.urls import is_loopback

_IAM_ENDPOINT = "HUAWEICLOUD_SDK_IAM_ENDPOINT"
_LOGGERS = ("HuaweiCloud-SDK-CceClient", "HuaweiCloud-SDK-IamClient")


def endpoint(service: str, region: str, environ: Mapping[str, str]) -> str:
    """The address of ``CCE`` or ``IAM`` in `region`, as the SDK's environment or tables have it.

    Raises:
        ConfigError: the SDK is not installed; the region is not known; or the address is not
            encrypted and not this machine.
    """
    _check_installed()
    configured = given_endpoint(service, region, environ)
    if configured:
        return configured
    try:
        address: str = _regions(service).value_of(region).endpoints[0]
    except KeyError:
        raise ConfigError(
            f"the SDK knows no endpoint of {service} in the region that the store's URL or "
            f"{REGION} names",
            hint="correct the region, or give the endpoint in "
            f"HUAWEICLOUD_SDK_REGION_{service}_REGION, with the region's name in capitals and '_' "
            "for '-'",
        ) from None
    return _address(address, _variable(service, region))


def given_endpoint(service: str, region: str, environ: Mapping[str, str]) -> str:
    """The address from the environment; empty where it has none.

    Raises:
        ConfigError: it is not encrypted and not this machine.
    """
    names = [_variable(service, region), *([_IAM_ENDPOINT] if service == "IAM" else [])]
    for name in names:
        if environ.get(name):
            return _address(environ[name], name)
    return ""


def _variable(service: str, region: str) -> str:
    return f"HUAWEICLOUD_SDK_REGION_{service}_{region.replace('-', '_').upper()}"


def _regions(service: str) -> Any:
    """The SDK's table of regions; importing one imports all of the service's package."""
    if service == "CCE":
        from huaweicloudsdkcce.v3.region.cce_region import CceRegion

        return CceRegion
    from huaweicloudsdkiam.v3.region.iam_region import IamRegion

    return IamRegion


def _address(text: str, origin: str) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:  # its text quotes the address
        raise ConfigError(f"{origin}: the endpoint cannot be read") from None
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"{origin}: the endpoint is not encrypted", hint="write it with https://, or without"
        )
    return address.rstrip("/")


def _check_installed() -> None:
    if not (find_spec("huaweicloudsdkcce") and find_spec("huaweicloudsdkiam")):
        needed = "the SDK of Huawei Cloud, unless it is given a kubeconfig"
        raise not_installed("cce", needed, "huawei")
    for name in _LOGGERS:  # they would write to standard error
        logging.getLogger(name).disabled = True
