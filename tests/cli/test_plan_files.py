"""What a plan file may do by itself: nothing that nobody has asked for."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler import planfile, workflow
from reconciler.errors import StalePlan
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Scope
from reconciler.stores import open_store
from reconciler.workflow import load
from tests.cli.test_terminal import at_a_terminal
from tests.unit.planfile.test_codec import altered, places

DEFAULT = ".reconciler/store.db"
OLD = Path(__file__).resolve().parents[1] / "unit/planfile/fixtures/0.1.0"
STRONG_KEY = {"RECONCILER_FINGERPRINT_KEY": "canary-fingerprint-key-0123456789"}


def key_of(store: str) -> bytes:
    with closing(open_store(store, {})) as opened:
        key = opened.read(Scope("default", frozenset())).fingerprint_key
    assert key is not None
    return key


def resealed(path: Path, sealed_by: str, **changes: Any) -> None:
    """Change a plan file as whoever has the key of that store can."""
    planfile.save(replace(planfile.load(path).saved, **changes), path, key_of(sealed_by))


@pytest.fixture
def pending(shop: Any) -> Any:
    """A store with a key, a change to make, a Secret to prune, and the plan of both."""
    gone = shop.secret("gone", token="not-a-real-token")
    shop.ok("apply", "--auto-approve")
    gone.unlink()
    shop.secret("aside", token="not-a-real-token")
    shop.ok("plan", "--out", "release.plan")
    return shop


def test_a_plan_is_verified_and_says_so(pending: Any) -> None:
    assert "plan file verified\n" in pending.ok("apply", "release.plan", "--require-sealed").out


def test_show_says_that_nobody_has_checked_the_seal(pending: Any) -> None:
    shutil.rmtree(pending.path / ".reconciler")
    words = "not verified: only apply can check its seal"
    assert words in pending.ok("show", "release.plan").out.splitlines()[0]
    assert words in pending.ok("show", "release.plan", "-o", "markdown").out.replace("`", "")
    document = json.loads(pending.ok("show", "release.plan", "-o", "json").out)
    assert document["notices"][0]["code"] == "plan-unchecked"


def test_a_delete_that_was_written_into_a_plan_is_not_made(pending: Any) -> None:
    honest = (pending.path / "release.plan").read_bytes()
    pending.ok("plan", "--prune", "--max-deletes", "100%", "--out", "pruning.plan")
    forged = json.loads((pending.path / "pruning.plan").read_bytes())
    forged["seal"] = json.loads(honest)["seal"]
    pending.write("release.plan", json.dumps(forged, indent=2) + "\n")
    before = pending.files()
    result = pending.run("apply", "release.plan")
    assert result.code == 4
    assert "plan-altered" in result.err
    assert pending.files() == before


def test_no_changed_field_of_a_plan_is_applied(pending: Any) -> None:
    path = pending.path / "release.plan"
    document = json.loads(path.read_bytes())
    before = pending.files()
    codes = set()
    for at in places(document):
        if at[:1] == ("required",) and at[1:] and at[1] > 0:
            continue  # each name of that list is like the next one
        for change in (
            lambda node, name: node.__setitem__(name, not node[name]),
            lambda node, name: node.__setitem__(name, f"{node[name]}x"),
            lambda node, name: node.pop(name),
        ):
            path.write_text(json.dumps(altered(document, at, change), indent=2) + "\n")
            result = pending.run("apply", "release.plan", stdin="")
            assert result.code in {1, 4}, (at, result)
            assert "unexpected" not in result.err, (at, result)
            codes.add(result.code)
            assert pending.files() | {"release.plan": b""} == before | {"release.plan": b""}, at
    assert codes == {1, 4}


def test_a_stale_plan_is_never_called_altered(pending: Any) -> None:
    pending.secret("aside", token="not-a-real-token-2")
    result = pending.run("apply", "release.plan")
    assert result.code == 4
    assert "Secret/default/aside: its manifest changed" in result.err
    assert "altered" not in result.err


def test_a_plan_of_another_key_is_stale_as_ever(pending: Any) -> None:
    result = pending.run("apply", "release.plan", env=STRONG_KEY)
    assert result.code == 4
    assert "fingerprint key is not the one" in result.err
    assert "altered" not in result.err


def test_a_first_plan_is_unverified_and_applied_unless_seals_are_required(shop: Any) -> None:
    shop.ok("plan", "--out", "first.plan")
    refused = shop.run("apply", "first.plan", "--require-sealed")
    assert refused.code == 3
    assert "unverified" in refused.err
    assert "RECONCILER_FINGERPRINT_KEY" in refused.err
    assert not (shop.path / ".reconciler").exists()
    for quiet in ([], ["--quiet"]):
        shutil.rmtree(shop.path / ".reconciler", ignore_errors=True)
        result = shop.ok("apply", "first.plan", *quiet)
        assert "plan file unverified: there was no fingerprint key yet" in result.out
    shutil.rmtree(shop.path / ".reconciler")
    assert "Note: plan file unverified" in shop.ok("apply", "first.plan", "-o", "json").err


def test_a_first_plan_that_was_changed_is_altered_all_the_same(shop: Any) -> None:
    shop.ok("plan", "--out", "first.plan")
    path = shop.path / "first.plan"
    path.write_bytes(path.read_bytes().replace(b'"set_name": "default"', b'"set_name": "other"'))
    result = shop.run("apply", "first.plan")
    assert result.code == 4
    assert "plan-altered" in result.err
    assert not (shop.path / ".reconciler").exists()


def test_a_first_plan_under_a_key_of_the_environment_is_verified(shop: Any) -> None:
    shop.ok("plan", "--out", "first.plan", env=STRONG_KEY)
    result = shop.ok("apply", "first.plan", "--require-sealed", env=STRONG_KEY)
    assert "plan file verified" in result.out


def test_manifests_are_no_sealed_plan(shop: Any) -> None:
    required = {"RECONCILER_REQUIRE_SEALED": "1"}
    result = shop.run("apply", "--auto-approve", env=required)
    assert result.code == 3
    assert "no plan file was given" in result.err
    assert not (shop.path / ".reconciler").exists()
    shop.ok("apply", "--auto-approve", "--no-require-sealed", env=required)


def test_a_plan_that_expires(pending: Any) -> None:
    shown = pending.ok("plan", "--out", "short.plan", "--expires", "90m")
    assert "expires at " in shown.out.splitlines()[0]
    assert "expires at " in pending.ok("apply", "short.plan").out.splitlines()[0]
    saved = planfile.load(pending.path / "short.plan").saved
    lifetime = datetime.fromisoformat(saved.expires) - datetime.fromisoformat(saved.created)
    assert lifetime == timedelta(minutes=90)


def test_an_expired_plan_is_stale_and_can_be_shown(pending: Any) -> None:
    ended = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="seconds")
    resealed(pending.path / "release.plan", f"sqlite:{DEFAULT}", expires=ended)
    before = pending.files()
    result = pending.run("apply", "release.plan")
    assert result.code == 4
    assert f"the plan expired at {ended}" in result.err
    assert pending.files() == before
    assert f"expired at {ended}" in pending.ok("show", "release.plan").out
    document = json.loads(pending.ok("show", "release.plan", "-o", "json").out)
    assert document["notices"][1] == {"code": "plan-expired", "message": f"expired at {ended}"}


def test_an_expiry_that_was_put_off_is_noticed(pending: Any) -> None:
    pending.ok("plan", "--out", "short.plan", "--expires", "7d")
    path = pending.path / "short.plan"
    year = str(datetime.now(UTC).year)
    document = path.read_text().replace(f'"expires": "{year}', f'"expires": "{int(year) + 1}')
    path.write_text(document)
    result = pending.run("apply", "short.plan")
    assert result.code == 4
    assert "plan-altered" in result.err


def test_a_plan_that_expires_while_the_lock_is_waited_for_is_stale(pending: Any) -> None:
    options = PlanOptions()
    desired = load("manifests").objects
    with closing(open_store(f"sqlite:{DEFAULT}", {})) as store:
        snapshot = workflow.read(desired, store, options)
        ends = datetime(2026, 11, 22, 7, tzinfo=UTC)
        planned = replace(workflow.plan(desired, snapshot, options), expires=ends.isoformat())
        with pytest.raises(StalePlan, match="expired"):
            workflow.apply(planned, store, clock=lambda: ends)
        workflow.apply(planned, store, clock=lambda: ends - timedelta(seconds=1))
    assert pending.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("text", ["", "0m", "-1h", "5", "1w", "h", "1.5h", "1h30m", "9999999d"])
def test_malformed_durations(shop: Any, text: str) -> None:
    result = shop.run("plan", "--expires", text)
    if text:
        assert result.code == 1
        assert "90m, 24h or 7d" in result.err
    shop.write("reconciler.yaml", "expires: 1h\n")
    shop.ok("plan", "--out", "p")
    assert planfile.load(shop.path / "p").saved.expires


@pytest.mark.parametrize("option", [["--expires", "1h"], ["--allow-weak-plan"]])
def test_what_is_said_of_a_plan_file_needs_one(shop: Any, option: list[str]) -> None:
    result = shop.run("plan", *option)
    assert (result.code, result.out) == (1, "")
    assert f"{option[0]} is for a plan that is saved" in result.err
    shop.ok("plan", *option, "--out", "p")
    shop.ok("plan", "--no-allow-weak-plan", env={"RECONCILER_EXPIRES": "1h"})


class Listener:
    """A server of the other side, which nobody ought to speak to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.url = f"docker:tcp://127.0.0.1:{self._socket.getsockname()[1]}"

    def was_called(self) -> bool:
        try:
            connection, _ = self._socket.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with closing(Listener()) as listener:
        yield listener


