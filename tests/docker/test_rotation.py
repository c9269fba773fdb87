"""Values change by rotation: new versions, services moved to them, old ones removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.events import Outcome
from reconciler.model.plans import Action, Reason
from tests.docker.conftest import IN_HAND, Swarm
from tests.world import secret, wrapped

SHOP = secret("shop", {"password": "one", "user": "me"})
NEW = replace(SHOP, data=wrapped({"password": "two", "user": "me"}))
STAYING = replace(IN_HAND, rotate_services=False)


def notes(swarm: Swarm, options: Any = IN_HAND) -> list[str]:
    plan = swarm.plan([NEW], options).plan
    return [note.code for change in plan.changes for note in change.notes]


def test_where_nothing_uses_it_the_name_stays(swarm: Swarm) -> None:
    swarm.applied([SHOP])
    before = swarm.engine.secrets()
    swarm.applied([NEW])
    after = swarm.engine.secrets()
    assert after.keys() == before.keys() == {"shop.password", "shop.user"}
    assert after["shop.password"]["ID"] != before["shop.password"]["ID"]
    assert after["shop.user"]["ID"] == before["shop.user"]["ID"]


def test_a_service_is_moved_and_keeps_file_mode_and_owner(swarm: Swarm) -> None:
    swarm.applied([SHOP])
    swarm.engine.service("web", "shop.password", "shop.user")
    swarm.engine.service("other", "shop.user")
    user = swarm.engine.secrets()["shop.user"]
    untouched = swarm.engine.call("GET", "/services/other")["Version"]
    assert notes(swarm) == ["values-lost", "service-updated"]

    swarm.applied([NEW])

    assert swarm.used_by("web") == [
        ("shop.password-2", "shop.password-file", "7", "8", 0o440),
        ("shop.user", "shop.user-file", "7", "8", 0o440),
    ]
    assert swarm.names() == {"shop.password-2", "shop.user"}
    assert swarm.engine.secrets()["shop.user"]["ID"] == user["ID"]
    assert swarm.engine.call("GET", "/services/other")["Version"] == untouched
    swarm.applied([SHOP])
    assert swarm.names() == {"shop.password", "shop.user"}


def test_without_the_option_the_plan_says_who_keeps_the_old_value(swarm: Swarm) -> None:
    swarm.applied([SHOP])
    swarm.engine.service("web", "shop.password")
    assert notes(swarm, STAYING) == ["values-lost", "service-keeps-old"]

    swarm.applied([NEW], STAYING)

    assert swarm.used_by("web")[0][0] == "shop.password"
    assert swarm.names() == {"shop.password", "shop.password-2", "shop.user"}
    told = [note.message for note in swarm.plan([NEW], STAYING).plan.notices]
    assert any("Service/web" in text and "--rotate-services" in text for text in told)

    (change,) = swarm.plan([NEW]).plan.changes
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.ROTATION,))
    swarm.applied([NEW])
    assert swarm.used_by("web")[0][0] == "shop.password-2"
    assert swarm.names() == {"shop.password-2", "shop.user"}


def test_an_old_version_that_nothing_uses_any_more_goes_with_the_next_apply(swarm: Swarm) -> None:
    swarm.applied([SHOP])
    swarm.engine.service("web", "shop.password")
    swarm.applied([NEW], STAYING)
    swarm.engine.call("DELETE", "/services/web")
    assert swarm.plan([NEW], STAYING).plan.pending[0].reasons == (Reason.ROTATION,)
    swarm.applied([NEW], STAYING)
    assert swarm.names() == {"shop.password-2", "shop.user"}


def test_a_service_that_uses_a_key_that_is_gone_is_told_of(swarm: Swarm) -> None:
    swarm.applied([SHOP])
    swarm.engine.service("web", "shop.user")
    without = [replace(SHOP, data=wrapped({"password": "two"}))]
    assert swarm.plan(without).blocked
    swarm.applied(without, replace(IN_HAND, force_consumers=True))
    assert swarm.names() == {"shop", "shop.user"}
    (notice,) = swarm.plan(without).plan.notices
    assert notice.code == "old-version-forsaken"
    assert "Service/web" in notice.message


@pytest.mark.parametrize(
    ("action", "used"), [("pause", "shop.password-2"), ("rollback", "shop.password")]
)
def test_a_service_that_does_not_come_up_is_told(swarm: Swarm, action: str, used: str) -> None:
    """No image of that name exists, so that no task ever runs."""
    swarm.applied([SHOP])
    config = {"FailureAction": action, "Monitor": 10**9, "Delay": 0}
    swarm.engine.service("web", "shop.password", replicas=1, UpdateConfig=config)
    ended = swarm.apply([NEW])
    (result,) = ended.results
    assert result.outcome is Outcome.FAILED
    assert "service web" in result.message
    assert "half way" in result.message or "rolled back" in result.message
    assert swarm.used_by("web")[0][0] == used
    assert {"shop.password", "shop.password-2"} <= swarm.names()


def test_what_a_service_uses_cannot_be_pruned(swarm: Swarm) -> None:
    swarm.applied([SHOP])
    swarm.engine.service("web", "shop.password")
    ended = swarm.apply([], replace(IN_HAND, force_consumers=True))
    (result,) = ended.results
    assert "'shop.password' is used by the service web" in result.message
    assert "docker service update --secret-rm" in result.hint
    swarm.engine.call("DELETE", "/services/web")
    swarm.applied([])
    assert swarm.names() == set()
