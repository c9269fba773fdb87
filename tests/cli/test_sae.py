"""The store sae from the command line: options, settings, checks, and nothing that leaks."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.execution.retries import RetryPolicy
from reconciler.stores import sae
from reconciler.stores.sae import SaeBackend
from reconciler.stores.sae.pace import Patience
from tests.cli.test_leaks import CANARIES, encoded, leaked
from tests.standins.sae import CUT_AFTER, CUT_BEFORE, KEY_SECRET, REGION, Call, Standin, Strike

CREDENTIALS = (KEY_SECRET.encode(), b"canary-ns-")


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    standin = Standin()
    for name, value in {**standin.environ, "RECONCILER_STORE": standin.url}.items():
        monkeypatch.setenv(name, value)
    yield standin
    standin.stop()


def manifests(workplace: Any, which: str = "plain", more: str = "") -> None:
    workplace.write(
        "manifests/shop.yaml",
        f"""\
apiVersion: v1
kind: Secret
metadata:
  name: shop-database
  labels: {{app: shop}}
data:
  binary: {encoded("binary")}
stringData:
  password: {CANARIES[which].decode()}
  unicode: {CANARIES["unicode"].decode()}
{more}""",
    )


class Searched:
    """Runs the program at its most talkative, and searches what it says and leaves behind."""

    def __init__(self, workplace: Any, capfd: pytest.CaptureFixture[str]) -> None:
        self.workplace = workplace
        self.capfd = capfd

    def run(self, *args: str, code: int, env: Mapping[str, str] | None = None) -> str:
        result = self.workplace.run(*args, env={"DEBUG": "sdk", **(env or {})})
        logged = "".join(self.capfd.readouterr())
        said: bytes = (result.out + result.err + logged).encode()
        assert result.code == code, said.decode()
        assert leaked(said) == [], args
        assert not [text for text in (*CREDENTIALS, b"Traceback", b"struck") if text in said]
        for name, content in self.workplace.files().items():
            if not name.startswith("manifests/"):
                assert leaked(content) == [], name
        return said.decode()


@pytest.fixture
def searched(workplace: Any, capfd: pytest.CaptureFixture[str]) -> Searched:
    return Searched(workplace, capfd)


def test_nothing_leaks_through_the_life_of_a_secret(
    workplace: Any, standin: Standin, searched: Searched
) -> None:
    manifests(workplace)
    searched.run("plan", "-o", "json", code=0)
    searched.run("plan", "--out", "first.plan", code=0)
    searched.run("apply", "first.plan", "--verbose", "--qps", "1000", code=0)
    manifests(workplace, "changed", "  token: " + CANARIES["token"].decode() + "\n")
    adopted = base64.b64encode(CANARIES["adopted"]).decode()
    kept = standin.secret("shop-database")
    assert kept is not None
    standin.put(
        "shop-database", {**kept.data, "theirs": adopted, "plain": CANARIES["adopted"].decode()}
    )
    searched.run("drift", "-v", "--unmanaged", code=2)
    searched.run("apply", "--auto-approve", "-o", "json", code=0)
    searched.run("get", code=0)
    searched.run("destroy", "--auto-approve", "--max-deletes", "1", "--force-foreign", code=0)
    assert standin.names() == set()


@pytest.mark.parametrize(
    "strike",
    [
        CUT_BEFORE,
        CUT_AFTER,
        Strike(status=400, code="InvalidParameter.WithMessage"),
        Strike(status=500, code="OperationFailed.RPCError"),
    ],
    ids=["before", "after", "refused", "fault"],
)
def test_nothing_leaks_from_what_fails(
    workplace: Any,
    standin: Standin,
    searched: Searched,
    strike: Strike,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)
    monkeypatch.setattr(sae, "BACKEND", SaeBackend(Patience(first_delay=0.0)))
    manifests(workplace)

    def befalls(call: Call) -> Strike | None:
        return strike if call.parameters.get("SecretName") == "shop-database" else None

    standin.strike = befalls
    said = searched.run("apply", "--auto-approve", "-v", code=0 if strike is CUT_AFTER else 5)
    assert "shop-database" in said
    standin.strike = lambda _: strike
    searched.run("plan", code=1)


def test_what_the_service_would_refuse_is_told_with_its_place(
    workplace: Any, standin: Standin
) -> None:
    del standin
    workplace.write(
        "manifests/all.yaml",
        """\
apiVersion: v1
kind: Secret
metadata: {name: with-hyphens}
stringData: {a: b}
---
apiVersion: v1
kind: Secret
metadata: {name: typed}
type: example.com/mine
stringData: {a: b}
---
apiVersion: v1
kind: Secret
metadata: {name: 9lives}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
""",
    )
    strict = workplace.run("validate", "--store", f"sae://{REGION}")
    assert strict.code == 1
    for place, code in ((1, "sae-name"), (6, "sae-type"), (12, "sae-name"), (12, "sae-data")):
        assert any(
            f"all.yaml:{place}" in line and code in line for line in strict.out.splitlines()
        ), (place, code, strict.out)
    assert "all.yaml:16" in strict.out
    assert "names=hyphens" in strict.out
    loose = workplace.run("validate", "--store", f"sae://{REGION}?names=hyphens")
    assert "with-hyphens" not in loose.out
    assert "typed" in loose.out
    assert workplace.run("validate", "--store", "sae:").code == 1


def test_namespaces_and_pace_may_stand_in_the_settings(workplace: Any, standin: Standin) -> None:
    standin.namespaces[f"{REGION}:prodshop"] = {}
    workplace.write(
        "reconciler.yaml", "qps: 1000\nset-namespace: shop\nsae-namespaces:\n  shop: prodshop\n"
    )
    workplace.write(
        "manifests/a.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: v}\n",
    )
    workplace.ok("apply", "--auto-approve")
    assert standin.names(f"{REGION}:prodshop") == {"a"}
    assert standin.namespaces[REGION] == {}
    elsewhere = workplace.ok("plan", "--sae-namespaces", f"shop={REGION}")
    assert "1 to create" in elsewhere.out
    for text in ("sae-namespaces: shop\n", "sae-namespaces: {a: 1}\n", "qps: fast\n"):
        workplace.write("reconciler.yaml", text)
        assert workplace.run("plan").code == 1


def test_the_sdk_is_imported_only_for_its_store(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from reconciler.cli import main\n"
        "for args in (['plan'], ['validate', '--store', 'sae://cn-test']):\n"
        "    CliRunner().invoke(main, args)\n"
        "print([one for one in sys.modules if 'alibaba' in one or 'darabonba' in one])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"
