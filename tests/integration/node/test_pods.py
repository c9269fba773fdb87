"""What running Pods see of Secrets that an apply changes, and that the plan's notes are true."""

from __future__ import annotations

import time

from tests.integration.node.conftest import NodePlace, awaited

FORGOTTEN_SECONDS = 10.0
"""More than the time for which kubelet remembers a Secret that no Pod refers to: 1 to 5 s."""


def manifest(name: str, value: str, *, more: str = "") -> str:
    return (
        "apiVersion: v1\nkind: Secret\n"
        f"metadata:\n  name: {name}\n  annotations: {{reconciler/replace: allowed}}\n"
        f"stringData: {{value: {value}}}\n{more}"
    )


def test_an_update_reaches_volumes_and_neither_variables_nor_sub_paths(place: NodePlace) -> None:
    place.write("web.yaml", manifest("web", "one"))
    assert place.apply().code == 0
    place.pod("old", "web")
    place.write("web.yaml", manifest("web", "two"))
    assert place.apply().code == 0
    awaited(lambda: place.volume("old") == "two", "the volume follows")
    assert place.variable("old") == "one"
    assert place.sub_path("old") == "one"
    place.pod("new", "web")
    assert place.variable("new") == place.sub_path("new") == "two"


def test_a_pod_keeps_the_old_value_of_an_immutable_secret_replaced_under_its_name(
    place: NodePlace,
) -> None:
    fixed = "immutable: true\n"
    place.write("web.yaml", manifest("web", "one", more=fixed))
    assert place.apply().code == 0
    place.pod("old", "web")
    place.write("web.yaml", manifest("web", "two", more=fixed))
    planned = place.plan("--consumers")
    assert "old" in planned.out
    assert place.apply().code == 0
    place.pod("beside", "web")
    assert place.volume("old") == place.volume("beside") == "one"
    assert place.variable("beside") == "one"
    for pod in ("old", "beside"):
        place.remove_pod(pod)

    def fresh() -> bool:
        time.sleep(FORGOTTEN_SECONDS)
        place.pod("after", "web")
        value = place.volume("after")
        place.remove_pod("after")
        return value == "two"

    awaited(fresh, "a Pod that starts once no other refers to the name sees the new value")
