"""A generated value is drawn once, whatever else becomes of its object, until it is rotated."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.execution.retries import RetryPolicy
from reconciler.model.objects import Desired
from reconciler.model.plan_options import KeyTarget
from tests.world import IN_HAND, Faulty, Killed, World, run, secret

_RECIPES = {
    "reconciler/generate.password": "alnum",
    "reconciler/generate.id": "ssh-ed25519; public=id.pub",
}
_PASSWORD = KeyTarget(secret("s").key, "password")


@st.composite
def manifests(draw: st.DrawFn) -> Desired:
    """One Secret that has the same values generated, in one of its many states."""
    return secret(
        "s",
        draw(st.dictionaries(st.sampled_from("abc"), st.text("xyz", max_size=2), max_size=3)),
        annotations={**_RECIPES, **draw(st.dictionaries(st.just("note"), st.text("ab")))},
        labels=draw(st.dictionaries(st.just("app"), st.sampled_from(["shop", "web"]))),
        immutable=draw(st.booleans()),
        type=draw(st.sampled_from(["Opaque", "example.com/own"])),
    )


def generated(world: World) -> dict[str, bytes]:
    snapshot = world.look(_PASSWORD.object)
    held = {**snapshot.copies, **snapshot.objects}.get(_PASSWORD.object)
    names = ("password", "id", "id.pub")
    return {} if held is None else {name: held.data[name].reveal() for name in names}


@settings(max_examples=40)
@given(st.lists(st.tuples(manifests(), st.booleans(), st.integers(1, 8)), min_size=2, max_size=5))
def test_only_a_rotation_changes_what_was_generated(
    rounds: list[tuple[Desired, bool, int]],
) -> None:
    with TemporaryDirectory() as directory, closing(World(Path(directory))) as world:
        before: dict[str, bytes] = {}
        for resource, rotates, dies in rounds:
            options = replace(IN_HAND, rotate=(_PASSWORD,) if rotates else ())

            def strike(number: int, _: str, *, happened: bool) -> None:
                if happened and number == dies:  # noqa: B023 - called within the round
                    raise Killed

            work = world.work([resource], options, store=Faulty(world.store, strike))
            with suppress(Killed):
                run(work)
            after = generated(world)
            changed = {name for name in before if before[name] != after[name]}
            assert changed <= ({"password"} if rotates else set())
            world.apply([resource], retries=RetryPolicy(attempts=1))
            final = generated(world)
            assert not after or final == after
            assert world.plan([resource])[0].pending == ()
            before = final
