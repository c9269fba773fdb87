"""The grammars of names, label values and keys, and how a name is generated.

From k8s.io/apimachinery v0.35: pkg/util/validation/validation.go and pkg/api/validate/content.
Upstream counts bytes; all that these grammars allow is ASCII, so characters count the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The characters of generated suffixes (k8s.io/apimachinery/pkg/util/rand.String)."""
SUFFIX_LENGTH = 5

_LONGEST_PREFIX = 58
_LONGEST_SHOWN = 80
_LONGEST_QUALIFIED = 253 + 1 + 63
_CACHED_NAMES = 4096

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME_PART = "[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The grammar of a text: ``noun`` names it, ``rule`` says how to write one."""

    noun: str
    rule: str
    limit: int
    pattern: str
    allows: Callable[[str], re.Match[str] | None] = field(init=False, repr=False, compare=False)
    """Whether a text conforms."""

    def __post_init__(self) -> None:
        # Called five times per loaded object, so it is the compiled method itself.
        within = re.compile(rf"(?!.{{{self.limit + 1}}})(?:{self.pattern})", re.DOTALL)
        object.__setattr__(self, "allows", within.fullmatch)

    def fault(self, text: str) -> str:
        """Why `text`, which does not conform, does not."""
        if len(text) > self.limit:
            return f"{shown(text)} has {len(text)} characters, {self.noun} at most {self.limit}"
        return f"{shown(text)} is not {self.noun}"


SUBDOMAIN = Grammar(
    noun="a DNS subdomain name",
    rule="use lower-case letters, digits, '-' and '.'; start and end each part between dots with"
    " a letter or digit; at most 253 characters",
    limit=253,
    pattern=rf"{_LABEL}(?:\.{_LABEL})*",
)
LABEL = Grammar(
    noun="a DNS label",
    rule="use lower-case letters, digits and '-', no dots; start and end with a letter or digit;"
    " at most 63 characters",
    limit=63,
    pattern=_LABEL,
)
LABEL_VALUE = Grammar(
    noun="a label value",
    rule="use letters, digits, '-', '_' and '.'; start and end with a letter or digit, or leave it"
    " empty; at most 63 characters",
    limit=63,
    pattern=rf"(?:{_NAME_PART})?",
)
DATA_KEY = Grammar(
    noun="a data key",
    rule="use letters, digits, '-', '_' and '.'; do not start with '..' and do not use '.' alone;"
    " at most 253 characters",
    limit=253,
    pattern=r"(?!\.\Z|\.\.)[-._a-zA-Z0-9]+",
)

QUALIFIED_NAME_RULE = (
    "write a name of letters, digits, '-', '_' and '.' (at most 63 characters, starting and ending"
    " with a letter or digit), with a DNS subdomain and '/' before it where it needs a prefix"
)

_allows_label_value = lru_cache(_CACHED_NAMES)(LABEL_VALUE.allows)
_allows_label = lru_cache(_CACHED_NAMES)(LABEL.allows)
_allows_data_key = lru_cache(_CACHED_NAMES)(DATA_KEY.allows)


def is_data_key(text: str) -> bool:
    """Tell whether `text` may be a key of ``data`` (IsConfigMapKey)."""
    return len(text) <= DATA_KEY.limit and _allows_data_key(text) is not None


def is_namespace_name(text: str) -> bool:
    """Tell whether `text` may be the name of a Namespace (ValidateNamespaceName)."""
    return len(text) <= LABEL.limit and _allows_label(text) is not None


def is_label_value(text: str) -> bool:
    """Tell whether `text` may be the value of a label (IsValidLabelValue)."""
    return len(text) <= LABEL_VALUE.limit and _allows_label_value(text) is not None


def is_qualified_name(text: str) -> bool:
    """Tell whether `text` is a name with an optional prefix, as label keys are (IsLabelKey)."""
    return len(text) <= _LONGEST_QUALIFIED and not _qualified_name_fault(text)


def qualified_name_fault(text: str) -> str:
    """Why `text` is not a qualified name; empty if it is one."""
    prefix, slash, name = text.rpartition("/")
    if slash and not prefix:
        return f"{shown(text)} has nothing before the '/'"
    if prefix and not SUBDOMAIN.allows(prefix):
        return f"the part before the '/': {SUBDOMAIN.fault(prefix)}"
    if not name:
        return f"{shown(text)} has an empty name"
    if not LABEL_VALUE.allows(name):
        return f"{shown(text)} is not a qualified name"
    return ""


_qualified_name_fault = lru_cache(_CACHED_NAMES)(qualified_name_fault)


def are_qualified_names(texts: Collection[str]) -> bool:
    """Whether `is_qualified_name` is true of all of `texts`: quicker than to ask for each."""
    return max(map(len, texts)) <= _LONGEST_QUALIFIED and not any(map(_qualified_name_fault, texts))


def are_label_values(texts: Collection[str]) -> bool:
    """Whether `is_label_value` is true of all of `texts`: quicker than to ask for each."""
    return max(map(len, texts)) <= LABEL_VALUE.limit and all(map(_allows_label_value, texts))


def without_trailing_dash(prefix: str) -> str:
    """`prefix` as a name to be validated: upstream replaces its last two bytes by an ``a``.

    It does so for every prefix that ends in ``-`` (maskTrailingDash, apimachinery
    pkg/api/validation/generic.go); the last byte but one is validated with the whole name.
    """
    masked = len(prefix) > 1 and prefix.endswith("-") and prefix[-2].isascii()
    return prefix[:-2] + "a" if masked else prefix


def generated_name(prefix: str, suffix: str) -> str:
    """The name that a server generates from ``generateName`` and `suffix`.

    `suffix` has `SUFFIX_LENGTH` random characters of `SUFFIX_ALPHABET`, from the caller; `prefix`
    is cut at 58 characters (k8s.io/apiserver/pkg/storage/names/generate.go).
    """
    return prefix[:_LONGEST_PREFIX] + suffix


def shown(text: str) -> str:
    """`text` in quotes, with control characters escaped, and cut if it is long."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else repr(text[:_LONGEST_SHOWN]) + "…"
