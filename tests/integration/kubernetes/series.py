"""A long series of applies, most of them harmed, and what has to hold after each."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.crashes.program import APPLY, Ended, ran_well
from tests.integration.kubernetes.site import Document, Site, data_of
from tests.world import secret_manifest

OPTIONS = (
    *("--prune", "--allow-empty", "--allow-replace", "--max-deletes", "100%"),
    *("--parallelism", "4"),
)
COPY = "reconciler/copied-object"

SEALED = ["sealed-0", "sealed-1"]
TYPED = ["typed-0"]
FREE = ["free-0", "free-1"]
COMING = ["coming-0", "coming-1"]
DRAWN = ["drawn-0-", "drawn-1-"]
LASTING = [*SEALED, *TYPED, *FREE]


@dataclass(frozen=True)
class State:
    """What of a Secret the series looks at."""

    type: str = "Opaque"
    immutable: bool = False
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """What the cluster has under a name, or under a prefix that names are drawn for."""

    objects: tuple[State, ...] = ()
    copy: State | None = None


NOTHING = Held()
Wanted = Mapping[str, State]
Apply = Callable[[], Ended]


class Series:
    """The applies to one site. All that is random comes from `seed`."""

    def __init__(self, site: Site, seed: str) -> None:
        self.site = site
        self.figures: Counter[str] = Counter()
        self.random = random.Random(seed)  # noqa: S311 - to be the same again
        self._generation = 0
        self._foreign: dict[str, dict[str, str]] = {name: {} for name in LASTING}
        self._wanted: Wanted = {}

    def begin(self) -> None:
        """The first apply, unharmed; then others add keys to what will be sealed."""
        self._want()
        self.finish()
        for name in SEALED:
            self._meddle(name)

    def harm_one(self, apply: Apply) -> Ended:
        """Want something else, have it applied by `apply`, and look at what became of it."""
        if self.random.random() < 0.7:
            self._want()
        if self.random.random() < 0.2:
            self._meddle(self.random.choice(FREE))
        before = self.held()
        ended = apply()
        after = self.held()
        self._check(before, after, ended)
        if ended.code == 0:
            self._check_converged(after, ended)
        self.figures["copies kept"] += sum(one.copy is not None for one in after.values())
        return ended

    def finish(self) -> None:
        """An apply that nothing befalls makes everything as it is wanted."""
        ended = ran_well(self.site.path, *APPLY, *OPTIONS)
        self._check_converged(self.held(), ended)
        ran_well(self.site.path, "plan", "--detailed-exitcode", *OPTIONS)

    def held(self) -> dict[str, Held]:
        """What is there now, by name, or by the prefix of generated names."""
        objects: dict[str, list[State]] = {}
        copied: dict[str, State] = {}
        for name, document in self.site.every().items():
            metadata = document["metadata"]
            text = (metadata.get("annotations") or {}).get(COPY)
            if text is not None:
                original = json.loads(text)
                copied[original["metadata"]["name"]] = _state(document, original)
            elif name != "reconciler-default":
                known = metadata.get("generateName", name)
                objects.setdefault(known, []).append(_state(document, document))
        return {
            name: Held(tuple(objects.get(name, ())), copied.get(name))
            for name in objects.keys() | copied.keys()
        }

    def _want(self) -> None:
        """Manifests that need a few steps of every kind."""
        pick = self.random
        sometimes = [name for name in [*COMING, *DRAWN] if pick.random() < 0.5]
        self._generation += 1
        self._wanted = {
            name: State(
                type=pick.choice(["Opaque", "example.com/a", "example.com/b"])
                if name in TYPED
                else "Opaque",
                immutable=name in SEALED and self._generation > 1,
                data=self._values(name),
            )
            for name in [*LASTING, *sometimes]
        }
        self.site.put(*(_document(name, state) for name, state in self._wanted.items()))

    def _values(self, name: str) -> dict[str, str]:
        keys = ["password", *(["token"] if self.random.random() < 0.5 else [])]
        return {key: f"not-a-real {key} of {name}, {self._generation}" for key in keys}

    def _meddle(self, name: str) -> None:
        """Add a key of somebody else's."""
        key, value = f"others-{self._generation}", f"not-a-real value, {self._generation}"
        self.site.patch(name, {"stringData": {key: value}})
        self._foreign[name][key] = value

    def _target(self, name: str) -> Held:
        """What there is once the step is done: as wanted, with what others added."""
        state = self._wanted.get(name)
        if state is None:
            return NOTHING
        data = {**state.data, **self._foreign.get(name, {})}
        return Held((State(state.type, state.immutable, data),))

    def _check(self, before: Mapping[str, Held], after: Mapping[str, Held], ended: Ended) -> None:
        """Hold the cluster against what the apply told: nothing is lost, nothing is twice."""
        steps = [event for event in ended.events if "key" in event]
        begun = {_name(step): step["action"] for step in steps if step["event"] == "step-started"}
        done = {
            _name(step)
            for step in steps
            if step["event"] == "step-ended" and step["outcome"] == "applied"
        }
        for event in steps:
            if event["event"] == "step-ended" and event["outcome"] == "failed":
                # Whatever else a lost answer might look like, such as an object in the way.
                assert event["message"].count("the connection was cut") > 0, event
        for name in before.keys() | after.keys() | begun.keys():
            was, now = before.get(name, NOTHING), after.get(name, NOTHING)
            target = self._target(name)
            if name in done:
                allowed = [target]
            elif name in begun:
                allowed = [was, target, Held(target.objects, was.copy)]
                if begun[name] == "replace":
                    # Before the delete, between it and the create, and before the tidying away.
                    (old,) = was.objects
                    allowed += [Held(copy=old), Held(was.objects, old), Held(target.objects, old)]
            else:
                allowed = [was]
            if was.objects and name not in done:
                allowed.append(Held(was.objects))  # a copy left by an earlier apply is tidied away
            assert now in allowed, (name, begun.get(name), name in done, ended)
        self.figures.update(f"{action}s begun" for action in begun.values())
        self.figures["steps acknowledged"] += len(done)

    def _check_converged(self, found: Mapping[str, Held], ended: Ended) -> None:
        """Everything is as wanted; an apply that had nothing to do leaves a copy where it is."""
        if not any("key" in event for event in ended.events):
            found = {name: replace(one, copy=None) for name, one in found.items()}
        wanted = {name: self._target(name) for name in self._wanted}
        names = found.keys() | wanted.keys()
        wrong = {name for name in names if found.get(name) != wanted.get(name)}
        assert not wrong, {name: (found.get(name), wanted.get(name)) for name in wrong}


def _state(document: Document, original: Document) -> State:
    return State(original["type"], original.get("immutable", False), data_of(document))


def _name(event: Mapping[str, Any]) -> str:
    """The name by which the series knows the object of an event."""
    name = str(event["key"]["name"])
    drawn = [prefix for prefix in DRAWN if name.startswith(prefix)]
    return drawn[0] if drawn else name


def _document(name: str, state: State) -> Document:
    return {**secret_manifest(name, immutable=state.immutable, **state.data), "type": state.type}
