"""Large objects, and many."""

from __future__ import annotations

import json

from tests.integration.kubernetes.site import Site
from tests.world import secret_manifest as secret

LIMIT = 1024 * 1024


def test_an_object_of_one_mebibyte(site: Site) -> None:
    site.put(secret("large", immutable=True, a="x" * LIMIT))
    site.apply()
    site.patch("large", {"metadata": {"annotations": {"theirs": "y" * 100_000}}})
    site.put(secret("large", immutable=True, a="z" * LIMIT))
    site.apply("--allow-replace")
    assert site.secrets() == {"large": {"a": "z" * LIMIT}}
    assert len(site.live("large")["metadata"]["annotations"]["theirs"]) == 100_000
    site.converged()


def test_an_object_that_is_too_large(site: Site) -> None:
    site.put(secret("large", a="x" * (LIMIT + 1)))
    refused = site.run("apply", "--auto-approve")
    assert refused.code == 1
    assert "1,048,577" in refused.err
    assert site.secrets() == {}


def test_five_thousand_in_one_namespace(site: Site) -> None:
    names = [f"s{number}" for number in range(5000)]
    site.put(*(secret(name, a=name) for name in names))
    site.apply("--parallelism", "16", "--quiet")
    assert site.secrets() == {name: {"a": name} for name in names}
    site.converged()
    site.put(*(secret(name, a=name) for name in names[1:]), secret("new", a="1"))
    plan = json.loads(site.ok("plan", "--prune", "-o", "json").out)
    done = {change["key"]["name"]: change["action"] for change in plan["changes"]}
    assert {name for name, action in done.items() if action != "no-op"} == {"s0", "new"}
    assert done["s0"] == "delete"
