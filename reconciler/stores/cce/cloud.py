"""Keys, tokens and certificates from Huawei Cloud, through its SDK.

Texts of the SDK's errors may quote requests, so none of them is shown, and its log is switched off.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import orjson

from reconciler.errors import ConfigError, StoreError, StoreUnavailable
from reconciler.stores.cce.endpoints import endpoint, given_endpoint
from reconciler.stores.cce.gateway import Sign
from reconciler.stores.cce.places import ACCOUNT, AK, PASSWORD, USER, Place

_SK, _SECURITY_TOKEN = "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"
_PROJECT = "HUAWEICLOUD_SDK_PROJECT_ID"
_PROJECT_ID = re.compile(r"[A-Za-z0-9_-]+")
_TIMEOUT = (10, 60)
_CERTIFICATE_DAYS = 1  # the fewest that the service gives
_TOO_MANY, _FIRST_SERVER_FAULT = 429, 500
_TELLING = re.compile(r"[A-Za-z0-9._-]{1,64}")

Result = TypeVar("Result")


def signature(place: Place, environ: Mapping[str, str]) -> Sign:
    """Signs requests with an access key; a key that expires is renewed in time.

    The key is that of the environment, or else of the SDK's chain of providers: OIDC, the file of
    profiles, the agency of the machine or the Pod. Where no project is named, the service is asked
    for that of the region.

    Raises:
        ConfigError: there is no access key.
        StoreError: the project cannot be found out.
    """
    client = _cce_client(place, environ)
    gateway = urlsplit(endpoint("CCE", place.region, environ))
    credentials, http_client = client.get_credentials(), client.get_http_client()
    client.close()
    from huaweicloudsdkcore.sdk_request import SdkRequest

    lock = threading.Lock()

    def sign(
        method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        parts = urlsplit(target)
        request = SdkRequest(
            method=method,
            schema=gateway.scheme,
            host=gateway.netloc,
            resource_path=parts.path,
            query_params=parse_qsl(parts.query, keep_blank_values=True),
            header_params={**headers, "X-Sdk-Date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"},
            body=body or b"",
        )
        with lock:
            _answer_of(
                "a temporary access key",
                lambda: credentials.process_sts(http_client),
                "check the agency or the identity provider",
            )
            signed = credentials.sign_request(request)
        asked = urlsplit(signed.url)
        return f"{asked.path}?{asked.query}" if asked.query else asked.path, signed.header_params

    return sign


def cluster_certificate(place: Place, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """A new client certificate for the cluster, as a kubeconfig; it is good for a day.

    The call is CreateKubernetesClusterCert of version 3 of the API; for the access key, see
    `signature`.

    Raises:
        ConfigError: there is no access key.
        StoreError: the service gives none.
    """
    client = _cce_client(place, environ)
    from huaweicloudsdkcce.v3 import ClusterCertDuration, CreateKubernetesClusterCertRequest

    request = CreateKubernetesClusterCertRequest(
        cluster_id=place.cluster, body=ClusterCertDuration(duration=_CERTIFICATE_DAYS)
    )
    with closing(client):
        answer = _answer_of(
            f"a certificate for the cluster {place.cluster}",
            lambda: client.create_kubernetes_cluster_cert(request),
            "check the cluster's id and region, and that the user may ask for its certificate",
        )
    document: Mapping[str, Any] = orjson.loads(answer.raw_content)
    return document


def tokens(place: Place, environ: Mapping[str, str]) -> Callable[[], str]:
    """What gives a new token of IAM, for the user that the environment names.

    The call is KeystoneCreateUserTokenByPassword of version 3 of the API. The token is good for
    the project that the environment names, or else for the region's.

    Raises:
        ConfigError: the environment names no user.
    """
    names = (USER, PASSWORD, ACCOUNT)
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise ConfigError(
            f"auth=token needs a user of IAM: {', '.join(missing)} not set",
            hint=f"{USER} and {PASSWORD} are the user's, {ACCOUNT} is the account's name",
        )
    address = endpoint("IAM", place.region, environ)
    request = _token_request(place, environ)

    def issue() -> str:
        with closing(_iam_client(address)) as client:
            answer = _answer_of(
                "a token",
                lambda: client.keystone_create_user_token_by_password(request),
                f"check {', '.join(names)}, and that the user may use the API",
            )
        if not answer.x_subject_token:
            raise StoreError("a token: Huawei Cloud answered without one")
        return str(answer.x_subject_token)

    return issue


def _token_request(place: Place, environ: Mapping[str, str]) -> Any:
    from huaweicloudsdkiam import v3 as iam

    project = environ.get(_PROJECT)
    scope = {"id": project} if project else {"name": place.region}
    user = iam.PwdPasswordUser(
        domain=iam.PwdPasswordUserDomain(name=environ[ACCOUNT]),
        name=environ[USER],
        password=environ[PASSWORD],
    )
    identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user))
    auth = iam.PwdAuth(
        identity=identity, scope=iam.AuthScope(project=iam.AuthScopeProject(**scope))
    )
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=auth)
    return iam.KeystoneCreateUserTokenByPasswordRequest(nocatalog="true", body=body)


def _cce_client(place: Place, environ: Mapping[str, str]) -> Any:
    address = endpoint("CCE", place.region, environ)
    from huaweicloudsdkcce.v3 import CceClient
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkcore.region.region import Region

    credentials = _credentials(environ)
    iam = given_endpoint("IAM", place.region, environ)
    if iam:  # else the SDK knows it, without all of its part for IAM
        credentials.with_iam_endpoint(iam)
    builder = (
        CceClient.new_builder()
        .with_http_config(HttpConfig(timeout=_TIMEOUT))
        .with_credentials(credentials)
        .with_region(Region(place.region, address))
    )
    hint = f"check the access key; or name the project: {_PROJECT}"
    return _answer_of("the project of the region", builder.build, hint)


def _iam_client(address: str) -> Any:
    """A client that signs nothing: there is no key yet, and a password needs none."""
    from huaweicloudsdkcore.auth.credentials import GlobalCredentials
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkcore.signer.signer import Signer
    from huaweicloudsdkiam.v3 import IamClient

    class Unsigned(GlobalCredentials):  # type: ignore[misc] # the SDK says nothing of types
        def process_auth_request(self, request: Any, http_client: Any) -> Any:
            Signer.process_request_uri(request)
            return http_client.executor.submit(lambda: request)

    client = (
        IamClient()
        .with_credentials(Unsigned())
        .with_config(HttpConfig(timeout=_TIMEOUT, user_agent="reconciler"))
        .with_http_handler(None)
        .with_endpoints([address])
    )
    client.init_http_client()
    return client


def _credentials(environ: Mapping[str, str]) -> Any:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.auth.provider import CredentialProviderChain

    key, secret, project = environ.get(AK), environ.get(_SK), environ.get(_PROJECT)
    if project and not _PROJECT_ID.fullmatch(project):
        raise ConfigError(f"{_PROJECT} is not the id of a project")
    if bool(key) != bool(secret):
        raise ConfigError(f"{AK} and {_SK} belong together, and only one of them is set")
    if key:
        token = environ.get(_SECURITY_TOKEN) or None
        return BasicCredentials(key, secret, project).with_security_token(token)
    try:
        credentials = CredentialProviderChain.get_basic().get_credentials()
    except Exception:  # noqa: BLE001 - each provider has errors of its own
        raise ConfigError(
            "there is no access key of Huawei Cloud",
            hint=f"set {AK} and {_SK}; or {USER}, {PASSWORD} and {ACCOUNT} for a token; "
            "or give a kubeconfig with --kubeconfig",
        ) from None
    return credentials.with_project_id(project) if project else credentials


def _answer_of(what: str, call: Callable[[], Result], hint: str) -> Result:
    """The result of a call of the SDK.

    Raises:
        StoreUnavailable: Huawei Cloud is busy or cannot be reached.
        StoreError: it refuses.
    """
    from huaweicloudsdkcore.exceptions import exceptions

    try:
        return call()
    except (exceptions.ConnectionException, exceptions.RequestTimeoutException, OSError) as error:
        raise StoreUnavailable(
            f"{what}: Huawei Cloud cannot be reached ({type(error).__name__})",
            hint="check the network, proxies included",
        ) from None
    except exceptions.SdkException as error:
        # The request for a project wraps the answer in an error of another class.
        answers = [
            exception
            for exception in (error, error.__context__)
            if isinstance(exception, exceptions.ServiceResponseException)
        ]
        answered = _shown(answers[0]) if answers else type(error).__name__
        status = answers[0].status_code if answers else 0
        if status == _TOO_MANY or status >= _FIRST_SERVER_FAULT:
            raise StoreUnavailable(f"{what}: Huawei Cloud answered {answered}") from None
        raise StoreError(f"{what}: Huawei Cloud gives none ({answered})", hint=hint) from None


def _shown(error: Any) -> str:
    """Status, code and request id: what support asks for, and no content of a request."""
    parts = [str(error.status_code)]
    for name, part in (("", error.error_code), ("request ", error.request_id)):
        if part and str(part) not in parts and _TELLING.fullmatch(str(part)):
            parts.append(f"{name}{part}")
    return ", ".join(parts)