@pytest.fixture
def forged(shop: Any) -> Any:
    """A plan for the forger's own store, sealed with that store's key."""
    theirs = "sqlite:theirs/store.db"
    shop.ok("apply", "--auto-approve", "--store", theirs)
    shop.secret("precious", token="not-a-real-token")
    shop.ok("plan", "--store", theirs, "--out", "forged.plan")
    return shop


def test_a_plan_file_alone_does_not_decide_on_the_store(forged: Any) -> None:
    before = forged.files()
    result = forged.run("apply", "forged.plan")
    assert result.code == 1
    assert "reconciler apply forged.plan --store sqlite:theirs/store.db" in result.err
    assert forged.files() == before


def test_the_store_that_is_named_gets_the_plan_and_no_other(forged: Any) -> None:
    forged.ok("apply", "--auto-approve", "--store", "sqlite:ours/store.db", "--set", "other")
    before = forged.files()
    result = forged.run("apply", "forged.plan", env={"RECONCILER_STORE": "sqlite:ours/store.db"})
    assert result.code == 4
    assert "made for another store" in result.err
    assert forged.files() == before


@pytest.mark.parametrize("named", ["option", "variable", "setting"])
def test_a_store_that_is_named_is_used(forged: Any, named: str) -> None:
    url = "sqlite:theirs/store.db"
    options = ("--store", url) if named == "option" else ()
    env = {"RECONCILER_STORE": url} if named == "variable" else {}
    if named == "setting":
        forged.write("reconciler.yaml", f"store: {url}\n")
    result = forged.run("apply", "forged.plan", *options, env=env)
    assert "created Secret/default/precious" in result.out


