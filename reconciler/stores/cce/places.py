"""Which cluster the URL names, and how to reach it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import ConfigError
from reconciler.stores.urls import named_by

SCHEME = "cce"
AK = "HUAWEICLOUD_SDK_AK"
REGION = "HW_REGION_NAME"
USER, PASSWORD, ACCOUNT = "HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME"

_CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_EXAMPLE = "write cce://CLUSTER-ID?region=REGION; the console shows the id beside the cluster"


class Auth(StrEnum):
    """The ways to a cluster."""

    AKSK = "aksk"
    """Through the gateway, each request signed with an access key."""
    TOKEN = "token"  # noqa: S105 - a way
    """Through the gateway, with a token of IAM that a user's password is given for."""
    CERTIFICATE = "certificate"
    """Straight to the cluster, with a client certificate that the service makes."""
    KUBECONFIG = "kubeconfig"
    """Straight to the cluster, as kubectl would."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster by its id, and the way there; ``region`` is empty where a kubeconfig says it."""

    cluster: str
    region: str
    auth: Auth


def place_of(url: str, options: Mapping[str, str], environ: Mapping[str, str]) -> Place:
    """The place that ``cce://CLUSTER-ID[?region=REGION][&auth=WAY]`` names.

    Without a way, it is that for which there is something: a kubeconfig among `options`; an access
    key in `environ`, or a user with a password; else the access key, which may be found elsewhere.

    Raises:
        ConfigError: the URL is no such one, or what is given contradicts itself.
    """
    cluster, given = named_by(url, "cluster", _CLUSTER, {"region", "auth"}, _EXAMPLE)
    auth = _auth(given.get("auth", ""), options, environ)
    region = given.get("region") or environ.get(REGION, "")
    if auth is not Auth.KUBECONFIG and not _REGION.fullmatch(region):
        raise ConfigError(
            "the region of the cluster is not known",
            hint="write it into the store's URL, as in cce://CLUSTER-ID?region=cn-north-4, "
            f"or into {REGION}",
        )
    _check_options(auth, options)
    return Place(cluster, region, auth)


def _auth(text: str, options: Mapping[str, str], environ: Mapping[str, str]) -> Auth:
    if text:
        if text not in set(Auth):
            ways = ", ".join(Auth)
            raise ConfigError("auth= in the store's URL is no known way", hint=f"write {ways}")
        return Auth(text)
    if options.get("kubeconfig") or options.get("context"):
        return Auth.KUBECONFIG
    has_user = environ.get(USER) and environ.get(PASSWORD)
    return Auth.TOKEN if has_user and not environ.get(AK) else Auth.AKSK


def _check_options(auth: Auth, options: Mapping[str, str]) -> None:
    """Refuse options that the chosen way ignores."""
    usable = {
        Auth.KUBECONFIG: {"kubeconfig", "context"},
        Auth.CERTIFICATE: {"context"},
    }.get(auth, set())
    useless = {"kubeconfig", "context"} & options.keys() - usable
    if useless:
        named = ", ".join(f"--{name}" for name in sorted(useless))
        raise ConfigError(f"{named}: of no use with auth={auth}")
