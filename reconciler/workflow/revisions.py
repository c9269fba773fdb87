"""What the manifests of an environment would have made at another revision of their checkout."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.errors import ConfigError, StoreError
from reconciler.inputs import STDIN
from reconciler.manifests import Loaded
from reconciler.model.ciphertexts import recorded_digests
from reconciler.model.fields import DATA, Fields, Leaf, flatten, leaf_text, owner_key
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.inputs import Chart, Exclusion, InputSource
from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import Applied, Desired, Live, ObjectKey, Resource
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import FieldPath, StoreIdentity
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import SealedValue, SecretValue
from reconciler.planning.namespaces import with_namespaces
from reconciler.planning.owners import with_owner_uids
from reconciler.planning.ownership import newly_made

_MOST_ERRORS = 5
_DRAWN_BYTES = 16
_NOTHING = Snapshot(identity=StoreIdentity("", ""), capabilities=frozenset({Capability.NAMESPACES}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Where an environment's manifests come from, and how they are loaded.

    ``load`` gets the first three, moved to whatever directory they are to be read in. See
    `reconciler.model.opening.MadeOf`.
    """

    paths_given: Sequence[str]
    sources: Sequence[InputSource]
    exclude: Sequence[Exclusion]
    options: PlanOptions
    load: Callable[[Sequence[str], Sequence[InputSource], Sequence[Exclusion]], Loaded]

    def paths(self, checkout: str) -> tuple[str, ...]:
        """The places of the inputs within `checkout`.

        Raises:
            ConfigError: one is not in there, or has no revisions.
        """
        return tuple(
            _within(checkout, place)
            for place in (*self.paths_given, *(map(_directory, self.sources)))
        )

    def lives(self, checkout: str, tree: str, key: bytes) -> Mapping[ObjectKey, Live]:
        """The objects of the manifests in `tree`, as an apply would have left them.

        Raises:
            StoreError: the manifests have errors.
        """
        there = [
            str(place)
            for place in (Path(tree, _within(checkout, path)) for path in self.paths_given)
            if os.path.lexists(place)
        ]
        sources = [_moved(source, checkout, tree) for source in self.sources]
        sources = [source for source in sources if Path(source.directory).exists()]
        if not there and not sources:
            return {}
        exclude = [
            replace(each, base=str(Path(tree, _within(checkout, each.base))))
            for each in self.exclude
        ]
        loaded = self.load(there, sources, exclude)
        _refuse_errors(loaded, tree)
        return lives_of(loaded.objects, self.options, Fingerprinter(key))


def lives_of(
    desired: Sequence[Desired], options: PlanOptions, fingerprinter: Fingerprinter
) -> dict[ObjectKey, Live]:
    """`desired` as a store would hold it after an apply by the set of `options`.

    Values that are sealed are there, and cannot be read; in the place of those that an apply would
    have generated, there are others that equal nothing. Objects whose name a server generates are
    left out, since no other apply makes the same one.
    """
    objects = [each for each in with_namespaces(desired, _NOTHING, options) if each.name]
    uids = {each.key: _uid(each.key) for each in objects}
    return {each.key: _live(each, uids, options.set_name, fingerprinter) for each in objects}


def _live(
    resource: Desired, uids: Mapping[ObjectKey, str], set_name: str, fingerprinter: Fingerprinter
) -> Live:
    annotations = lifecycle(resource)
    generated = [name for recipe in annotations.recipes for name in recipe.keys]
    wanted: Fields = {
        (DATA, name): SecretValue(secrets.token_bytes(_DRAWN_BYTES)) for name in generated
    }
    wanted |= with_owner_uids(resource, flatten(resource), uids)

    def fingerprint(path: FieldPath, leaf: Leaf) -> str:
        text = f"sealed {leaf.digest}" if isinstance(leaf, SealedValue) else leaf_text(leaf)
        return fingerprinter.of(resource.namespace, path, text)

    merged = newly_made(wanted, annotations)
    fields = {path: fingerprint(path, merged.target[path]) for path in merged.claims}
    data = {
        path[1]: _held(leaf, fingerprint(path, leaf))
        for path, leaf in merged.target.items()
        if path[0] == DATA
    }
    owners = tuple(
        replace(owner, uid=uids.get(owner_key(owner, resource.namespace), owner.uid))
        for owner in resource.owners
    )
    content: Resource = replace(resource, data=data, owners=owners)
    return Live.of(
        content,
        uid=uids[resource.key],
        resource_version="1",
        applied=Applied(
            set_name=set_name,
            fields=fields,
            ciphertexts=recorded_digests(resource.ciphertexts, fields),
        ),
    )


def _held(leaf: SecretValue, fingerprint: str) -> SecretValue:
    """The value as it is live; of a sealed one, the record is all there is to know."""
    if isinstance(leaf, SealedValue):
        return SealedValue(leaf.digest, fingerprint=fingerprint, recorded=True)
    return leaf


def _uid(key: ObjectKey) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(key)))


def _directory(source: InputSource) -> str:
    if not isinstance(source, Chart):
        raise ConfigError(
            f"the source {source.name} is a command, and what it would have printed at another "
            "revision is not known",
            hint="compare without it: name the other inputs on the command line",
        )
    return source.checkout


def _moved(source: InputSource, checkout: str, tree: str) -> InputSource:
    places = (source.directory, _directory(source))
    directory, root = (str(Path(tree, _within(checkout, place))) for place in places)
    assert isinstance(source, Chart)
    return replace(source, directory=directory, checkout=root)


def _within(checkout: str, place: str) -> str:
    """The path of `place` from the root of `checkout`."""
    if place == STDIN:
        raise ConfigError(
            "standard input has no earlier revision to compare with", hint="name files instead"
        )
    path = os.path.relpath(os.path.realpath(place), os.path.realpath(checkout))
    if Path(path).parts[:1] == (os.pardir,):
        raise ConfigError(f"{place} is not in the Git repository {checkout}")
    return path


def _refuse_errors(loaded: Loaded, tree: str) -> None:
    if not loaded.errors:
        return
    texts = [
        f"{item.source}: error[{item.code}] {item.message}".replace(f"{tree}{os.sep}", "")
        for item in loaded.diagnostics
        if item.severity.value == "error"
    ]
    more = len(texts) - _MOST_ERRORS
    raise StoreError(
        "the manifests of that revision have errors, so there is nothing to compare with",
        details=[*texts[:_MOST_ERRORS], *([f"and {more} more"] if more > 0 else [])],
        hint="compare with a revision whose manifests are valid",
    )