def test_a_person_at_a_terminal_may_confirm_the_store(forged: Any) -> None:
    before = forged.files()
    code, seen = at_a_terminal(forged, "apply", "forged.plan", answer=b"no\n")
    assert code == 1
    assert b"This plan is for the store sqlite:theirs/store.db. Apply it there?" in seen
    assert forged.files() == before
    code, seen = at_a_terminal(forged, "apply", "forged.plan", answer=b"yes\n")
    assert code == 0
    assert b"Applied: 1 created." in seen


def test_a_server_that_only_the_plan_names_is_not_called(forged: Any, listener: Listener) -> None:
    resealed(forged.path / "forged.plan", "sqlite:theirs/store.db", store=listener.url)
    result = forged.run("apply", "forged.plan")
    assert result.code == 1
    assert f"--store {listener.url}" in result.err
    code, _ = at_a_terminal(forged, "apply", "forged.plan", answer=b"no\n")
    assert code == 1
    assert not listener.was_called()
    # What was asked for by name is another matter: the listener does notice.
    with socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2]))):
        assert listener.was_called()


@pytest.mark.parametrize("url", ["sqlite:x; touch pwned", "sqlite:$(id)\n::set-output", "gopher:x"])
def test_a_store_that_a_plan_names_can_be_pasted_safely(forged: Any, url: str) -> None:
    resealed(forged.path / "forged.plan", "sqlite:theirs/store.db", store=url)
    result = forged.run("apply", "forged.plan")
    assert result.code == 1
    (line,) = [line for line in result.err.splitlines() if "hint:" in line]
    assert shlex.split(line.partition("name it: ")[2])[:4] == [
        *("reconciler", "apply", "forged.plan", "--store")
    ]
    assert len(shlex.split(line.partition("name it: ")[2])) == 5


