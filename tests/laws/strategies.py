"""Random sets of manifests that fit together, and what others do to a store meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import OPAQUE, SERVICE_ACCOUNT, Desired, OwnerReference
from tests.world import HOME, World, account, depends_on, namespace, owner, secret, wrapped

KEYS = ("password", "token", "tls.crt", "a")
VALUES = st.sampled_from(
    ["", "short", "hunter2-hunter2", "hunter2-hunter2\n", "other value", "\x00"]
)
WORDS = st.sampled_from(["", "one", "two", "hunter2-hunter2", "production"])
TEXTS = WORDS | st.sampled_from(["has hunter2-hunter2 within", "\x00 1", "\x00="])
LABELS = st.dictionaries(st.sampled_from(["app", "example.com/tier", "env"]), WORDS, max_size=2)
NOTES = st.dictionaries(st.sampled_from(["note", "example.com/note"]), TEXTS, max_size=2)
DATA = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3)
LIFECYCLE = st.sampled_from(
    [{}] * 5
    + [
        {"reconciler/data-policy": "exact"},
        {"reconciler/ignore-keys": "t*"},
        {"reconciler/replace": "allowed"},
        {"reconciler/replace": "versioned"},
        {"reconciler/replace": "versioned", "reconciler/data-policy": "exact"},
        {"reconciler/replace": "versioned", "reconciler/ignore-keys": "t*"},
    ]
)
SETTINGS = st.sampled_from(
    [
        {},
        {"automountServiceAccountToken": False},
        {"imagePullSecrets": [{"name": "a"}, {"name": "\x00b"}]},
        {"secrets": [{"name": "c"}]},
    ]
)
SHOP = namespace("shop")
# By kind and name alone, these are the owners that manifests name.
FOREIGN_OWNERS = st.builds(
    OwnerReference,
    st.sampled_from(["example.com/v1", "example.org/v1", "example.com/v2"]),
    st.sampled_from(["Secret", SERVICE_ACCOUNT]),
    st.sampled_from(["a", "b", "robot"]),
    st.sampled_from(["uid-1", "uid-2"]),
    block_owner_deletion=st.sampled_from([None, True]),
)


@st.composite
def desired_sets(draw: st.DrawFn) -> list[Desired]:
    """A few objects of every kind whose references hold, in any order."""
    shop = draw(st.booleans())
    homes = [HOME, "shop"] if shop else [HOME]
    found = [replace(SHOP, labels=draw(LABELS), annotations=draw(NOTES))] if shop else []
    for home in homes:
        for name in ("robot", "a", "b", "c", "made-"):
            if draw(st.booleans()):
                found.append(_one(draw, name, home, found))
    return draw(st.permutations(found))


# One key at least that `LIFECYCLE` never ignores: some stores take no Secret without data, and a
# replace leaves none where all keys are ignored and none of them is live.
STEADY_DATA = DATA.filter(lambda data: any(not key.startswith("t") for key in data))


@st.composite
def plain_sets(draw: st.DrawFn) -> list[Desired]:
    """Secrets with values and no names of the store's choice: what every store can hold."""
    made: list[Desired] = []
    for name in ("a", "b", "c"):
        if draw(st.booleans()):
            notes = draw(NOTES) | draw(LIFECYCLE) | _dependencies(draw, made)
            data, immutable = draw(STEADY_DATA), draw(st.booleans())
            labels = draw(LABELS)
            made.append(secret(name, data, labels=labels, annotations=notes, immutable=immutable))
    return draw(st.permutations(made))


def _one(draw: st.DrawFn, name: str, home: str, before: list[Desired]) -> Desired:
    near = [other for other in before if other.namespace == home and other.name]
    metadata: dict[str, Any] = {
        "labels": draw(LABELS),
        "annotations": draw(NOTES) | draw(LIFECYCLE) | _dependencies(draw, before),
        "owners": draw(_owners(near)),
    }
    if name == "robot":
        return account(name, home=home, settings=draw(SETTINGS), **metadata)
    made = secret(
        name,
        draw(DATA),
        home=home,
        type=draw(st.sampled_from([OPAQUE, OPAQUE, OPAQUE, "example.com/own"])),
        immutable=draw(st.booleans()),
        **metadata,
    )
    if name.endswith("-"):
        return replace(made, key=made.key._replace(name=""), generate_name=name)
    return made


def _dependencies(draw: st.DrawFn, before: list[Desired]) -> dict[str, str]:
    named = [other for other in before if other.name]
    if not named or draw(st.integers(0, 3)):
        return {}
    return depends_on(draw(st.sampled_from(named)))


def _owners(near: list[Desired]) -> st.SearchStrategy[tuple[OwnerReference, ...]]:
    # What is versioned may own nothing.
    steady = [other for other in near if not lifecycle(other).versioned]
    if not steady:
        return st.just(())
    one = st.sampled_from(steady).map(owner)
    return st.just(()) | st.just(()) | one.map(lambda found: (found,))


Meddling = Callable[[World], None]


@st.composite
def meddlings(draw: st.DrawFn, desired: list[Desired], *, metadata: bool = True) -> list[Meddling]:
    """What others do to a store in which `desired` was applied, to its values and `metadata`."""
    named = [resource for resource in desired if resource.name]
    touched = draw(st.lists(st.sampled_from(named), max_size=3)) if named else []
    acts = [draw(_meddling(one, metadata=metadata)) for one in touched]
    if draw(st.booleans()):
        values = DATA if metadata else DATA.filter(bool)
        stray = secret(draw(st.sampled_from(["a", "b", "c"])), draw(values))
        acts.append(lambda world: _put(world, stray))
    return acts


def _meddling(desired: Desired, *, metadata: bool) -> st.SearchStrategy[Meddling]:
    acts = [st.just(lambda world: _removed(world, desired))]
    if metadata:
        acts.append(st.just(lambda world: _labelled(world, desired)))
        acts.append(st.just(lambda world: _renoted(world, desired)))
        acts.append(
            st.lists(FOREIGN_OWNERS, min_size=1, max_size=3, unique=True).map(
                lambda owners: lambda world: _owned(world, desired, owners)
            )
        )
    if desired.kind not in {"Namespace", SERVICE_ACCOUNT}:
        acts.append(DATA.map(lambda data: lambda world: _rewritten(world, desired, data)))
        if metadata:
            acts.append(st.just(lambda world: _sealed(world, desired)))
    return st.one_of(acts)


def _put(world: World, stray: Desired) -> None:
    if world.get(stray) is None:
        world.put(stray)


def _labelled(world: World, desired: Desired) -> None:
    live = world.get(desired)
    if live:
        world.meddle(desired, labels={**live.labels, "foreign": "yes"})


def _renoted(world: World, desired: Desired) -> None:
    if world.get(desired):
        world.meddle(desired, annotations={})


def _owned(world: World, desired: Desired, owners: list[OwnerReference]) -> None:
    live = world.get(desired)
    if live:
        world.meddle(desired, owners=(*live.owners, *owners))


def _removed(world: World, desired: Desired) -> None:
    if world.get(desired):
        world.remove(desired)


def _sealed(world: World, desired: Desired) -> None:
    if world.get(desired):
        world.meddle(desired, immutable=True)


def _rewritten(world: World, desired: Desired, data: dict[str, str]) -> None:
    """Other values for some keys, and a key of their own."""
    live = world.get(desired)
    if live and not live.immutable:
        world.meddle(
            desired, data={**live.data, **wrapped(data), "foreign": wrapped({"": "kept"})[""]}
        )
