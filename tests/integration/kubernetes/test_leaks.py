"""The canary of ``tests/cli``, before a server whose admission quotes values in its messages."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from reconciler.model.values import MASK
from tests.cli.test_leaks import CANARIES, Searched, leaked
from tests.integration.kubernetes.policies import Policies
from tests.integration.kubernetes.site import Document, Site
from tests.world import secret_manifest as secret

QUOTING = (
    "'it was ' + (oldObject == null ? 'nothing' : oldObject.data.password)"
    " + ', it is to be ' + (object == null ? 'nothing' : object.data.password)"
)
OTHERS = "(request.name.startsWith('reconciler-') || request.name == 'default')"
PLAIN, CHANGED = CANARIES["plain"].decode(), CANARIES["changed"].decode()


@pytest.fixture
def searched(site: Site, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Searched:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return Searched(site)


def both(searched: Searched, *options: str, code: int) -> str:
    said = searched.run("apply", "--auto-approve", *options, code=code)
    return said + searched.run("apply", "--auto-approve", "-o", "json", *options, code=code)


def probe(value: str) -> Document:
    document = secret("probe", password="probe")
    document["metadata"]["labels"] = {"value": value}
    return document


def test_a_server_that_quotes_what_it_refuses(
    site: Site, searched: Searched, policies: Policies
) -> None:
    site.put(secret("a", password=PLAIN), secret("sealed", immutable=True, password=PLAIN))
    policies.forbid(OTHERS, QUOTING)
    policies.await_refusal(probe("new"))
    searched.run("plan", "--server-dry-run", code=1)
    said = both(searched, code=5)
    assert "it was nothing, it is to be" in said
    policies.lift()
    policies.await_permission(probe("new"))
    searched.run("apply", "--auto-approve", "--verbose", code=0)

    policies.forbid(OTHERS, QUOTING)
    policies.await_refusal(probe("new"))
    site.put(secret("a", password=CHANGED), secret("sealed", immutable=True, password=CHANGED))
    for output in ("text", "json", "markdown"):
        searched.run("plan", "--allow-replace", "--server-dry-run", "-o", output, code=1)
    said = both(searched, "--allow-replace", code=5)
    assert "it was" in said
    site.put(secret("b", password=CHANGED))
    said = both(searched, "--prune", "--allow-empty", "--max-deletes", "100%", code=5)
    assert "it is to be nothing" in said
    searched.files()
    assert site.secrets()["a"] == {"password": PLAIN}


def test_a_replace_whose_create_is_refused(
    site: Site, searched: Searched, policies: Policies
) -> None:
    site.put(secret("sealed", immutable=True, password=PLAIN))
    searched.run("apply", "--auto-approve", code=0)
    policies.forbid(f"request.dryRun || request.operation == 'DELETE' || {OTHERS}", QUOTING)
    policies.await_refusal(probe("new"))
    site.put(secret("sealed", immutable=True, password=CHANGED))
    said = both(searched, "--allow-replace", code=5)
    assert "could not be put back either" in said
    for command in ("plan", "drift", "get"):
        result = site.run(command)
        assert leaked((result.out + result.err).encode()) == []
    searched.files()


QUOTING_OLD = "'it was ' + (oldObject == null ? 'nothing' : oldObject.data.password)"


@pytest.mark.parametrize("message", [QUOTING, QUOTING_OLD])
def test_a_server_that_quotes_in_its_warnings(
    site: Site, searched: Searched, policies: Policies, message: str
) -> None:
    site.put(secret("a", password=PLAIN), secret("sealed", immutable=True, password=PLAIN))
    searched.run("apply", "--auto-approve", code=0)
    policies.warn(OTHERS, message)
    policies.await_warning(secret("probe", password="probe"))
    site.put(secret("a", password=CHANGED), secret("sealed", immutable=True, password=CHANGED))
    searched.run("plan", "--server-dry-run", "--allow-replace", code=0)
    said = searched.run("apply", "--auto-approve", "--allow-replace", code=0)
    assert "With warnings: " in said
    assert f"it was {MASK}" in said
    site.put()
    searched.run(
        "apply", "--auto-approve", "--prune", "--allow-empty", "--max-deletes", "100%", code=0
    )


def test_what_kubectl_has_left_in_an_annotation(site: Site, searched: Searched) -> None:
    encoded = base64.b64encode(CANARIES["adopted"]).decode()
    site.kubectl(
        *("apply", "-f", "-"),
        stdin=f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{password: {encoded}}}",
    )
    site.put(secret("a", password=PLAIN))
    for output in ("text", "json", "markdown"):
        searched.run("plan", "--adopt", "-v", "-o", output, code=0)
    searched.run("plan", "--adopt", "--out", "adopt.plan", code=0)
    searched.run("apply", "adopt.plan", "-v", code=0)
    searched.run("drift", "-v", "--unmanaged", code=0)
    searched.run("get", "-o", "json", code=0)
    searched.files()