def test_credentials_in_the_store_s_url_are_not_saved(pending: Any) -> None:
    path = pending.path / "release.plan"
    saved = workflow_saved(pending, "docker:tcp://user:canary-password@host:2376")
    planfile.save(saved, path, b"k" * 32)
    assert "canary-password" not in path.read_text()
    assert planfile.load(path).saved.store == "docker:tcp://host:2376"


def workflow_saved(workplace: Any, url: str) -> planfile.SavedPlan:
    desired = load(str(workplace.path / "manifests")).objects
    with closing(open_store(f"sqlite:{DEFAULT}", {})) as store:
        snapshot = workflow.read(desired, store, PlanOptions())
    return workflow.plan(desired, snapshot, PlanOptions()).saved(["manifests"], store=url)


def test_a_weak_first_plan_is_not_saved(workplace: Any) -> None:
    workplace.secret("pin", pin="1234")
    result = workplace.run("plan", "--out", "first.plan")
    assert result.code == 3
    assert "+ Secret/default/pin" in result.out
    assert "hint: set RECONCILER_FINGERPRINT_KEY" in result.err
    assert not (workplace.path / "first.plan").exists()
    workplace.ok("plan")
    allowed = {"RECONCILER_ALLOW_WEAK_PLAN": "1"}
    assert workplace.run("plan", "--out", "a", "--no-allow-weak-plan", env=allowed).code == 3
    workplace.ok("plan", "--out", "first.plan", "--allow-weak-plan")
    workplace.ok("plan", "--out", "second.plan", env=STRONG_KEY)
    workplace.ok("apply", "first.plan")
    workplace.secret("pin", pin="4321")
    workplace.ok("plan", "--out", "later.plan")


def test_a_first_plan_with_one_strong_value_or_none_is_saved(workplace: Any) -> None:
    workplace.write("manifests/a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    workplace.ok("plan", "--out", "empty.plan")
    workplace.secret("pin", pin="1234", password="x7#kQ9!z-canary")
    workplace.ok("plan", "--out", "first.plan")


def of_0_1_0(workplace: Any, name: str) -> None:
    shutil.copytree(OLD / name, workplace.path, dirs_exist_ok=True)
    for path in (workplace.path, *workplace.path.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("name", ["first", "later"])
def test_a_plan_of_0_1_0_is_shown_applied_and_converges(workplace: Any, name: str) -> None:
    of_0_1_0(workplace, name)
    store = ("--store", "sqlite:store.db")
    words = "plan file unverified: a version without seals has made it"
    assert words in workplace.ok("show", f"{name}.plan").out
    before = workplace.files()
    assert workplace.run("apply", f"{name}.plan", *store, "--require-sealed").code == 3
    assert workplace.files() == before
    result = workplace.ok("apply", f"{name}.plan", *store)
    assert words in result.out
    changes = "3 created." if name == "first" else "1 updated, 1 deleted."
    assert f"Applied: {changes}" in result.out
    assert workplace.run("plan", *store, "--prune", "--detailed-exitcode").code == 0
    assert workplace.run("drift", *store).code == 0


def test_a_plan_of_0_1_0_goes_stale(workplace: Any) -> None:
    of_0_1_0(workplace, "later")
    workplace.ok("apply", "--auto-approve", "--store", "sqlite:store.db")
    result = workplace.run("apply", "later.plan", "--store", "sqlite:store.db")
    assert result.code == 4
    assert "Secret/shop/database" in result.err
