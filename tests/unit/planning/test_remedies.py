"""Commands that settle drift."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.drift import DriftReport, FieldDrift, FieldState, ObjectDrift, ObjectState
from reconciler.model.plans import StoreIdentity
from reconciler.model.remedies import CommandLine, Way
from reconciler.planning.remedies import Manifests, remedies_of
from tests.world import secret


@pytest.mark.parametrize("encrypted", [True, False])
def test_what_is_encrypted_in_git_is_accepted_encrypted(*, encrypted: bool) -> None:
    desired = secret("db", {"password": "one"})
    desired = replace(desired, ciphertexts={"password": "digest"} if encrypted else {})
    drifted = ObjectDrift(
        desired.key,
        ObjectState.DRIFTED,
        (FieldDrift(("data", "password"), FieldState.CHANGED),),
        source=desired.source,
        owner="default",
    )
    report = DriftReport(store=StoreIdentity("test", "one"), set_name="default", objects=(drifted,))
    manifests = Manifests({desired.source: desired}, frozenset({desired.source.file}))
    ways = remedies_of(report, manifests, CommandLine()).of_objects[desired.key]
    (accept,) = (remedy for remedy in ways if remedy.way is Way.ACCEPT)
    written = accept.steps[0].command
    assert ("--sops" in written, "--reveal" in written) == (encrypted, not encrypted)
