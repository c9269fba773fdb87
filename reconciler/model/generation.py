"""Values that no manifest holds: which keys of a Secret are generated, and how.

The annotation ``reconciler/generate.KEY: "KIND; OPTION=VALUE; …"`` asks for the value of one key.
What it says is data, a `Recipe`; `reconciler.execution.drawing` draws the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, NamedTuple

GENERATE = "reconciler/generate."
"""How the annotations begin; the key of ``data`` follows."""


class RecipeKind(StrEnum):
    """What is generated."""

    ALNUM = "alnum"
    """Letters and digits."""
    HEX = "hex"
    """Random bytes as hexadecimal digits."""
    BASE64 = "base64"
    """Random bytes in base64 (RFC 4648, section 4)."""
    BYTES = "bytes"
    """Random bytes as they are."""
    UUID = "uuid"
    """A UUID of version 4 (RFC 9562)."""
    SSH = "ssh-ed25519"
    """An unencrypted private key of OpenSSH, and its public key in a second key of ``data``."""
    TLS = "tls"
    """A private key, and a certificate that it signs itself in a second key of ``data``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the value of ``key`` is generated, and that of ``public``, its public half, if any.

    ``length`` counts characters of ``alnum`` and random bytes of ``hex``, ``base64`` and ``bytes``.
    ``comment`` is that of an SSH public key. Of a certificate, ``name`` is the common name,
    ``alternatives`` are DNS names and addresses, and ``days`` is how long it is valid. ``repr``
    leaves out what may repeat a value.
    """

    key: str
    kind: RecipeKind
    length: int = 0
    public: str = ""
    comment: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    alternatives: tuple[str, ...] = field(default=(), repr=False)
    days: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of ``data`` that get a value, which is one for all of them or for none."""
        return (self.key, self.public) if self.public else (self.key,)


def recipes(annotations: Mapping[str, str]) -> tuple[Recipe, ...]:
    """The recipes in `annotations`, by key; those that `recipe_faults` reports count as absent."""
    parsed = (
        _parsed(name.removeprefix(GENERATE), text)
        for name, text in sorted(annotations.items())
        if name.startswith(GENERATE)
    )
    return tuple(entry for entry in parsed if isinstance(entry, Recipe))


