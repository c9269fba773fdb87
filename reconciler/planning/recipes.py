"""The generated keys of an object: what they hold, and which of them an apply draws."""

from __future__ import annotations

from reconciler.model.fields import DATA, Fields
from reconciler.model.generation import Recipe
from reconciler.model.lifecycle import Lifecycle
from reconciler.model.objects import ObjectKey, Resource
from reconciler.model.plan_options import PlanOptions
from reconciler.model.values import GeneratedValue


def generated_fields(
    key: ObjectKey, steering: Lifecycle, held: Resource | None, options: PlanOptions
) -> Fields:
    """The leaves of the generated keys: what the store holds, or a `GeneratedValue`."""
    fields: Fields = {}
    for recipe in steering.recipes:
        rotated = is_rotated(key, recipe, options)
        for name in recipe.keys:
            value = None if held is None or rotated else held.data.get(name)
            fields[DATA, name] = GeneratedValue((*key, name)) if value is None else value
    return fields


def is_rotated(key: ObjectKey, recipe: Recipe, options: PlanOptions) -> bool:
    """Whether the plan is asked for new values of `recipe` in the object at `key`."""
    return any(
        target.object == key and (not target.key or target.key in recipe.keys)
        for target in options.rotate
    )


def drawn_recipes(steering: Lifecycle, target: Fields) -> tuple[Recipe, ...]:
    """The recipes by which an apply draws values of the object with the fields `target`."""
    return tuple(
        recipe
        for recipe in steering.recipes
        if any(isinstance(target.get((DATA, name)), GeneratedValue) for name in recipe.keys)
    )
