"""The stores that must pass the contract, and the words in which it is written.

A store joins by a fixture ``NAME_subject`` and its name in `SUBJECTS`. What it cannot do is a
`Capability`, and never an exception in a test.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from reconciler.model.store import Session, Store
from tests import engines
from tests.clusters import Cluster
from tests.standins.cce_gateway import Gateway
from tests.standins.sae import Standin
from tests.stores.words import Subject, Words

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/store"

SUBJECTS = (
    *("embedded", "docker", "sae", "example"),
    *(
        pytest.param(name, marks=pytest.mark.control_plane)
        for name in ("kubernetes", "cce", "cce_token")
    ),
)


@pytest.fixture
def embedded_subject(tmp_path: Path) -> Subject:
    return Subject(url=f"sqlite:{tmp_path / 'made' / 'store.db'}", environ={}, home="default")


@pytest.fixture
def kubernetes_subject(cluster: Cluster) -> Subject:
    home = cluster.new_namespace()
    options = {"kubeconfig": str(cluster.kubeconfig), "set-namespace": home}
    return Subject(url="kubernetes:admin", environ={}, home=home, options=options)


@pytest.fixture
def docker_subject(engine: engines.Engine) -> Subject:
    engine.empty()
    environ = {"RECONCILER_FINGERPRINT_KEY": "a key of the tests, and of nobody else"}
    return Subject(url=engine.url, environ=environ, home="default")


@pytest.fixture
def sae_subject() -> Iterator[Subject]:
    standin = Standin()
    yield Subject(standin.url, standin.environ, home="default", options={"qps": "10000"})
    standin.stop()


@pytest.fixture(scope="session")
def installed_example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The store of ``examples/store``, installed as a user would, in a place of its own."""
    site = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", site, EXAMPLE],
        check=True,
    )
    sys.path.insert(0, str(site))
    yield
    sys.path.remove(str(site))


@pytest.fixture
def example_subject(installed_example: None, tmp_path: Path) -> Subject:  # noqa: ARG001 - its URL needs it
    environ = {"RECONCILER_FILES_KEY": Fernet.generate_key().decode()}
    return Subject(url=f"files:{tmp_path / 'made' / 'store'}", environ=environ, home="default")


@pytest.fixture
def cce_gateway(cluster: Cluster) -> Iterator[Gateway]:
    gateway = Gateway(cluster)
    yield gateway
    gateway.stop()


@pytest.fixture
def cce_subject(cluster: Cluster, cce_gateway: Gateway) -> Subject:
    home = cluster.new_namespace()
    options = {"set-namespace": home}
    return Subject(cce_gateway.url(), cce_gateway.with_key, home=home, options=options)


@pytest.fixture
def cce_token_subject(cluster: Cluster, cce_gateway: Gateway) -> Subject:
    home = cluster.new_namespace()
    options = {"set-namespace": home}
    return Subject(cce_gateway.url(), cce_gateway.with_password, home=home, options=options)


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    subject: Subject = request.getfixturevalue(f"{request.param}_subject")
    yield subject
    for store in subject.opened:
        store.close()


@pytest.fixture
def store(subject: Subject, request: pytest.FixtureRequest) -> Store:
    """A store that exists, for tests that are not about its beginning."""
    store = subject.open()
    subject.session(store)
    for marker in request.node.iter_markers("needs"):
        missing = set(marker.args) - store.capabilities
        if missing:
            pytest.skip(f"the store has no {', '.join(sorted(missing))}")
    return store


@pytest.fixture
def session(subject: Subject, store: Store) -> Session:
    """The session by which `store` came to exist."""
    assert subject.opened[0] is store
    session, _ = subject.sessions[0]
    return session


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): what a store must be able to do")


@pytest.fixture
def words(subject: Subject) -> Words:
    return Words(subject.home)