def recipe_faults(key: str, text: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the annotation of `key`, and what to write instead, all of it.

    Nothing that was written is repeated, since it may be a value.
    """
    parsed = _parsed(key, text)
    if not isinstance(parsed, Recipe):
        yield from parsed


class _Option(NamedTuple):
    """An option of a kind: the field that it sets, how it is read, and the rule it follows.

    ``read`` returns ``None`` for what does not follow the rule. Without a ``default``, the option
    must be given.
    """

    field: str
    read: Callable[[str], Any]
    rule: str
    default: Any = None


def _number(least: int, most: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
            return None
        number = int(text)
        return number if least <= number <= most else None

    return read


# RFC 1123, section 2.1; a wildcard stands for the first label (RFC 6125, section 6.4.3).
_DNS_NAME = re.compile(
    r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_DATA_KEY = re.compile(r"(?!\.{1,2}$)(?!\.\.)[-._A-Za-z0-9]{1,253}")
_TEXT = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_LONGEST_DNS_NAME = 253
_LONGEST_COMMON_NAME = 64  # ub-common-name, RFC 5280, appendix A.1
_LONGEST_COMMENT = 256
_MOST_ALTERNATIVES = 100


def is_address(text: str) -> bool:
    """Whether `text` is an IP address, without a zone: no certificate has one."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_host(text: str) -> bool:
    return is_address(text) or (
        len(text) <= _LONGEST_DNS_NAME and _DNS_NAME.fullmatch(text) is not None
    )


def _key(text: str) -> str | None:
    return text if _DATA_KEY.fullmatch(text) else None


def _short(most: int) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        return text if len(text) <= most and _TEXT.fullmatch(text) else None

    return read


def _hosts(text: str) -> tuple[str, ...] | None:
    hosts = tuple(part.strip() for part in text.split(","))
    return hosts if len(hosts) <= _MOST_ALTERNATIVES and all(map(_is_host, hosts)) else None


_LEAST, _MOST, _USUAL = 16, 1024, 32
_LONGEST_VALIDITY, _USUAL_VALIDITY = 3650, 365
_LENGTH = {
    "length": _Option(
        "length", _number(_LEAST, _MOST), f"a number of characters, {_LEAST} to {_MOST}", _USUAL
    )
}
_BYTES = {
    "bytes": _Option(
        "length", _number(_LEAST, _MOST), f"a number of random bytes, {_LEAST} to {_MOST}", _USUAL
    )
}
_OPTIONS: Mapping[RecipeKind, Mapping[str, _Option]] = {
    RecipeKind.ALNUM: _LENGTH,
    RecipeKind.HEX: _BYTES,
    RecipeKind.BASE64: _BYTES,
    RecipeKind.BYTES: _BYTES,
    RecipeKind.UUID: {},
    RecipeKind.SSH: {
        "public": _Option("public", _key, "the key of data that gets the public key"),
        "comment": _Option(
            "comment",
            _short(_LONGEST_COMMENT),
            f"printable ASCII, at most {_LONGEST_COMMENT} characters",
            "",
        ),
    },
    RecipeKind.TLS: {
        "certificate": _Option("public", _key, "the key of data that gets the certificate"),
        "cn": _Option(
            "name",
            _short(_LONGEST_COMMON_NAME),
            f"the common name: printable ASCII, at most {_LONGEST_COMMON_NAME} characters",
        ),
        "sans": _Option(
            "alternatives",
            _hosts,
            "DNS names and IP addresses, comma-separated, "
            f"at most {_MOST_ALTERNATIVES} (by default, the common name)",
            (),
        ),
        "days": _Option(
            "days",
            _number(1, _LONGEST_VALIDITY),
            f"the days of validity, 1 to {_LONGEST_VALIDITY}",
            _USUAL_VALIDITY,
        ),
    },
}


def _parsed(key: str, text: str) -> Recipe | list[tuple[str, str]]:
    """The recipe, or what is wrong with it."""
    word, *parts = (part.strip() for part in text.split(";"))
    try:
        kind = RecipeKind(word)
    except ValueError:
        hint = f"write one of {', '.join(RecipeKind)}, and options behind ';': alnum; length=32"
        return [("there is no such kind of value", hint)]
    options = _OPTIONS[kind]
    usage = _usage(kind)
    faults: list[tuple[str, str]] = []
    given: dict[str, Any] = {}
    for number, part in enumerate(parts, start=1):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or name not in options:
            faults.append((f"it has an option that {kind} does not take: number {number}", usage))
        elif name in given:
            faults.append((f"it has the option {name} twice", usage))
        else:
            given[name] = options[name].read(value)
            if given[name] is None:
                faults.append((f"it has an invalid {name}", f"write {options[name].rule}"))
    for name, option in options.items():
        if name not in given and option.default is None:
            faults.append((f"the option {name} is missing", f"{name}= is {option.rule}"))
    if faults:
        return faults
    chosen = {option.field: given.get(name, option.default) for name, option in options.items()}
    return _completed(Recipe(key=key, kind=kind, **chosen))


def _completed(recipe: Recipe) -> Recipe | list[tuple[str, str]]:
    """`recipe` with what follows from its options, or what these have against each other."""
    if recipe.public == recipe.key:
        return [("it names its own key for the public half", "name another key of data")]
    if recipe.kind is RecipeKind.TLS and not recipe.alternatives:
        if not _is_host(recipe.name):
            return [
                (
                    "it has a common name that is no DNS name or address, and no sans",
                    "add sans=DNS names and IP addresses, comma-separated: clients heed only these",
                )
            ]
        return replace(recipe, alternatives=(recipe.name,))
    return recipe


def _usage(kind: RecipeKind) -> str:
    options = _OPTIONS[kind]
    if not options:
        return f'write "{kind}", which takes no options'
    return f'write "{"; ".join([kind, *(f"{name}=…" for name in options)])}"'
