"""The order of an apply of several environments, and what a failure stops."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from reconciler.errors import ConfigError, ExitCode, StalePlan, worst
from reconciler.workflow import Result, roll_out
from reconciler.workflow.reports import INTERRUPTED

CHAIN = {"staging": (), "eu-1": ("staging",), "eu-2": ("eu-1",)}
WIDE = {"staging": (), "lab": (), "eu-1": ("staging",), "us-1": ("lab",), "late": ("us-1",)}


def rolled_out(
    after: Mapping[str, Sequence[str]],
    failing: Sequence[str] = (),
    *,
    max_failures: int = 0,
    stopping: str = "",
) -> tuple[list[str], dict[str, Result]]:
    begun = []
    stop = threading.Event()

    def apply(name: str) -> Result:
        begun.append(name)
        if name == stopping:
            stop.set()
        return Result(error=ConfigError("no")) if name in failing else Result()

    results = roll_out(after, apply, at_a_time=1, max_failures=max_failures, stop=stop)
    return begun, {result.environment: result for result in results}


def test_all_are_applied_in_their_order() -> None:
    begun, results = rolled_out({"late": ("early",), "early": ()})
    assert begun == ["early", "late"]
    assert all(result.exit_code is ExitCode.OK for result in results.values())


def test_nothing_that_comes_after_a_failure_is_begun() -> None:
    begun, results = rolled_out(CHAIN, ["staging"], max_failures=9)
    assert begun == ["staging"]
    assert results["eu-1"].not_begun == "it comes after staging"
    assert results["eu-2"].not_begun == "it comes after eu-1"
    assert results["staging"].exit_code is ExitCode.ERROR


def test_a_failure_stops_new_stages_but_nothing_in_its_own() -> None:
    begun, results = rolled_out(WIDE, ["staging"])
    assert begun == ["staging", "lab"]
    assert results["us-1"].not_begun == "1 failed, and --max-failures allows 0"


def test_so_many_failures_are_allowed() -> None:
    begun, _ = rolled_out(WIDE, ["staging"], max_failures=1)
    assert begun == ["staging", "lab", "us-1", "late"]
    begun, _ = rolled_out(WIDE, ["staging", "us-1"], max_failures=1)
    assert begun == ["staging", "lab", "us-1"]


def test_what_is_not_in_the_run_is_not_waited_for() -> None:
    begun, _ = rolled_out({"eu-1": ("staging",), "eu-2": ("eu-1",)})
    assert begun == ["eu-1", "eu-2"]


def test_an_interrupt_begins_nothing_more() -> None:
    begun, results = rolled_out(WIDE, stopping="staging")
    assert begun == ["staging"]
    assert {results[name].not_begun for name in ("lab", "eu-1", "us-1", "late")} == {INTERRUPTED}
    assert worst(each.exit_code for each in results.values()) is ExitCode.INTERRUPTED


def test_an_error_ends_with_its_own_code() -> None:
    assert Result(error=StalePlan("no")).exit_code is ExitCode.STALE
