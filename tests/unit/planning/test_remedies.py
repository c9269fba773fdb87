"""Commands that settle drift."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from reconciler.model.drift import DriftReport, FieldDrift, FieldState, ObjectDrift, ObjectState
from reconciler.model.objects import Desired
from reconciler.model.plans import StoreIdentity
from reconciler.model.remedies import CommandLine, Remedies, Way
from reconciler.model.store import Capability
from reconciler.planning.remedies import Manifests, remedies_of
from tests.world import secret


@pytest.mark.parametrize("encrypted", [True, False])
def test_what_is_encrypted_in_git_is_accepted_encrypted(*, encrypted: bool) -> None:
    desired = secret("db", {"password": "one"})
    desired = replace(desired, ciphertexts={"password": "digest"} if encrypted else {})
    ways = remedies(
        desired, state=ObjectState.DRIFTED, capabilities=frozenset(Capability)
    ).of_objects[desired.key]
    (accept,) = (remedy for remedy in ways if remedy.way is Way.ACCEPT)
    written = accept.steps[0].command
    assert ("--sops" in written, "--reveal" in written) == (encrypted, not encrypted)


@pytest.mark.parametrize("state", [ObjectState.DRIFTED, ObjectState.VANISHED])
@pytest.mark.parametrize(
    ("missing", "works"),
    [
        (Capability.WRITES, {"drift"}),
        (Capability.READ_VALUES, {"drift", "apply"}),
        (Capability.MEMORY, {"drift", "apply", "export"}),
    ],
)
def test_no_command_is_one_that_the_store_refuses(
    missing: Capability, works: set[str], state: ObjectState
) -> None:
    desired = [secret("db", {"password": "one"}), secret("queue", {"token": "one"})]
    ways = remedies(*desired, state=state, capabilities={*Capability} - {missing})
    steps = [
        step
        for remedy in (*ways.of_all, *(each for of in ways.of_objects.values() for each in of))
        for step in remedy.steps
    ]
    commands = {step.command[1] for step in steps if step.command}
    assert commands <= works
    assert all(any(way.way is Way.IGNORE for way in of) for of in ways.of_objects.values())


def remedies(
    *desired: Desired, state: ObjectState, capabilities: Collection[Capability]
) -> Remedies:
    """What settles a drift of each of `desired`."""
    changed = (FieldDrift(("data", "password"), FieldState.CHANGED),)
    fields = changed if state is ObjectState.DRIFTED else ()
    drifted = tuple(
        ObjectDrift(each.key, state, fields, source=each.source, owner="default")
        for each in desired
    )
    report = DriftReport(store=StoreIdentity("test", "one"), set_name="default", objects=drifted)
    files = frozenset(each.source.file for each in desired)
    manifests = Manifests({each.source: each for each in desired}, files)
    return remedies_of(report, manifests, CommandLine(), capabilities)
