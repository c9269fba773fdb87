"""Keys that others change: by name, and by patterns."""

from __future__ import annotations

import pytest

from reconciler.model.lifecycle import lifecycle, lifecycle_problems
from tests.world import secret

IGNORE = "reconciler/ignore-keys"


@pytest.mark.parametrize(
    ("patterns", "ignored", "others"),
    [
        ("ca.crt", {"ca.crt"}, {"ca-crt", "x.ca.crt", "CA.crt"}),
        ("ca.crt, *.tmp", {"ca.crt", "a.tmp", ".tmp"}, {"a.tmp.x"}),
        ("a?,[bc]1", {"a1", "b1", "c1"}, {"a", "d1"}),
        (",".join(f"k{number}" for number in range(5000)), {"k0", "k4999"}, {"k5000"}),
        (",".join(f"k{number}*" for number in range(100)), {"k0x", "k99x"}, {"x"}),
        (",".join(f"k{number}*" for number in range(101)), set(), {"k0x"}),
    ],
)
def test_which_keys_are_left_alone(patterns: str, ignored: set[str], others: set[str]) -> None:
    steering = lifecycle(secret("a", annotations={IGNORE: patterns}))
    assert {key for key in ignored | others if steering.ignores(key)} == ignored


def test_too_many_wildcards_are_a_problem() -> None:
    annotations = {IGNORE: ",".join(f"k{number}*" for number in range(101))}
    ((name, message, hint),) = lifecycle_problems(annotations, ())
    assert (name, message) == (IGNORE, "has an invalid value")
    assert "at most 100" in hint
