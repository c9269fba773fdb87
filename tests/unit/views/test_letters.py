"""Messages about drift checks."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reconciler.model.news import NewsKind, Standing
from reconciler.views.letters import Finding, letter

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("environment", "place", "source"),
    [
        ("", "set shop", "urn:reconciler:set:shop"),
        ("eu-1", "environment eu-1, set shop", "urn:reconciler:environment:eu-1:set:shop"),
    ],
)
def test_a_message_says_which_environment_was_checked(
    environment: str, place: str, source: str
) -> None:
    finding = Finding(set_name="shop", environment=environment, now=NOW, error="no such store")
    sent = letter(NewsKind.FAILED, finding, Standing(), sender="x", number=0)
    assert sent.title == f"The drift check of {place} fails"
    event = json.loads(sent.event)
    assert event["source"] == source
    assert event["data"]["environment"] == (environment or None)
