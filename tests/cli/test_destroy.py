from __future__ import annotations

from typing import Any


def test_destroy_deletes_the_set_in_reverse_and_nothing_else(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    shop.secret("other", x="1")
    shop.ok("apply", "--auto-approve", "--set", "blue", "--target", "Secret/default/other")
    result = shop.ok("destroy", "--auto-approve")
    assert result.out.index("deleted Secret/shop/database") < result.out.index(
        "deleted Namespace/shop"
    )
    assert "Applied: 2 deleted." in result.out
    assert "the set is to be destroyed" in result.out
    assert "Secret/default/other" in shop.ok("get", "--set", "blue").out
    assert "No changes" in shop.ok("destroy").out


def test_the_guards_hold(workplace: Any) -> None:
    for number in range(10):
        workplace.secret(f"s{number}", x="1")
    workplace.secret("kept", head='  annotations: {reconciler/prevent-destroy: "true"}\n', x="1")
    workplace.ok("apply", "--auto-approve")
    refused = workplace.run("destroy", "--auto-approve")
    assert refused.code == 3
    assert "--max-deletes 11" in refused.out
    refused = workplace.run("destroy", "--auto-approve", "--max-deletes", "100%")
    assert refused.code == 3
    assert "Secret/default/kept may not be deleted" in refused.out
    done = workplace.ok(
        "destroy", "--auto-approve", "--target", "Secret/default/s1", "--parallelism", "2"
    )
    assert "Applied: 1 deleted." in done.out


def test_without_a_terminal_nobody_is_asked(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    assert shop.run("destroy", stdin="yes\n").code == 1
    assert shop.run("plan", "--detailed-exitcode").code == 0


def test_as_json_and_quietly(shop: Any) -> None:
    shop.ok("apply", "--auto-approve")
    assert '"apply-ended"' in shop.ok("destroy", "--auto-approve", "-o", "json").out
    shop.ok("apply", "--auto-approve")
    quiet = shop.ok("destroy", "--auto-approve", "--quiet", "--lock-timeout", "1")
    assert len(quiet.out.splitlines()) == 2
