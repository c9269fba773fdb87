"""Ten randomised changes to a set that is in a store, and what really comes of them."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import Desired, Diagnostic, ObjectKey, Severity, Source
from reconciler.model.plans import Plan
from reconciler.model.store import Scope
from reconciler.planning import planner
from tests.world import IN_HAND, World, namespace, owner, secret, wrapped

HOME, AWAY = "shop", "back"
CHANGES = 10
_SETTLED = 18

State = dict[str, dict[str, Any]]
"""By name: ``uid``, ``type``, and ``data`` as plain bytes."""


@dataclass
class Exercise:
    """A set in a store, and manifests that differ from it in ten ways."""

    world: World
    dice: random.Random
    desired: dict[ObjectKey, Desired] = field(default_factory=dict)
    free: list[ObjectKey] = field(default_factory=list)
    expected: dict[str, set[str]] = field(default_factory=dict)
    """By object: words that the plan must say of it."""
    consumers: list[Consumer] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    fresh: int = 0

    @classmethod
    def of(cls, seed: int, world: World) -> Exercise:
        exercise = cls(world, random.Random(seed))  # noqa: S311 - not for keys
        exercise.settle()
        kinds = [exercise.dice.choice(KINDS) for _ in range(CHANGES)]
        for kind in kinds:
            kind(exercise)
        return exercise

    def settle(self) -> None:
        """What is applied already."""
        for home in (HOME, AWAY):
            space = namespace(home)
            self.desired[space.key] = space
        for number in range(_SETTLED):
            made = secret(
                f"s{number:02}",
                {"password": self.value(), "user": self.value(), "url": self.value()},
                home=HOME,
                immutable=number % 9 == 0,
                source=Source(f"manifests/s{number:02}.yaml", number + 1, 1),
            )
            self.desired[made.key] = made
            self.free.append(made.key)
        self.dice.shuffle(self.free)
        self.world.apply([*self.desired.values()], IN_HAND)

    def value(self) -> bytes:
        self.fresh += 1
        return f"value-{self.fresh}-{self.dice.randrange(10**9)}".encode()

    def pick(self) -> Desired:
        """A Secret that nothing else is done with."""
        return self.desired[self.free.pop()]

    def plain(self) -> Desired:
        """One that is not immutable."""
        key = next(key for key in reversed(self.free) if not self.desired[key].immutable)
        self.free.remove(key)
        return self.desired[key]

    def say(self, about: Desired, words: str) -> None:
        self.expected.setdefault(str(about.key), set()).add(words)

    def use(self, old: Desired, user: str, ways: Mapping[Way, str]) -> None:
        """Let `user` use the password of `old`, in one of `ways`."""
        kind, home, name = user.split("/")
        way = self.dice.choice([*ways])
        manifest = "manifests/web.yaml:1"
        self.consumers.append(
            Consumer(kind, home, name, old.key, "password", manifest=manifest, way=way)
        )
        self.say(old, f"{user} {ways[way]}")

    def change(self, old: Desired, **values: bytes | None) -> Desired:
        kept = {
            name: value for name, value in old.data.items() if values.get(name, b"") is not None
        }
        given = {name: value for name, value in values.items() if value is not None}
        new = replace(old, data={**kept, **wrapped(given)})
        self.desired[new.key] = new
        return new

    def meddle(self, old: Desired, **values: bytes) -> None:
        self.world.meddle(old, data={**old.data, **wrapped(values)})

    def put(self, name: str, **content: Any) -> Desired:
        made = secret(name, source=Source(f"manifests/{name}.yaml", 1, 1), **content)
        self.desired[made.key] = made
        return made

    def plan(self) -> Plan:
        """The plan that is reviewed."""
        desired = [*self.desired.values()]
        found = self.world.read(desired, IN_HAND)
        return planner.plan(
            desired,
            found,
            IN_HAND,
            self.world.fingerprinter,
            consumers=self.consumers,
            diagnostics=self.warnings,
        )[0]

    def apply(self) -> None:
        self.world.apply([*self.desired.values()], IN_HAND)

    def state(self) -> State:
        """What the store holds of the set."""
        snapshot = self.world.truth.read(Scope(IN_HAND.set_name, frozenset(self.desired)))
        return {
            str(key): {
                "uid": live.uid,
                "type": live.type,
                "data": {name: value.reveal() for name, value in live.data.items()},
            }
            for key, live in snapshot.objects.items()
        }


def create(exercise: Exercise) -> None:
    exercise.put(f"new-{exercise.fresh}", values={"k": exercise.value()}, home=HOME)


def delete(exercise: Exercise) -> None:
    del exercise.desired[exercise.pick().key]


def delete_with_keys_of_others(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.meddle(old, extra=exercise.value())
    del exercise.desired[old.key]


def rename(exercise: Exercise) -> None:
    old = exercise.pick()
    del exercise.desired[old.key]
    made = exercise.put(f"named-{exercise.fresh}", home=HOME)
    exercise.fresh += 1
    exercise.desired[made.key] = made = replace(made, data=old.data)
    for half in (old, made):
        exercise.say(half, "a rename: ")


def move(exercise: Exercise) -> None:
    old = exercise.pick()
    del exercise.desired[old.key]
    made = exercise.put(old.name, home=AWAY)
    exercise.desired[made.key] = made = replace(made, data=old.data)
    for half in (old, made):
        exercise.say(half, "a move")


def swap(exercise: Exercise) -> None:
    one, other = exercise.plain(), exercise.plain()
    exercise.change(one, password=other.data["password"].reveal())
    exercise.change(other, password=one.data["password"].reveal())
    exercise.say(one, f"data[password] of {other.key} swap their values")
    exercise.say(other, f"data[password] of {one.key} swap their values")


def change_value(exercise: Exercise) -> None:
    exercise.change(exercise.plain(), password=exercise.value())


def change_many(exercise: Exercise) -> None:
    if len(exercise.free) > 12:
        for _ in range(6):
            exercise.change(exercise.plain(), password=exercise.value())


def change_used_value(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.change(old, password=exercise.value())
    web = f"web-{exercise.fresh}"
    exercise.use(old, f"Deployment/{HOME}/{web}", USES)


USES = {
    Way.VARIABLE: "variable restart",
    Way.SUB_PATH: "sub-path restart",
    Way.VOLUME: "volume sync",
    Way.PULL: "pull pull",
    Way.OTHER: "unknown",
}
"""How a changed key is used, and how the judge says when the change reaches the user."""
CACHED = {Way.VARIABLE: "variable name", Way.VOLUME: "volume name"}
"""The same of an immutable Secret that is replaced."""


def delete_used(exercise: Exercise) -> None:
    old = exercise.pick()
    del exercise.desired[old.key]
    user = Consumer("Pod", HOME, f"pod-{exercise.fresh}", old.key)
    exercise.consumers.append(user)
    exercise.say(old, str(user))


def add_key(exercise: Exercise) -> None:
    exercise.change(exercise.plain(), token=exercise.value())


def remove_key(exercise: Exercise) -> None:
    exercise.change(exercise.plain(), url=None)


def move_key(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.change(old, url=None, address=old.data["url"].reveal())


def encode(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.change(old, password=base64.b64encode(old.data["password"].reveal()))
    exercise.say(old, "encoded")


def take_value_of_another(exercise: Exercise) -> None:
    one, other = exercise.plain(), exercise.pick()
    exercise.change(one, user=other.data["user"].reveal())
    exercise.say(one, f"data[user] has the value that data[user] of {other.key} has")


def undo_drift(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.meddle(old, password=exercise.value())
    exercise.say(old, "drift restored")


def overrule_drift(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.meddle(old, password=exercise.value())
    exercise.change(old, password=exercise.value())
    exercise.say(old, "drift")


def keep_key_of_others(exercise: Exercise) -> None:
    old = exercise.plain()
    exercise.meddle(old, extra=exercise.value())
    if exercise.dice.random() < 0.5:
        exercise.change(old, password=exercise.value())
    exercise.say(old, "data[extra]")


def replace_type(exercise: Exercise) -> None:
    old = exercise.pick()
    exercise.desired[old.key] = replace(old, type="example.com/other")


def replace_immutable(exercise: Exercise) -> None:
    key = next((key for key in exercise.free if exercise.desired[key].immutable), None)
    if key is not None:
        exercise.free.remove(key)
        old = exercise.desired[key]
        exercise.change(old, password=exercise.value())
        exercise.use(old, f"Pod/{HOME}/job-{exercise.fresh}", CACHED)


def label(exercise: Exercise) -> None:
    old = exercise.pick()
    exercise.desired[old.key] = replace(old, labels={"tier": f"t{exercise.fresh}"})


def own(exercise: Exercise) -> None:
    old, boss = exercise.pick(), exercise.pick()
    exercise.desired[old.key] = replace(old, owners=(owner(boss),))
    exercise.say(old, f"Secret/{boss.name} owns it from now on")


def warn(exercise: Exercise) -> None:
    old = exercise.change(exercise.plain(), password=exercise.value())
    exercise.warnings.append(
        Diagnostic(
            severity=Severity.WARNING,
            code="value-placeholder",
            message="a placeholder that was never filled in",
            field="data[password]",
            source=old.source,
            object=str(old.key),
        )
    )
    exercise.say(old, "value-placeholder data[password]")


KINDS: list[Callable[[Exercise], None]] = [
    create,
    delete,
    delete_with_keys_of_others,
    rename,
    move,
    swap,
    change_value,
    change_many,
    change_used_value,
    delete_used,
    add_key,
    remove_key,
    move_key,
    encode,
    take_value_of_another,
    undo_drift,
    overrule_drift,
    keep_key_of_others,
    replace_type,
    replace_immutable,
    label,
    own,
    warn,
]
