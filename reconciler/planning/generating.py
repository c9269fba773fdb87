"""Values that an apply generates: which keys get one, and what a plan says about them.

A key gets a value where the store holds none. What it holds stays, whoever wrote it, until
``--rotate`` asks for another value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from reconciler.errors import ConfigError
from reconciler.model.drift import FieldState
from reconciler.model.fields import ANNOTATIONS, DATA, METADATA, Fields
from reconciler.model.generation import GENERATE, Recipe, RecipeKind, recipes
from reconciler.model.lifecycle import Lifecycle, lifecycle, steers
from reconciler.model.objects import SECRET, Desired, Diagnostic, Live, ObjectKey, Resource
from reconciler.model.plan_options import KeyTarget, PlanOptions
from reconciler.model.plans import Action, FieldPath, Note
from reconciler.model.store import Capability
from reconciler.model.values import GeneratedValue, UnreadValue
from reconciler.planning.comparing import Compared, Comparison
from reconciler.planning.recipes import is_rotated
from reconciler.planning.references import problem
from reconciler.rules import certificate_dates
from reconciler.spelling import nearest

_ANNOTATIONS = (METADATA, ANNOTATIONS)
_EXPIRY_NOTICE = timedelta(days=30)

_NEEDED = {
    Capability.READ_VALUES: "never returns values, so what was generated in it could not be kept",
    Capability.METADATA: "keeps no annotations, so no later plan could tell that what was "
    "generated has no other copy",
}
_DELETES = "it deletes the only copy of what was generated for {}"
_CARRIES = "what was generated for {} has no other copy: the new object gets the same values"
_OVERWRITES = "it removes the only copy of what was generated for {}"
_LOST = "what was generated for {} is gone from the store: other values are generated"
_CHANGED = "somebody has changed what was generated for {}: it stays as it is in the store"
_STAYS = "{} keeps the value that was generated before: --rotate {}:{} generates another"


def refuse_unknown_rotation(
    named: Mapping[ObjectKey, Desired], chosen: Collection[ObjectKey], options: PlanOptions
) -> None:
    """Make sure that ``--rotate`` names what this plan can generate anew.

    Raises:
        ConfigError: it names anything else.
    """
    rotatable = {key: lifecycle(named[key]) for key in chosen if key in named}
    unknown = [
        target for target in options.rotate if not _can_rotate(target, rotatable.get(target.object))
    ]
    if not unknown:
        return
    names = [
        str(KeyTarget(key, name))
        for key, steering in sorted(rotatable.items())
        for recipe in steering.recipes
        for name in recipe.keys
    ]
    guesses = {nearest(str(target), names) for target in unknown} - {None, ""}
    raise ConfigError(
        "--rotate names what this plan does not generate: " + ", ".join(map(str, unknown)),
        hint=f"did you mean {', '.join(sorted(map(str, guesses)))}?"
        if guesses
        else f"it takes KIND/NAMESPACE/NAME[:KEY] of Secrets with an annotation {GENERATE}KEY and "
        "without reconciler/create-only",
    )


def _can_rotate(target: KeyTarget, steering: Lifecycle | None) -> bool:
    if steering is None or steering.create_only:
        return False
    return steering.generates(target.key) if target.key else bool(steering.recipes)


def generation_problems(compared: Compared, comparison: Comparison) -> Iterator[Diagnostic]:
    """Why the values of an object cannot be generated in this store."""
    resource, options = compared.resource, comparison.options
    for recipe in compared.lifecycle.recipes:
        annotation = f"{GENERATE}{recipe.key}"
        field = f"metadata.annotations[{annotation}]"
        lacking = _NEEDED.keys() - comparison.snapshot.capabilities
        if lacking:
            yield problem(
                resource,
                "generate-unsupported",
                field,
                f"{annotation}: this store {_NEEDED[min(lacking)]}",
                "write the value into the manifest, or keep this Secret in another store",
            )
        elif not (compared.lifecycle.create_only or is_rotated(compared.key, recipe, options)):
            yield from _problems_of_live(recipe, compared, comparison, annotation, field)


def _problems_of_live(
    recipe: Recipe, compared: Compared, comparison: Comparison, annotation: str, field: str
) -> Iterator[Diagnostic]:
    resource = compared.resource
    values = {name: compared.before[DATA, name] for name in recipe.keys if _has(compared, name)}
    # A plan that is for review writes nothing: the apply after it can read what it is to keep.
    writes = Capability.WRITES in comparison.snapshot.capabilities
    if writes and any(isinstance(value, UnreadValue) for value in values.values()):
        yield problem(
            resource,
            "generate-unknowable",
            field,
            f"{annotation}: the value in the store cannot be read, so it can be neither kept nor "
            "compared",
            "plan with the right to read it",
        )
    elif values and len(values) < len(recipe.keys):
        (present,), (missing,) = values, {*recipe.keys} - {*values}
        yield problem(
            resource,
            "generate-incomplete",
            field,
            f"the store has the key {present} and not {missing}, and the two are generated "
            "together",
            f"put {missing} back, or make both anew with --rotate {compared.key}:{recipe.key}",
        )


def generation_notes(compared: Compared, action: Action, comparison: Comparison) -> Iterator[Note]:
    """What a change does to the generated values of an object that a manifest names."""
    before, target = compared.before, compared.merged.target
    names = dict.fromkeys(
        name
        for recipe in (*compared.lifecycle.recipes, *_recipes_in(before))
        for name in recipe.keys
        if _has(compared, name)
    )
    gone = [name for name in names if target.get((DATA, name)) != before[DATA, name]]
    if gone:
        yield Note("only-copy-lost", _OVERWRITES.format(_listed(gone)))
    kept = names.keys() - gone
    if kept and action is Action.REPLACE:
        yield Note("only-copy-moved", _CARRIES.format(_listed(kept)))
    vanished = compared.key in (comparison.snapshot.vanished or ())
    lost = [
        path[1]
        for path, leaf in target.items()
        if type(leaf) is GeneratedValue
        and path not in before
        and (vanished or path in compared.applied)
    ]
    if lost:
        yield Note("generated-anew", _LOST.format(_listed(lost)))
    changed = [name for name in kept if _is_drifted(compared, (DATA, name), comparison)]
    if changed:
        yield Note("generated-changed", _CHANGED.format(_listed(changed)))
    for recipe in compared.lifecycle.recipes:
        path = (METADATA, ANNOTATIONS, f"{GENERATE}{recipe.key}")
        if path in compared.changed and path in before and recipe.key in kept:
            yield Note("generated-stays", _STAYS.format(recipe.key, compared.key, recipe.key))


def _is_drifted(compared: Compared, path: FieldPath, comparison: Comparison) -> bool:
    live = compared.live
    if live is None or not compared.lifecycle.generates(path[1]):
        return False
    state = comparison.check.state(path, live, compared.before, compared.applied)
    return state is FieldState.CHANGED


def _has(compared: Compared, name: str) -> bool:
    return (DATA, name) in compared.before


def deletion_notes(held: Resource | None) -> Iterator[Note]:
    """That the delete of `held` takes generated values along."""
    names = [] if held is None else [key for key in _generated_keys(held) if key in held.data]
    if names:
        yield Note("only-copy-lost", _DELETES.format(_listed(names)))


def certificate_notices(
    objects: Mapping[ObjectKey, Live], options: PlanOptions, moment: datetime
) -> Iterator[Note]:
    """The generated certificates among `objects` that end soon after `moment`, or have ended.

    Soon is within 30 days, or the last third of a shorter validity. Those that ``--rotate`` makes
    anew are left out.
    """
    for key, live in sorted(objects.items()):
        for recipe in _recipes_of(live):
            if recipe.kind is not RecipeKind.TLS or is_rotated(key, recipe, options):
                continue
            ends = _end(live, recipe.public, moment)
            if ends is not None:
                word = "expired" if ends < moment else "expires"
                yield Note(
                    "generated-certificate-expiring",
                    f"the generated certificate {recipe.public} of {key} {word} on "
                    f"{ends:%Y-%m-%d} (UTC): --rotate {key}:{recipe.key} makes a new one",
                )


def _end(live: Live, name: str, moment: datetime) -> datetime | None:
    """When the certificate ends; ``None`` where that is not soon, or there is none to be read."""
    value = live.data.get(name)
    span = None if value is None else certificate_dates(value)
    if span is None:
        return None
    begins, ends = span
    return ends if ends - moment < min(_EXPIRY_NOTICE, (ends - begins) / 3) else None


def _recipes_in(fields: Fields) -> tuple[Recipe, ...]:
    return recipes({path[2]: text for path, text in fields.items() if path[:2] == _ANNOTATIONS})


def _recipes_of(held: Resource) -> tuple[Recipe, ...]:
    """Those by which the values of a live object were generated; most objects have none."""
    is_steered = held.kind == SECRET and steers(held.annotations)
    return recipes(held.annotations) if is_steered else ()


def _generated_keys(held: Resource) -> list[str]:
    return [name for recipe in _recipes_of(held) for name in recipe.keys]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
