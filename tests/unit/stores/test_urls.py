"""No message shows the part of a URL that may hold a credential."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ConfigError
from reconciler.model.opening import StoreChoice
from reconciler.stores import backend_of, check, open_store
from reconciler.stores.urls import shown_path, shown_url

SECRETS = ["canary-5eCr3t", "canary/5eCr3t", "canary?5eCr3t", "canary#5eCr3t", "canary@5eCr3t"]
SCHEMES = ["cce", "docker", "kubernetes", "sae", "sqlite"]
FORMS = [
    "{scheme}://user:{secret}@host/",
    "{scheme}://user:{secret}@host/path/store.db",
    "{scheme}://{secret}@host/x",
    "{scheme}://:{secret}@host:99999999/x",
    "{scheme}:user:{secret}@host/store.db",
    "{scheme}:https://user:{secret}@host:6443",
    "{scheme}:postgres://user:{secret}@host/store.db",
    "{scheme}:tcp://user:{secret}@host:2375",
    "{scheme}://host/x?token={secret}",
    "{scheme}://host?{secret}",
    "{scheme}://host?{secret}=1",
    "{scheme}://cn-north-4?region={secret}",
    "{scheme}://cn-north-4?auth={secret}",
    "{scheme}://cn-north-4?endpoint={secret}:x",
    "{scheme}://cn-north-4?names={secret}",
    "{scheme}:there.db?key={secret}",
    "{scheme}://[{secret}",
    "{scheme}://user:{secret}@[::1/",
    "{secret}",
    "{secret}:x",
    "https://user:{secret}@host/",
    "redis://:{secret}@host/0",
]


def told_of(url: str) -> list[str]:
    """What is said where the URL is refused; nothing is asked, as no server is started."""
    told = []
    for refused in (
        lambda: open_store(url, {"HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"}),
        lambda: backend_of(url).options,
        lambda: list(check(StoreChoice(url), ())),
    ):
        try:
            refused()
        except ConfigError as error:
            told += [error.message, error.hint, *error.details]
    return told


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_store_shows_a_credential_of_its_url(scheme: str, form: str, secret: str) -> None:
    url = form.format(scheme=scheme, secret=secret)
    assert "canary" not in "".join(told_of(url))
    assert "5eCr3t" not in "".join(told_of(url))


@pytest.mark.parametrize("form", FORMS[:10])
@pytest.mark.parametrize("scheme", [*SCHEMES, "https", "sqlite:https"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_url_is_shown_without_its_credentials(scheme: str, form: str, secret: str) -> None:
    shown = shown_url(form.format(scheme=scheme, secret=secret))
    assert "canary" not in shown
    assert "5eCr3t" not in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
        ("https://user:pw@cluster.example:6443/a", "https://cluster.example:6443/a"),
        ("https://cluster.example/?token=t", "https://cluster.example/?…"),
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("docker:ssh://root@host", "docker:ssh://host"),
        ("kubernetes:kubernetes-admin@shop", "kubernetes:kubernetes-admin@shop"),
        ("arn:aws:eks:eu-west-1:1:cluster/shop", "arn:aws:eks:eu-west-1:1:cluster/shop"),
        ("admin@arn:aws:eks", "admin@arn:aws:eks"),
        ("sqlite:/srv/shop@prod/store.db", "sqlite:/srv/shop@prod/store.db"),
        ("user:pw@host/x", "host/x"),
        ("", ""),
    ],
)
def test_what_is_no_credential_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(st.text(), st.text())
def test_any_text_can_be_shown(before: str, after: str) -> None:
    assert "5eCr3t" not in shown_url(f"https://{before}5eCr3t@{after}")
    assert "5eCr3t" not in shown_url(f"https://{before}?{after}5eCr3t")


@pytest.mark.parametrize("url", ["sqlite://user:pw@host/x.db", "sqlite:a.db?key=x", "sqlite:a:b@c"])
def test_the_embedded_store_takes_a_path_and_nothing_else(url: str) -> None:
    with pytest.raises(ConfigError, match="more than a path"):
        open_store(url, {})


def test_a_path_is_shown_where_something_is_there(tmp_path: Path) -> None:
    assert shown_path(str(tmp_path)) == str(tmp_path)
    for absent in (str(tmp_path / "absent"), "", "x" * 5000, "a\0b"):
        assert shown_path(absent) == ""
