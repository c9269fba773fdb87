"""The lifecycle annotations hold through the command line, whatever options are given."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

import reconciler
from reconciler.model.objects import Applied, ObjectKey
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue

DEFAULT = ObjectKey("Secret", "default", "one")
APPLY = ("apply", "--auto-approve")
IN_HAND = ("--prune", "--allow-empty", "--allow-replace", "--max-deletes", "100%")


def annotated(name: str, value: str, *, immutable: bool = False) -> str:
    head = f'  annotations:\n    reconciler/{name}: "{value}"\n'
    return head + ("immutable: true\n" if immutable else "")


def live_data() -> dict[str, bytes]:
    with closing(reconciler.open_store("sqlite:.reconciler/store.db", {})) as store:
        found = reconciler.read((), store, reconciler.PlanOptions()).objects[DEFAULT]
        return {key: value.reveal() for key, value in found.data.items()}


def live_uid() -> str:
    with closing(reconciler.open_store("sqlite:.reconciler/store.db", {})) as store:
        return str(reconciler.read((), store, reconciler.PlanOptions()).objects[DEFAULT].uid)


def somebody_writes(key: str, value: bytes) -> None:
    """Change the live object and leave the record of what was applied as it is."""
    with closing(reconciler.open_store("sqlite:.reconciler/store.db", {})) as store:
        found = reconciler.read((), store, reconciler.PlanOptions()).objects[DEFAULT]
        assert found.applied is not None
        operation = Operation(
            "replace" if key in found.data else "add", f"/data/{key}", SecretValue(value)
        )
        store.update(
            DEFAULT,
            (operation,),
            Applied(set_name="default", fields=found.applied.fields),
            Precondition(found.uid, found.resource_version),
        )


@pytest.mark.parametrize("where", ["manifest and store", "manifest", "store"])
def test_prevent_destroy_stops_a_replace(workplace: Any, where: str) -> None:
    guarded = annotated("prevent-destroy", "true", immutable=True)
    lax = annotated("prevent-destroy", "false", immutable=True)
    workplace.secret("one", head=lax if where == "manifest" else guarded, a="1")
    workplace.ok(*APPLY)
    uid = live_uid()
    workplace.secret("one", head=lax if where == "store" else guarded, a="2")
    result = workplace.run(*APPLY, *IN_HAND)
    assert result.code == 3
    assert "prevent-destroy" in result.out
    assert (live_uid(), live_data()) == (uid, {"a": b"1"})


def test_prevent_destroy_stops_prune_and_destroy(workplace: Any) -> None:
    workplace.secret("one", head=annotated("prevent-destroy", "true"), a="1")
    workplace.secret("two", a="1")
    workplace.ok(*APPLY)
    (workplace.path / "manifests/one.yaml").unlink()
    assert workplace.run(*APPLY, *IN_HAND).code == 3
    assert workplace.run("destroy", "--auto-approve", "--max-deletes", "100%").code == 3
    assert workplace.run("destroy", "--auto-approve", "--target", str(DEFAULT)).code == 3
    assert live_data() == {"a": b"1"}


def test_prevent_destroy_lets_go_once_false_is_applied(workplace: Any) -> None:
    workplace.secret("one", head=annotated("prevent-destroy", "true", immutable=True), a="1")
    workplace.ok(*APPLY)
    lax = annotated("prevent-destroy", "false", immutable=True)
    workplace.secret("one", head=lax, a="1")
    workplace.ok(*APPLY)
    workplace.secret("one", head=lax, a="2")
    workplace.ok(*APPLY, *IN_HAND)
    assert live_data() == {"a": b"2"}


def test_ignored_keys_are_created_and_then_left_alone(workplace: Any) -> None:
    steering = annotated("ignore-keys", "tmp*, b")
    workplace.secret("one", head=steering, a="1", b="1", tmp1="1")
    workplace.ok(*APPLY)
    assert live_data() == {"a": b"1", "b": b"1", "tmp1": b"1"}
    somebody_writes("b", b"theirs")
    somebody_writes("tmp2", b"theirs")
    workplace.secret("one", head=steering, a="1", b="2", tmp1="2")
    workplace.ok("plan", "--detailed-exitcode")
    workplace.ok("drift")
    workplace.secret("one", head=steering, a="2")
    workplace.ok(*APPLY)
    assert live_data() == {"a": b"2", "b": b"theirs", "tmp1": b"1", "tmp2": b"theirs"}


def test_create_only_creates_and_never_touches_again(workplace: Any) -> None:
    steering = annotated("create-only", "true")
    workplace.secret("one", head=steering, a="1", b="1")
    workplace.ok(*APPLY)
    somebody_writes("a", b"theirs")
    manifest = workplace.secret("one", head=steering, a="2")
    workplace.ok("plan", "--detailed-exitcode")
    workplace.ok(*APPLY, *IN_HAND)
    assert live_data() == {"a": b"theirs", "b": b"1"}
    workplace.ok("drift")
    workplace.ok("destroy", "--auto-approve")
    workplace.ok(*APPLY)
    assert live_data() == {"a": b"2"}
    manifest.unlink()
    workplace.secret("two", a="1")
    assert "- Secret/default/one (orphaned" in workplace.ok("drift").out
    assert "1 created, 1 deleted" in workplace.ok(*APPLY, "--prune").out


@pytest.mark.parametrize(
    ("head", "kept"),
    [("", True), (annotated("data-policy", "exact"), False)],
    ids=["merge", "exact"],
)
def test_data_policy_decides_over_keys_of_others(workplace: Any, head: str, kept: bool) -> None:  # noqa: FBT001 - a case of a table
    workplace.secret("one", head=head, a="1")
    workplace.ok(*APPLY)
    somebody_writes("theirs", b"theirs")
    changed = workplace.run("plan", "--detailed-exitcode")
    assert changed.code == (0 if kept else 2)
    assert ("- data[theirs]" in changed.out) is not kept
    assert ("changed outside of this tool" in changed.out) is not kept
    assert workplace.run("drift").code == 2
    workplace.ok(*APPLY)
    assert live_data() == ({"a": b"1", "theirs": b"theirs"} if kept else {"a": b"1"})
    workplace.ok("plan", "--detailed-exitcode")


@pytest.mark.parametrize(
    ("head", "more", "kept"),
    [
        (annotated("data-policy", "exact"), {}, False),
        (annotated("ignore-keys", "th*"), {}, True),
        (annotated("create-only", "true"), {}, True),
        ("", {"theirs": "theirs"}, True),
    ],
    ids=["exact", "ignored", "create-only", "in the manifest"],
)
def test_ways_to_settle_what_becomes_of_somebodys_key(
    workplace: Any, head: str, more: dict[str, str], *, kept: bool
) -> None:
    workplace.secret("one", a="1")
    workplace.ok(*APPLY)
    somebody_writes("theirs", b"theirs")
    workplace.ok(*APPLY)
    assert workplace.run("drift").code == 2
    workplace.secret("one", head=head, a="1", **more)
    workplace.ok(*APPLY)
    workplace.ok("drift")
    assert ("theirs" in live_data()) is kept


def test_replace_allowed_is_for_its_object_alone(workplace: Any) -> None:
    allowed = annotated("replace", "allowed", immutable=True)
    workplace.secret("one", head=allowed, a="1")
    workplace.secret("two", head="immutable: true\n", a="1")
    workplace.ok(*APPLY)
    uid = live_uid()
    workplace.secret("two", head="immutable: true\n", a="2")
    assert workplace.run(*APPLY).code == 3
    workplace.secret("two", head="immutable: true\n", a="1")
    workplace.secret("one", head=allowed, a="2")
    workplace.ok(*APPLY)
    assert live_data() == {"a": b"2"}
    assert live_uid() != uid
    workplace.ok("plan", "--detailed-exitcode")


def test_a_version_takes_the_place_and_the_old_one_stays_until_it_is_forced_out(
    workplace: Any,
) -> None:
    steering = annotated("replace", "versioned", immutable=True)
    workplace.secret("one", head=steering, a="1")
    workplace.ok(*APPLY)
    workplace.secret("one", head=steering, a="2")
    workplace.ok(*APPLY)
    assert live_data() == {"a": b"1"}
    assert workplace.ok("drift", "-q").out == "No drift. 2 objects in sync.\n"
    workplace.ok("plan", "--prune", "--detailed-exitcode")
    workplace.ok("export", "--reveal", "--out", "exported.yaml")
    workplace.ok("plan", "exported.yaml", "--prune", "--detailed-exitcode")
    pruned = workplace.ok(*APPLY, "--prune", "--force-consumers", "--max-deletes", "1")
    assert "deleted Secret/default/one " in pruned.out
    assert workplace.ok("get", "-q").out == "1 object.\n"
    assert "1 deleted" in workplace.ok("destroy", "--auto-approve").out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prevent-destruction", "true"),
        ("prevent-destroy", "yes"),
        ("create-only", ""),
        ("ignore-keys", " , "),
        ("data-policy", "Exact"),
        ("replace", "true"),
        ("replace", "refused"),
    ],
)
def test_a_misspelt_safeguard_is_an_error(workplace: Any, name: str, value: str) -> None:
    workplace.secret("one", head=annotated(name, value), a="1")
    result = workplace.run(*APPLY)
    assert result.code == 1
    assert f"reconciler/{name}" in result.out + result.err
    assert not (workplace.path / ".reconciler").exists()
