"""What holds for every test: no network, no settings of the developer's, the package that is."""

from __future__ import annotations

import filecmp
import ipaddress
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import reconciler
from tests import clusters, engines, toolbox
from tests.clusters import Cluster

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = ROOT / "reconciler"
PACKAGE = Path(reconciler.__file__).resolve().parent

settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "dev")
)

for _name in list(os.environ):
    if _name.startswith("RECONCILER_"):
        del os.environ[_name]


class NetworkUsed(RuntimeError):
    """A test reached for a host other than this one."""


def _is_local(host: object) -> bool:
    """Tell whether `host`, as sockets take it, is this machine; names count only if known so."""
    text = host.decode() if isinstance(host, bytes) else host
    if text in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(text)).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (https://docs.python.org/3/library/audit_events.html): no client gets past."""
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _is_local(host):
        raise NetworkUsed(f"tests stay on this machine; {event} was called for {host!r}")


sys.addaudithook(_refuse_network)


def _differences(compared: filecmp.dircmp[str]) -> list[str]:
    here = [*compared.left_only, *compared.right_only, *compared.diff_files]
    return here + [name for below in compared.subdirs.values() for name in _differences(below)]


def pytest_sessionstart() -> None:
    """Refuse to test an installed package that is older than the checkout."""
    stale = _differences(filecmp.dircmp(CHECKOUT, PACKAGE, ignore=["__pycache__"]))
    if stale:
        raise pytest.UsageError(
            f"{PACKAGE} differs from the checkout ({', '.join(sorted(stale)[:5])}); "
            'run the tests with: make test ARGS="..."'
        )


def pytest_report_header() -> str:
    """Say what is tested."""
    return f"package: {PACKAGE}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "control_plane: needs a control plane, but no fixture says so"
    )
    config.addinivalue_line("markers", "node: needs a real node; given to what takes one")
    config.addinivalue_line("markers", "pipelines: runs workflows; `make pipelines` runs it")


def _needs_control_plane(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return "control_plane" in names or item.get_closest_marker("control_plane") is not None


def _needs_node(item: pytest.Item) -> bool:
    return "node" in getattr(item, "fixturenames", ())


def _needs_tools(item: pytest.Item) -> bool:
    return "tools" in getattr(item, "fixturenames", ())


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last what needs a program that CI builds while the other tests run, and mark a node's."""
    for item in items:
        if _needs_node(item):
            item.add_marker("node")
    items.sort(key=lambda item: (_needs_tools(item), _needs_control_plane(item)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for a build that is under way: no test's limit holds for that."""
    if _needs_control_plane(item):
        clusters.program()
    if _needs_tools(item):
        toolbox.built()
    return (yield)


@pytest.fixture(scope="session")
def control_plane() -> None:
    """For tests that start clusters: they come last."""


@pytest.fixture(scope="session")
def tools() -> Path:
    """The directory of sops, age, kustomize and helm."""
    return toolbox.directory()


@pytest.fixture
def programs(tools: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of kustomize, helm and sops, on PATH."""
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return tools


@pytest.fixture(scope="session")
def engine() -> Iterator[engines.Engine]:
    engine = engines.started()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def cluster(control_plane: None) -> Iterator[Cluster]:  # noqa: ARG001 - says what is needed
    """A cluster for the whole run; a test takes namespaces of its own in it."""
    cluster = clusters.started()
    yield cluster
    cluster.stop()


@pytest.fixture
def controllers(cluster: Cluster) -> None:
    """For a test of what a cluster's controllers do."""
    cluster.need_controllers()


_FIGURES = "figures"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell how much a test has tried: a line at the end of the run."""
    node = request.node
    return lambda text: node.user_properties.append((_FIGURES, f"{node.name}: {text}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the tests have told by `figures`, in whichever process they ran."""
    reports = [one for several in terminalreporter.stats.values() for one in several]
    lines = [
        text
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == _FIGURES
    ]
    if lines:
        terminalreporter.section("figures")
        terminalreporter.write("".join(f"{line}\n" for line in sorted(lines)))
