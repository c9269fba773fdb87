"""Two applies at once: of one set, and of two."""

from __future__ import annotations

import signal
from typing import Any

from tests.crashes.program import APPLY, Run
from tests.integration.kubernetes.site import Site
from tests.world import secret_manifest as secret


def test_two_applies_of_one_set(site: Site) -> None:
    wanted: dict[str, Any] = {f"s{number}": {"a": "1"} for number in range(40)}
    site.put(*(secret(name, **values) for name, values in wanted.items()))
    first = Run(site.path, [*APPLY, "--parallelism", "2"])
    first.until(b'"outcome"')
    first.process.send_signal(signal.SIGSTOP)
    refused = site.run("apply", "--auto-approve")
    waits = Run(site.path, [*APPLY, "--lock-timeout", "60"])
    first.process.send_signal(signal.SIGCONT)
    ended, waited = first.ended(), waits.ended()
    assert ended.code == 0, ended
    assert refused.code == 1
    assert "is locked by" in refused.err
    assert "reconciler unlock --set default --force" in refused.err
    assert f"process {first.process.pid}" in refused.err
    # It had planned what the other one has done meanwhile, or saw that nothing was left to do.
    assert waited.code in {0, 4}, waited
    assert not any(event["event"] == "step-started" for event in waited.events)
    assert site.secrets() == wanted
    site.converged()


def test_two_that_begin_at_once(site: Site) -> None:
    wanted: dict[str, Any] = {f"s{number}": {"a": "1"} for number in range(20)}
    site.put(*(secret(name, **values) for name, values in wanted.items()))
    runs = [Run(site.path, [*APPLY, "--lock-timeout", "60"]) for _ in range(3)]
    codes = sorted(run.ended().code for run in runs)
    assert codes[0] == 0
    assert set(codes) <= {0, 4}
    assert site.secrets() == wanted
    site.converged()


def test_two_sets_side_by_side(site: Site) -> None:
    runs = []
    for name in ("blue", "green"):
        documents = [secret(f"{name}{number}", a=name) for number in range(20)]
        site.put(*documents)
        (site.path / "manifests/all.json").rename(site.path / f"{name}.json")
        runs.append(Run(site.path, [*APPLY, f"{name}.json", "--set", name, "--prune"]))
    for run in runs:
        ended = run.ended()
        assert ended.code == 0, ended
    for name in ("blue", "green"):
        options = ("--set", name, "--prune")
        result = site.run("plan", "--detailed-exitcode", f"{name}.json", *options)
        assert result.code == 0, result
    assert len(site.every()) == 40 + 2  # and a parent each
