"""The lifecycle annotations, by which a manifest controls what happens to its object."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconciler.model.generation import GENERATE, Recipe, recipes
from reconciler.model.objects import Resource

PREFIX = "reconciler/"
DEPENDS_ON = "config.kubernetes.io/depends-on"
REPLACE = "reconciler/replace"
LINT_IGNORE = "reconciler/lint-ignore"
VERSION_OF = "reconciler/version-of"
"""The annotation of a version: the name in its manifest. Manifests may not set it."""


_WILDCARD = re.compile(r"[*?\[]")
_MOST_WILDCARDS = 100  # each is compared with every key


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The lifecycle annotations of an object.

    ``ignored_keys`` are shell patterns for keys of ``data``. ``versioned`` asks for a new object
    under another name if a change needs a replace. ``recipes`` say which keys are generated.
    """

    prevent_destroy: bool = False
    ignored_keys: tuple[str, ...] = ()
    create_only: bool = False
    exact_data: bool = False
    replace_allowed: bool = False
    versioned: bool = False
    recipes: tuple[Recipe, ...] = ()
    _names: frozenset[str] = field(init=False, repr=False, compare=False)
    _wildcards: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wildcards = tuple(filter(_WILDCARD.search, self.ignored_keys))
        object.__setattr__(self, "_wildcards", wildcards)
        object.__setattr__(self, "_names", frozenset(self.ignored_keys).difference(wildcards))

    def ignores(self, key: str) -> bool:
        """Whether differences in this key of ``data`` are ignored."""
        if key in self._names:
            return True
        return any(fnmatchcase(key, pattern) for pattern in self._wildcards)

    def generates(self, key: str) -> bool:
        """Whether the value of this key of ``data`` is generated."""
        return any(key in recipe.keys for recipe in self.recipes)


_PLAIN = Lifecycle()
# https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
_FILLED_IN = {"kubernetes.io/service-account-token": ("token", "ca.crt", "namespace")}
_BOOLEANS = {"true": True, "false": False}


def filled_keys(secret_type: str) -> tuple[str, ...]:
    """The keys of ``data`` that a cluster's controller fills in for Secrets of this type."""
    return _FILLED_IN.get(secret_type, ())


def steers(annotations: Mapping[str, str]) -> bool:
    """Whether any of `annotations` may be a lifecycle annotation: in most objects, none is."""
    if not annotations:
        return False
    names = "\0".join(annotations)
    return PREFIX in names or DEPENDS_ON in names


def lifecycle(resource: Resource) -> Lifecycle:
    """Read the lifecycle annotations; invalid ones count as absent.

    Keys that a cluster's controller fills in belong to it, and are ignored without an annotation.
    """
    annotations = resource.annotations
    filled = filled_keys(resource.type)
    if not steers(annotations):
        return Lifecycle(ignored_keys=filled) if filled else _PLAIN
    return Lifecycle(
        prevent_destroy=annotations.get("reconciler/prevent-destroy") == "true",
        ignored_keys=(*filled, *_patterns(annotations.get("reconciler/ignore-keys", ""))),
        create_only=annotations.get("reconciler/create-only") == "true",
        exact_data=annotations.get("reconciler/data-policy") == "exact",
        replace_allowed=annotations.get(REPLACE) == "allowed",
        versioned=annotations.get(REPLACE) == "versioned",
        recipes=recipes(annotations),
    )


def ignored_lints(annotations: Mapping[str, str]) -> frozenset[str]:
    """The codes of the warnings that are not to be reported of an object."""
    text = annotations.get(LINT_IGNORE, "")
    return frozenset(filter(None, map(str.strip, text.split(",")))) if text else frozenset()


def lifecycle_problems(
    annotations: Mapping[str, str], store_annotations: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield each invalid annotation, what is wrong with it, and what to write instead.

    `store_annotations` belong to single stores, whose own rules check them; those that ask for
    generated values are checked by `reconciler.rules.generation`.
    """
    for name, value in annotations.items():
        if not name.startswith(PREFIX) or name in store_annotations or name.startswith(GENERATE):
            continue
        if name == VERSION_OF:
            yield name, "is set by reconciler itself", "remove it, and use its value as the name"
            continue
        if name not in _ALLOWED:
            names = ", ".join(sorted({*_ALLOWED, *store_annotations, f"{GENERATE}KEY"}))
            yield name, "is not an annotation of reconciler", f"write one of {names}"
            continue
        accepts, expected = _ALLOWED[name]
        if not accepts(value):
            yield name, "has an invalid value", f"write {expected}"


def _patterns(text: str) -> tuple[str, ...]:
    """The patterns of an annotation; none if there are too many to compare with every key."""
    patterns = tuple(part.strip() for part in text.split(",") if part.strip())
    wildcards = sum(1 for pattern in patterns if _WILDCARD.search(pattern))
    return patterns if wildcards <= _MOST_WILDCARDS else ()


_KEY_PATTERNS = f"key patterns, comma-separated, at most {_MOST_WILDCARDS} of them with wildcards"
_ALLOWED: dict[str, tuple[Callable[[str], bool], str]] = {
    "reconciler/prevent-destroy": (_BOOLEANS.__contains__, '"true" or "false"'),
    "reconciler/ignore-keys": (lambda text: bool(_patterns(text)), _KEY_PATTERNS),
    LINT_IGNORE: (lambda text: bool(text.strip(" ,")), "codes of lints, comma-separated"),
    "reconciler/create-only": (_BOOLEANS.__contains__, '"true" or "false"'),
    "reconciler/data-policy": ({"exact", "merge"}.__contains__, '"exact" or "merge"'),
    REPLACE: ({"allowed", "versioned"}.__contains__, '"allowed" or "versioned"'),
}
